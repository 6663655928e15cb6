import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { adversariesOf } from '../../../sim/live/adversaries.ts'
import { conditionsOf } from '../../../sim/live/conditions.ts'
import { keepPartitions } from '../../../sim/live/partitions.ts'
import { keepSessions } from '../../../sim/live/sessions.ts'
import { liveSized, timeScale } from '../../../sim/live/size.ts'
import { Rng } from '../../../sim/random.ts'
import { type ScenarioFile, scenarioShape } from '../../../sim/scenario/shape.ts'
import { stubStage } from './stub-stage.ts'

const scenarioOf = (changes: Partial<ScenarioFile>) =>
  scenarioShape.parse({
    name: 'faults',
    question: 'What goes wrong, and when?',
    durationSeconds: 1_000,
    network: { clinics: 100 },
    ...changes
  })

describe('sessions', () => {
  it('take nodes away and bring them back until the measured part is over', async () => {
    const { stage, asked } = stubStage({
      churn: {
        clinics: { model: 'weibull', meanSessionSeconds: 0.005, shape: 1, meanAwaySeconds: 0.005 }
      }
    })
    const over = new AbortController()
    const kept = keepSessions(stage, over.signal)

    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(20))
    over.abort()
    await kept
    const length = asked.length
    await delay(30)

    expect(asked).toHaveLength(length)
    expect(asked.every((line) => /^(stop|start) [0-5]$/.test(line))).toBe(true)
    for (const node of [0, 1, 2, 3, 4, 5]) {
      const own = asked.filter((line) => line.endsWith(` ${node}`)).map((line) => line.slice(0, 4))
      expect(own.every((word, i) => word === (i % 2 === 0 ? 'stop' : 'star'))).toBe(true)
      expect(stage.isAway(node)).toBe(own.at(-1) === 'stop')
    }
  })

  it('leave a patient alone whose model is none', async () => {
    const { stage, asked } = stubStage()

    await keepSessions(stage, AbortSignal.timeout(10))

    expect(asked).toEqual([])
  })
})

describe('partitions', () => {
  it('part the smaller side from the rest, and heal', async () => {
    const { stage, asked } = stubStage({
      network: {
        clinics: 6,
        patients: 2,
        partitions: [{ atSeconds: 0.01, healSeconds: 0.03, share: 0.25 }]
      }
    })

    await keepPartitions(stage, AbortSignal.timeout(5_000))

    expect(asked).toHaveLength(2)
    expect(asked[0]?.replace(/[^1]/g, '')).toHaveLength(2)
    expect(asked[1]).toBe('heal')
  })
})

describe('adversaries', () => {
  it('that withhold are a share of the clinics', async () => {
    const { stage, asked } = stubStage({ adversaries: [{ kind: 'withholding', share: 0.5 }] })

    await adversariesOf(stage).play(AbortSignal.timeout(5_000))

    expect(asked).toHaveLength(3)
    expect(new Set(asked).size).toBe(3)
  })

  it('that no node can play are told as not played', () => {
    const { stage } = stubStage({ adversaries: [{ kind: 'sybil', nodes: 10 }] })

    adversariesOf(stage)

    expect([...stage.counts]).toEqual([['notPlayedSybil', 1]])
  })

  it('that steal a key read each of its grants once, until the patients revoke', async () => {
    const thief = 5 // the last clinic asks first
    const { stage, asked } = stubStage(
      {
        records: { custodians: 3, threshold: 2 },
        intervalSeconds: 0.001,
        adversaries: [
          { kind: 'bulk-reader', atSeconds: 0, requestsPerSecond: 1_000, noticedAfterSeconds: 0.2 }
        ]
      },
      {
        call: (_, verb) =>
          verb === 'revoke' ? { block: 9 } : { ver: 1, sha256: 'ff', released: [], blamed: [] }
      }
    )
    for (const record of [0, 1, 2]) {
      const known = { record, owner: 6, recordId: `${record}`, cid: '', custodians: [] }
      stage.records.set(record, { ...known, acknowledged: true, sha256: ['ff'] })
      const requester = record === 2 ? 4 : thief // the last grant is another's
      stage.sent(stage.sending({ wish: record, record, requester, forMs: 1e6 }), 'aa')
      stage.ready(record)
    }
    const adversaries = adversariesOf(stage)

    await adversaries.play(AbortSignal.timeout(400))

    expect(asked.filter((line) => line === `call ${thief} record.get`)).toHaveLength(2)
    expect(asked.filter((line) => line === 'call 6 revoke')).toHaveLength(2)
    expect(adversaries.facts()).toMatchObject({
      stolenGrants: 2,
      stolenRecordsRead: 2,
      stolenRequests: 6,
      stolenRequestsRefused: 0
    })
    expect((await adversaries.tables(0)).map(({ name }) => name)).toEqual(['bulkReader'])
  })

  it('that collude see what their stores hold, threshold by threshold', async () => {
    // clinics 0 to 4 hold the record; half of the six collude
    const { stage } = stubStage(
      { adversaries: [{ kind: 'colluding-custodians', share: 0.5 }] },
      { run: (node) => (node < 5 ? ['aa'] : []) }
    )
    const record = { record: 0, owner: 6, recordId: 'aa', cid: '', sha256: [], custodians: [] }
    stage.records.set(0, { ...record, acknowledged: true })

    const [table] = await adversariesOf(stage).tables(0)

    const column = (name: string) => [
      ...((table?.columns.find((each) => each.name === name)?.values ?? []) as Float64Array)
    ]
    expect(column('t')).toEqual([1, 2, 3, 4, 5])
    expect(column('availability')).toEqual([1, 1, 1, 1, 1])
    expect(column('disclosure').slice(0, 2)).toEqual([1, 1])
    expect(column('disclosure').slice(3)).toEqual([0, 0])
  })
})

describe('a shorter live run', () => {
  it('keeps each event’s share of the time', () => {
    const scenario = scenarioOf({
      warmupSeconds: 50,
      live: { durationSeconds: 100, clinics: 20 },
      network: {
        clinics: 100,
        requesters: 30,
        partitions: [{ atSeconds: 300, healSeconds: 500, share: 0.2 }]
      },
      workload: { bursts: [{ kind: 'request', atSeconds: 500, overSeconds: 100, count: 5 }] },
      adversaries: [
        { kind: 'bulk-reader', atSeconds: 200, requestsPerSecond: 1, noticedAfterSeconds: 600 }
      ]
    })

    const sized = liveSized(scenario)
    const { network, workload, adversaries, durationSeconds } = sized

    expect(timeScale(scenario)).toBe(0.1)
    expect(durationSeconds).toBe(100)
    expect(sized.warmupSeconds).toBe(5)
    expect(network).toMatchObject({ clinics: 20, requesters: 20 })
    expect(network.partitions[0]).toMatchObject({ atSeconds: 30, healSeconds: 50 })
    expect(workload.bursts[0]).toMatchObject({ atSeconds: 50, overSeconds: 10 })
    expect(adversaries[0]).toMatchObject({ atSeconds: 20, noticedAfterSeconds: 60 })
  })
})

describe('network conditions', () => {
  const rng = new Rng(1, 'conditions')

  it('are none where the scenario asks for none', () => {
    const scenario = scenarioOf({
      network: { clinics: 5, latency: { model: 'constant', oneWayMs: 0 } }
    })

    expect(conditionsOf(scenario, rng, '.')).toBeUndefined()
  })

  it('are the delays of each pair, the same both ways, and the bandwidth in bytes', () => {
    const scenario = scenarioOf({ network: { clinics: 12, upMbps: 8 } })

    const { places, upBytesPerSecond } = conditionsOf(scenario, rng, '.') ?? {}

    expect(upBytesPerSecond).toBe(1_000_000)
    expect(places?.count).toBe(12)
    expect(places?.oneWayMs[3 * 12 + 7]).toBe(places?.oneWayMs[7 * 12 + 3])
    expect(places?.oneWayMs[5 * 12 + 5]).toBe(0)
  })
})
