/**
 * Churn: nodes leave and come back as the scenario's session model draws it, each from a generator of
 * its own. A node that leaves is stopped as its owner would stop it; it comes back on what it kept.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Rng } from '../random.ts'
import type { Sessions } from '../sessions.ts'
import { sessionsFrom } from '../topologies/session-lengths.ts'
import type { Stage } from './stage.ts'

const MONTH_SECONDS = 30 * 86_400

/** Until `signal` aborts. Resolves when nothing is being stopped or started any more. */
export async function keepSessions(stage: Stage, signal: AbortSignal): Promise<void> {
  const { churn } = stage.scenario
  const models = {
    clinic: sessionsFrom(churn.clinics, stage.baseFolder),
    patient: sessionsFrom(churn.patients, stage.baseFolder)
  }
  await Promise.all(
    stage.world.nodes.flatMap(({ index, role }) => {
      const rng = stage.rng.derive(`churn/${index}`)
      const model = models[role]
      const lives: Promise<void>[] = []
      if (model != null) lives.push(comeAndGo(stage, index, model, rng, signal))
      if (role === 'clinic' && churn.departures > 0) {
        lives.push(depart(stage, index, rng.derive('departure'), signal))
      }
      return lives
    })
  )
}

/** All are online when the measured part begins, in the middle of a session. */
async function comeAndGo(
  stage: Stage,
  node: number,
  sessions: Sessions,
  rng: Rng,
  signal: AbortSignal
): Promise<void> {
  let onlineSeconds = sessions.drawRest(rng)
  while (await passed(onlineSeconds, signal)) {
    await leave(stage, node)
    if (!(await passed(rng.exponential(sessions.meanAwaySeconds), signal))) return
    if (stage.departed.has(node)) return
    await comeBack(stage, node)
    onlineSeconds = sessions.draw(rng)
  }
}

async function depart(stage: Stage, node: number, rng: Rng, signal: AbortSignal): Promise<void> {
  const meanSeconds = MONTH_SECONDS / stage.scenario.churn.departures
  if (!(await passed(rng.exponential(meanSeconds), signal))) return
  stage.count('departures')
  stage.departed.add(node)
  await leave(stage, node)
}

export async function leave(stage: Stage, node: number): Promise<void> {
  if (stage.isAway(node)) return
  stage.leave(node)
  stage.count('left')
  await stage.world.stopNode(node)
}

export async function comeBack(stage: Stage, node: number): Promise<void> {
  if (!stage.isAway(node)) return
  await stage.world.startNode(node)
  stage.comeBack(node)
}

/** Longest delay of a timer. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** Whether so long passed before the end. */
const passed = (seconds: number, signal: AbortSignal): Promise<boolean> =>
  delay(Math.min(seconds * 1_000, TIMER_MAX_MS), undefined, { signal }).then(
    () => true,
    () => false
  )
