import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Rng } from '../../../sim/random.ts'
import { wilson } from '../../../sim/statistics/binomial.ts'
import { gini, lorenz, maxOverMean } from '../../../sim/statistics/inequality.ts'
import { bootstrapInterval, mean, median, quantile } from '../../../sim/statistics/quantile.ts'
import { fitGrowth, fitLine } from '../../../sim/statistics/regression.ts'

const loads = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 40 })

describe('quantiles', () => {
  it('interpolates between values', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5)
    expect(quantile([1, 2, 3, 4], 1)).toBe(4)
    expect(quantile([5], 0.95)).toBe(5)
    expect(quantile([], 0.5)).toBeNaN()
  })

  it('sorts by size, not as text', () => {
    expect(median([10, 9, 100])).toBe(10)
  })

  it('gives intervals that hold the figure of the whole about as often as they say', () => {
    const rng = new Rng(1)
    let held = 0
    for (let i = 0; i < 100; i++) {
      const values = Array.from({ length: 60 }, () => rng.unit())
      const { low, high } = bootstrapInterval(values, mean, rng, { repeats: 200 })
      if (low <= 0.5 && high >= 0.5) held++
    }

    expect(held).toBeGreaterThan(86)
  })
})

describe('evenness of load', () => {
  it.each([
    { id: 'all alike', of: [3, 3, 3, 3], gini: 0, max: 1 },
    { id: 'one carries all', of: [0, 0, 0, 8], gini: 0.75, max: 4 },
    { id: 'a staircase', of: [1, 2, 3], gini: 2 / 9, max: 1.5 },
    { id: 'no load', of: [0, 0], gini: 0, max: 1 }
  ])('$id', (known) => {
    expect(gini(known.of)).toBeCloseTo(known.gini, 12)
    expect(maxOverMean(known.of)).toBe(known.max)
  })

  it('does not change when all carry more by the same factor', () => {
    fc.assert(
      fc.property(loads, fc.integer({ min: 1, max: 9 }), (of, factor) => {
        expect(gini(of.map((x) => x * factor))).toBeCloseTo(gini(of), 9)
      })
    )
  })

  it('draws a curve that rises from nothing to all, below the diagonal', () => {
    fc.assert(
      fc.property(loads, (of) => {
        const curve = lorenz(of, 10)

        expect(curve[0]).toEqual({ nodes: 0, load: 0 })
        expect(curve.at(-1)?.nodes).toBe(1)
        expect(curve.at(-1)?.load).toBeCloseTo(1, 9)
        for (const [i, { nodes, load }] of curve.entries()) {
          expect(load).toBeLessThanOrEqual(nodes + 1e-9)
          expect(load).toBeGreaterThanOrEqual((curve[i - 1]?.load ?? 0) - 1e-9)
        }
      })
    )
  })
})

describe('a line through points', () => {
  it('finds a known one, with no room left', () => {
    const line = fitLine([1, 2, 3, 4], [3, 5, 7, 9])

    expect(line).toMatchObject({ slope: 2, intercept: 1, r2: 1 })
    expect(line.slopeInterval).toEqual({ low: 2, high: 2 })
  })

  it('gives the interval of a textbook case', () => {
    // y = 1, 3, 2: slope 1/2, residual sum 3/2, one degree of freedom
    const { slope, slopeInterval } = fitLine([0, 1, 2], [1, 3, 2])

    expect(slope).toBeCloseTo(0.5, 12)
    expect(slopeInterval.high - slope).toBeCloseTo(12.706 * Math.sqrt(1.5 / 2), 9)
  })

  it('measures growth per tenfold', () => {
    expect(fitGrowth([10, 100, 1_000], [1, 1.5, 2]).slope).toBeCloseTo(0.5, 12)
  })

  it('covers the true slope about as often as it says', () => {
    const rng = new Rng(2)
    let held = 0
    for (let i = 0; i < 200; i++) {
      const x = [1, 2, 3, 4, 5, 6, 7]
      const { slopeInterval } = fitLine(
        x,
        x.map((value) => 2 * value + rng.normal())
      )
      if (slopeInterval.low <= 2 && slopeInterval.high >= 2) held++
    }

    expect(held).toBeGreaterThan(178)
    expect(held).toBeLessThan(200)
  })

  it('claims nothing from two points', () => {
    expect(fitLine([1, 2], [1, 2]).slopeInterval.high).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('interval of a share', () => {
  it('gives known values', () => {
    // 8 of 10 by Wilson without correction: 0.4902 to 0.9433
    expect(wilson(8, 10).low).toBeCloseTo(0.4902, 4)
    expect(wilson(8, 10).high).toBeCloseTo(0.9433, 4)
    expect(wilson(0, 20)).toMatchObject({ low: 0 })
    expect(wilson(20, 20)).toMatchObject({ high: 1 })
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 })
  })

  it('holds the share, narrows with trials and is symmetric', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(500), (trials, some) => {
        const hits = some % (trials + 1)
        const { low, high } = wilson(hits, trials)
        const mirrored = wilson(trials - hits, trials)

        expect(low <= hits / trials + 1e-12 && high >= hits / trials - 1e-12).toBe(true)
        expect(mirrored.low).toBeCloseTo(1 - high, 9)
        expect(wilson(2 * hits, 2 * trials).high).toBeLessThanOrEqual(high + 1e-12)
      })
    )
  })
})
