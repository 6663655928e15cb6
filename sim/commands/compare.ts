/**
 * `keyward sim compare`: runs against the first of them, figure by figure, each difference with its
 * interval.
 * @module
 */
import { relative, resolve } from 'node:path'
import { compareRuns } from '../compare.ts'
import { comparisonText } from '../report/comparison.ts'
import { readOutcome } from '../results/folder.ts'
import type { SimCall } from './call.ts'

/** What most questions are about; --all shows the rest. */
const TOLD =
  /\.(ok\.share|count|(keyMs|latencyMs)\.p(50|95)|(requests|hops|found|bytes)\.mean)$|^load\./

export async function compareCommand({ shell, out, flags, given }: SimCall): Promise<number> {
  const runs = await Promise.all(
    given.map(async (name) => {
      const folder = resolve(shell.cwd, name)
      return { label: relative(shell.cwd, folder) || '.', ...(await readOutcome(folder)) }
    })
  )
  const comparison = compareRuns(runs, { mixed: flags['mixed'] === true })
  out.data(comparison, (whole) => {
    const figures = whole.figures.filter(({ figure }) => TOLD.test(figure))
    return comparisonText(flags['all'] === true ? whole : { ...whole, figures })
  })
  return 0
}
