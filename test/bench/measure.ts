/**
 * What all benches share: costs in processor time beside the wall, sides that take turns (A B A B
 * after a warm-up), and rows that compare one side with its bound, pair by pair. The rules are
 * PERFORMANCE.md §7's: medians with their spread, and a goal holds only if no repeat misses it by
 * more than a tenth. Nothing here fails a build.
 * @module
 */
import { createCipheriv, createHash } from 'node:crypto'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

/** A ratio to reach: at least so much of a bound, or at most. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number }

export interface Row {
  readonly what: string
  /** Of `ours` and `bound`. */
  readonly unit: string
  /** Medians over the repeats. */
  readonly ours: number
  readonly bound?: number
  /** Ours to the bound, of adjacent pairs. */
  readonly ratio?: Spread
  /** What the first version promises. */
  readonly goal?: Goal
  readonly met?: boolean
  /** What PERFORMANCE.md §7 aims at, where that is more. */
  readonly target?: number
}

export interface BenchOptions {
  /** Small sizes and few repeats, to see that it runs: the figures mean little. */
  readonly quick: boolean
  readonly seed: string
}

export interface Bench {
  readonly name: string
  run(options: BenchOptions): Promise<readonly Row[]>
}

/** At least five pairs, or two when it need only run. */
export const repeatsOf = ({ quick }: Pick<BenchOptions, 'quick'>): number => (quick ? 2 : 5)

// ---- costs

export interface Cost {
  /** All threads of the process, garbage collection and libuv's included. */
  readonly cpuSeconds: number
  readonly wallSeconds: number
}

export async function costOf(work: () => unknown): Promise<Cost> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const wallSeconds = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return { cpuSeconds: (user + system) / 1e6, wallSeconds }
}

/** 10^6 bytes in each second of processor time. */
export const mbPerCpuSecond = (bytes: number, { cpuSeconds }: Cost): number =>
  bytes / 1e6 / cpuSeconds
export const mbPerSecond = (bytes: number, { wallSeconds }: Cost): number =>
  bytes / 1e6 / wallSeconds

/** How late the event loop ran while something was measured: the 99th percentile, in ms, if it ever turned. */
export async function eventLoopP99<T>(
  work: () => Promise<T>
): Promise<{ readonly value: T; readonly p99Ms: number | undefined }> {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  try {
    const value = await work()
    return { value, p99Ms: delay.count > 0 ? delay.percentile(99) / 1e6 : undefined }
  } finally {
    delay.disable()
  }
}

// ---- taking turns

/** Runs each side once to warm up, then all in turn, `repeats` times. */
export async function inTurns<T, const Side extends string>(
  repeats: number,
  sides: Readonly<Record<Side, () => Promise<T>>>
): Promise<Readonly<Record<Side, readonly T[]>>> {
  const names = Object.keys(sides) as Side[]
  const results = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<Side, T[]>
  for (const name of names) await sides[name]()
  for (let i = 0; i < repeats; i++) {
    for (const name of names) results[name].push(await sides[name]())
  }
  return results
}

// ---- rows

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)

export const spread = (values: readonly number[]): Spread => ({
  min: Math.min(...values),
  median: median(values),
  max: Math.max(...values)
})

type Named = Pick<Row, 'what' | 'unit' | 'goal' | 'target'>

/** A figure that nothing bounds. */
export const plainRow = (named: Named, ours: readonly number[]): Row => ({
  ...named,
  ours: median(ours)
})

/** A count that must not pass its goal. */
export function countRow(named: Named & { readonly goal: Goal }, count: number): Row {
  const ratio = spread([count])
  return { ...named, ours: count, ratio, met: isMet(named.goal, ratio) }
}

/** Ours against its bound; both were measured in turn, so that neighbours are pairs. */
export function pairedRow(named: Named, ours: readonly number[], bound: readonly number[]): Row {
  const ratio = spread(ours.map((value, i) => value / (bound[i] as number)))
  const { goal } = named
  return {
    ...named,
    ours: median(ours),
    bound: median(bound),
    ratio,
    ...(goal == null ? {} : { met: isMet(goal, ratio) })
  }
}

/** The median meets it, and no repeat misses it by more than a tenth. */
export const isMet = (goal: Goal, { min, median: middle, max }: Spread): boolean =>
  'atLeast' in goal
    ? middle >= goal.atLeast && min >= 0.9 * goal.atLeast
    : middle <= goal.atMost && max <= 1.1 * goal.atMost

// ---- text

export const show = (value: number): string =>
  value !== 0 && Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0)

/** "MISSED 0.52 < 0.60", or what held; names the repeat that missed it when the median did not. */
export function verdict({ goal, met, ratio, target }: Row): string {
  if (goal == null || ratio == null || met == null) return ''
  const least = 'atLeast' in goal
  const wanted = least ? goal.atLeast : goal.atMost
  const worst = least ? ratio.min : ratio.max
  const medianHolds = least ? ratio.median >= wanted : ratio.median <= wanted
  const signs = least ? ['<', '>='] : ['>', '<=']
  if (met) {
    const aim = target == null ? '' : `, aim ${target.toFixed(2)}`
    return `met ${ratio.median.toFixed(2)} ${signs[1]} ${wanted.toFixed(2)}${aim}`
  }
  return medianHolds
    ? `MISSED by a repeat: ${worst.toFixed(2)} ${signs[0]} ${(wanted * (least ? 0.9 : 1.1)).toFixed(2)}`
    : `MISSED ${ratio.median.toFixed(2)} ${signs[0]} ${wanted.toFixed(2)}`
}

export function rowText(row: Row): string {
  const { what, unit, ours, bound, ratio } = row
  const against = bound == null ? '' : `of ${show(bound)}`
  const shares =
    ratio == null
      ? ''
      : `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`
  return [
    `  ${what.padEnd(50)}`,
    show(ours).padStart(8),
    unit.padEnd(12),
    against.padEnd(10),
    shares.padEnd(19),
    verdict(row)
  ]
    .join(' ')
    .trimEnd()
}

// ---- bytes

/** The same bytes for the same seed, quickly made. */
export function* seededBytes(seed: string, length: number): Generator<Uint8Array> {
  const key = createHash('sha256').update(seed).digest()
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(1_024 * 1_024)
  for (let at = 0; at < length; at += zeros.byteLength) {
    yield new Uint8Array(stream.update(zeros.subarray(0, Math.min(zeros.byteLength, length - at))))
  }
}
