import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseOver } from '../../../sim/sweep/over.ts'

const good = [
  { id: 'a list', flag: 'dht.alpha=3,5,10', path: 'dht.alpha', values: [3, 5, 10] },
  { id: 'one value', flag: 'dht.k=20', path: 'dht.k', values: [20] },
  { id: 'words', flag: 'dht.table=js,classic', path: 'dht.table', values: ['js', 'classic'] },
  { id: 'booleans', flag: 'churn.repair=true,false', path: 'churn.repair', values: [true, false] },
  { id: 'fractions', flag: 'network.loss=0, 0.01', path: 'network.loss', values: [0, 0.01] },
  { id: 'a range by ones', flag: 'dht.paths=1..4', path: 'dht.paths', values: [1, 2, 3, 4] },
  { id: 'a range by steps', flag: 'dht.k=10..25+5', path: 'dht.k', values: [10, 15, 20, 25] },
  { id: 'a step past the end', flag: 'dht.k=10..24+5', path: 'dht.k', values: [10, 15, 20] },
  {
    id: 'a range of fractions with its end',
    flag: 'network.loss=0.1..0.3+0.1',
    path: 'network.loss',
    values: [0.1, 0.2, 0.3]
  },
  {
    id: 'a geometric range',
    flag: 'network.clinics=1000..1000000*10',
    path: 'network.clinics',
    values: [1_000, 10_000, 100_000, 1_000_000]
  },
  {
    id: 'half decades, whole between whole ends',
    flag: 'network.clinics=1e3..1e5*3.16227766',
    path: 'network.clinics',
    values: [1_000, 3_162, 10_000, 31_623, 100_000]
  },
  { id: 'ranges in a list', flag: 'dht.k=1..3,20', path: 'dht.k', values: [1, 2, 3, 20] },
  {
    id: 'an entry of a list',
    flag: 'adversaries.0.share=0.1,0.2',
    path: 'adversaries.0.share',
    values: [0.1, 0.2]
  }
]

const bad = [
  { id: 'no path', flag: '=3', says: 'expected path=values' },
  { id: 'no values', flag: 'dht.alpha', says: 'expected path=values' },
  { id: 'an empty value', flag: 'dht.alpha=3,,5', says: 'expected a value, got nothing' },
  { id: 'a path into a prototype', flag: '__proto__.x=1', says: 'expected path=values' },
  { id: 'a value twice', flag: 'dht.alpha=1..3,2', says: 'got 2 twice' },
  { id: 'a range downwards', flag: 'dht.alpha=9..3', says: 'expected a range that grows' },
  { id: 'a step of nothing', flag: 'dht.alpha=1..3+0', says: 'step above 0' },
  { id: 'a factor of one', flag: 'dht.alpha=1..3*1', says: 'factor above 1' },
  { id: 'a geometric range from zero', flag: 'dht.alpha=0..3*2', says: 'from above 0' },
  { id: 'half a range', flag: 'dht.alpha=1..', says: 'expected a range such as' },
  { id: 'too many values', flag: 'dht.alpha=1..1e9', says: 'expected at most 1000 values' },
  { id: 'too fine a growth', flag: 'dht.k=1..2*1.0000001', says: 'expected at most 1000 values' }
]

describe('what a sweep varies', () => {
  it.each(good)('reads $id', ({ flag, path, values }) => {
    expect(parseOver([flag])).toEqual({ axes: [{ path, values }], faults: [] })
  })

  it.each(bad)('refuses $id', ({ flag, says }) => {
    expect(parseOver([flag]).faults.join('\n')).toContain(says)
  })

  it('refuses a path that is given twice', () => {
    expect(parseOver(['dht.k=1', 'dht.k=2']).faults).toHaveLength(1)
  })

  it('tells all faults at once', () => {
    expect(parseOver(['x', 'dht.k=9..3', 'dht.alpha=,']).faults).toHaveLength(4)
  })

  it('gives back any list of numbers as it was written', () => {
    const numbers = fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 1,
      maxLength: 20,
      comparator: 'SameValueZero'
    })
    fc.assert(
      fc.property(numbers, (values) => {
        const { axes, faults } = parseOver([`network.loss=${values.map(String).join(',')}`])
        expect(faults).toEqual([])
        expect(axes[0]?.values).toEqual(values.map((value) => Number(String(value))))
      })
    )
  })

  it('keeps every range between its ends, ascending, with its first value', () => {
    const by = fc.oneof(
      fc.record({ kind: fc.constant('+'), by: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ kind: fc.constant('*'), by: fc.integer({ min: 2, max: 50 }) })
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(500), by, (from, more, step) => {
        const { axes, faults } = parseOver([`dht.k=${from}..${from + more}${step.kind}${step.by}`])
        const values = axes[0]?.values as number[]
        expect(faults).toEqual([])
        expect(values[0]).toBe(from)
        expect(values.every((value) => value >= from && value <= from + more)).toBe(true)
        expect(values).toEqual([...values].sort((a, b) => a - b))
      })
    )
  })

  it('never throws, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string(), (flag) => {
        const { axes, faults } = parseOver([flag])
        expect(axes.length + faults.length).toBeGreaterThan(0)
      })
    )
  })
})
