/**
 * `keyward sim calibrate`: grows networks of real nodes, feeds the model what they were, and holds the
 * two against each other.
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Calibration, calibrate } from '../calibrate/calibrate.ts'
import { writeStamp } from '../calibrate/stamp.ts'
import { columnsOfText } from '../report/columns-of-text.ts'
import { number, share } from '../report/words.ts'
import { thisSource } from '../sweep/build.ts'
import { type SimCall, SimExit } from './call.ts'

export async function calibrateCommand({ shell, out, flags }: SimCall): Promise<number> {
  const folder = resolve(shell.cwd, flags.out ?? join('results', 'calibration'))
  const seed = flags.seed ?? 1
  if (!out.json) shell.stderr.write(`SEED ${seed}\n`)
  const { commit } = await thisSource()
  const calibration = await calibrate({
    folder,
    quick: flags['quick'] === true,
    seed,
    commit,
    date: new Date().toISOString().slice(0, 10),
    signal: shell.signal,
    progress: (step, done, total) => out.progress({ step: `${step} ${done}/${total}` })
  })
  await writeFile(join(folder, 'calibration.json'), `${JSON.stringify(calibration, null, 2)}\n`)
  if (flags['keep'] === true) await writeStamp(calibration.stamp)
  out.data(calibration, calibrationText)
  return calibration.stamp.agreed ? SimExit.AsExpected : SimExit.NotAsExpected
}

const HEADING = ['network', 'query', 'tables', 'metric', 'n', 'D', 'upper 95 %', 'power']
/** PERFORMANCE.md §5: networks a configuration. */
const CLAIM_NETWORKS = 5
const OF_MEDIANS = ['real', 'model', 'error', 'agrees']

function calibrationText({ rows, stamp, discarded }: Calibration): string {
  const cells = rows.map((row) => [
    row.configuration,
    `${row.policy.paths} × ${row.policy.alpha}`,
    row.tables,
    row.metric,
    ...[row.n, row.D, row.upper95, row.power, row.realMedian, row.modelMedian].map(number),
    share(row.medianErrorShare),
    row.agrees ? 'yes' : 'NO'
  ])
  const right = [4, 5, 6, 7, 8, 9, 10]
  const table = columnsOfText([[...HEADING, ...OF_MEDIANS], ...cells], { right })
  // the stamp's verdict is over counts alone (calibrate.ts); every row has its own in the table
  const said = stamp.agreed
    ? 'requests, hops, share found and load agree on the tables that nodes grew'
    : 'requests, hops, share found and load do NOT all agree on the tables that nodes grew'
  const left = discarded === 0 ? '' : `, ${discarded} left out since their tables moved`
  const claim = stamp.networks < CLAIM_NETWORKS ? '; too few for a claim' : ''
  return `${table}\n${said} (networks: ${stamp.networks}${left}${claim})\n`
}
