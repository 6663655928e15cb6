import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { stack } from '../../../sim/results/columns.ts'
import { exportTables } from '../../../sim/results/export.ts'
import { parquet } from '../../../sim/results/parquet.ts'
import { csv, jsonLines } from '../../../sim/results/text.ts'
import type { Table } from '../../../sim/table.ts'
import { madeUpResult, tableOf } from '../fixture.ts'

const awkward: Table = {
  name: 'awkward',
  rows: 4,
  columns: [
    { name: 'kind', unit: '', values: ['plain', 'a,b', 'say "no"', 'two\nlines'] },
    { name: 'latencyMs', unit: 'ms', values: Float64Array.of(0.1, Number.NaN, 1e21, -0) },
    { name: 'hops', unit: 'count', values: Int32Array.of(3, -1, 0, 2 ** 31 - 1) }
  ]
}

const text = (parts: Iterable<string>): string => [...parts].join('')

describe('CSV', () => {
  it('quotes what a reader would take apart and leaves out what does not apply', () => {
    expect(text(csv(awkward))).toBe(
      'kind,latencyMs,hops\nplain,0.1,3\n"a,b",,\n"say ""no""",1e+21,0\n"two\nlines",0,2147483647\n'
    )
  })

  it('writes numbers that read back to the same double', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (numbers) => {
        const values = Float64Array.from(numbers)
        const table = {
          name: 't',
          rows: numbers.length,
          columns: [{ name: 'x', unit: '', values }]
        }

        const read = text(csv(table)).trimEnd().split('\n').slice(1).map(Number)

        expect(read).toEqual(numbers.map((n) => n + 0))
      })
    )
  })
})

it('writes JSON lines that parse, with null for what does not apply', () => {
  const lines = text(jsonLines(awkward)).trimEnd().split('\n')

  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { kind: 'plain', latencyMs: 0.1, hops: 3 },
    { kind: 'a,b', latencyMs: null, hops: null },
    { kind: 'say "no"', latencyMs: 1e21, hops: 0 },
    { kind: 'two\nlines', latencyMs: 0, hops: 2 ** 31 - 1 }
  ])
})

describe('Parquet', () => {
  const read = (table: Table) => parquet(table).slice().buffer

  it('reads back to the same values and types', async () => {
    const file = read(awkward)

    expect(await parquetReadObjects({ file })).toEqual([
      { kind: 'plain', latencyMs: 0.1, hops: 3 },
      { kind: 'a,b', latencyMs: null, hops: null },
      { kind: 'say "no"', latencyMs: 1e21, hops: 0 },
      { kind: 'two\nlines', latencyMs: -0, hops: 2 ** 31 - 1 }
    ])
    expect(
      parquetMetadata(file)
        .schema.slice(1)
        .map(({ type }) => type)
    ).toEqual(['BYTE_ARRAY', 'DOUBLE', 'INT32'])
  })

  it('names the unit of every column', () => {
    const { key_value_metadata: pairs } = parquetMetadata(read(awkward))

    expect(pairs).toContainEqual({ key: 'unit.latencyMs', value: 'ms' })
  })

  it('holds a table without rows', async () => {
    const file = read(tableOf('empty', [['windowMs', 'ms']], []))

    expect(await parquetReadObjects({ file })).toEqual([])
  })
})

describe('tables of several repeats', () => {
  const bare = (value: number) =>
    tableOf('revocations', [['windowMs', 'ms']], [{ windowMs: value }, { windowMs: value + 1 }])

  it('stand one under the other with the number of the repeat', () => {
    const results = [5, 9].map((value) => ({ ...madeUpResult({ count: 3 }), more: [bare(value)] }))

    const table = stack(results, 'revocations') as Table

    expect(text(csv(table))).toBe('repeat,windowMs\n0,5\n0,6\n1,9\n1,10\n')
  })

  it('are refused when a repeat has another unit', () => {
    const other = tableOf('revocations', [['windowMs', 's']], [{ windowMs: 1 }])
    const results = [bare(1), other].map((table) => ({
      ...madeUpResult({ count: 3 }),
      more: [table]
    }))

    expect(() => stack(results, 'revocations')).toThrow(/"windowMs" in "ms" in every repeat/)
  })

  it.each(['../evil', 'manifest', 'a/b', ''])('are refused under the name "%s"', (name) => {
    const result = { ...madeUpResult({ count: 3 }), more: [{ ...bare(1), name }] }

    expect(() => [...exportTables([result])]).toThrow(/table name expected/)
  })
})
