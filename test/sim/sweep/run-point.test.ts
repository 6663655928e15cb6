import { describe, expect, it } from 'vitest'
import type { SweepPoint } from '../../../sim/sweep/plan.ts'
import { runPoint } from '../../../sim/sweep/run-point.ts'
import { smallPlan, smallScenario } from './fixtures.ts'

const options = {
  baseFolder: '.',
  signal: new AbortController().signal,
  progress() {}
}

describe('a point on the model', () => {
  it('has figures of its own, the same every time', async () => {
    const scenario = smallScenario({
      network: { clinics: 30, latency: { model: 'constant', oneWayMs: 10 } },
      workload: { lookupsPerHour: 3_600 }
    })
    const { points } = await smallPlan({ scenario, over: ['dht.alpha=3'], repeats: 2 })
    const [first, second] = points as [SweepPoint, SweepPoint]

    const outcome = await runPoint(first, options)

    expect(outcome.id).toBe(first.id)
    expect(outcome.figures['lookup.requests.mean']).toBeGreaterThan(1)
    expect(outcome.checks.every(({ violations }) => violations === 0)).toBe(true)
    expect(await runPoint(first, options)).toEqual(outcome)
    expect((await runPoint(second, options)).digest).not.toBe(outcome.digest)
  })
})
