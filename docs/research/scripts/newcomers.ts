/**
 * Reach against the number of nodes in networks that grew one by one without anybody leaving, for
 * tables of 80 (k 5, 4 bits): the library's own and ours. CSV; the figure of docs/research/scaling.md.
 *
 *     sh tools/run node docs/research/scripts/newcomers.ts 5 > docs/research/data/newcomers.csv
 * @module
 */
import { toHex } from '../../../core/bytes.ts'
import { grownTables } from '../../../sim/calibrate/grown-tables.ts'
import { trueNearest, wordsOf } from '../../../sim/calibrate/key.ts'
import type { Growth } from '../../../sim/calibrate/observation.ts'
import { plainLookup } from '../../../sim/calibrate/plain-lookup.ts'
import { Rng } from '../../../sim/random.ts'

const SIZES = [40, 80, 160, 320, 640]
const LOOKUPS = 200
const KINDS = [
  ['trie', 3, 1],
  ['trie', 10, 10],
  ['near', 8, 1]
] as const

process.stdout.write('nodes,table,paths,alpha,seed,requests,found,foundLate\n')
for (const nodes of SIZES) {
  for (const [table, alpha, paths] of KINDS) {
    for (let seed = 1; seed <= Number(process.argv[2] ?? 5); seed++) {
      const rng = new Rng(seed, `newcomers/${nodes}/${table}/${paths}`)
      const ids = rng.derive('ids')
      const kadIds = Array.from({ length: nodes }, () => toHex(ids.bytes(32)))
      const growth: Growth = { nodes, k: 5, prefixLength: 4, table, alpha, paths }
      const tables = grownTables({ kadIds, growth, rng: rng.derive('growth') })
      const places = kadIds.map(wordsOf)
      let requests = 0
      let found = 0
      let late = 0
      let lateFound = 0
      for (let i = 0; i < LOOKUPS; i++) {
        const key = [rng.u32(), rng.u32()] as const
        const source = rng.below(nodes)
        const delayMs = (): number => 10 + 80 * rng.unit()
        const got = plainLookup({ places, tables, k: 5, alpha, paths, rng, delayMs }, source, key)
        const truth = trueNearest(places, key, 5, source)
        requests += got.asked.length
        for (const peer of truth) {
          const hit = Number(got.closest.includes(peer))
          found += hit
          // the last quarter to join
          if (peer >= 0.75 * nodes) {
            late++
            lateFound += hit
          }
        }
      }
      const figures = [requests / LOOKUPS, found / (5 * LOOKUPS), lateFound / late]
      const row = [nodes, table, paths, alpha, seed, ...figures.map((x) => x.toFixed(4))]
      process.stdout.write(`${row.join(',')}\n`)
    }
  }
}
