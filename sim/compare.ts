/**
 * Two runs or more, figure by figure: by how much they differ, and whether the repeats can tell.
 *
 * Each run is compared with the first. Over repeats the difference has Welch's interval; a success
 * rate of single runs has Newcombe's (1998, method 10), made of both Wilson intervals. Of one repeat
 * nothing else is known. Of a hundred figures that do not differ about five are called different.
 * @module
 */
import { InvalidParametersError, KeywardError } from '../core/errors.ts'
import { differences } from './results/differences.ts'
import type { Interval, RunManifest, Summary } from './results/run.ts'
import { variance } from './results/summarise.ts'
import { mean } from './statistics/quantile.ts'
import { student975 } from './statistics/regression.ts'

/** In a message; `differences` has all. */
const DIFFERENCES_TOLD = 8

/** Thrown when runs are not of one scenario and one version. `differences` names what differs. */
export class MixedRunsError extends KeywardError {
  static override readonly name = 'MixedRunsError'
  override readonly name = 'MixedRunsError'
  /** "b: scenario.dht.k 20 against 16", a line each. */
  readonly differences: readonly string[]
  constructor(lines: readonly string[]) {
    const more = lines.length - DIFFERENCES_TOLD
    const told = [...lines.slice(0, DIFFERENCES_TOLD), ...(more > 0 ? [`${more} more`] : [])]
    super(`runs expected of one scenario and version, got: ${told.join('; ')}`)
    this.differences = lines
  }
}

export interface ComparedRun {
  /** What people call it: its folder. */
  readonly label: string
  readonly manifest: RunManifest
  readonly summary: Summary
}

export interface CompareOptions {
  /** Compare what differs in scenario or version too, as when that is the question. @default false */
  readonly mixed?: boolean
  /** Figures that begin so. @default all */
  readonly figures?: readonly string[]
}

export interface ComparedValue {
  readonly label: string
  /** NaN when this run has no such figure. */
  readonly value: number
  readonly interval?: Interval
}

export interface Difference {
  readonly label: string
  /** This run less the first. */
  readonly difference: number
  /** Over the first. */
  readonly ratio: number
  /** 95 %, of the difference. */
  readonly interval?: {
    readonly low: number
    readonly high: number
    readonly by: 'welch' | 'newcombe'
  }
  /** "unknown": one repeat, no interval. */
  readonly distinguishable: 'yes' | 'no' | 'unknown'
}

export interface ComparedFigure {
  readonly figure: string
  readonly values: readonly ComparedValue[]
  readonly differences: readonly Difference[]
}

export interface Comparison {
  readonly labels: readonly string[]
  /** What differs besides seed, repeats and engine; none unless `mixed`. */
  readonly mixed: readonly string[]
  /** Runs whose tables are the same to the last bit as the first's. */
  readonly identical: readonly string[]
  readonly figures: readonly ComparedFigure[]
}

/** Runs may differ in these and still be compared: chance, how much of it, the engine, and words. */
const FREE = [
  'seed',
  'repeats',
  'engine',
  'scenario.seed',
  'scenario.repeats',
  'scenario.question',
  'scenario.expect'
]

/**
 * @throws InvalidParametersError with fewer than two runs
 * @throws MixedRunsError when scenarios or versions differ and `mixed` is not set
 */
export function compareRuns(
  runs: readonly ComparedRun[],
  options: CompareOptions = {}
): Comparison {
  const [first, ...others] = runs
  if (first == null || others.length === 0) {
    throw new InvalidParametersError(`runs expected at least 2, got ${runs.length}`)
  }
  const mixed = others.flatMap(({ label, manifest }) =>
    [
      ...differences(first.manifest, manifest, { except: FREE }),
      ...smallerLive(first.manifest, manifest)
    ].map((line) => `${label}: ${line}`)
  )
  if (mixed.length > 0 && options.mixed !== true) throw new MixedRunsError(mixed)
  const wanted = (name: string) => options.figures?.some((start) => name.startsWith(start)) ?? true
  const names = [...new Set(runs.flatMap(({ summary }) => Object.keys(summary.figures)))]
  const identical = others.filter(
    ({ manifest: { digest } }) => digest !== '' && digest === first.manifest.digest
  )
  return {
    labels: runs.map(({ label }) => label),
    mixed,
    identical: identical.map(({ label }) => label),
    figures: names.filter(wanted).map((figure) => ({
      figure,
      values: runs.map((run) => comparedValue(run, figure)),
      differences: others.map((other) => differenceOf(first, other, figure))
    }))
  }
}

/** One scenario can give `live` a smaller network than `model`: then sizes are compared as well. */
function smallerLive(a: RunManifest, b: RunManifest): string[] {
  if (a.engine === b.engine) return []
  const { scenario } = a
  const { network, live, durationSeconds } = scenario
  const pairs = [
    ['network.clinics', network.clinics, live.clinics],
    ['network.patients', network.patients, live.patients],
    ['durationSeconds', durationSeconds, live.durationSeconds]
  ] as const
  return pairs.flatMap(([path, model, own]) =>
    own == null || own === model
      ? []
      : [`scenario.${path} ${model} of model against ${own} of live`]
  )
}

function comparedValue({ label, summary }: ComparedRun, figure: string): ComparedValue {
  const interval = summary.intervals[figure]
  const value = summary.figures[figure] ?? Number.NaN
  return { label, value, ...(interval == null ? {} : { interval }) }
}

function differenceOf(first: ComparedRun, other: ComparedRun, figure: string): Difference {
  const a = first.summary.figures[figure] ?? Number.NaN
  const b = other.summary.figures[figure] ?? Number.NaN
  const interval =
    welch(repeatsOf(first, figure), repeatsOf(other, figure)) ?? newcombe(first, other, figure)
  return {
    label: other.label,
    difference: b - a,
    ratio: b / a,
    ...(interval == null ? {} : { interval }),
    distinguishable:
      interval == null ? 'unknown' : interval.low > 0 || interval.high < 0 ? 'yes' : 'no'
  }
}

const repeatsOf = ({ summary }: ComparedRun, figure: string): readonly number[] =>
  (summary.perRepeat[figure] ?? []).filter(Number.isFinite)

/** Of b less a; undefined with fewer than two values on either side. */
function welch(a: readonly number[], b: readonly number[]): Difference['interval'] {
  if (a.length < 2 || b.length < 2) return undefined
  const [ea, eb] = [variance(a) / a.length, variance(b) / b.length]
  const noise = 1e-12 * Math.max(...[...a, ...b].map(Math.abs))
  const middle = mean(b) - mean(a)
  if (Math.sqrt(ea + eb) <= noise) {
    // values that never vary differ by all or nothing; the last bits of a mean are not a difference
    const sure = Math.abs(middle) <= noise ? 0 : middle
    return { low: sure, high: sure, by: 'welch' }
  }
  const free = (ea + eb) ** 2 / (ea ** 2 / (a.length - 1) + eb ** 2 / (b.length - 1))
  const half = student975(Math.max(1, Math.floor(free))) * Math.sqrt(ea + eb)
  return { low: middle - half, high: middle + half, by: 'welch' }
}

function newcombe(first: ComparedRun, other: ComparedRun, figure: string): Difference['interval'] {
  const [a, b] = [comparedValue(first, figure), comparedValue(other, figure)]
  if (a.interval?.by !== 'wilson' || b.interval?.by !== 'wilson') return undefined
  const middle = b.value - a.value
  const down = Math.sqrt((b.value - b.interval.low) ** 2 + (a.interval.high - a.value) ** 2)
  const up = Math.sqrt((b.interval.high - b.value) ** 2 + (a.value - a.interval.low) ** 2)
  return { low: middle - down, high: middle + up, by: 'newcombe' }
}
