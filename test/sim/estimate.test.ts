import { describe, expect, it } from 'vitest'
import { assertFits, estimate, isLong, TooLargeError } from '../../sim/estimate.ts'
import { smallScenario } from './fake-engine.ts'

const machine = { memoryBytes: 24e9, cores: 2, descriptors: 20_000 }
const of = (...set: string[]) => smallScenario('', set)

describe('estimate', () => {
  it('grows with nodes, operations and repeats', () => {
    const small = estimate(of(), 'model', machine)
    const nodes = estimate(of('network.clinics=1000000'), 'model', machine)
    const busy = estimate(of('workload.requestsPerHour=1000000'), 'model', machine)
    const often = estimate(of('repeats=100', 'network.clinics=100000'), 'model', machine)
    const once = estimate(of('repeats=1', 'network.clinics=100000'), 'model', machine)

    expect(nodes.memoryBytes).toBeGreaterThan(small.memoryBytes + 1e9)
    expect(busy.seconds).toBeGreaterThan(small.seconds)
    expect(busy.memoryBytes).toBeGreaterThan(small.memoryBytes)
    expect(often.seconds).toBeGreaterThan(50 * once.seconds)
  })

  it('takes the smaller network and shorter time of live', () => {
    const set = ['live.clinics=8', 'live.patients=2', 'live.durationSeconds=20']
    const live = estimate(of(...set), 'live', machine)

    expect(live.nodes).toBe(10)
    expect(live.seconds).toBeLessThan(estimate(of(), 'live', machine).seconds)
  })

  it('names memory and descriptors that would not do, and what would', () => {
    const large = of('network.clinics=20000000', 'network.patients=20000000', 'repeats=1')
    const tcp = of('network.clinics=3000', 'network.transport=tcp')
    const few = { ...machine, descriptors: 1_024 }

    expect(estimate(large, 'model', machine).reasons).toEqual([
      expect.stringMatching(/^memory: about [\d.]+ GiB for 40000000 nodes, of 22.4 GiB here; \d+ n/)
    ])
    expect(estimate(tcp, 'live', few).reasons).toEqual([
      expect.stringMatching(/^descriptors: about \d+ in one process, of 1024 allowed here; ulimit/)
    ])
    expect(() => assertFits(estimate(large, 'model', machine))).toThrow(TooLargeError)
    expect(() => assertFits(estimate(of(), 'model', machine))).not.toThrow()
  })

  it('knows what would take longer than a day', () => {
    const month = of('live.durationSeconds=100000', 'repeats=1')

    expect(isLong(estimate(month, 'live', machine))).toBe(true)
    expect(isLong(estimate(of(), 'model', machine))).toBe(false)
  })
})
