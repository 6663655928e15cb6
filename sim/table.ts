/**
 * A result as a table of columns: what an engine gives and every writer, plot and comparison takes.
 * Columns are typed arrays, so that a million rows cost megabytes and hash to the same bytes.
 * @module
 */
export type ColumnValues = Float64Array | Int32Array | readonly string[]

export interface Column {
  /** camelCase, its unit last: "latencyMs", "sentBytes". */
  readonly name: string
  /** "ms", "bytes", "count", "share" (0 to 1), "gas", "s", "" for names and booleans (0 or 1). */
  readonly unit: string
  /** One for each row; a number that does not apply is NaN, or -1 in an Int32Array. */
  readonly values: ColumnValues
}

export interface Table {
  /** Of its files: "operations". */
  readonly name: string
  readonly rows: number
  readonly columns: readonly Column[]
}
