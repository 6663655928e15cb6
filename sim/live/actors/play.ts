/**
 * Plays the plan: each act at its time, whatever became of those before it. Acts that the nodes have
 * no verb for are counted as not built, never made up.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { OperationKind } from '../../engine.ts'
import type { Planned } from '../../workload.ts'
import type { Server } from '../closest.ts'
import type { Stage } from '../stage.ts'
import { consent, takeBack } from './consent.ts'
import { reasonOf } from './failure.ts'
import { lookup } from './lookup.ts'
import { publish, update } from './owner.ts'

/** Verbs of the node that the plan would need and that it does not have (issue 4). */
const NOT_BUILT: ReadonlySet<OperationKind> = new Set(['emergency', 'vital', 'repair', 'hint'])

/** "notBuiltEmergency" */
const notBuilt = (kind: OperationKind): string =>
  `notBuilt${kind.charAt(0).toUpperCase()}${kind.slice(1)}`

export interface Play {
  /** Resolves when every act has ended. */
  readonly done: Promise<void>
  readonly underWay: number
}

/** Starts acts until the measured part is over; resolves then. @throws the signal's reason */
export async function play(
  stage: Stage,
  plan: readonly Planned[],
  servers: readonly Server[],
  tick: (atMs: number) => void,
  signal: AbortSignal
): Promise<Play> {
  const durationMs = stage.scenario.durationSeconds * 1_000
  const rng = stage.rng.derive('lookup/keys')
  const running = new Set<Promise<void>>()
  const begin = (work: Promise<void>): void => {
    const ended = work
      .catch((err: unknown) => {
        if (!stage.signal.aborted) stage.count(`act${reasonOf(err)}`)
      })
      .finally(() => running.delete(ended))
    running.add(ended)
  }
  let next = 0
  for (let atMs = stage.atMs(); atMs < durationMs; atMs = stage.atMs()) {
    for (; next < plan.length; next++) {
      const planned = plan[next] as Planned
      if (planned.atMs > atMs) break
      if (NOT_BUILT.has(planned.kind)) stage.count(notBuilt(planned.kind))
      else {
        stage.late(atMs - planned.atMs)
        begin(perform(stage, planned, rng, servers))
      }
    }
    tick(atMs)
    const untilMs = Math.min(plan[next]?.atMs ?? durationMs, durationMs) - stage.atMs()
    await delay(Math.max(1, Math.min(untilMs, TICK_MS)), undefined, { signal })
  }
  return {
    done: (async () => {
      while (running.size > 0) await Promise.all(running)
    })(),
    get underWay() {
      return running.size
    }
  }
}

const TICK_MS = 250

async function perform(
  stage: Stage,
  planned: Planned,
  rng: ReturnType<Stage['rng']['derive']>,
  servers: readonly Server[]
): Promise<void> {
  switch (planned.kind) {
    case 'lookup':
      return await lookup(stage, planned, rng, servers)
    case 'publish':
      return await publish(stage, planned.record, planned.owner)
    case 'update':
      return await update(stage, planned)
    case 'wish':
      return await consent(stage, planned)
    case 'revoke':
      return await takeBack(stage, planned)
    default:
      stage.count(notBuilt(planned.kind))
  }
}
