/**
 * `keyward sim report`: verifies a run's folder, file by file, and writes its report and figures again.
 * @module
 */
import { resolve } from 'node:path'
import { writeReport } from '../report/report.ts'
import { readRun } from '../results/folder.ts'
import { type SimCall, SimExit } from './call.ts'
import { outcomeText } from './outcome.ts'

export async function report({ shell, out, given }: SimCall): Promise<number> {
  const folder = resolve(shell.cwd, given[0] ?? '')
  const run = await readRun(folder)
  const { manifest, summary } = run
  const { html, figures } = await writeReport(run, folder)
  out.data({ report: html, figures, digest: manifest.digest, asExpected: summary.asExpected }, () =>
    outcomeText({ manifest, summary, folder, report: html })
  )
  return summary.asExpected ? SimExit.AsExpected : SimExit.NotAsExpected
}
