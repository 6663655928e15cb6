/**
 * Runs a scenario on an engine, repeat after repeat, each kept in the folder as soon as it is done. A
 * run that was stopped, killed or unplugged goes on from there when it is called with the same folder
 * again.
 * @module
 */
import type { Engine, SimProgress } from './engine.ts'
import { beginRun, finishRun, keepRepeat, readOutcome } from './results/folder.ts'
import { makeManifest } from './results/manifest.ts'
import type { Calibration, RunManifest, Summary } from './results/run.ts'
import type { Scenario } from './scenario/shape.ts'

export interface RunProgress extends SimProgress {
  /** From 0. */
  readonly repeat: number
  readonly repeats: number
}

export interface RunScenarioInit {
  readonly scenario: Scenario
  readonly engine: Engine
  /** Of the results; made when it is not there. */
  readonly out: string
  /** Unsigned 32-bit. @default the scenario's */
  readonly seed?: number
  readonly signal: AbortSignal
  progress?(event: RunProgress): void
  /** That files are named from in the scenario. */
  readonly baseFolder?: string
  /** Worker processes of `live`. */
  readonly workers?: number
  /** Key requests of which every step is recorded. */
  readonly trace?: number
  /** Of the last calibration: a model's report carries it. */
  readonly calibration?: Calibration
}

export interface RunOutcome {
  readonly summary: Summary
  readonly manifest: RunManifest
  /** Repeats that an earlier call had done. */
  readonly already: number
}

/**
 * Runs what is not done yet. A violated law ends the run with that repeat: what follows from a broken
 * network is worth nothing.
 * @throws InvalidConfigError when `out` holds another run, naming what differs
 * @throws StoreCorruptError when what is in `out` is damaged
 * @throws the signal's reason when it was stopped; finished repeats are kept
 */
export async function runScenario(init: RunScenarioInit): Promise<RunOutcome> {
  const { engine, out, signal } = init
  const seed = init.seed ?? init.scenario.seed
  const scenario: Scenario = { ...init.scenario, seed }
  const now = () => new Date().toISOString()
  const manifest = await makeManifest({
    scenario,
    engine: engine.name,
    seed,
    startedAt: now(),
    ...(init.calibration == null ? {} : { calibration: init.calibration })
  })
  const { done } = await beginRun(out, manifest)
  if (done.length === scenario.repeats) {
    const complete = await readOutcome(out).catch(unlessIncomplete)
    if (complete != null) return { ...complete, already: done.length }
  }
  let repeats = scenario.repeats
  for (let repeat = 0; repeat < repeats; repeat++) {
    if (done.includes(repeat)) continue
    signal.throwIfAborted()
    const result = await engine.run(scenario, {
      seed,
      repeat,
      signal,
      progress: (event) => init.progress?.({ ...event, repeat, repeats }),
      ...(init.baseFolder == null ? {} : { baseFolder: init.baseFolder }),
      ...(init.workers == null ? {} : { workers: init.workers }),
      ...(init.trace == null ? {} : { trace: init.trace })
    })
    await keepRepeat(out, repeat, result)
    if (result.checks.some(({ violations }) => violations > 0)) repeats = repeat + 1
  }
  const closed = await finishRun(out, { ...manifest, repeats, endedAt: now() })
  return { ...closed, already: done.length }
}

/** All repeats are there, and the folder was not closed: the last call was stopped in between. */
function unlessIncomplete(err: unknown): undefined {
  if (err instanceof Error && err.name === 'InvalidConfigError') return undefined
  throw err
}
