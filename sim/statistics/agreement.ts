/**
 * Whether two sources that were asked the same things agree: D over all networks, the upper end of
 * what D may truly be, and how surely a difference would have been seen.
 *
 * Lookups in one network depend on each other, so networks are drawn before lookups (Davison and
 * Hinkley 1997, §3.8). A drawn sample's D is larger than the sample's own, for it has the noise
 * twice: the bound errs towards "does not agree".
 * @module
 */
import type { Rng } from '../random.ts'
import { distanceOfSorted, ksDistance, permutationP } from './ks.ts'
import { median, quantile, sorted } from './quantile.ts'

/** One question, and what either side answered: one value of the one, several of the other. */
export interface Pair {
  readonly real: number
  readonly model: readonly number[]
}

export interface Agreement {
  readonly networks: number
  /** Real values. */
  readonly n: number
  readonly D: number
  /** By permutation. */
  readonly p: number
  readonly upper95: number
  /** Chance to see a true distance of `AGREED_D` at 5 %. */
  readonly power: number
  readonly realMedian: number
  readonly modelMedian: number
  /** (model - real) / real of the medians; of the means beside it, since medians of counts jump. */
  readonly medianErrorShare: number
  readonly meanErrorShare: number
  readonly agrees: boolean
}

/** The distance that is small enough, and that power is stated against. */
export const AGREED_D = 0.1

export function agreement(
  networks: readonly (readonly Pair[])[],
  rng: Rng,
  { repeats = 1_000 } = {}
): Agreement {
  const pairs = networks.flat()
  const real = pairs.map((pair) => pair.real)
  const model = pairs.flatMap((pair) => pair.model)
  const upper95 = upperDistance(networks, rng.derive('bootstrap'), repeats)
  const once = pairs.map((pair) => rng.pick(pair.model))
  const realMean = average(real)
  return {
    networks: networks.length,
    n: real.length,
    D: ksDistance(real, model),
    p: permutationP(real, once, rng.derive('permutation'), Math.ceil(repeats / 2)),
    upper95,
    power: power(model, real.length, rng.derive('power'), { repeats: Math.ceil(repeats / 4) }),
    realMedian: median(real),
    modelMedian: median(model),
    medianErrorShare: errorShare(median(model), median(real)),
    meanErrorShare: errorShare(average(model), realMean),
    agrees: real.length > 0 && upper95 <= AGREED_D
  }
}

/** The 95 % point of D when networks, then questions within each, are drawn with replacement. */
export function upperDistance(
  networks: readonly (readonly Pair[])[],
  rng: Rng,
  repeats: number
): number {
  const ranked = rank(networks)
  const real = new Uint32Array(ranked.values)
  const model = new Uint32Array(ranked.values)
  const drawn = Array.from({ length: repeats }, () => {
    real.fill(0)
    model.fill(0)
    for (let i = 0; i < networks.length; i++) {
      const pairs = rng.pick(ranked.networks)
      for (let j = 0; j < pairs.length; j++) {
        const pair = rng.pick(pairs)
        add(real, pair.real)
        for (const value of pair.model) add(model, value)
      }
    }
    return countedDistance(real, model)
  })
  return quantile(sorted(drawn), 0.95)
}

/**
 * How often a test at 5 % with n real values rejects a source whose distance from the model is
 * `distance`: that share of all values is moved from below the model's median to above it, where a
 * gap is hardest to see. The threshold is the test's own, from samples of the model: counts have ties.
 */
export function power(
  model: readonly number[],
  n: number,
  rng: Rng,
  { distance = AGREED_D, repeats = 200 } = {}
): number {
  const reference = sorted(model)
  const middle = quantile(reference, 0.5)
  const low = model.filter((value) => value <= middle)
  const high = model.filter((value) => value > middle)
  if (high.length === 0) high.push(middle + 1)
  const moved = distance / (low.length / model.length)
  const distanceOf = (share: number) => {
    const sample = Float64Array.from({ length: n }, () => {
      const value = rng.pick(model)
      return value <= middle && rng.chance(share) ? rng.pick(high) : value
    })
    return distanceOfSorted(sample.sort(), reference)
  }
  const threshold = quantile(sorted(Array.from({ length: repeats }, () => distanceOf(0))), 0.95)
  let seen = 0
  for (let i = 0; i < repeats; i++) if (distanceOf(moved) > threshold) seen++
  return seen / repeats
}

/** The same pairs with each value's rank in its place, so that a distance needs no sorting. */
function rank(networks: readonly (readonly Pair[])[]) {
  const all = networks.flatMap((pairs) => pairs.flatMap((pair) => [pair.real, ...pair.model]))
  const values = sorted(new Set(all))
  const ranks = new Map(Array.from(values, (value, index) => [value, index]))
  const of = (value: number): number => ranks.get(value) as number
  return {
    values: values.length,
    networks: networks.map((pairs) =>
      pairs.map((pair) => ({ real: of(pair.real), model: Uint32Array.from(pair.model, of) }))
    )
  }
}

function countedDistance(a: Uint32Array, b: Uint32Array): number {
  const total = (counts: Uint32Array) => counts.reduce((sum, count) => sum + count, 0)
  const aTotal = total(a)
  const bTotal = total(b)
  let aSum = 0
  let bSum = 0
  let most = 0
  for (let i = 0; i < a.length; i++) {
    aSum += a[i] as number
    bSum += b[i] as number
    most = Math.max(most, Math.abs(aSum / aTotal - bSum / bTotal))
  }
  return most
}

function add(counts: Uint32Array, rank: number): void {
  counts[rank] = (counts[rank] as number) + 1
}

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

function errorShare(got: number, real: number): number {
  return real === got ? 0 : (got - real) / Math.abs(real)
}
