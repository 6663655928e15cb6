/**
 * Settled and loaded tables, beside a plain look at everybody.
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Ids, isNearer, randomIds, sharedBits } from '../../../sim/model/ids.ts'
import {
  buildTables,
  loadTables,
  type TablePolicy,
  type Tables
} from '../../../sim/model/tables.ts'
import { Rng } from '../../../sim/random.ts'

const SEED = 7
const everything = 1_000

/** All entries of a node's table, by rank. */
const entries = (tables: Tables, node: number): number[] => {
  const size = tables.sizeOf(node)
  const found = new Set<number>()
  // a table's bucket is told for a key in it: many keys show all
  const rng = new Rng(SEED, 'probe')
  for (let i = 0; i < 4_000 && found.size < size; i++) {
    const count = tables.closest(node, rng.u32(), rng.u32(), 64, -1)
    for (const peer of tables.found.subarray(0, count)) found.add(peer)
  }
  return [...found].sort((a, b) => a - b)
}

const nearestOf = (ids: Ids, peers: readonly number[], hi: number, lo: number, k: number) =>
  peers.toSorted((a, b) => (isNearer(ids, a, b, hi, lo) ? -1 : 1)).slice(0, k)

const toldBy = (tables: Tables, count: number): number[] =>
  [...tables.found.subarray(0, count)].sort((a, b) => a - b)

const policies: readonly (TablePolicy & { readonly id: string })[] = [
  { id: 'js', table: 'js', k: 5, prefixLength: 3 },
  { id: 'js that never splits', table: 'js', k: 20, prefixLength: 0 },
  { id: 'js with room for all', table: 'js', k: 20, prefixLength: 8 },
  { id: 'classic', table: 'classic', k: 5, prefixLength: 6 },
  { id: 'classic of one', table: 'classic', k: 1, prefixLength: 6 }
]

describe('settled tables', () => {
  it.each(policies)('$id: hold as many of each bucket as there is room for', (policy) => {
    const ids = randomIds(300, new Rng(SEED))
    const tables = buildTables(ids, policy, new Rng(1))
    const { k } = policy
    for (const node of [0, 17, 150, 299]) {
      const bucketOf = (peer: number): number =>
        policy.table === 'js'
          ? Math.floor((ids.hi[peer] as number) / 2 ** (32 - policy.prefixLength))
          : sharedBits(
              ids.hi[peer] as number,
              ids.lo[peer] as number,
              ids.hi[node] as number,
              ids.lo[node] as number
            )
      const count = (peers: readonly number[]): Record<number, number> =>
        peers.reduce<Record<number, number>>((sum, peer) => {
          sum[bucketOf(peer)] = (sum[bucketOf(peer)] ?? 0) + 1
          return sum
        }, {})
      const others = [...ids.hi.keys()].filter((peer) => peer !== node)

      const held = entries(tables, node)

      expect(held).not.toContain(node)
      expect(held.length).toBe(tables.sizeOf(node))
      expect(count(held)).toEqual(
        Object.fromEntries(
          Object.entries(count(others)).map(([bucket, all]) => [bucket, Math.min(all, k)])
        )
      )
    }
  })

  it.each(policies)(
    '$id: tell the nearest of what they hold, and those nearer than themselves',
    (policy) => {
      const ids = randomIds(300, new Rng(SEED))
      const tables = buildTables(ids, policy, new Rng(1))
      const held = [3, 150, 280].map((node) => ({ node, all: entries(tables, node) }))
      fc.assert(
        fc.property(
          fc.constantFrom(...held),
          fc.nat(0xffff_ffff),
          fc.nat(0xffff_ffff),
          fc.integer({ min: 1, max: 30 }),
          fc.nat(299),
          ({ node, all }, hi, lo, k, asker) => {
            const nearest = nearestOf(
              ids,
              all.filter((peer) => peer !== asker),
              hi,
              lo,
              k
            )
            const nearer = nearest.filter((peer) => isNearer(ids, peer, node, hi, lo))
            const byRank = (peers: readonly number[]) => peers.toSorted((a, b) => a - b)

            expect(toldBy(tables, tables.closest(node, hi, lo, k, asker))).toEqual(byRank(nearest))
            expect(toldBy(tables, tables.closer(node, hi, lo, k, asker))).toEqual(byRank(nearer))
          }
        )
      )
    }
  )

  it('hold all servers and nobody else when there is room', () => {
    const ids = randomIds(60, new Rng(SEED))
    const servers = Uint8Array.from({ length: 60 }, (_, i) => Number(i % 3 === 0))
    const tables = buildTables(ids, { table: 'js', k: 20, prefixLength: 6 }, new Rng(1), {
      servers
    })

    expect(entries(tables, 0)).toEqual([...servers.keys()].filter((i) => i % 3 === 0 && i !== 0))
    expect(entries(tables, 1)).toEqual([...servers.keys()].filter((i) => i % 3 === 0))
  })

  it('hold everybody of a bucket equally often', () => {
    const ids = randomIds(everything, new Rng(SEED))
    const k = 10
    const tables = buildTables(ids, { table: 'js', k, prefixLength: 0 }, new Rng(1))
    const times = new Uint32Array(everything)
    for (let node = 0; node < everything; node++) {
      const count = tables.closest(node, 0, 0, k, -1)
      for (const peer of tables.found.subarray(0, count)) times[peer] = (times[peer] as number) + 1
    }
    // chi-squared of 999 degrees: mean 999, deviation 45
    const chi = times.reduce((sum, t) => sum + (t - k) ** 2 / k, 0)

    expect(times.reduce((a, b) => a + b)).toBe(everything * k)
    expect(chi).toBeGreaterThan(999 - 5 * 45)
    expect(chi).toBeLessThan(999 + 5 * 45)
  })

  it('are the same for the same seed and others for another', () => {
    const ids = randomIds(everything, new Rng(SEED))
    const policy = { table: 'js', k: 5, prefixLength: 4 } as const
    const of = (seed: number): number[] => entries(buildTables(ids, policy, new Rng(seed)), 9)

    expect(of(1)).toEqual(of(1))
    expect(of(1)).not.toEqual(of(2))
  })

  it('keep an absent peer only as long as its place allows', () => {
    const ids = randomIds(everything, new Rng(SEED))
    const online = Uint8Array.from(ids.hi, (_, i) => Number(i % 2 === 0))
    const stale = {
      online,
      awaySince: new Int32Array(everything),
      now: 100,
      keepSeconds: new Float64Array([0, 0, 1e9, 1e9])
    }
    const policy = { table: 'js', k: 4, prefixLength: 0 } as const
    const tables = buildTables(ids, policy, new Rng(1), { stale })
    let away = 0
    for (let node = 0; node < everything; node++) {
      const count = tables.closest(node, 0, 0, 4, -1)
      expect(count).toBe(4)
      for (const peer of tables.found.subarray(0, count)) away += 1 - (online[peer] as number)
    }

    // the first two places are all online, half of the other two
    expect(away / everything).toBeGreaterThan(0.9)
    expect(away / everything).toBeLessThan(1.1)
  })

  it.each([
    { table: 'js' as const, kept: 11 },
    { table: 'classic' as const, kept: 6 }
  ])('$table: with room for all, the absent are kept or forgotten ($kept)', ({ table, kept }) => {
    const ids = randomIds(12, new Rng(SEED))
    const stale = {
      online: Uint8Array.from(ids.hi, (_, i) => Number(i < 6)),
      // one of them only just
      awaySince: Int32Array.from(ids.hi, (_, i) => (i === 11 ? 99 : 0)),
      now: 100,
      keepSeconds: new Float64Array(20).fill(10)
    }
    const tables = buildTables(ids, { table, k: 20, prefixLength: 6 }, new Rng(1), { stale })

    expect(tables.closest(0, 1, 2, 20, -1)).toBe(kept)
  })

  it('of classic hold fewer when hardly anybody is there', () => {
    const ids = randomIds(everything, new Rng(SEED))
    const stale = {
      online: Uint8Array.from(ids.hi, (_, i) => Number(i % 250 === 0)),
      awaySince: new Int32Array(everything),
      now: 100,
      keepSeconds: new Float64Array(20)
    }
    const of = (table: 'js' | 'classic'): number =>
      buildTables(ids, { table, k: 20, prefixLength: 0 }, new Rng(1), { stale }).sizeOf(0)

    expect(of('classic')).toBe(3)
    expect(of('js')).toBe(20)
  })

  it('are made for a million nodes in a few bytes each', () => {
    const ids = randomIds(1_000_000, new Rng(SEED))
    const tables = buildTables(ids, { table: 'js', k: 20, prefixLength: 6 }, new Rng(1))

    expect(tables.bytes / ids.count).toBeLessThan(8)
    expect(tables.sizeOf(123_456)).toBe(1_280)
  })
})

describe('loaded tables', () => {
  it('tell the nearest of exactly the entries given', () => {
    const ids = randomIds(100, new Rng(SEED))
    const rng = new Rng(3)
    const lists = Array.from({ length: 100 }, (_, node) =>
      Uint32Array.from([...ids.hi.keys()].filter((peer) => peer !== node && rng.chance(0.4)))
    )
    const tables = loadTables(ids, { table: 'js', k: 20, prefixLength: 6 }, lists)

    for (const [node, list] of lists.entries()) {
      const hi = rng.u32()
      const all = [...list].filter((peer) => peer !== 5)

      expect(tables.sizeOf(node)).toBe(list.length)
      expect(toldBy(tables, tables.closest(node, hi, 0, 20, 5))).toEqual(
        nearestOf(ids, all, hi, 0, 20).toSorted((a, b) => a - b)
      )
    }
  })

  it('are refused when they name strangers or the node itself', () => {
    const ids = randomIds(2, new Rng(SEED))
    const policy = { table: 'js', k: 20, prefixLength: 6 } as const

    expect(() => loadTables(ids, policy, [new Uint32Array([2]), new Uint32Array()])).toThrow(
      /other/
    )
    expect(() => loadTables(ids, policy, [new Uint32Array([0]), new Uint32Array()])).toThrow(
      /other/
    )
    expect(() => loadTables(ids, policy, [new Uint32Array()])).toThrow(/2 tables/)
  })
})
