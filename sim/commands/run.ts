/**
 * `keyward sim run`: a scenario on an engine, into a folder with its report. The exit code is the
 * verdict.
 * @module
 */
import { join, resolve } from 'node:path'
import { readStamp } from '../calibrate/stamp.ts'
import type { Engine, EngineName } from '../engine.ts'
import { assertFits, estimate, isLong } from '../estimate.ts'
import { loadEngine } from '../main.ts'
import { RunProgressLines } from '../progress.ts'
import { verdict } from '../report/answer.ts'
import { bytes, duration } from '../report/words.ts'
import { type RunOutcome, runScenario } from '../run.ts'
import { forEngine, leftOutLive } from '../scenario/for-engine.ts'
import { type LoadedScenario, loadScenario } from '../scenario/load.ts'
import type { Scenario } from '../scenario/shape.ts'
import { type SimCall, SimExit } from './call.ts'
import { outcomeText } from './outcome.ts'

/** Key requests of which every step is kept, unless it is said otherwise. */
const TRACE = 5

export const run = (call: SimCall): Promise<number> => runOn(call, loadEngine)

/** The same with engines of a test. */
export async function runOn(
  call: SimCall,
  engineOf: (name: EngineName) => Promise<Engine>
): Promise<number> {
  const { shell, out, flags, given } = call
  const engine = flags.engine ?? 'model'
  const found = await loadScenario(given[0] ?? '', { cwd: shell.cwd, set: overrides(call) })
  const scenario = forEngine(found.scenario, engine)
  const loaded = { ...found, scenario }
  const { seed } = scenario
  if (!out.json) shell.stderr.write(`SEED ${seed}\n`)
  const fits = estimate(scenario, engine)
  if (flags['force'] !== true) assertFits(fits)
  out.note(`about ${bytes(fits.memoryBytes)} and ${duration(fits.seconds * 1_000)} on ${engine}`)
  if (isLong(fits)) out.note('that is more than a day: Ctrl-C keeps the repeats that are finished')
  const missing = engine === 'live' ? leftOutLive(scenario) : []
  if (missing.length > 0) out.note(`real nodes cannot do yet, so left out: ${missing.join(', ')}`)
  const folder = resolve(
    shell.cwd,
    flags.out ?? join('results', `${scenario.name}-${engine}-${seed}`)
  )
  const outcome = await runInto(folder, loaded, await engineOf(engine), call)
  if (outcome.already > 0) out.note(`repeats done by an earlier run: ${outcome.already}`)
  const report = flags['report'] === false ? undefined : await reportOf(folder)
  const { manifest, summary } = outcome
  const { checks, expectations, asExpected, figures } = summary
  const answer = {
    seed,
    engine,
    folder,
    report,
    digest: manifest.digest,
    verdict: verdict(summary)
  }
  out.data({ ...answer, asExpected, expectations, checks, figures }, () =>
    outcomeText({ manifest, summary, folder, ...(report == null ? {} : { report }) })
  )
  suggest(call, scenario, folder)
  return asExpected ? SimExit.AsExpected : SimExit.NotAsExpected
}

async function runInto(
  folder: string,
  { scenario, folder: baseFolder }: LoadedScenario,
  engine: Engine,
  { shell, out, flags }: SimCall
): Promise<RunOutcome> {
  const lines = new RunProgressLines(() => performance.now())
  const calibration = engine.name === 'model' ? await readStamp() : undefined
  let kept = 0
  try {
    return await runScenario({
      scenario,
      engine,
      out: folder,
      baseFolder,
      signal: shell.signal,
      ...(calibration == null ? {} : { calibration }),
      trace: typeof flags['trace'] === 'number' ? flags['trace'] : TRACE,
      ...(typeof flags['workers'] === 'number' ? { workers: flags['workers'] } : {}),
      progress: (event) => {
        kept = event.repeat
        out.progress(lines.line(event))
      }
    })
  } catch (err) {
    if (shell.signal.aborted) {
      out.note(`stopped: ${kept} of ${scenario.repeats} repeats are kept in ${folder}`)
      out.note('the same command goes on from there')
    }
    if (err instanceof Error && err.name === 'InvalidConfigError') {
      out.note('another --out begins anew')
    }
    // the error names law, seed and repeat; its exit code is the verdict
    if (err instanceof Error && err.name === 'CheckViolatedError') {
      throw Object.assign(err, { exit: SimExit.NotAsExpected })
    }
    throw err
  }
}

/** --seed and --repeats are fields of the scenario like any other. */
const overrides = ({ flags }: SimCall): string[] => [
  ...(flags.set ?? []),
  ...(['seed', 'repeats'] as const).flatMap((name) =>
    flags[name] == null ? [] : [`${name}=${flags[name]}`]
  )
]

async function reportOf(folder: string): Promise<string> {
  const { writeReport } = await import('../report/report.ts')
  const { readRun } = await import('../results/folder.ts')
  return (await writeReport(await readRun(folder), folder)).html
}

/** What somebody may want to know next. */
function suggest({ out, given }: SimCall, scenario: Scenario, folder: string): void {
  const field = scenario.network.patients > 0 ? 'records.threshold=2,3,4' : 'dht.alpha=3,5,10'
  out.note(`next: keyward sim sweep ${given[0]} --over ${field} --repeats 5`)
  out.note(`next: keyward sim trace ${folder}`)
}
