/**
 * How evenly a load is spread over nodes: the curve of Lorenz, the coefficient of Gini, and the
 * heaviest over the mean.
 * @module
 */
import { mean, sorted } from './quantile.ts'

export interface LorenzPoint {
  /** Share of the nodes, the least loaded first. */
  readonly nodes: number
  /** Share of the load that they carry. */
  readonly load: number
}

/** Points from (0, 0) to (1, 1), at most `points` + 1 of them. */
export function lorenz(loads: Iterable<number>, points = 100): LorenzPoint[] {
  const ascending = sorted(loads)
  const total = sum(ascending)
  const steps = Math.min(points, ascending.length)
  const curve: LorenzPoint[] = [{ nodes: 0, load: 0 }]
  let carried = 0
  let counted = 0
  for (let step = 1; step <= steps; step++) {
    const until = Math.round((step * ascending.length) / steps)
    for (; counted < until; counted++) carried += ascending[counted] as number
    const nodes = counted / ascending.length
    curve.push({ nodes, load: total === 0 ? nodes : carried / total })
  }
  return curve
}

/** 0: all carry the same; towards 1: one carries all. 0 if there is no load. */
export function gini(loads: Iterable<number>): number {
  const ascending = sorted(loads)
  const total = sum(ascending)
  if (total === 0) return 0
  let weighted = 0
  for (let i = 0; i < ascending.length; i++) weighted += (i + 1) * (ascending[i] as number)
  const n = ascending.length
  return (2 * weighted) / (n * total) - (n + 1) / n
}

/** 1 if there is no load. */
export function maxOverMean(loads: Iterable<number>): number {
  const ascending = sorted(loads)
  const total = sum(ascending)
  return total === 0 ? 1 : (ascending[ascending.length - 1] as number) / mean(ascending)
}

function sum(values: Float64Array): number {
  return values.reduce((all, value) => all + value, 0)
}
