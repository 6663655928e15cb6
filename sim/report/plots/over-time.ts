/**
 * The series table over all repeats, an interval a row: what success and traffic over time are drawn
 * from.
 * @module
 */
import { isText, measure, stack } from '../../results/columns.ts'
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

/** Sums and shares over kinds, which are not kinds. */
const NO_KIND = ['bytes', 'maintenanceBytes']

export function overTime({ results, manifest }: StoredRun): OverTime | undefined {
  const { intervalSeconds } = manifest.scenario
  const table = stack(results, 'series')
  const starts = table && startsOf(table, intervalSeconds)
  if (table == null || starts == null || table.rows === 0) return undefined
  const atSeconds = [...new Set(starts)].sort((a, b) => a - b)
  const last = (atSeconds.at(-1) ?? 0) + intervalSeconds
  const { unit, seconds } = timeUnit(last)
  const sum = (column: string) => sums(measure(table, column), starts, atSeconds)
  return {
    atSeconds,
    intervalSeconds,
    sum: (column) => sum(column) ?? (column === 'operations' ? ended(sum) : undefined),
    traffic: table.columns
      .filter(
        ({ name, unit, values }) => unit === 'bytes' && !isText(values) && !NO_KIND.includes(name)
      )
      .map(({ name }) => name),
    axis: `time since the start of the measured part (${unit})`,
    at: (s) => s / seconds,
    end: last / seconds
  }
}

/** One engine tells when an interval began, the other when it had passed. */
function startsOf(table: Table, intervalSeconds: number): Float64Array | undefined {
  const passed = measure(table, 'atMs')
  return measure(table, 'atSeconds') ?? passed?.map((ms) => ms / 1_000 - intervalSeconds)
}

function ended(
  sum: (column: string) => readonly number[] | undefined
): readonly number[] | undefined {
  const failed = sum('failed')
  return sum('successes')?.map((ok, i) => ok + (failed?.[i] ?? 0))
}

function sums(
  values: Float64Array | undefined,
  starts: Float64Array,
  atSeconds: readonly number[]
): readonly number[] | undefined {
  if (values == null) return undefined
  const place = new Map(atSeconds.map((at, i) => [at, i]))
  const out = atSeconds.map(() => 0)
  for (const [row, value] of values.entries()) {
    const i = place.get(starts[row] as number)
    if (i != null && !Number.isNaN(value)) out[i] = (out[i] as number) + value
  }
  return out
}
