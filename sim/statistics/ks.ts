/**
 * The distance of Kolmogorov and Smirnov between two samples: the largest gap between their
 * cumulative shares. Ties are one step, so it is right for counts too.
 * @module
 */
import type { Rng } from '../random.ts'
import { sorted } from './quantile.ts'

/** 0 (same shares everywhere) to 1 (no overlap); NaN if a sample is empty. */
export function ksDistance(a: Iterable<number>, b: Iterable<number>): number {
  return distanceOfSorted(sorted(a), sorted(b))
}

export function distanceOfSorted(a: Float64Array, b: Float64Array): number {
  if (a.length === 0 || b.length === 0) return Number.NaN
  let i = 0
  let j = 0
  let most = 0
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i] as number, b[j] as number)
    while (i < a.length && a[i] === at) i++
    while (j < b.length && b[j] === at) j++
    most = Math.max(most, Math.abs(i / a.length - j / b.length))
  }
  return most
}

/**
 * Chance of a distance at least as large if both samples came from one source, by dealing the
 * pooled values out anew. The textbook formula assumes no ties and rejects counts too seldom.
 * With every value counted once (Phipson and Smyth 2010) it is never 0.
 */
export function permutationP(
  a: readonly number[],
  b: readonly number[],
  rng: Rng,
  repeats = 499
): number {
  const seen = ksDistance(a, b)
  const pool = [...a, ...b]
  let asFar = 1
  for (let i = 0; i < repeats; i++) {
    rng.shuffle(pool)
    // a rounding error must not turn an equal distance into a smaller one
    if (ksDistance(pool.slice(0, a.length), pool.slice(a.length)) >= seen - 1e-12) asFar++
  }
  return asFar / (repeats + 1)
}
