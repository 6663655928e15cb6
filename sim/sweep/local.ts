/**
 * A sweep on this machine: as many slots as asked, each taking the next point. A point whose process
 * dies is tried again a few times, then failed by name; the others never notice.
 * @module
 */
import { SWEEP_POINT_TRIES } from '../limits.ts'
import type { PointOutcome } from './outcome.ts'
import type { SweepPoint } from './plan.ts'
import { Slot, type SlotInit } from './slot.ts'

export interface PointsSink {
  /** Keeps it, durably. */
  done(point: SweepPoint, outcome: PointOutcome): Promise<void>
  failed(point: SweepPoint, reason: string): Promise<void>
  /** What goes on meanwhile. */
  tell(meanwhile: string): void
}

export interface LocalOptions extends SlotInit {
  readonly slots: number
  readonly signal: AbortSignal
}

/**
 * Runs points until each is done or failed.
 * @throws SlotBrokenError when processes cannot be made here
 * @throws the signal's reason; what was done until then is kept
 */
export async function runLocally(
  points: readonly SweepPoint[],
  sink: PointsSink,
  options: LocalOptions
): Promise<void> {
  const end = new AbortController()
  const signal = AbortSignal.any([options.signal, end.signal])
  const queue = points.values()
  const serve = async () => {
    await using slot = new Slot(options)
    // one iterator for all: each point goes to one slot
    for (const point of queue) await runOne(slot, point, sink, signal)
  }
  const slots = Array.from({ length: Math.min(options.slots, points.length) }, serve)
  try {
    await Promise.all(slots)
  } catch (err) {
    // the first error ends the others too; none is left running when we return
    end.abort()
    await Promise.allSettled(slots)
    throw err
  }
}

async function runOne(
  slot: Slot,
  point: SweepPoint,
  sink: PointsSink,
  signal: AbortSignal
): Promise<void> {
  for (let tries = 1; ; tries++) {
    let outcome: PointOutcome
    try {
      outcome = await slot.run(point, {
        signal,
        progress: ({ step, done, total }) => sink.tell(`${step} ${done}/${total}`)
      })
    } catch (err) {
      const { name, message } = err as Error
      if (name === 'PointFailedError') return await sink.failed(point, message)
      if (name !== 'PointCrashedError') throw err
      if (tries < SWEEP_POINT_TRIES) continue
      return await sink.failed(point, `${message}; ${tries} tries`)
    }
    return await sink.done(point, outcome)
  }
}
