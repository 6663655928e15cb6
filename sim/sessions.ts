/**
 * How long nodes stay and how long they are away, by a scenario's session models; also what is left
 * of a session that is met at a random time, so that a run can begin in the middle of life.
 * @module
 */
import { exactExp, exactLog, exactPow } from './exact-math.ts'
import type { Rng } from './random.ts'
import type { SessionModel } from './scenario/shape.ts'

export interface Sessions {
  /** Share of the time that a node is online. */
  readonly availability: number
  readonly meanSeconds: number
  readonly meanAwaySeconds: number
  /** Length of a new session, in s. */
  draw(rng: Rng): number
  /** What is left of a session under way, in s: longer ones are met more often. */
  drawRest(rng: Rng): number
}

/**
 * Share of sessions below so many seconds. The two in the middle are of IPFS 2021 (PERFORMANCE.md
 * §1: 87.6 % below 8 h, 2.5 % above 24 h); the ends, a minute and a week, are set.
 */
const IPFS_2021 = [
  [0, 60],
  [0.876, 28_800],
  [0.975, 86_400],
  [1, 604_800]
] as const
const STEPS = 1_000

/**
 * Undefined for nodes that never leave.
 * @param lengths of sessions, in s, for `measured` with a file
 */
export function sessionsOf(model: SessionModel, lengths?: readonly number[]): Sessions | undefined {
  if (model.model === 'none') return undefined
  const { meanAwaySeconds } = model
  if (model.model === 'measured') return measured(lengths ?? quantiles(), meanAwaySeconds)
  const { meanSessionSeconds: meanSeconds, shape } = model
  return {
    availability: meanSeconds / (meanSeconds + meanAwaySeconds),
    meanSeconds,
    meanAwaySeconds,
    draw: (rng) => rng.weibull(meanSeconds, shape),
    // lengths weighed by themselves: (x / scale)^shape is gamma-distributed, with 1 + 1/shape
    drawRest: (rng) => {
      const length = exactPow(gammaAboveOne(1 + 1 / shape, rng), 1 / shape)
      return (length * meanSeconds * rng.unit()) / unitMean(shape)
    }
  }
}

function measured(lengths: readonly number[], meanAwaySeconds: number): Sessions {
  const sums = new Float64Array(lengths.length)
  let sum = 0
  for (const [i, length] of lengths.entries()) {
    sum += length
    sums[i] = sum
  }
  const meanSeconds = sum / lengths.length
  return {
    availability: meanSeconds / (meanSeconds + meanAwaySeconds),
    meanSeconds,
    meanAwaySeconds,
    draw: (rng) => rng.pick(lengths),
    drawRest: (rng) => {
      const wanted = rng.unit() * sum
      let low = 0
      let high = sums.length - 1
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((sums[middle] as number) <= wanted) low = middle + 1
        else high = middle
      }
      return (lengths[low] as number) * rng.unit()
    }
  }
}

/** Straight between the quantiles on a logarithmic scale. */
function quantiles(): readonly number[] {
  return Array.from({ length: STEPS }, (_, i) => {
    const share = (i + 0.5) / STEPS
    const after = IPFS_2021.findIndex(([at]) => at >= share)
    const [fromShare, from] = IPFS_2021[after - 1] as readonly [number, number]
    const [toShare, to] = IPFS_2021[after] as readonly [number, number]
    const part = (share - fromShare) / (toShare - fromShare)
    return exactExp(exactLog(from) + part * (exactLog(to) - exactLog(from)))
  })
}

/** Mean of a Weibull of scale 1: Γ(1 + 1/shape), by Stirling's series from a safe distance. */
function unitMean(shape: number): number {
  let x = 1 + 1 / shape
  let product = 1
  while (x < 12) product *= x++
  const inverse = 1 / x
  const square = inverse * inverse
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1_260 - square / 1_680)))
  return (Math.sqrt((2 * Math.PI) / x) * exactExp(x * exactLog(x) - x + series)) / product
}

/** Gamma-distributed with shape above 1 and scale 1 (Marsaglia and Tsang 2000). */
function gammaAboveOne(shape: number, rng: Rng): number {
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = rng.normal()
    const root = 1 + c * x
    if (root <= 0) continue
    const v = root * root * root
    if (exactLog(1 - rng.unit()) < 0.5 * x * x + d - d * v + d * exactLog(v)) return d * v
  }
}
