/**
 * The series table over all repeats, an interval a row: what success and traffic over time are drawn
 * from.
 * @module
 */
import { asNumbers, findColumn, isText, numbers, stack } from '../../results/columns.ts'
import type { StoredRun } from '../../results/run.ts'
import type { Table } from '../../table.ts'
import { timeUnit } from '../axes.ts'

export interface OverTime {
  /** Starts of intervals, s. */
  readonly atSeconds: readonly number[]
  readonly intervalSeconds: number
  /** Sums over repeats at each start; undefined when there is no such column. */
  sum(column: string): readonly number[] | undefined
  /** Columns of bytes. */
  readonly traffic: readonly string[]
  /** "time since the start of the measured part (min)" */
  readonly axis: string
  /** In the axis's unit. */
  at(seconds: number): number
  readonly end: number
}

export function overTime({ results, manifest }: StoredRun): OverTime | undefined {
  const table = stack(results, 'series')
  if (table == null || table.rows === 0 || findColumn(table, 'atSeconds') == null) return undefined
  const starts = numbers(table, 'atSeconds')
  const atSeconds = [...new Set(starts)].sort((a, b) => a - b)
  const { intervalSeconds } = manifest.scenario
  const last = (atSeconds.at(-1) ?? 0) + intervalSeconds
  const { unit, seconds } = timeUnit(last)
  return {
    atSeconds,
    intervalSeconds,
    sum: (column) => sums(table, column, starts, atSeconds),
    traffic: table.columns
      .filter(({ unit, values }) => unit === 'bytes' && !isText(values))
      .map(({ name }) => name),
    axis: `time since the start of the measured part (${unit})`,
    at: (s) => s / seconds,
    end: last / seconds
  }
}

function sums(
  table: Table,
  name: string,
  starts: Float64Array,
  atSeconds: readonly number[]
): readonly number[] | undefined {
  const column = findColumn(table, name)
  if (column == null || isText(column.values)) return undefined
  const place = new Map(atSeconds.map((at, i) => [at, i]))
  const out = atSeconds.map(() => 0)
  for (const [row, value] of asNumbers(column.values).entries()) {
    const i = place.get(starts[row] as number)
    if (i != null && !Number.isNaN(value)) out[i] = (out[i] as number) + value
  }
  return out
}
