import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTables, encodeTables } from '../../../sim/results/canonical.ts'
import { digestOf, digestOfRepeat } from '../../../sim/results/digest.ts'
import type { Column, Table } from '../../../sim/table.ts'
import { madeUpResult } from '../fixture.ts'

const one = (column: Partial<Column>, name = 't'): Table => {
  const values = column.values ?? Float64Array.of(1, 2)
  return { name, rows: values.length, columns: [{ name: 'x', unit: 'ms', values, ...column }] }
}
const hex = (tables: readonly Table[]): string => Buffer.from(encodeTables(tables)).toString('hex')

const columnValues = (rows: number) =>
  fc.oneof(
    fc
      .array(fc.double(), { minLength: rows, maxLength: rows })
      .map((values) => Float64Array.from(values, (x) => x + 0)),
    fc
      .array(fc.integer({ min: -1, max: 9 }), { minLength: rows, maxLength: rows })
      .map((values) => Int32Array.from(values)),
    fc.array(fc.string({ unit: 'grapheme' }), { minLength: rows, maxLength: rows })
  )
const anyTable = fc.nat({ max: 6 }).chain((rows) =>
  fc.record({
    name: fc.string(),
    rows: fc.constant(rows),
    columns: fc.array(
      fc.record({ name: fc.string(), unit: fc.string(), values: columnValues(rows) }),
      { maxLength: 4 }
    )
  })
)

describe('canonical bytes', () => {
  it('decode to the tables that were encoded', () => {
    fc.assert(
      fc.property(fc.array(anyTable, { maxLength: 3 }), (tables) => {
        expect(decodeTables(encodeTables(tables))).toEqual(tables)
      })
    )
  })

  it('do not decode from a shorter prefix, nor with a byte more', () => {
    const bytes = encodeTables([one({}), one({ values: ['a', 'b', 'a'] })])

    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeTables(bytes.subarray(0, length)), `${length} bytes`).toThrow()
    }
    expect(() => decodeTables(Uint8Array.of(...bytes, 0))).toThrow(/expected to end/)
  })

  it.each<[what: string, Table]>([
    ['order of rows', one({ values: Float64Array.of(2, 1) })],
    ['type of numbers', one({ values: Int32Array.of(1, 2) })],
    ['texts for numbers', one({ values: ['1', '2'] })],
    ['name of a column', one({ name: 'y' })],
    ['unit', one({ unit: 's' })],
    ['name of the table', one({}, 'u')],
    ['last bit', one({ values: Float64Array.of(1, 2 + Number.EPSILON * 2) })]
  ])('differ by the %s', (_, table) => {
    expect(hex([table])).not.toBe(hex([one({})]))
  })

  it('are the same for either zero and for every NaN', () => {
    const odd = new Float64Array(new BigUint64Array([0x7ff8_0000_0000_beefn, 1n << 63n]).buffer)

    expect(hex([one({ values: odd })])).toBe(hex([one({ values: Float64Array.of(Number.NaN, 0) })]))
  })

  it('are refused to a column that has not a value for each row', () => {
    expect(() => encodeTables([{ ...one({}), rows: 3 }])).toThrow(/"t.x" expected 3 values, got 2/)
  })
})

describe('digest of a run', () => {
  const small = { count: 40, nodes: 12 }

  it('is the same for the same seed, whatever the engine measured about itself', async () => {
    const again = { ...madeUpResult(small), facts: { rssBytes: 1 } }

    expect(await digestOf([again])).toBe(await digestOf([madeUpResult(small)]))
  })

  it('differs by seed, by order of repeats, and by their number', async () => {
    const [a, b] = [madeUpResult(small), madeUpResult({ ...small, seed: 8 })]
    const runs = [[a], [b], [a, b], [b, a], [a, a]]

    const digests = await Promise.all(runs.map(digestOf))

    expect(new Set(digests).size).toBe(runs.length)
  })

  it('is over every table', async () => {
    const result = madeUpResult(small)
    const fewer = { ...result, more: result.more.slice(1) }

    expect(await digestOfRepeat(fewer)).not.toBe(await digestOfRepeat(result))
  })
})
