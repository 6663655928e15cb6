/**
 * The figures of one repeat: single numbers with names that say what was measured, of what, in which
 * unit, and how it was drawn together ("retrieve.keyMs.p95").
 *
 * Times and hops are of the operations that succeeded; costs and what was found are of all of them,
 * for a failure is paid for too.
 * @module
 */
import type { RunResult } from '../engine.ts'
import { gini, maxOverMean } from '../statistics/inequality.ts'
import { mean, quantile, sorted } from '../statistics/quantile.ts'
import type { Column, Table } from '../table.ts'
import {
  asNumbers,
  commonName,
  findColumn,
  isIndex,
  isText,
  numbers,
  present,
  texts
} from './columns.ts'

const OF_SUCCESSES = ['latencyMs', 'keyMs', 'hops'] as const
const OF_ALL = ['requests', 'messages', 'bytes', 'found', 'gas'] as const
/** What a node's load is, whichever of these its engine counted. */
const LOADS = ['load', 'served', 'requests', 'requestsReceived', 'messages', 'receivedMessages']

export type Figures = Record<string, number>

/** `durationSeconds` is what was measured; bytes per node per second are over it. */
export function figuresOf(result: RunResult, durationSeconds: number): Figures {
  const figures: Figures = {}
  for (const [name, value] of Object.entries(result.facts)) {
    if (typeof value === 'number') figures[name] = value
  }
  operationFigures(figures, result.operations)
  nodeFigures(figures, result.nodes, durationSeconds)
  for (const table of result.more) tableFigures(figures, table)
  return figures
}

/** Which column of a nodes table is its load. */
export const loadColumn = (nodes: Table): Column | undefined =>
  LOADS.map((name) => findColumn(nodes, name)).find((c) => c != null && !isText(c.values))

/** Operations and successes of each kind, in order of appearance. */
export function successes(operations: Table): Map<string, { ok: number; count: number }> {
  const counts = new Map<string, { ok: number; count: number }>()
  const ok = numbers(operations, 'ok')
  for (const [row, kind] of texts(operations, 'kind').entries()) {
    const of = counts.get(kind) ?? { ok: 0, count: 0 }
    of.count++
    if (ok[row] === 1) of.ok++
    counts.set(kind, of)
  }
  return counts
}

/** Values of one column, of the rows of one kind; of those that succeeded alone if so asked. */
export function valuesOf(
  operations: Table,
  kind: string,
  column: string,
  options: { readonly ok?: boolean } = {}
): Float64Array {
  const values = numbers(operations, column)
  const kinds = texts(operations, 'kind')
  const ok = numbers(operations, 'ok')
  return values.filter(
    (value, row) =>
      kinds[row] === kind && !Number.isNaN(value) && (options.ok !== true || ok[row] === 1)
  )
}

function operationFigures(figures: Figures, operations: Table): void {
  const reasons = texts(operations, 'reason')
  const kinds = texts(operations, 'kind')
  for (const [kind, { ok, count }] of successes(operations)) {
    figures[`${kind}.count`] = count
    figures[`${kind}.ok.share`] = ok / count
    for (const column of OF_SUCCESSES) {
      spread(figures, `${kind}.${column}`, valuesOf(operations, kind, column, { ok: true }))
    }
    for (const column of OF_ALL) {
      spread(figures, `${kind}.${column}`, valuesOf(operations, kind, column))
    }
  }
  for (const [row, reason] of reasons.entries()) {
    if (reason === '') continue
    const name = `${kinds[row]}.failed.${reason}.count`
    figures[name] = (figures[name] ?? 0) + 1
  }
}

function nodeFigures(figures: Figures, nodes: Table, durationSeconds: number): void {
  tableFigures(figures, nodes)
  const load = loadColumn(nodes)
  if (load != null && !isText(load.values)) {
    const loads = present(asNumbers(load.values))
    figures['load.gini'] = gini(loads)
    figures['load.maxOverMean'] = maxOverMean(loads)
  }
  const sent = findColumn(nodes, 'sentBytes')
  if (sent != null && !isText(sent.values) && durationSeconds > 0) {
    figures['nodes.sentBytesPerSecond.mean'] =
      mean(present(asNumbers(sent.values))) / durationSeconds
  }
}

function tableFigures(figures: Figures, table: Table): void {
  for (const { name, unit, values } of table.columns) {
    if (isText(values) || isIndex(name) || unit === '') continue
    spread(figures, `${table.name}.${commonName(name)}`, present(asNumbers(values)))
  }
}

function spread(figures: Figures, name: string, values: Float64Array): void {
  if (values.length === 0) return
  const ascending = sorted(values)
  figures[`${name}.mean`] = mean(ascending)
  figures[`${name}.p50`] = quantile(ascending, 0.5)
  figures[`${name}.p90`] = quantile(ascending, 0.9)
  figures[`${name}.p95`] = quantile(ascending, 0.95)
  figures[`${name}.p99`] = quantile(ascending, 0.99)
  figures[`${name}.max`] = ascending[ascending.length - 1] as number
}
