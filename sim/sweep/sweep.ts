/**
 * A whole sweep: finds what its folder already has, lets the missing points run (here or behind a
 * queue), keeps each as it comes, and closes with the tables.
 * @module
 */
import type { SimProgress } from '../engine.ts'
import type { Build } from './build.ts'
import { type FailedPoint, SweepFolder } from './folder.ts'
import { type Gathered, gather, writeGathered } from './gather.ts'
import { type PointsSink, runLocally } from './local.ts'
import type { SweepPlan, SweepPoint } from './plan.ts'
import { SweepProgress } from './progress.ts'
import type { SlotInit } from './slot.ts'

export interface SweepInit {
  readonly plan: SweepPlan
  /** The folder: made, or gone on with. */
  readonly out: string
  readonly build: Build
  /** Runs points until each is done or failed; local processes, or a queue (queue/gatherer.ts). */
  readonly run: (
    points: readonly SweepPoint[],
    sink: PointsSink,
    options: { readonly signal: AbortSignal }
  ) => Promise<void>
  readonly signal: AbortSignal
  progress(event: SimProgress): void
  /** Draws report.html and its figures from what the sweep gave. */
  report?(gathered: Gathered, failed: number): Promise<void>
}

export interface SweepOutcome {
  readonly points: number
  /** Kept, those of earlier calls among them. */
  readonly done: number
  /** In this call. */
  readonly ran: number
  readonly failed: readonly FailedPoint[]
  /** No violation and every expectation met, in every point that is done. */
  readonly asExpected: boolean
  /** Names of the tables' files in the folder. */
  readonly files: readonly string[]
}

/**
 * Runs a sweep, or what is missing of it.
 * @throws InvalidConfigError, RepoLockedError, StoreCorruptError: the folder (folder.ts)
 * @throws QueueUnavailableError, SlotBrokenError: where points run
 * @throws the signal's reason when stopped; the same call later goes on
 */
export async function runSweep(init: SweepInit): Promise<SweepOutcome> {
  const { plan, build, signal } = init
  const { base: scenario, seed, engine } = plan
  await using folder = await SweepFolder.open(init.out, { scenario, seed, engine, build })
  const missing = plan.points.filter(({ id }) => folder.outcome(id) == null)
  const failed: FailedPoint[] = []
  const progress = new SweepProgress({
    total: plan.points.length,
    already: plan.points.length - missing.length,
    nowMs: () => performance.now(),
    progress: init.progress
  })
  let ran = 0
  const sink: PointsSink = {
    async done(point, outcome) {
      if (!(await folder.keep(point, outcome))) return
      ran++
      progress.done()
    },
    async failed(point, reason) {
      const { id, seed: pointSeed } = point
      const failure = { id, what: spellPoint(point), seed: pointSeed, reason }
      failed.push(failure)
      await folder.fail(failure)
      progress.failed()
    },
    tell: (meanwhile) => progress.tell(meanwhile)
  }
  if (missing.length > 0) await init.run(missing, sink, { signal })

  const outcomes = plan.points.flatMap(({ id }) => folder.outcome(id) ?? [])
  const gathered = gather(plan, (id) => folder.outcome(id))
  const files = await writeGathered(init.out, gathered)
  await init.report?.(gathered, failed.length)
  return {
    points: plan.points.length,
    done: outcomes.length,
    ran,
    failed,
    asExpected: outcomes.every(({ asExpected }) => asExpected),
    files
  }
}

/** `run` of a sweep on this machine. */
export const locally =
  (init: SlotInit & { readonly slots: number }): SweepInit['run'] =>
  (points, sink, { signal }) =>
    runLocally(points, sink, { ...init, signal })

/** "dht.alpha=3 repeat 2" */
function spellPoint({ at, repeat }: SweepPoint): string {
  const values = Object.entries(at).map(([path, value]) => `${path}=${value}`)
  return `${values.join(' ')} repeat ${repeat}`
}
