import { describe, expect, it } from 'vitest'
import { type Ids, randomIds, sharedBits } from '../../../sim/model/ids.ts'
import { reach } from '../../../sim/model/reach.ts'
import { buildTables, type TablePolicy } from '../../../sim/model/tables.ts'
import { Rng } from '../../../sim/random.ts'

const near: TablePolicy = { table: 'near', k: 5, prefixLength: 3 }

function bitsShared(ids: Ids, a: number, b: number): number {
  const at = (words: Uint32Array, node: number) => words[node] ?? 0
  return sharedBits(at(ids.hi, a), at(ids.lo, a), at(ids.hi, b), at(ids.lo, b))
}

describe('tables that are deep near the node', () => {
  const ids = randomIds(600, new Rng(1))
  const tables = buildTables(ids, near, new Rng(2))

  it('hold as many as their buckets have room for: away by prefix, near by shared bits', () => {
    for (let node = 0; node < ids.count; node += 37) {
      const room = new Map<string, number>()
      for (let other = 0; other < ids.count; other++) {
        if (other === node) continue
        const shared = bitsShared(ids, node, other)
        const bucket = shared >= 3 ? `near ${shared}` : `${(ids.hi[other] ?? 0) >>> 29}`
        room.set(bucket, Math.min(near.k, (room.get(bucket) ?? 0) + 1))
      }

      expect(tables.sizeOf(node)).toBe([...room.values()].reduce((a, b) => a + b, 0))
    }
  })

  it('answer with nobody farther than the node, and not with whoever asks', () => {
    const key = new Rng(3)
    for (let i = 0; i < 200; i++) {
      const node = key.below(ids.count)
      const except = key.below(ids.count)
      const hi = key.u32()
      const count = tables.closer(node, hi, 0, near.k, except)
      const own = ((ids.hi[node] ?? 0) ^ hi) >>> 0
      const told = [...tables.found.subarray(0, count)]

      expect(told).not.toContain(except)
      expect(told).not.toContain(node)
      for (const other of told) expect(((ids.hi[other] ?? 0) ^ hi) >>> 0).toBeLessThanOrEqual(own)
    }
  })

  it('let a single path find all, where the library’s own lose most', () => {
    const policy = { k: 5, alpha: 3, paths: 1, timeoutTicks: 80_000 }
    const of = (table: TablePolicy['table']) =>
      reach({ nodes: 4_000, table: { ...near, table }, policy, lookups: 200, seed: 4 }).foundShare

    expect(of('near')).toBeGreaterThan(0.99)
    expect(of('js')).toBeLessThan(0.6)
  })
})
