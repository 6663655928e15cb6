import { describe, expect, it } from 'vitest'
import { toHex } from '../../../core/bytes.ts'
import { grownTables } from '../../../sim/calibrate/grown-tables.ts'
import { trueNearest, wordsOf } from '../../../sim/calibrate/key.ts'
import type { Growth } from '../../../sim/calibrate/observation.ts'
import { Rng } from '../../../sim/random.ts'

const growth: Growth = { nodes: 80, k: 4, prefixLength: 2, alpha: 3, paths: 1 }
const idsOf = (seed: number) => {
  const rng = new Rng(seed)
  return Array.from({ length: growth.nodes }, () => toHex(rng.bytes(32)))
}
const grown = (seed: number, changes: Partial<Growth> = {}) =>
  grownTables({
    kadIds: idsOf(seed),
    growth: { ...growth, ...changes },
    rng: new Rng(seed, 'grow')
  })

describe('tables grown in the model', () => {
  it('hold k for each prefix at most, nobody twice and never the node itself', () => {
    const places = idsOf(1).map(wordsOf)
    for (const [node, table] of grown(1).entries()) {
      const prefixes = Map.groupBy(table, (other) => (places[other]?.[0] ?? 0) >>> 30)

      expect(new Set(table).size).toBe(table.length)
      expect(table).not.toContain(node)
      for (const held of prefixes.values()) expect(held.length).toBeLessThanOrEqual(growth.k)
    }
  })

  it('are the same again from the same seed', () => {
    expect(grown(2)).toEqual(grown(2))
  })

  it('hold nodes that came early more often than late ones, when they are too small for all', () => {
    const known = new Array<number>(growth.nodes).fill(0)
    for (const table of grown(3)) for (const other of table) known[other] = (known[other] ?? 0) + 1
    const sum = (part: number[]) => part.reduce((a, b) => a + b, 0)

    expect(sum(known.slice(0, 20))).toBeGreaterThan(3 * sum(known.slice(-20)))
  })

  it('let every node know its nearest where the own bucket is cut finer', () => {
    const places = idsOf(4).map(wordsOf)
    const missed = (tables: number[][]) =>
      tables.flatMap((table, node) => {
        const nearest = trueNearest(places, places[node] ?? [0, 0], growth.k, node)
        return nearest.filter((other) => !table.includes(other))
      }).length

    expect(missed(grown(4, { table: 'near' }))).toBeLessThan(missed(grown(4)) / 4)
  })
})
