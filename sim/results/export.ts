/**
 * The tables of a run as files for other programs: CSV, JSON lines and Parquet, all repeats together.
 * @module
 */
import { InvalidMessageError } from '../../core/errors.ts'
import type { RunResult } from '../engine.ts'
import { allTables, stack } from './columns.ts'
import { parquet } from './parquet.ts'
import { csv, jsonLines } from './text.ts'

/** Above it no JSON lines: every row repeats every name, and 10^7 nodes would take gigabytes. */
export const JSON_LINES_MAX_ROWS = 500_000

/** Names that a folder has for other files. */
const TAKEN = ['manifest', 'summary', 'checks', 'trace', 'scenario', 'repeats', 'figures', 'report']

export interface TableFile {
  /** "operations.csv" */
  readonly name: string
  readonly parts: Iterable<string | Uint8Array>
}

/** @throws InvalidMessageError when a table cannot have files, or changes between repeats */
export function* exportTables(results: readonly RunResult[]): Generator<TableFile> {
  const names = new Set(results.flatMap((r) => allTables(r).map(({ name }) => name)))
  for (const name of names) {
    if (!/^[a-z][A-Za-z0-9-]{0,40}$/.test(name) || TAKEN.includes(name)) {
      throw new InvalidMessageError(`table name expected letters, digits, hyphens, got "${name}"`)
    }
    const table = stack(results, name)
    if (table == null) continue
    yield { name: `${name}.csv`, parts: csv(table) }
    if (table.rows <= JSON_LINES_MAX_ROWS) {
      yield { name: `${name}.jsonl`, parts: jsonLines(table) }
    }
    yield { name: `${name}.parquet`, parts: [parquet(table)] }
  }
}
