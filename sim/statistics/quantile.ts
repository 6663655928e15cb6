/**
 * Quantiles and medians of a sample, with intervals that assume no distribution.
 * @module
 */
import type { Rng } from '../random.ts'

export const sorted = (values: Iterable<number>): Float64Array => Float64Array.from(values).sort() // numeric, unlike an array's

export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] as number
  return sum / values.length
}

/** By linear interpolation (type 7 of Hyndman and Fan 1996); NaN of nothing. */
export function quantile(ascending: ArrayLike<number>, p: number): number {
  if (ascending.length === 0) return Number.NaN
  const at = (ascending.length - 1) * p
  const low = Math.floor(at)
  const below = ascending[low] as number
  const above = ascending[Math.min(low + 1, ascending.length - 1)] as number
  return below + (at - low) * (above - below)
}

export const median = (values: Iterable<number>): number => quantile(sorted(values), 0.5)

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Percentile bootstrap of any figure of one sample. */
export function bootstrapInterval(
  values: readonly number[],
  figure: (sample: Float64Array) => number,
  rng: Rng,
  { repeats = 1_000, confidence = 0.95 } = {}
): Interval {
  const drawn = new Float64Array(values.length)
  const figures = Array.from({ length: repeats }, () => {
    for (let i = 0; i < drawn.length; i++) drawn[i] = values[rng.below(values.length)] as number
    return figure(drawn)
  })
  const tail = (1 - confidence) / 2
  const ascending = sorted(figures)
  return { low: quantile(ascending, tail), high: quantile(ascending, 1 - tail) }
}
