/**
 * How cost grows with the size of the network: the least-squares slope per decade of nodes with its
 * 95 % interval, and what theory says of hops (goal 15).
 * @module
 */
import { exactLog } from '../exact-math.ts'

export interface Slope {
  /** By ten times as many nodes. */
  readonly perDecade: number
  readonly low: number
  readonly high: number
  /** Standard deviation of what the line leaves. */
  readonly residual: number
}

/** Quantile 0.975 of Student's t (Cornish and Fisher): 3 % low at 2 degrees of freedom, exact from 6. */
const student = (freedom: number): number =>
  1.96 + 2.372 / freedom + 2.823 / (freedom * freedom) + 2.556 / (freedom * freedom * freedom)

/** Points are one run each: several seeds at several sizes, three at the least. */
export function slopeOf(
  points: readonly { readonly nodes: number; readonly value: number }[]
): Slope {
  const n = points.length
  const xs = points.map(({ nodes }) => exactLog(nodes) / Math.LN10)
  const meanX = xs.reduce((a, b) => a + b) / n
  const meanY = points.reduce((sum, { value }) => sum + value, 0) / n
  let xx = 0
  let xy = 0
  for (const [i, { value }] of points.entries()) {
    const x = (xs[i] as number) - meanX
    xx += x * x
    xy += x * (value - meanY)
  }
  const perDecade = xy / xx
  const squares = points.reduce((sum, { value }, i) => {
    const left = value - meanY - perDecade * ((xs[i] as number) - meanX)
    return sum + left * left
  }, 0)
  const residual = Math.sqrt(squares / (n - 2))
  const half = student(n - 2) * (residual / Math.sqrt(xx))
  return { perDecade, low: perDecade - half, high: perDecade + half, residual }
}

/**
 * Hops that a decade of nodes adds when each hop goes to the nearest of k random peers that share one
 * bit more with the key: the nearest shares that bit and, on average, H(k) / ln 2 - 1/2 more (the
 * largest of k geometric numbers). For k 20 that is 5.69 bits a hop, 0.584 hops a decade.
 */
export function hopsPerDecade(k: number): number {
  let harmonic = 0
  for (let i = 1; i <= k; i++) harmonic += 1 / i
  return Math.LN10 / Math.LN2 / (1 + harmonic / Math.LN2 - 0.5)
}
