import { describe, expect, it } from 'vitest'
import { defaultCosts } from '../../../sim/model/costs.ts'
import { type Process, Processes, ticks } from '../../../sim/model/process.ts'
import { meter, Traffic } from '../../../sim/model/traffic.ts'
import { TICKS_PER_MS, Wheel } from '../../../sim/model/wheel.ts'
import { Rng } from '../../../sim/random.ts'
import type { ScenarioFile } from '../../../sim/scenario/shape.ts'
import { scenario } from './fixtures.ts'

const NODES = 20

// clinics 0 to 9, patients 10 to 19; 20 ms between any two
const networkOf = (changes: Partial<ScenarioFile['network']> = {}) => {
  const wheel = new Wheel()
  const processes = new Processes(wheel, 0)
  const online = new Uint8Array(NODES).fill(1)
  const traffic = new Traffic({
    scenario: scenario({
      network: { clinics: 10, patients: 10, upMbps: 8, downMbps: 80, ...changes }
    }),
    nodes: NODES,
    oneWayMs: (a, b) => (a === b ? 0 : 20),
    online,
    processes,
    costs: { ...defaultCosts, dialCpuMs: 0, requestCpuMs: 0 },
    rng: new Rng(1),
    startTick: 0
  })
  /** When a process ends, and with what. */
  const timed = <T>(process: Process<T>): { ms: number; value: T | undefined } => {
    const seen: { ms: number; value: T | undefined } = { ms: Number.NaN, value: undefined }
    const from = wheel.now
    processes.start(process, (value) => {
      seen.value = value
      seen.ms = (wheel.now - from) / TICKS_PER_MS
    })
    wheel.run(wheel.now + ticks(60_000))
    return seen
  }
  return { wheel, processes, online, traffic, timed }
}

describe('traffic of the model', () => {
  it('takes the way and the slower end’s bandwidth', () => {
    const { traffic, timed } = networkOf()

    // 1,000 B at 8 Mbit/s are 1 ms
    expect(timed(traffic.hop(meter(), 0, 1, 1_000, 'access'))).toEqual({ ms: 21, value: true })
  })

  it('sends large ones one after another', () => {
    const { traffic, timed, processes } = networkOf()
    const cost = meter()
    const two = processes.all([
      traffic.hop(cost, 0, 1, 100_000, 'blocks'),
      traffic.hop(cost, 0, 2, 100_000, 'blocks')
    ])

    expect(timed(two).ms).toBe(2 * 100 + 20)
    expect(cost).toEqual({ messages: 2, bytes: 200_000, requests: 0 })
  })

  it('lets one thread do one thing at a time', () => {
    const { traffic, timed, processes } = networkOf()

    expect(timed(processes.all([traffic.work(3, 5), traffic.work(3, 7)])).ms).toBe(12)
  })

  it('dials once, and opens a stream for each protocol', () => {
    const { traffic, timed } = networkOf()
    const reach = (kind: 'access' | 'inbox') => timed(traffic.reach(meter(), 0, 1, kind))
    const { dialTrips, streamTrips } = defaultCosts

    const [first, again, other] = [reach('access'), reach('access'), reach('inbox')]
    expect(first.ms).toBe((dialTrips + streamTrips) * 20)
    expect(first.value?.state).toBe('fresh')
    // 60 s later, the stream was closed
    expect(again.ms).toBe(streamTrips * 20)
    expect(other.ms).toBe(streamTrips * 20)
    expect(traffic.dials).toBe(1)
  })

  it('waits in vain for who is away or parted', () => {
    const { traffic, timed, online } = networkOf({
      partitions: [{ atSeconds: 100, healSeconds: 200, share: 0.5 }]
    })
    online[1] = 0

    const away = timed(traffic.reach(meter(), 0, 1, 'access'))
    expect(away).toMatchObject({ ms: defaultCosts.deadDialMs, value: { state: 'away' } })
    timed(traffic.work(0, 1))
    const parted = Array.from({ length: 9 }, (_, i) => i + 1).filter((to) =>
      traffic.isParted(0, to)
    )
    expect(parted.length).toBeGreaterThan(0)
    expect(parted.length).toBeLessThan(9)
  })

  it('asks where a peer is once it could not be dialled', () => {
    const { traffic, timed, online, processes } = networkOf()
    const asked: number[] = []
    traffic.findPeer = function* (_, __, to) {
      asked.push(to)
      yield* processes.sleep(1)
    }
    online[4] = 0

    timed(traffic.reach(meter(), 0, 4, 'access'))

    expect(asked).toEqual([4])
  })

  it('reaches who cannot be dialled through a relay, by two ways, or not at all', () => {
    const cost = meter()
    const without = networkOf({ natShare: 1 })
    const none = without.timed(without.traffic.reach(cost, 0, 15, 'blocks'))
    const relayed = networkOf({ natShare: 1, relays: 2 })
    const through = relayed.timed(relayed.traffic.reach(cost, 5, 15, 'blocks'))

    expect(none.value?.state).toBe('away')
    expect(through.value?.state).toBe('fresh')
    const { dialTrips, streamTrips } = defaultCosts
    expect(through.ms).toBe((dialTrips + streamTrips) * 40)
    // she herself dials whom she likes
    expect(without.timed(without.traffic.reach(cost, 15, 0, 'blocks')).value?.state).toBe('fresh')
  })

  it('sends lost ones again, later each time', () => {
    const { traffic, timed } = networkOf({ loss: 0.5 })
    const took = Array.from(
      { length: 40 },
      () => timed(traffic.hop(meter(), 0, 1, 0, 'access')).ms - 20
    )

    // 200 ms, doubled: after n losses the sum of the first n
    expect(took.every((ms) => Number.isInteger(Math.log2(ms / 200 + 1)))).toBe(true)
    expect(took.filter((ms) => ms === 0).length).toBeGreaterThan(8)
  })
})
