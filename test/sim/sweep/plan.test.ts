import { describe, expect, it } from 'vitest'
import type { InvalidScenarioError } from '../../../sim/scenario/faults.ts'
import { pointId } from '../../../sim/sweep/plan.ts'
import { smallPlan, smallScenario } from './fixtures.ts'

const faultsOf = async (over: readonly string[], more = {}): Promise<string> => {
  const err = await smallPlan({ over, ...more }).then(
    () => undefined,
    (reason: InvalidScenarioError) => reason
  )
  expect(err?.name, over.join(' ')).toBe('InvalidScenarioError')
  return err?.faults.join('\n') ?? ''
}

const bad = [
  {
    id: 'a field that does not exist',
    over: 'dht.alhpa=3',
    says: '--over dht.alhpa=3: dht.alhpa  is not known; expected "alpha"'
  },
  { id: 'a group that does not exist', over: 'dth.alpha=3', says: 'dth' },
  { id: 'a value of the wrong type', over: 'dht.alpha=many', says: 'dht.alpha=many' },
  {
    id: 'a value out of range',
    over: 'dht.alpha=3,1000',
    says: 'expected a whole number from 1 to 64'
  },
  { id: 'a whole group', over: 'dht=3', says: 'expected a single field' },
  { id: 'a field of a field', over: 'dht.alpha.x=3', says: 'expected a group of fields' },
  {
    id: 'an entry that is not there',
    over: 'adversaries.0.share=0.1',
    says: 'expected an entry 0'
  },
  { id: 'a field of another model', over: 'network.latency.oneWayMs=5', says: 'oneWayMs' },
  { id: 'the seed', over: 'seed=1,2', says: 'seeds come from --repeats' },
  { id: 'the number of repeats', over: 'repeats=1,2', says: 'seeds come from --repeats' },
  { id: 'a name inherited by every object', over: 'constructor.name=x', says: 'constructor' }
]

describe('the points of a sweep', () => {
  it('are all combinations of the values, each repeated', async () => {
    const { points } = await smallPlan({
      over: ['dht.alpha=3,5', 'dht.table=js,classic'],
      repeats: 3
    })

    expect(points).toHaveLength(12)
    expect(new Set(points.map(({ id }) => id)).size).toBe(12)
    expect(new Set(points.map(({ seed }) => seed)).size).toBe(12)
    expect(points[0]).toMatchObject({
      setting: 0,
      repeat: 0,
      at: { 'dht.alpha': 3, 'dht.table': 'js' },
      scenario: { dht: { alpha: 3, table: 'js' }, repeats: 1 }
    })
    expect(points.every(({ scenario, seed }) => scenario.seed === seed)).toBe(true)
  })

  it('are the same on every call', async () => {
    expect(await smallPlan()).toEqual(await smallPlan())
  })

  it('keep ids and seeds when the sweep grows', async () => {
    const small = await smallPlan({ over: ['dht.alpha=3,5'], repeats: 2 })
    const large = await smallPlan({ over: ['dht.alpha=1,3,4,5'], repeats: 4 })

    const known = new Map(large.points.map(({ id, seed }) => [id, seed]))
    expect(small.points.every(({ id, seed }) => known.get(id) === seed)).toBe(true)
  })

  it('change id and seed with the seed of the sweep', async () => {
    const [first, second] = await Promise.all([smallPlan({ seed: 1 }), smallPlan({ seed: 2 })])
    expect(first.points[0]?.id).not.toBe(second.points[0]?.id)
    expect(first.points[0]?.seed).not.toBe(second.points[0]?.seed)
  })

  it('have the id that their parts give', async () => {
    const point = (await smallPlan()).points[0]
    expect(point).toBeDefined()
    if (point) expect(await pointId(point)).toBe(point.id)
  })

  it('take a group that the file leaves out', async () => {
    const { points } = await smallPlan({ over: ['live.clinics=5,10'] })
    expect(points.map(({ scenario }) => scenario.live.clinics)).toEqual([5, 10])
  })

  it('take an entry of a list', async () => {
    const scenario = smallScenario({
      adversaries: [{ kind: 'sybil', nodes: 5 }]
    })
    const { points } = await smallPlan({ scenario, over: ['adversaries.0.nodes=2,3'] })
    expect(points.map((point) => point.scenario.adversaries[0])).toMatchObject([
      { nodes: 2 },
      { nodes: 3 }
    ])
  })

  it.each(bad)('refuse $id', async ({ over, says }) => {
    expect(await faultsOf([over])).toContain(says)
  })

  it('refuse with all faults at once', async () => {
    const faults = await faultsOf(['dht.alpha=many', 'dht.k=0', 'nonsense'], { repeats: 0 })
    expect(faults.split('\n')).toHaveLength(4)
  })

  it('refuse a combination that contradicts itself, by its values', async () => {
    const faults = await faultsOf(['dht.paths=3,10', 'dht.k=5,20'])
    expect(faults).toMatch(/^dht\.paths=10 dht\.k=5: dht\.paths {2}expected at most 5 .*, got 10$/)
  })

  it('refuse more points than a sweep may have', async () => {
    expect(await faultsOf(['dht.alpha=1..50', 'dht.k=1..50'], { repeats: 10 })).toContain(
      'expected at most 10000 points, got 25000'
    )
  })

  it('refuse a sweep over nothing', async () => {
    expect(await faultsOf([])).toContain('expected at least one')
  })
})
