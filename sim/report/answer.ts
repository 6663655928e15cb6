/**
 * The scenario's question answered in words, from what was expected and what came out.
 * @module
 */
import type { Expectation, StoredRun, Summary } from '../results/run.ts'
import { figureInWords, figureUnit, number, withUnit } from './words.ts'

export interface Verdict {
  readonly words: string
  readonly kind: 'good' | 'bad' | 'open'
}

export function verdict({ checks, expectations }: Summary): Verdict {
  const violated = checks.filter(({ violations }) => violations > 0)
  if (violated.length > 0) {
    return { kind: 'bad', words: `Void: ${violated.map(({ name }) => name).join(', ')} violated` }
  }
  if (expectations.length === 0) return { kind: 'open', words: 'No expectation stated' }
  const missed = expectations.filter(({ ok }) => !ok).length
  return missed === 0
    ? { kind: 'good', words: 'As expected' }
    : { kind: 'bad', words: `Not as expected: ${missed} of ${expectations.length} missed` }
}

/** A sentence for each expectation, or for what stands out when there are none. */
export function answers({ summary, manifest }: StoredRun): string[] {
  const violated = summary.checks.filter(({ violations }) => violations > 0)
  const laws = violated.map(
    ({ name, violations, checked, first }) =>
      `The law "${name}" was violated ${number(violations)} times in ${number(checked)}` +
      `${first == null ? '' : ` (first: ${first})`}: no figure of this run holds. Seed ${manifest.seed}.`
  )
  if (summary.expectations.length > 0) {
    return [...laws, ...summary.expectations.map((e) => sentence(e, summary))]
  }
  return [...laws, ...headlines(summary).map((name) => `${measured(name, summary)}.`)]
}

function sentence({ figure, expected, got, ok }: Expectation, summary: Summary): string {
  if (Number.isNaN(got)) return `Not answered: this run has no figure "${figure}" (${expected}).`
  const unit = figureUnit(figure)
  const bounds = expected.replace(/-?[\d.]+(e[+-]?\d+)?/g, (text) => withUnit(Number(text), unit))
  return `${ok ? 'Yes' : 'No'}: ${measured(figure, summary)}; expected ${bounds}.`
}

export function measured(name: string, { figures, intervals }: Summary): string {
  const unit = figureUnit(name)
  const interval = intervals[name]
  const range =
    interval == null
      ? ''
      : ` (95 % interval ${withUnit(interval.low, unit)} to ${withUnit(interval.high, unit)})`
  return `${figureInWords(name)} was ${withUnit(figures[name] ?? Number.NaN, unit)}${range}`
}

/** The figures that a reader looks for first, of those that there are. */
export function headlines({ figures }: Summary): string[] {
  const kinds = Object.keys(figures).flatMap((name) => /^(\w+)\.ok\.share$/.exec(name)?.[1] ?? [])
  const named = kinds.flatMap((kind) => [
    `${kind}.ok.share`,
    `${kind}.keyMs.p50`,
    `${kind}.keyMs.p95`,
    `${kind}.latencyMs.p50`,
    `${kind}.latencyMs.p95`,
    `${kind}.requests.mean`,
    `${kind}.hops.mean`,
    `${kind}.found.mean`,
    `${kind}.messages.mean`,
    `${kind}.bytes.mean`,
    `${kind}.gas.mean`
  ])
  const others = [
    'load.gini',
    'load.maxOverMean',
    'nodes.sentBytesPerSecond.mean',
    'revocations.windowMs.p99',
    'revocations.windowMs.max'
  ]
  return [...named, ...others].filter((name) => Number.isFinite(figures[name]))
}
