/**
 * The scaling table of docs/research/scaling.md: what lookups cost and find in settled networks of
 * the model, for each table and policy, as CSV.
 *
 *     sh tools/run node docs/research/scripts/scaling.ts SIZES SEEDS LOOKUPS DEAD [TABLE/PATHS/ALPHA]
 * @module
 */
import { reach } from '../../../sim/model/reach.ts'
import type { TablePolicy } from '../../../sim/model/tables.ts'

const K = 20
const TIMEOUT_TICKS = 80_000
const POLICIES = [
  ['js', 10, 10],
  ['js', 3, 1],
  ['near', 3, 1],
  ['near', 5, 1],
  ['near', 8, 1],
  ['near', 3, 2],
  ['near', 10, 1],
  ['near', 10, 10],
  ['classic', 3, 1]
] as const satisfies readonly (readonly [TablePolicy['table'], number, number])[]

const [sizes = '1000,10000', seeds = '5', lookups = '200', dead = '0', only = ''] =
  process.argv.slice(2)
const deadShare = Number(dead)
const columns =
  'nodes,table,paths,alpha,seed,lookups,deadShare,requests,requestsP95,failed,hops,found,entries,msP50,msP95'
process.stdout.write(`${columns}\n`)
for (const nodes of sizes.split(',').map(Number)) {
  for (const [table, alpha, paths] of POLICIES) {
    if (only !== '' && only !== `${table}/${paths}/${alpha}`) continue
    for (let seed = 1; seed <= Number(seeds); seed++) {
      const got = reach({
        nodes,
        table: { table, k: K, prefixLength: 6 },
        policy: { k: K, alpha, paths, timeoutTicks: TIMEOUT_TICKS },
        lookups: Number(lookups),
        seed,
        deadShare
      })
      const { requestsMean, requestsP95, failedMean, hopsMean, foundShare, tablesMean } = got
      const { latencyMsP50, latencyMsP95 } = got
      const counts = [requestsMean, requestsP95, failedMean, hopsMean, foundShare, tablesMean]
      const figures = [...counts, latencyMsP50, latencyMsP95]
      const row = [nodes, table, paths, alpha, seed, lookups, deadShare]
      process.stdout.write(`${[...row, ...figures.map((x) => x.toFixed(4))].join(',')}\n`)
    }
  }
}
