/**
 * Churn: nodes leave and come back as the scenario's session model draws it, each from a generator of
 * its own. A node that leaves is stopped as its owner would stop it; it comes back on what it kept.
 * @module
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { InvalidConfigError } from '../../core/errors.ts'
import type { Rng } from '../random.ts'
import type { SessionModel } from '../scenario/shape.ts'
import type { Stage } from './stage.ts'

const MONTH_SECONDS = 30 * 86_400

/** Until `signal` aborts. Resolves when nothing is being stopped or started any more. */
export async function keepSessions(stage: Stage, signal: AbortSignal): Promise<void> {
  const { churn } = stage.scenario
  const models = {
    clinic: lengthsOf(churn.clinics),
    patient: lengthsOf(churn.patients)
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

interface Lengths {
  online(rng: Rng): number
  away(rng: Rng): number
}

async function comeAndGo(
  stage: Stage,
  node: number,
  lengths: Lengths,
  rng: Rng,
  signal: AbortSignal
): Promise<void> {
  // it has been online for a while when the measured part begins
  let onlineSeconds = lengths.online(rng) * rng.unit()
  while (await passed(onlineSeconds, signal)) {
    await leave(stage, node)
    const isOver = !(await passed(lengths.away(rng), signal))
    if (isOver) return
    await comeBack(stage, node)
    onlineSeconds = lengths.online(rng)
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

/** Whether so long passed before the end. */
const passed = (seconds: number, signal: AbortSignal): Promise<boolean> =>
  delay(Math.min(seconds * 1_000, 2 ** 31 - 1), undefined, { signal }).then(
    () => true,
    () => false
  )

function lengthsOf(model: SessionModel): Lengths | undefined {
  switch (model.model) {
    case 'none':
      return undefined
    case 'weibull':
      return {
        online: (rng) => rng.weibull(model.meanSessionSeconds, model.shape),
        away: (rng) => rng.exponential(model.meanAwaySeconds)
      }
    case 'measured': {
      const lengths = measured(model.file)
      return {
        online: (rng) => rng.pick(lengths),
        away: (rng) => rng.exponential(model.meanAwaySeconds)
      }
    }
  }
}

function measured(file: string | undefined): readonly number[] {
  if (file == null) {
    throw new InvalidConfigError('"churn" of model measured expected a file of session lengths')
  }
  const lengths = readFileSync(file, 'utf8')
    .split('\n')
    .map(Number)
    .filter((s) => s > 0)
  if (lengths.length === 0)
    throw new InvalidConfigError(`${file} expected session lengths, got none`)
  return lengths
}
