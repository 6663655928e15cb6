import { describe, expect, it } from 'vitest'
import { Rng } from '../../../sim/random.ts'
import { agreement, type Pair, power, upperDistance } from '../../../sim/statistics/agreement.ts'

/** Networks of pairs; the model's values are drawn `shift` higher. */
function networks(count: number, each: number, shift: number, rng: Rng): Pair[][] {
  const value = () => rng.below(12) + rng.below(12)
  return Array.from({ length: count }, () =>
    Array.from({ length: each }, () => ({
      real: value(),
      model: Array.from({ length: 8 }, () => value() + shift)
    }))
  )
}

describe('agreement', () => {
  it('holds for one source', () => {
    const rng = new Rng(1)

    const result = agreement(networks(5, 400, 0, rng), rng, { repeats: 200 })

    expect(result).toMatchObject({ networks: 5, n: 2_000, agrees: true })
    expect(result.D).toBeLessThan(0.04)
    expect(result.upper95).toBeGreaterThan(result.D)
    expect(result.power).toBeGreaterThan(0.99)
    expect(result.p).toBeGreaterThan(0.01)
  })

  it('does not hold for sources two apart', () => {
    const rng = new Rng(2)

    const result = agreement(networks(5, 400, 2, rng), rng, { repeats: 200 })

    expect(result.agrees).toBe(false)
    expect(result.p).toBeLessThan(0.01)
    expect(result.medianErrorShare).toBeGreaterThan(0.1)
    expect(result.meanErrorShare).toBeCloseTo(2 / 11, 1)
  })

  it('is not claimed from few lookups, though nothing contradicts it', () => {
    const rng = new Rng(3)

    const result = agreement(networks(5, 10, 0, rng), rng, { repeats: 200 })

    expect(result.p).toBeGreaterThan(0.01)
    expect(result.power).toBeLessThan(0.6)
    expect(result.agrees).toBe(false)
  })

  it('is not claimed when networks differ from each other', () => {
    const rng = new Rng(4)
    const mixed = [1, 2, 3, 4].flatMap((i) => networks(1, 400, i % 2 === 0 ? 4 : -4, rng))

    const whole = upperDistance(mixed, rng, 200)
    const alike = upperDistance(networks(4, 400, 0, rng), rng, 200)

    expect(whole).toBeGreaterThan(alike + 0.1)
  })
})

describe('power', () => {
  it('grows with the sample and with the distance', () => {
    const rng = new Rng(5)
    const model = Array.from({ length: 4_000 }, () => rng.below(20))
    const of = (n: number, distance: number) =>
      power(model, n, new Rng(6), { distance, repeats: 200 })

    expect(of(100, 0.1)).toBeLessThan(of(400, 0.1))
    expect(of(200, 0.05)).toBeLessThan(of(200, 0.2))
  })

  it('is about nine in ten at n = 4 / D², the rule that sample sizes follow', () => {
    const rng = new Rng(7)
    const model = Array.from({ length: 4_000 }, () => rng.unit())

    const seen = power(model, 400, rng, { distance: 0.1, repeats: 300 })

    expect(seen).toBeGreaterThan(0.8)
    expect(seen).toBeLessThan(1)
  })
})
