/**
 * The interval of a share from successes and trials (Wilson 1927): right for shares near 0 and 1,
 * where the normal one leaves the range.
 * @module
 */
import type { Interval } from './quantile.ts'

/** Of a standard normal, two-sided. */
export const Z_95 = 1.959963984540054

/** 0 to 1 if there were no trials. */
export function wilson(successes: number, trials: number, z = Z_95): Interval {
  if (trials === 0) return { low: 0, high: 1 }
  const share = successes / trials
  const square = (z * z) / trials
  const middle = share + square / 2
  const half = z * Math.sqrt((share * (1 - share)) / trials + square / (4 * trials))
  return {
    low: successes === 0 ? 0 : (middle - half) / (1 + square),
    high: successes === trials ? 1 : (middle + half) / (1 + square)
  }
}
