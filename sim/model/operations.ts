/**
 * The operations of a run as rows of typed columns: a row is taken when an operation begins, so that
 * rows are in order of time, and filled when it ends.
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'
import { OPERATION_COLUMNS, OperationKind } from '../engine.ts'
import { OPERATIONS_MAX } from '../limits.ts'
import type { Column, Table } from '../table.ts'
import { TICKS_PER_MS } from './wheel.ts'

type NumberColumn = Exclude<
  (typeof OPERATION_COLUMNS)[number][0],
  'repeat' | 'operation' | 'kind' | 'reason'
>
const NUMBERS = OPERATION_COLUMNS.map(([name]) => name).filter(
  (name): name is NumberColumn => !['repeat', 'operation', 'kind', 'reason'].includes(name)
)

/** One that is under way; what it costs is added up here. */
export interface Operation {
  readonly row: number
  readonly kind: OperationKind
  readonly actor: number
  readonly beganTick: number
  messages: number
  bytes: number
  requests: number
  hops: number
  found: number
  gas: number
  shares: number
  keyMs: number
  /** Its steps are recorded. */
  readonly traced: boolean
}

export interface OperationsInit {
  readonly startTick: number
  readonly nowTick: () => number
}

export class Operations {
  readonly #init: OperationsInit
  #rows = 0
  #active = 0
  #kinds = new Uint8Array(1_024)
  #reasons = new Uint16Array(1_024)
  #numbers = new Map(NUMBERS.map((name) => [name, new Float64Array(1_024)]))
  readonly #words = new Map<string, number>([['', 0]])
  /** Ended well and ended badly, since the start. */
  succeeded = 0
  failed = 0

  constructor(init: OperationsInit) {
    this.#init = init
  }

  get rows(): number {
    return this.#rows
  }

  /** Begun and not ended. */
  get active(): number {
    return this.#active
  }

  /** @throws InvalidParametersError when a scenario leads to more than any table should hold */
  begin(kind: OperationKind, actor: number, traced = false): Operation {
    if (this.#rows >= OPERATIONS_MAX) {
      throw new InvalidParametersError(`"workload" leads to more than ${OPERATIONS_MAX} operations`)
    }
    const row = this.#rows++
    if (row === this.#kinds.length) this.#grow()
    const beganTick = this.#init.nowTick()
    this.#active++
    this.#kinds[row] = OperationKind.indexOf(kind)
    for (const column of this.#numbers.values()) column[row] = Number.NaN
    this.#set(row, 'atMs', (beganTick - this.#init.startTick) / TICKS_PER_MS)
    this.#set(row, 'actor', actor)
    this.#set(row, 'ok', 0)
    this.#reasons[row] = this.#word('unfinished')
    return {
      row,
      kind,
      actor,
      beganTick,
      messages: 0,
      bytes: 0,
      requests: 0,
      hops: Number.NaN,
      found: Number.NaN,
      gas: Number.NaN,
      shares: Number.NaN,
      keyMs: Number.NaN,
      traced
    }
  }

  /** `reason` is '' when it went well. */
  end(operation: Operation, reason: string): void {
    const { row } = operation
    this.#active--
    if (reason === '') this.succeeded++
    else this.failed++
    this.#reasons[row] = this.#word(reason)
    this.#set(row, 'ok', reason === '' ? 1 : 0)
    const took = (this.#init.nowTick() - operation.beganTick) / TICKS_PER_MS
    this.#set(row, 'latencyMs', took)
    this.#set(row, 'keyMs', operation.keyMs)
    this.#set(row, 'requests', operation.requests)
    this.#set(row, 'hops', operation.hops)
    this.#set(row, 'messages', operation.messages)
    this.#set(row, 'bytes', operation.bytes)
    this.#set(row, 'found', operation.found)
    this.#set(row, 'gas', operation.gas)
    this.#set(row, 'shares', operation.shares)
  }

  table(repeat: number): Table {
    const rows = this.#rows
    const words = [...this.#words.keys()]
    const columns = OPERATION_COLUMNS.map(([name, unit]): Column => {
      switch (name) {
        case 'repeat':
          return { name, unit, values: new Int32Array(rows).fill(repeat) }
        case 'operation':
          return { name, unit, values: Int32Array.from({ length: rows }, (_, i) => i) }
        case 'kind':
          return { name, unit, values: Array.from({ length: rows }, (_, i) => this.#kindOf(i)) }
        case 'reason':
          return {
            name,
            unit,
            values: Array.from({ length: rows }, (_, i) => words[this.#reasons[i] as number] ?? '')
          }
        case 'actor':
        case 'ok':
          return { name, unit, values: Int32Array.from(this.#column(name).subarray(0, rows)) }
        default:
          return { name, unit, values: this.#column(name).slice(0, rows) }
      }
    })
    return { name: 'operations', rows, columns }
  }

  #kindOf(row: number): OperationKind {
    return OperationKind[this.#kinds[row] as number] as OperationKind
  }

  #column(name: NumberColumn): Float64Array {
    return this.#numbers.get(name) as Float64Array
  }

  #set(row: number, name: NumberColumn, value: number): void {
    this.#column(name)[row] = value
  }

  #word(text: string): number {
    const known = this.#words.get(text)
    if (known != null) return known
    const index = this.#words.size
    this.#words.set(text, index)
    return index
  }

  #grow(): void {
    const length = this.#kinds.length * 2
    const kinds = new Uint8Array(length)
    kinds.set(this.#kinds)
    this.#kinds = kinds
    const reasons = new Uint16Array(length)
    reasons.set(this.#reasons)
    this.#reasons = reasons
    this.#numbers = new Map(
      [...this.#numbers].map(([name, old]) => {
        const column = new Float64Array(length)
        column.set(old)
        return [name, column]
      })
    )
  }
}
