import { describe, expect, it } from 'vitest'
import { gather } from '../../../sim/sweep/gather.ts'
import type { PointOutcome } from '../../../sim/sweep/outcome.ts'
import type { SweepPoint } from '../../../sim/sweep/plan.ts'
import type { Table } from '../../../sim/table.ts'
import { smallPlan } from './fixtures.ts'

const column = (table: Table, name: string): unknown[] => [
  ...(table.columns.find((each) => each.name === name)?.values ?? [])
]

const outcome = (point: SweepPoint, figures: Record<string, number>): PointOutcome => ({
  id: point.id,
  digest: '0'.repeat(64),
  figures,
  facts: {},
  checks: [{ name: 'law', checked: 1, violations: 0 }],
  asExpected: true
})

async function gathered(
  init: Parameters<typeof smallPlan>[0],
  figures: (point: SweepPoint) => Record<string, number> | undefined
) {
  const plan = await smallPlan(init)
  const outcomes = new Map(
    plan.points.flatMap((point) => {
      const of = figures(point)
      return of ? [[point.id, outcome(point, of)] as const] : []
    })
  )
  return gather(plan, (id) => outcomes.get(id))
}

describe('the tables of a sweep', () => {
  it('have a row a point, without those that failed', async () => {
    const { points } = await gathered({ repeats: 2 }, ({ at, repeat }) =>
      at['dht.alpha'] === 2 && repeat === 1 ? undefined : { hops: Number(at['dht.alpha']) }
    )
    expect(points.rows).toBe(7)
    expect(column(points, 'dht.alpha')).toEqual([1, 1, 2, 3, 3, 4, 4])
    expect(column(points, 'hops')).toEqual([1, 1, 2, 3, 3, 4, 4])
  })

  it('give mean and 95 % interval over repeats', async () => {
    const { settings } = await gathered({ over: ['dht.alpha=3'], repeats: 3 }, ({ repeat }) => ({
      hops: 10 + repeat
    }))
    // Student's t for 2 degrees of freedom, 4.303, times s / sqrt(n)
    const half = 4.303 / Math.sqrt(3)
    expect(column(settings, 'hops')).toEqual([11])
    expect(column(settings, 'hops.low95')[0]).toBeCloseTo(11 - half, 9)
    expect(column(settings, 'hops.high95')[0]).toBeCloseTo(11 + half, 9)
    expect(column(settings, 'repeats')).toEqual([3])
  })

  it('give no interval of one repeat, and no value where a figure is missing', async () => {
    const { settings } = await gathered({ over: ['dht.alpha=3,5'] }, ({ at }) =>
      at['dht.alpha'] === 3 ? { hops: 1 } : { gas: 2 }
    )
    expect(column(settings, 'hops')).toEqual([1, Number.NaN])
    expect(column(settings, 'gas')).toEqual([Number.NaN, 2])
    expect(column(settings, 'hops.low95')).toEqual([Number.NaN, Number.NaN])
  })

  it('fit growth against the logarithm of the size, for each of the other values', async () => {
    const over = ['network.clinics=100..100000*10', 'dht.alpha=3,5']
    const { growth } = await gathered({ over, repeats: 2 }, ({ at }) => ({
      requests: 7 + Number(at['dht.alpha']) * Math.log10(Number(at['network.clinics']))
    }))
    expect(column(growth, 'figure')).toEqual(['requests', 'requests'])
    expect(column(growth, 'others')).toEqual(['dht.alpha=3', 'dht.alpha=5'])
    expect(column(growth, 'points')).toEqual([8, 8])
    for (const [i, slope] of [3, 5].entries()) {
      expect(column(growth, 'slopePerTenfold')[i], 'slope').toBeCloseTo(slope, 9)
      expect(column(growth, 'intercept')[i], 'intercept').toBeCloseTo(7, 9)
    }
  })

  it('fit nothing to two sizes, or to a field that is no size', async () => {
    const two = await gathered({ over: ['network.clinics=100,1000'] }, () => ({ hops: 1 }))
    const none = await gathered({ over: ['dht.alpha=1..5'] }, () => ({ hops: 1 }))
    expect(two.growth.rows + none.growth.rows).toBe(0)
  })

  it('show words as words', async () => {
    const { settings } = await gathered({ over: ['dht.table=js,classic'] }, () => ({ hops: 1 }))
    expect(column(settings, 'dht.table')).toEqual(['js', 'classic'])
  })
})
