/**
 * Tables as text for other programs. Numbers are ECMAScript's own shortest form, which reads back to
 * the same double and knows no locale; what does not apply is empty in CSV and null in JSON.
 * @module
 */
import type { ColumnValues, Table } from '../table.ts'
import { isText } from './columns.ts'

/** Rows that make one part, so that a long table never is one string. */
const ROWS_PER_PART = 10_000

/** RFC 4180 with "\n": the names first, then a line a row. */
export function* csv(table: Table): Generator<string> {
  yield `${table.columns.map(({ name }) => quoted(name)).join(',')}\n`
  const cells = table.columns.map(({ values }) =>
    isText(values)
      ? (row: number) => quoted(values[row] as string)
      : (row: number) => numberText(values, row, '')
  )
  yield* parts(table.rows, (row) => cells.map((cell) => cell(row)).join(','))
}

/** One object a line. */
export function* jsonLines(table: Table): Generator<string> {
  const cells = table.columns.map(({ name, values }) => {
    const key = `${JSON.stringify(name)}:`
    return isText(values)
      ? (row: number) => key + JSON.stringify(values[row])
      : (row: number) => key + numberText(values, row, 'null')
  })
  yield* parts(table.rows, (row) => `{${cells.map((cell) => cell(row)).join(',')}}`)
}

function* parts(rows: number, line: (row: number) => string): Generator<string> {
  for (let from = 0; from < rows; from += ROWS_PER_PART) {
    let part = ''
    for (let row = from; row < Math.min(rows, from + ROWS_PER_PART); row++) part += `${line(row)}\n`
    yield part
  }
}

function numberText(
  values: Exclude<ColumnValues, readonly string[]>,
  row: number,
  none: string
): string {
  const value = values[row] as number
  if (!Number.isFinite(value)) return none
  return value === -1 && values instanceof Int32Array ? none : String(value)
}

/** Quotes what a reader would take apart. */
const quoted = (text: string): string =>
  /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
