/**
 * Tables as bytes, one form only: what a repeat is kept as, and what its digest is taken over. Equal
 * tables give equal bytes on every machine, and no others do: order of rows and columns, names, units
 * and number types all count. Little-endian; every text is preceded by its length.
 * @module
 */
import { utf8 } from '../../core/bytes.ts'
import { InvalidMessageError } from '../../core/errors.ts'
import type { Column, ColumnValues, Table } from '../table.ts'

const MAGIC = utf8('keyward-tables/1\n')
const Type = { Float64: 1, Int32: 2, Text: 3 } as const

/** @throws InvalidMessageError when a column has not one value for each row. */
export function encodeTables(tables: readonly Table[]): Uint8Array<ArrayBuffer> {
  const out = new Writer()
  out.bytes(MAGIC)
  out.u32(tables.length)
  for (const table of tables) {
    out.text(table.name)
    out.u32(table.rows)
    out.u32(table.columns.length)
    for (const column of table.columns) encodeColumn(out, table, column)
  }
  return out.done()
}

function encodeColumn(out: Writer, table: Table, { name, unit, values }: Column): void {
  if (values.length !== table.rows) {
    const got = `got ${values.length}`
    throw new InvalidMessageError(`"${table.name}.${name}" expected ${table.rows} values, ${got}`)
  }
  out.text(name)
  out.text(unit)
  if (values instanceof Float64Array) {
    out.u32(Type.Float64)
    out.f64s(values)
  } else if (values instanceof Int32Array) {
    out.u32(Type.Int32)
    out.i32s(values)
  } else {
    out.u32(Type.Text)
    encodeTexts(out, values)
  }
}

/** Distinct texts in order of appearance, then an index for each row: kinds repeat a million times. */
function encodeTexts(out: Writer, values: readonly string[]): void {
  const index = new Map<string, number>()
  const rows = new Int32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const text = values[i] as string
    const known = index.get(text)
    rows[i] = known ?? index.size
    if (known == null) index.set(text, index.size)
  }
  out.u32(index.size)
  for (const text of index.keys()) out.text(text)
  out.i32s(rows)
}

/** @throws InvalidMessageError when the bytes are not whole, or go on. */
export function decodeTables(bytes: Uint8Array): Table[] {
  const input = new Reader(bytes)
  input.expect(MAGIC)
  const tables: Table[] = []
  for (let left = input.u32(); left > 0; left--) {
    const name = input.text()
    const rows = input.u32()
    const columns: Column[] = []
    for (let more = input.u32(); more > 0; more--) columns.push(decodeColumn(input, rows))
    tables.push({ name, rows, columns })
  }
  input.end()
  return tables
}

function decodeColumn(input: Reader, rows: number): Column {
  const name = input.text()
  const unit = input.text()
  return { name, unit, values: decodeValues(input, rows) }
}

function decodeValues(input: Reader, rows: number): ColumnValues {
  const type = input.u32()
  if (type === Type.Float64) return input.f64s(rows)
  if (type === Type.Int32) return input.i32s(rows)
  if (type !== Type.Text) throw new InvalidMessageError(`column type expected 1 to 3, got ${type}`)
  const texts: string[] = []
  for (let left = input.u32(); left > 0; left--) texts.push(input.text())
  const values: string[] = []
  for (const index of input.i32s(rows)) {
    const text = texts[index]
    if (text == null) throw new InvalidMessageError(`text expected below ${texts.length}`)
    values.push(text)
  }
  return values
}

class Writer {
  #buffer = new Uint8Array(1 << 16)
  #length = 0

  #room(bytes: number): number {
    const at = this.#length
    this.#length += bytes
    if (this.#length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2))
      grown.set(this.#buffer.subarray(0, at))
      this.#buffer = grown
    }
    return at
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#room(bytes.length)
    this.#buffer.set(bytes, at)
  }

  u32(value: number): void {
    const at = this.#room(4)
    new DataView(this.#buffer.buffer).setUint32(at, value, true)
  }

  text(text: string): void {
    const bytes = utf8(text)
    this.u32(bytes.length)
    this.bytes(bytes)
  }

  i32s(values: Int32Array): void {
    const at = this.#room(values.length * 4)
    const view = new DataView(this.#buffer.buffer)
    for (let i = 0; i < values.length; i++) view.setInt32(at + i * 4, values[i] as number, true)
  }

  f64s(values: Float64Array): void {
    const at = this.#room(values.length * 8)
    const view = new DataView(this.#buffer.buffer)
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number
      // one NaN and one zero: the bits of either may differ between engines, their meaning does not
      view.setFloat64(at + i * 8, Number.isNaN(value) ? Number.NaN : value + 0, true)
    }
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length)
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  #take(bytes: number): number {
    const at = this.#at
    if (bytes > this.#bytes.length - at) {
      throw new InvalidMessageError(
        `tables expected ${bytes} bytes more at ${at}, got ${this.#bytes.length - at}`
      )
    }
    this.#at += bytes
    return at
  }

  expect(magic: Uint8Array): void {
    const at = this.#take(magic.length)
    if (magic.some((byte, i) => this.#bytes[at + i] !== byte)) {
      throw new InvalidMessageError('tables expected "keyward-tables/1" at the beginning')
    }
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  text(): string {
    const length = this.u32()
    const at = this.#take(length)
    return decoder.decode(this.#bytes.subarray(at, at + length))
  }

  i32s(count: number): Int32Array {
    const at = this.#take(count * 4)
    const values = new Int32Array(count)
    for (let i = 0; i < count; i++) values[i] = this.#view.getInt32(at + i * 4, true)
    return values
  }

  f64s(count: number): Float64Array {
    const at = this.#take(count * 8)
    const values = new Float64Array(count)
    for (let i = 0; i < count; i++) values[i] = this.#view.getFloat64(at + i * 8, true)
    return values
  }

  end(): void {
    const left = this.#bytes.length - this.#at
    if (left > 0) throw new InvalidMessageError(`tables expected to end, got ${left} bytes more`)
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })
