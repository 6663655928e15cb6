/**
 * The scenario's question answered in words, from what was expected and what came out.
 * @module
 */
import type { Expectation, StoredRun, Summary } from '../results/run.ts'
import { figureInWords, figureUnit, number, rangeInWords, withUnit } from './words.ts'

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
    interval == null ? '' : ` (95 % interval ${rangeInWords(interval.low, interval.high, unit)})`
  const words = figureInWords(name)
  return `${words}${words.includes(',') ? ',' : ''} is ${withUnit(figures[name] ?? Number.NaN, unit)}${range}`
}

/** Kinds that questions are about, before those that serve them. */
const FIRST: readonly string[] = ['retrieve', 'emergency', 'lookup', 'publish', 'grant', 'revoke']

/** Kinds of operation that this run has figures of. */
export function kindsIn({ figures }: Summary): string[] {
  const there = Object.keys(figures).flatMap((name) => /^(\w+)\.ok\.share$/.exec(name)?.[1] ?? [])
  return [
    ...FIRST.filter((kind) => there.includes(kind)),
    ...there.filter((kind) => !FIRST.includes(kind))
  ]
}

/** What is told of each kind. */
export const OF_KIND = [
  'count',
  'ok.share',
  'keyMs.p50',
  'keyMs.p95',
  'latencyMs.p50',
  'latencyMs.p95',
  'requests.mean',
  'hops.mean',
  'found.mean',
  'messages.mean',
  'bytes.mean',
  'gas.mean'
] as const

/** What is told of the network. */
export const OF_NETWORK = [
  'load.gini',
  'load.maxOverMean',
  'nodes.sentBytesPerSecond.mean',
  'revocations.windowMs.p50',
  'revocations.windowMs.p99',
  'revocations.windowMs.max'
] as const

/** What answers a question that states no expectation. */
function headlines(summary: Summary): string[] {
  const named = kindsIn(summary).flatMap((kind) =>
    ['ok.share', 'keyMs.p95', 'latencyMs.p95', 'found.mean'].map((name) => `${kind}.${name}`)
  )
  return [...named, ...OF_NETWORK].filter((name) => Number.isFinite(summary.figures[name]))
}
