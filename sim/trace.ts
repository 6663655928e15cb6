/**
 * One request of a run as a timeline: text for a terminal, SVG, or the events themselves.
 * @module
 */
import { InvalidParametersError } from '../core/errors.ts'
import type { TraceEvent } from './engine.ts'
import { columnsOfText } from './report/columns-of-text.ts'
import { drawSvg } from './report/figure.ts'
import { timelineOf } from './report/plots/timeline.ts'
import { duration, number } from './report/words.ts'
import { numbers, texts } from './results/columns.ts'
import type { StoredRun } from './results/run.ts'

export interface TraceOptions {
  /** Number of the operation. @default the first that was traced */
  readonly operation?: number
  /** @default the first that has a trace */
  readonly repeat?: number
}

export interface Trace {
  readonly repeat: number
  readonly operation: number
  /** "retrieve"; "" when the table does not have the operation. */
  readonly kind: string
  /** In order of their beginning. */
  readonly events: readonly TraceEvent[]
}

/** @throws InvalidParametersError when it was not traced, naming what was */
export function traceOf(run: StoredRun, options: TraceOptions = {}): Trace {
  const traced = run.results.flatMap(({ trace }, repeat) =>
    trace.map((event) => ({ repeat, event }))
  )
  const fits = ({ repeat, event }: (typeof traced)[number]) =>
    (options.repeat == null || options.repeat === repeat) &&
    (options.operation == null || options.operation === event.operation)
  const first = traced.find(fits)
  if (first == null) throw new InvalidParametersError(notTraced(traced, options))
  const { repeat, event } = first
  const { operation } = event
  const events = traced
    .filter((other) => other.repeat === repeat && other.event.operation === operation)
    .map((other) => other.event)
    .sort((a, b) => a.atMs - b.atMs || a.untilMs - b.untilMs)
  return { repeat, operation, kind: kindOf(run, repeat, operation), events }
}

function notTraced(
  traced: readonly { readonly repeat: number; readonly event: TraceEvent }[],
  { operation, repeat }: TraceOptions
): string {
  if (traced.length === 0) return 'run expected to have a trace, got none: run it with --trace 10'
  const have = [...new Set(traced.map((t) => `${t.event.operation} (repeat ${t.repeat})`))]
  const asked = `${operation ?? 'any'}${repeat == null ? '' : ` of repeat ${repeat}`}`
  const more = have.length > 20 ? ', …' : ''
  return `operation expected one of ${have.slice(0, 20).join(', ')}${more}, got ${asked}`
}

function kindOf({ results }: StoredRun, repeat: number, operation: number): string {
  const table = results[repeat]?.operations
  if (table == null) return ''
  return texts(table, 'kind')[numbers(table, 'operation').indexOf(operation)] ?? ''
}

const BAR_CHARS = 40

/** A line a step: from when, how long, who, what, and a bar on a common scale. */
export function traceText({ repeat, operation, kind, events }: Trace): string {
  const start = Math.min(...events.map(({ atMs }) => atMs))
  const end = Math.max(...events.map(({ untilMs }) => untilMs))
  const rows = events.map(({ atMs, untilMs, actor, step, detail }) => [
    duration(atMs - start),
    duration(untilMs - atMs),
    bar(atMs - start, untilMs - start, end - start),
    actor,
    step,
    detail
  ])
  const head = ['from', 'for', '', 'actor', 'step', 'what']
  const name = `${kind === '' ? 'operation' : kind} ${number(operation)}, repeat ${repeat}`
  return `${name}: ${events.length} steps in ${duration(end - start)}\n${columnsOfText([head, ...rows], { right: [0, 1] })}`
}

function bar(from: number, until: number, whole: number): string {
  const place = (ms: number) => (whole === 0 ? 0 : Math.round((ms / whole) * BAR_CHARS))
  const begin = Math.min(place(from), BAR_CHARS - 1)
  const length = Math.max(1, place(until) - begin)
  return `${' '.repeat(begin)}${'█'.repeat(length)}${' '.repeat(BAR_CHARS - begin - length)}`
}

/** A drawing of its own, on paper. */
export function traceSvg({ operation, events }: Trace): string {
  const figure = timelineOf(events, operation)
  if (figure == null) throw new InvalidParametersError(`operation ${operation} expected events`)
  return drawSvg(figure)
}
