/**
 * The table of revocations: how long each took until nobody could read any more.
 * @module
 */
import type { Column, Table } from '../table.ts'
import type { RevocationRow, Stage } from './stage.ts'

export function revocationsTable({ revocations }: Stage, repeat: number): Table {
  const rows = revocations.toSorted((a, b) => a.atMs - b.atMs)
  const number = (name: string, unit: string, of: (row: RevocationRow) => number): Column => ({
    name,
    unit,
    values: Float64Array.from(rows, of)
  })
  return {
    name: 'revocations',
    rows: rows.length,
    columns: [
      number('repeat', 'count', () => repeat),
      number('atMs', 'ms', (row) => row.atMs),
      number('windowMs', 'ms', (row) => row.windowMs),
      number('toldMs', 'ms', (row) => row.toldMs),
      number('deniedMs', 'ms', (row) => row.deniedMs),
      number('noticedShare', 'share', (row) => row.noticedShare),
      number('openedAfter', 'count', (row) => row.openedAfter)
    ]
  }
}
