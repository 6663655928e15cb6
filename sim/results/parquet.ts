/**
 * Tables as Parquet: doubles, 32-bit integers and texts, null where a value does not apply, the units
 * as metadata of the file ("unit.latencyMs").
 * @module
 */
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import type { Column, ColumnValues, Table } from '../table.ts'
import { isText } from './columns.ts'

export function parquet(table: Table): Uint8Array {
  const kvMetadata = table.columns.map(({ name, unit }) => ({ key: `unit.${name}`, value: unit }))
  const columnData = table.columns.map(source)
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: 'keyward' }))
}

function source({ name, values }: Column): ColumnSource {
  if (isText(values)) return { name, data: [...values], type: 'STRING', nullable: false }
  const type = values instanceof Int32Array ? 'INT32' : 'DOUBLE'
  return applies(values)
    ? { name, data: values, type, nullable: false }
    : { name, data: withNulls(values), type, nullable: true }
}

const missing = (value: number, values: Exclude<ColumnValues, readonly string[]>): boolean =>
  values instanceof Int32Array ? value === -1 : Number.isNaN(value)

function applies(values: Exclude<ColumnValues, readonly string[]>): boolean {
  for (const value of values) if (missing(value, values)) return false
  return true
}

const withNulls = (values: Exclude<ColumnValues, readonly string[]>): (number | null)[] =>
  Array.from(values, (value) => (missing(value, values) ? null : value))
