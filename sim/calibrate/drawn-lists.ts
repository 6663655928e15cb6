/**
 * The model's own tables for given ids, as lists: to fill real nodes with.
 * @module
 */
import { idsFrom } from '../model/ids.ts'
import { buildTables } from '../model/tables.ts'
import { Rng } from '../random.ts'
import { wordsOf } from './key.ts'
import type { Growth } from './observation.ts'

/** More than any table that calibrate fills. */
const ALL = 64

export const drawnLists =
  (growth: Growth, seed: number) =>
  (kadIds: readonly string[]): number[][] => {
    const { k, prefixLength } = growth
    const { ids, order } = idsFrom(kadIds.map(wordsOf))
    const rng = new Rng(seed, 'filled')
    const tables = buildTables(ids, { table: 'js', k, prefixLength }, rng)
    const lists: number[][] = kadIds.map(() => [])
    for (let node = 0; node < ids.count; node++) {
      const known = new Set<number>()
      // the nearest to each id in turn are, together, the whole table
      for (let at = 0; at < ids.count; at++) {
        const count = tables.closest(node, ids.hi[at] as number, ids.lo[at] as number, ALL, -1)
        for (let i = 0; i < count; i++) known.add(order[tables.found[i] as number] as number)
      }
      lists[order[node] as number] = [...known]
    }
    return lists
  }
