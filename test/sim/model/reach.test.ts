/**
 * The scaling finding of PERFORMANCE.md §4, at sizes that a test can afford.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { reach } from '../../../sim/model/reach.ts'

const js = { table: 'js', k: 20, prefixLength: 6 } as const
const classic = { table: 'classic', k: 20, prefixLength: 6 } as const
const policy = (paths: number, alpha: number) => ({ k: 20, alpha, paths, timeoutTicks: 80_000 })

const cells = [
  { id: 'js, default', table: js, policy: policy(10, 10), nodes: 10_000, requests: 135, found: 1 },
  {
    id: 'js, default',
    table: js,
    policy: policy(10, 10),
    nodes: 100_000,
    requests: 368,
    found: 0.99
  },
  { id: 'js, one path', table: js, policy: policy(1, 3), nodes: 10_000, requests: 26, found: 0.89 },
  {
    id: 'js, one path',
    table: js,
    policy: policy(1, 3),
    nodes: 100_000,
    requests: 30,
    found: 0.31
  },
  {
    id: 'classic, one path',
    table: classic,
    policy: policy(1, 3),
    nodes: 100_000,
    requests: 27,
    found: 1
  },
  {
    id: 'classic, default',
    table: classic,
    policy: policy(10, 10),
    nodes: 100_000,
    requests: 404,
    found: 1
  }
]

describe('reach', () => {
  it.each(cells)('$id, $nodes nodes: costs and finds what was measured before', (cell) => {
    const got = reach({ ...cell, lookups: 200, seed: 2 })

    expect(Math.abs(got.requestsMean / cell.requests - 1)).toBeLessThan(0.06)
    expect(Math.abs(got.foundShare - cell.found)).toBeLessThan(0.05)
  })

  it('finds what it is asked for by the numbers it gives', () => {
    const shares: number[] = []
    const got = reach({
      nodes: 500,
      table: js,
      policy: policy(10, 10),
      lookups: 50,
      seed: 3,
      deadShare: 0.2,
      onResult: (_, share) => shares.push(share)
    })

    expect(shares.length).toBe(50)
    expect(got.foundShare).toBeCloseTo(shares.reduce((a, b) => a + b) / 50, 12)
    expect(got.failedMean).toBeGreaterThan(0)
  })
})
