/**
 * What came out of a run, in figures: each the mean over the repeats, with an interval where there
 * is something to make one from, and held against what the scenario expects.
 * @module
 */
import { StoreCorruptError } from '../../core/errors.ts'
import type { CheckResult, RunResult } from '../engine.ts'
import type { Scenario } from '../scenario/shape.ts'
import { wilson } from '../statistics/binomial.ts'
import { mean } from '../statistics/quantile.ts'
import { student975 } from '../statistics/regression.ts'
import { figuresOf, successes } from './figures.ts'
import type { Expectation, Interval, Summary } from './run.ts'

export function summarise(scenario: Scenario, results: readonly RunResult[]): Summary {
  const seconds = results.map(({ facts }) => {
    const measured = facts['durationSeconds']
    return typeof measured === 'number' ? measured : scenario.durationSeconds
  })
  const each = results.map((result, i) => figuresOf(result, seconds[i] as number))
  const names = [...new Set(each.flatMap((figures) => Object.keys(figures)))]
  const perRepeat: Record<string, number[]> = {}
  const figures: Record<string, number> = {}
  const intervals: Record<string, Interval> = {}
  for (const name of names) {
    const values = each.map((repeat) => repeat[name] ?? Number.NaN)
    const there = values.filter((value) => Number.isFinite(value))
    perRepeat[name] = values
    figures[name] = mean(there)
    const interval = overRepeats(there)
    if (interval != null) intervals[name] = isShare(name) ? within01(interval) : interval
  }
  for (const [kind, { ok, count }] of pooled(results)) {
    const name = `${kind}.ok.share`
    intervals[name] = wider({ ...wilson(ok, count), by: 'wilson', count }, intervals[name])
  }
  const checks = addChecks(results)
  const expectations = scenario.expect.map((expected) => held(expected, figures))
  const asExpected = checks.every((c) => c.violations === 0) && expectations.every((e) => e.ok)
  return { figures, intervals, perRepeat, checks, expectations, asExpected }
}

const isShare = (name: string): boolean =>
  /\.share$|\.found\.|[sS]hare\.\w+$|\.(disclosure|availability)\./.test(name)

/** Student knows nothing of a share's range. */
const within01 = (interval: Interval): Interval => ({
  ...interval,
  low: Math.max(0, interval.low),
  high: Math.min(1, interval.high)
})

/** Student's, of a mean; undefined with fewer than two repeats. */
export function overRepeats(values: readonly number[]): Interval | undefined {
  const count = values.length
  if (count < 2) return undefined
  const middle = mean(values)
  const half = student975(count - 1) * Math.sqrt(variance(values) / count)
  return { low: middle - half, high: middle + half, by: 't', count }
}

/** Of a sample: over n - 1. */
export function variance(values: readonly number[]): number {
  const middle = mean(values)
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1)
}

/**
 * Operations of one repeat depend on each other, so Wilson's alone may be too narrow; and repeats that
 * all succeed give Student's no width at all.
 */
function wider(a: Interval, b: Interval | undefined): Interval {
  return b != null && b.high - b.low > a.high - a.low ? b : a
}

function pooled(results: readonly RunResult[]): Map<string, { ok: number; count: number }> {
  const all = new Map<string, { ok: number; count: number }>()
  for (const { operations } of results) {
    for (const [kind, { ok, count }] of successes(operations)) {
      const sum = all.get(kind) ?? { ok: 0, count: 0 }
      all.set(kind, { ok: sum.ok + ok, count: sum.count + count })
    }
  }
  return all
}

function addChecks(results: readonly RunResult[]): CheckResult[] {
  const all = new Map<string, CheckResult>()
  for (const check of results.flatMap(({ checks }) => checks)) {
    const before = all.get(check.name)
    const first = before?.first ?? check.first
    all.set(check.name, {
      name: check.name,
      checked: check.checked + (before?.checked ?? 0),
      violations: check.violations + (before?.violations ?? 0),
      ...(first == null ? {} : { first })
    })
  }
  return [...all.values()]
}

function held(
  { figure, atLeast, atMost }: Scenario['expect'][number],
  figures: Readonly<Record<string, number>>
): Expectation {
  const got = figures[figure] ?? Number.NaN
  const ok =
    !Number.isNaN(got) && (atLeast == null || got >= atLeast) && (atMost == null || got <= atMost)
  const bounds = [
    ...(atLeast == null ? [] : [`≥ ${atLeast}`]),
    ...(atMost == null ? [] : [`≤ ${atMost}`])
  ]
  return { figure, expected: bounds.join(' and '), got, ok }
}

/** @throws StoreCorruptError when it is not a summary */
export function decodeSummary(value: unknown): Summary {
  const summary = value as Summary | null
  if (summary?.figures == null || summary.perRepeat == null || summary.expectations == null) {
    throw new StoreCorruptError('summary.json expected figures, perRepeat and expectations')
  }
  // JSON has no NaN
  const number = (x: number | null) => x ?? Number.NaN
  const { figures, perRepeat, expectations } = summary
  return {
    ...summary,
    figures: mapValues(figures, number),
    perRepeat: mapValues(perRepeat, (values) => values.map(number)),
    expectations: expectations.map((e) => ({ ...e, got: number(e.got) }))
  }
}

const mapValues = <T, R>(of: Readonly<Record<string, T>>, f: (value: T) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, f(value)]))
