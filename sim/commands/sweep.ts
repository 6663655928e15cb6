/**
 * `keyward sim sweep`: one scenario over values of its fields, in processes here or by workers behind
 * a queue. A sweep that was stopped goes on when it is called with the same folder again.
 * @module
 */
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { readStamp } from '../calibrate/stamp.ts'
import { assertFits, estimate } from '../estimate.ts'
import { type SweptRun, writeSweepReport } from '../report/sweep.ts'
import { number } from '../report/words.ts'
import { forEngine } from '../scenario/for-engine.ts'
import { loadScenario } from '../scenario/load.ts'
import { thisBuild } from '../sweep/build.ts'
import { planSweep, type SweepPlan } from '../sweep/plan.ts'
import { locally, runSweep, type SweepInit, type SweepOutcome } from '../sweep/sweep.ts'
import { type SimCall, SimExit } from './call.ts'
import { aligned } from './text.ts'

export async function sweep(call: SimCall): Promise<number> {
  const { shell, out, flags, given } = call
  const { cwd, signal } = shell
  const loaded = await loadScenario(given[0] ?? '', { cwd, set: flags.set ?? [] })
  const { folder: baseFolder } = loaded
  const engine = flags.engine ?? 'model'
  const scenario = forEngine(loaded.scenario, engine)
  const plan = await planSweep({
    scenario,
    over: list(flags['over']),
    engine,
    ...(typeof flags['repeats'] === 'number' ? { repeats: flags['repeats'] } : {}),
    ...(flags.seed == null ? {} : { seed: flags.seed })
  })
  if (!out.json) shell.stderr.write(`SEED ${plan.seed}\n`)
  const jobs = jobsHere(plan, flags)
  const folder = resolve(
    cwd,
    flags.out ?? join('results', `sweep-${scenario.name}-${engine}-${plan.seed}`)
  )
  const build = await thisBuild(
    plan.points.map((point) => point.scenario),
    baseFolder
  )
  const run = await runnerOf(call, build, { jobs, baseFolder })
  let report: string | undefined
  const outcome = await runSweep({
    plan,
    out: folder,
    build,
    run,
    signal,
    progress: ({ done, total, detail }) =>
      out.progress({ step: `points ${done}/${total}`, ...(detail == null ? {} : { detail }) }),
    report: async (gathered, failed) => {
      if (gathered.runs.length > 0) report = await reportOf(plan, gathered.runs, failed, folder)
    }
  }).catch((err: unknown) => {
    if (signal.aborted) out.note(`stopped; the same command goes on with what ${folder} lacks`)
    throw err
  })
  out.data({ seed: plan.seed, folder, report, ...outcome }, () =>
    sweepText(outcome, folder, report)
  )
  if (outcome.failed.length > 0) return 1
  return outcome.asExpected ? SimExit.AsExpected : SimExit.NotAsExpected
}

/**
 * Points at once on this machine: as many as cores, unless memory holds fewer; a world of real nodes
 * has processes of its own.
 * @throws TooLargeError naming the point that would not fit even alone
 */
function jobsHere({ points, engine }: SweepPlan, flags: SimCall['flags']): number {
  if (flags['queue'] != null) return 0
  const settings = new Map(points.map((point) => [point.setting, point.scenario]))
  const estimates = [...settings.values()].map((scenario) => estimate(scenario, engine))
  if (flags['force'] !== true) for (const each of estimates) assertFits(each)
  if (flags['jobs'] !== undefined) return Math.max(1, Number(flags['jobs']))
  if (engine === 'live') return 1
  const fit = estimates.map(({ machine, memoryBytes }) =>
    Math.floor((MEMORY_SHARE * machine.memoryBytes) / memoryBytes)
  )
  return Math.max(1, Math.min(availableParallelism(), ...fit))
}

/** Of the machine's memory, for all points that run at once. */
const MEMORY_SHARE = 0.85

async function runnerOf(
  { flags, shell }: SimCall,
  build: SweepInit['build'],
  { jobs, baseFolder }: { readonly jobs: number; readonly baseFolder: string }
): Promise<SweepInit['run']> {
  if (typeof flags['queue'] !== 'string') return locally({ slots: jobs, baseFolder })
  const [{ parseQueueAddress }, { throughQueue }] = await Promise.all([
    import('../sweep/queue/address.ts'),
    import('../sweep/queue/gatherer.ts')
  ])
  const address = parseQueueAddress(flags['queue'], shell.env['KEYWARD_QUEUE_PASSWORD'])
  return throughQueue({ address, name: String(flags['name']), build })
}

async function reportOf(
  plan: SweepPlan,
  runs: readonly SweptRun[],
  failed: number,
  folder: string
): Promise<string> {
  const { base: scenario, engine } = plan
  const calibration = engine === 'model' ? await readStamp() : undefined
  const written = await writeSweepReport(
    {
      scenario,
      engine,
      runs,
      failed,
      ...(calibration == null ? {} : { calibration })
    },
    folder
  )
  return written.html
}

function sweepText(outcome: SweepOutcome, folder: string, report: string | undefined): string {
  const { points, done, ran, failed, asExpected, files } = outcome
  const lines = aligned([
    ['points', `${number(done)} of ${number(points)}, ${number(ran)} of them now`],
    ['verdict', asExpected ? 'As expected' : 'Not as expected in every point'],
    ['results', folder],
    ['tables', files.filter((file) => file.endsWith('.csv')).join(' ')],
    ...(report == null ? [] : [['report', report]])
  ])
  const reasons = failed.map(
    ({ what, seed, reason }) => `failed: ${what} (seed ${seed}): ${reason}\n`
  )
  return `${lines}${reasons.join('')}`
}

const list = (flag: unknown): string[] => (Array.isArray(flag) ? flag.map(String) : [])
