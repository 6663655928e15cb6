/**
 * A straight line by least squares, with the interval of its slope: growth on log N.
 * @module
 */
import { exactLog } from '../exact-math.ts'
import type { Interval } from './quantile.ts'
import { mean } from './quantile.ts'

export interface Line {
  readonly slope: number
  readonly intercept: number
  /** 95 %, by Student's t. */
  readonly slopeInterval: Interval
  /** y less what the line says, in the order of the points. */
  readonly residuals: readonly number[]
  /** Share of the variance that the line explains; 1 if there is none. */
  readonly r2: number
}

/** Needs three points with two different x; with fewer the interval is infinite. */
export function fitLine(x: readonly number[], y: readonly number[]): Line {
  const xMean = mean(x)
  const yMean = mean(y)
  const sxx = x.reduce((sum, value) => sum + (value - xMean) ** 2, 0)
  const sxy = x.reduce((sum, value, i) => sum + (value - xMean) * ((y[i] as number) - yMean), 0)
  const syy = y.reduce((sum, value) => sum + (value - yMean) ** 2, 0)
  const slope = sxy / sxx
  const intercept = yMean - slope * xMean
  const residuals = x.map((value, i) => (y[i] as number) - intercept - slope * value)
  const left = residuals.reduce((sum, value) => sum + value * value, 0)
  const free = x.length - 2
  const error = free > 0 ? Math.sqrt(left / free / sxx) : Number.POSITIVE_INFINITY
  const half = free > 0 ? student975(free) * error : Number.POSITIVE_INFINITY
  return {
    slope,
    intercept,
    slopeInterval: { low: slope - half, high: slope + half },
    residuals,
    r2: syy === 0 ? 1 : 1 - left / syy
  }
}

/** A line of y on the decimal logarithm of `sizes`: slope is growth per tenfold. */
export const fitGrowth = (sizes: readonly number[], y: readonly number[]): Line =>
  fitLine(
    sizes.map((size) => exactLog(size) / Math.LN10),
    y
  )

/** The 97.5 % point of Student's t, from tables up to 30 degrees of freedom, then near enough. */
export function student975(free: number): number {
  const tabled = T_975[Math.floor(free) - 1]
  // Cornish and Fisher's expansion, first two terms; within 0.001 above 30
  const z = 1.959963984540054
  return (
    tabled ?? z + (z ** 3 + z) / (4 * free) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * free ** 2)
  )
}

const T_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042
] as const
