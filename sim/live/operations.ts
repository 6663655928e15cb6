/**
 * The operations table of a live run, filled row by row as operations end.
 * @module
 */
import { OPERATION_COLUMNS, type OperationKind, type TraceEvent } from '../engine.ts'
import type { Column, Table } from '../table.ts'

/** One operation; what does not apply is left out. */
export interface OperationRow {
  readonly kind: OperationKind
  readonly atMs: number
  readonly actor: number
  readonly ok: boolean
  readonly reason: string
  readonly latencyMs: number
  readonly keyMs?: number
  readonly requests?: number
  readonly hops?: number
  readonly messages?: number
  readonly bytes?: number
  readonly found?: number
  readonly gas?: number
  readonly shares?: number
  /** Of those that are traced. */
  readonly steps?: readonly Step[]
}

/** Times count from the start of the measured part. */
export type Step = Omit<TraceEvent, 'operation' | 'actor'>

export class Operations {
  readonly #rows: OperationRow[] = []

  get rows(): readonly OperationRow[] {
    return this.#rows
  }

  add(row: OperationRow): void {
    this.#rows.push(row)
  }

  /** What was before is not measured. */
  restart(): void {
    this.#rows.length = 0
  }

  /** Sorted by when they began. */
  table(repeat: number): Table {
    const rows = this.#sorted()
    const columns = OPERATION_COLUMNS.map(
      ([name, unit]): Column => ({ name, unit, values: valuesOf(name, rows, repeat) })
    )
    return { name: 'operations', rows: rows.length, columns }
  }

  /** Steps of what was traced, by the numbers of the table. */
  trace(nameOf: (node: number) => string): readonly TraceEvent[] {
    return this.#sorted().flatMap(({ steps = [], actor }, operation) =>
      steps.map((step) => ({ operation, actor: nameOf(actor), ...step }))
    )
  }

  #sorted(): readonly OperationRow[] {
    return this.#rows.toSorted((a, b) => a.atMs - b.atMs)
  }
}

function valuesOf(
  name: (typeof OPERATION_COLUMNS)[number][0],
  rows: readonly OperationRow[],
  repeat: number
): Column['values'] {
  switch (name) {
    case 'kind':
      return rows.map(({ kind }) => kind)
    case 'reason':
      return rows.map(({ reason }) => reason)
    case 'repeat':
      return Int32Array.from(rows, () => repeat)
    case 'operation':
      return Int32Array.from(rows, (_, i) => i)
    case 'actor':
      return Int32Array.from(rows, ({ actor }) => actor)
    case 'ok':
      return Int32Array.from(rows, ({ ok }) => Number(ok))
    default:
      return Float64Array.from(rows, (row) => row[name] ?? Number.NaN)
  }
}
