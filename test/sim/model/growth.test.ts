/**
 * Slopes over decades of nodes.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { hopsPerDecade, slopeOf } from '../../../sim/model/growth.ts'
import { reach } from '../../../sim/model/reach.ts'

describe('growth', () => {
  it('is the slope of a straight line, without doubt', () => {
    const slope = slopeOf(
      [100, 1_000, 10_000, 100_000].map((nodes, i) => ({ nodes, value: 3 + 2 * i }))
    )

    expect(slope.perDecade).toBeCloseTo(2, 12)
    expect(slope.high - slope.low).toBeLessThan(1e-9)
  })

  it('has the interval of the textbook', () => {
    // x 1, 2, 3, 4, y 1, 3, 2, 4: slope 0.8, residual sqrt(0.9), error sqrt(0.18), t(2) 4.303
    const values = [1, 3, 2, 4]
    const slope = slopeOf(
      [10, 100, 1_000, 10_000].map((nodes, i) => ({ nodes, value: values[i] as number }))
    )

    expect(slope.perDecade).toBeCloseTo(0.8, 12)
    expect(slope.residual).toBeCloseTo(Math.sqrt(0.9), 12)
    expect((slope.high - 0.8) / (4.303 * Math.sqrt(0.18))).toBeCloseTo(1, 1)
  })

  it('of hops by theory is log2 10 over the bits of a hop', () => {
    expect(hopsPerDecade(20)).toBeCloseTo(0.584, 3)
    expect(hopsPerDecade(1)).toBeCloseTo(Math.log2(10) / (1 / Math.LN2 + 0.5), 12)
  })

  it('of hops in classic tables is near theory', () => {
    const points = [1_000, 10_000, 100_000].flatMap((nodes) =>
      [1, 2].map((seed) => ({
        nodes,
        value: reach({
          nodes,
          table: { table: 'classic', k: 20, prefixLength: 6 },
          policy: { k: 20, alpha: 3, paths: 1, timeoutTicks: 80_000 },
          lookups: 300,
          seed
        }).hopsMean
      }))
    )

    expect(Math.abs(slopeOf(points).perDecade / hopsPerDecade(20) - 1)).toBeLessThan(0.25)
  })
})
