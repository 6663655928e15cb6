/**
 * Columns of a table by name, with one way to say "does not apply": NaN, whatever a column's type.
 * @module
 */
import { InvalidMessageError } from '../../core/errors.ts'
import type { RunResult } from '../engine.ts'
import type { Column, ColumnValues, Table } from '../table.ts'

export const findColumn = (table: Table, name: string): Column | undefined =>
  table.columns.find((column) => column.name === name)

/** What an engine may call a measure that reports and comparisons know by another name. */
const ALSO: Readonly<Record<string, string>> = {
  lastAfterSentMs: 'windowMs',
  disclosed: 'disclosure',
  available: 'availability',
  succeeded: 'successes'
}

/** The name that both engines' figures share. */
export const commonName = (column: string): string => ALSO[column] ?? column

/** A column by the name that both engines share; undefined unless it has numbers. */
export function measure(table: Table, name: string): Float64Array | undefined {
  const column = findColumn(table, name) ?? table.columns.find((c) => commonName(c.name) === name)
  return column == null || isText(column.values) ? undefined : asNumbers(column.values)
}

export const isText = (values: ColumnValues): values is readonly string[] => Array.isArray(values)

/** @throws InvalidMessageError when there is no such column of numbers */
export function numbers(table: Table, name: string): Float64Array {
  const column = findColumn(table, name)
  if (column == null || isText(column.values)) {
    throw new InvalidMessageError(`table "${table.name}" expected a column "${name}" of numbers`)
  }
  return asNumbers(column.values)
}

/** @throws InvalidMessageError when there is no such column of texts */
export function texts(table: Table, name: string): readonly string[] {
  const column = findColumn(table, name)
  if (column == null || !isText(column.values)) {
    throw new InvalidMessageError(`table "${table.name}" expected a column "${name}" of texts`)
  }
  return column.values
}

/** In an Int32Array -1 stands for "does not apply" (sim/table.ts). */
export function asNumbers(values: Float64Array | Int32Array): Float64Array {
  if (values instanceof Float64Array) return values
  const out = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++)
    out[i] = values[i] === -1 ? Number.NaN : (values[i] as number)
  return out
}

export const present = (values: Float64Array): Float64Array =>
  values.filter((value) => !Number.isNaN(value))

/** All parts, one after another. */
export function concatNumbers(parts: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Columns that number things rather than measure them. */
const INDICES: readonly string[] = [
  'repeat',
  'operation',
  'actor',
  'node',
  'index',
  'record',
  'run'
]
export const isIndex = (name: string): boolean => INDICES.includes(name)

/** All tables of a result, by name. */
export const allTables = (result: RunResult): readonly Table[] => [
  result.operations,
  result.nodes,
  result.series,
  ...result.more
]

/** The tables of one name over all repeats, one under the other, with a column that says which. */
export function stack(results: readonly RunResult[], name: string): Table | undefined {
  const parts = results.flatMap((result, repeat) =>
    allTables(result).flatMap((table) => (table.name === name ? [{ table, repeat }] : []))
  )
  const first = parts[0]?.table
  if (first == null) return undefined
  const rows = parts.reduce((sum, { table }) => sum + table.rows, 0)
  const columns = first.columns.map((column) => ({
    ...column,
    values: joined(
      column,
      parts.map(({ table }) => sameColumn(table, column)),
      rows
    )
  }))
  if (findColumn(first, 'repeat') != null) return { name, rows, columns }
  const repeats = new Int32Array(rows)
  let at = 0
  for (const { table, repeat } of parts) {
    repeats.fill(repeat, at, at + table.rows)
    at += table.rows
  }
  return { name, rows, columns: [{ name: 'repeat', unit: 'count', values: repeats }, ...columns] }
}

function sameColumn(table: Table, { name, unit, values }: Column): ColumnValues {
  const found = findColumn(table, name)
  if (found == null || found.unit !== unit || isText(found.values) !== isText(values)) {
    throw new InvalidMessageError(
      `table "${table.name}" expected "${name}" in "${unit}" in every repeat`
    )
  }
  return found.values
}

function joined({ values }: Column, parts: readonly ColumnValues[], rows: number): ColumnValues {
  if (isText(values)) return (parts as readonly (readonly string[])[]).flat()
  const whole = parts.every((part) => part instanceof Int32Array)
  const out = whole ? new Int32Array(rows) : new Float64Array(rows)
  let at = 0
  for (const part of parts as readonly (Float64Array | Int32Array)[]) {
    out.set(whole ? part : asNumbers(part), at)
    at += part.length
  }
  return out
}
