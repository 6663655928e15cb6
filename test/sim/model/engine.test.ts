import { describe, expect, it } from 'vitest'
import { OPERATION_COLUMNS } from '../../../sim/engine.ts'
import { modelEngine } from '../../../sim/model/engine.ts'
import type { ScenarioFile } from '../../../sim/scenario/shape.ts'
import { digestOf, more, ofKind, rowsOf, run, scenario } from './fixtures.ts'

const busy = {
  workload: {
    lookupsPerHour: 600,
    publishPerHour: 60,
    requestsPerHour: 200,
    revocationsPerHour: 60,
    emergenciesPerHour: 20,
    updatesPerHour: 20,
    vitals: { patients: 5, everySeconds: 60, bytes: 200 }
  }
} as const

describe('model engine', () => {
  it('gives the same tables for the same scenario and seed, others for another', async () => {
    const once = digestOf(await run(busy))

    expect(digestOf(await run(busy))).toBe(once)
    expect(digestOf(await run(busy, 2))).not.toBe(once)
  })

  it('does so through absences, losses, reorganisations and attacks', async () => {
    const rough = {
      ...busy,
      network: { clinics: 40, patients: 60, requesters: 3, loss: 0.02, natShare: 0.5, relays: 2 },
      churn: {
        clinics: { model: 'measured', meanAwaySeconds: 3_600 },
        patients: { model: 'weibull', meanSessionSeconds: 300, meanAwaySeconds: 300 },
        departures: 0.5
      },
      chain: { reorgsPerHour: 60, confirmBlocks: 3 },
      adversaries: [
        { kind: 'sybil', nodes: 10 },
        { kind: 'eclipse', nodes: 20, records: 1 },
        { kind: 'withholding', share: 0.1 },
        { kind: 'colluding-custodians', share: 0.2 },
        {
          kind: 'bulk-reader',
          atSeconds: 200,
          requestsPerSecond: 5,
          noticedAfterSeconds: 100
        },
        { kind: 'gossip-spam', nodes: 2, messagesPerSecond: 30 }
      ]
    } satisfies Partial<ScenarioFile>
    const once = await run(rough, 3)

    expect(digestOf(await run(rough, 3))).toBe(digestOf(once))
    expect(once.facts).toEqual((await run(rough, 3)).facts)
  })

  it('keeps what was acknowledged', async () => {
    const { checks, facts } = await run(busy)

    expect(checks.find(({ name }) => name === 'acknowledged-stays-openable')).toMatchObject({
      checked: facts['acknowledgedRecords'],
      violations: 0
    })
    expect(facts['lostRecords']).toBe(0)
    expect(Number(facts['acknowledgedRecords'])).toBeGreaterThan(40)
  })

  it('fills every column of the operations table', async () => {
    const { operations } = await run(busy)

    expect(operations.columns.map(({ name, unit }) => [name, unit])).toEqual(
      OPERATION_COLUMNS.map(([name, unit]) => [name, unit])
    )
    expect(operations.columns.every(({ values }) => values.length === operations.rows)).toBe(true)
  })

  it('does all kinds of operations, and in a quiet network all well', async () => {
    const result = await run(busy)
    const kinds = [
      'lookup',
      'provide',
      'publish',
      'wish',
      'grant',
      'retrieve',
      'revoke',
      'emergency',
      'update',
      'hint',
      'vital'
    ]

    for (const kind of kinds) {
      const rows = ofKind(result, kind)
      expect(rows.length, kind).toBeGreaterThan(0)
      expect(
        rows.filter(({ ok }) => ok === 0),
        kind
      ).toEqual([])
    }
    expect(result.checks.map(({ violations }) => violations)).toEqual([0, 0, 0, 0])
  })

  it('counts in its series what it counts in its rows', async () => {
    const result = await run(busy)
    const series = rowsOf(result.series)
    const sum = (name: string) => series.reduce((total, row) => total + Number(row[name]), 0)
    const ended = rowsOf(result.operations).filter(
      (row) => Number(row['atMs']) + Number(row['latencyMs']) <= 600_000
    )

    expect(series.length).toBe(60)
    expect(sum('succeeded')).toBe(ended.length)
    expect(sum('failed')).toBe(0)
  })

  it('counts as many messages sent as received, and their bytes by purpose', async () => {
    const result = await run(busy)
    const nodes = rowsOf(result.nodes)
    const sum = (name: string) => nodes.reduce((total, row) => total + Number(row[name]), 0)

    expect(sum('sentMessages')).toBe(sum('receivedMessages'))
    expect(sum('sentMessages')).toBe(result.facts['totalMessages'])
    expect(sum('sentBytes')).toBeCloseTo(Number(result.facts['totalBytes']), 0)
  })

  it('traces as many retrievals as asked, from the heads to the end', async () => {
    const { trace } = await run(busy, 1, 2)

    expect(new Set(trace.map(({ operation }) => operation)).size).toBe(2)
    const first = trace.filter(({ operation }) => operation === trace[0]?.operation)
    const steps = first.map(({ step }) => step)
    expect(steps[0]).toBe('heads')
    expect(steps).toEqual(
      expect.arrayContaining(['challenge', 'release', 'combine', 'fetch-block', 'end'])
    )
    expect(first.every(({ atMs, untilMs }) => untilMs >= atMs)).toBe(true)
  })

  it('says from wish to first use how long each step took', async () => {
    const consents = rowsOf(more(await run(busy), 'consents'))

    expect(consents.length).toBeGreaterThan(10)
    for (const row of consents) {
      expect(Number(row['readAfterMs'])).toBeGreaterThan(0)
      expect(Number(row['grantedAfterMs'])).toBeGreaterThan(Number(row['readAfterMs']))
      // a block that holds it and one on top
      expect(Number(row['usableAfterMs'])).toBeGreaterThan(Number(row['grantedAfterMs']))
    }
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const running = modelEngine.run(scenario(busy), {
      seed: 1,
      repeat: 0,
      signal: stop.signal,
      progress: () => stop.abort()
    })

    await expect(running).rejects.toThrow(/abort/)
  })
})
