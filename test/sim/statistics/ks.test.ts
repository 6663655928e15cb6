import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Rng } from '../../../sim/random.ts'
import { ksDistance, permutationP } from '../../../sim/statistics/ks.ts'

const sample = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 30 })

describe('distance of two samples', () => {
  it.each([
    { id: 'same', a: [1, 2, 3], b: [3, 2, 1], D: 0 },
    { id: 'apart', a: [1, 2], b: [3, 4], D: 1 },
    { id: 'one step', a: [1, 2, 3, 4], b: [2, 3, 4, 5], D: 0.25 },
    { id: 'ties', a: [1, 1, 1, 2], b: [1, 2, 2, 2], D: 0.5 },
    { id: 'sizes differ', a: [1], b: [0, 1, 2, 3], D: 0.5 },
    { id: 'nothing', a: [], b: [1], D: Number.NaN }
  ])('$id', ({ a, b, D }) => {
    expect(ksDistance(a, b)).toBe(D)
  })

  it('does not depend on order, side or scale', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const D = ksDistance(a, b)

        expect(ksDistance(b, [...a].reverse())).toBeCloseTo(D, 12)
        expect(
          ksDistance(
            a.map((x) => 3 * x + 1),
            b.map((x) => 3 * x + 1)
          )
        ).toBe(D)
        expect(D >= 0 && D <= 1).toBe(true)
      })
    )
  })

  it('is the largest gap of the two cumulative shares', () => {
    const share = (values: number[], at: number) =>
      values.filter((x) => x <= at).length / values.length
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const gaps = Array.from({ length: 14 }, (_, at) => Math.abs(share(a, at) - share(b, at)))

        expect(ksDistance(a, b)).toBeCloseTo(Math.max(...gaps), 12)
      })
    )
  })
})

describe('permutation', () => {
  it('never finds two equal samples different', () => {
    expect(permutationP([1, 2, 3], [1, 2, 3], new Rng(1), 99)).toBe(1)
  })

  it('gives the exact chance of a case that can be counted', () => {
    // {1,2,3} against {4,5,6}: 2 of the 20 ways to deal six values reach D = 1
    expect(permutationP([1, 2, 3], [4, 5, 6], new Rng(2), 20_000)).toBeCloseTo(0.1, 2)
  })

  it('rejects about one in twenty of equal sources, in spite of ties', () => {
    const rng = new Rng(3)
    const draw = () => Array.from({ length: 60 }, () => rng.below(5))
    let rejected = 0
    for (let i = 0; i < 200; i++) if (permutationP(draw(), draw(), rng, 99) <= 0.05) rejected++

    expect(rejected).toBeGreaterThan(1)
    expect(rejected).toBeLessThan(20)
  })
})
