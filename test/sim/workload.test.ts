import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Rng } from '../../sim/random.ts'
import { type Scenario, type ScenarioFile, scenarioShape } from '../../sim/scenario/shape.ts'
import { grantSettledMs, initialOwner, plan, requesterAt } from '../../sim/workload.ts'

const scenario = (changes: Partial<ScenarioFile> = {}): Scenario =>
  scenarioShape.parse({
    name: 'plan',
    question: 'does the plan hold together?',
    durationSeconds: 3_600,
    network: { clinics: 10, patients: 50, requesters: 3 },
    ...changes
  })

const busy = scenario({
  records: { perPatient: 2 },
  workload: {
    lookupsPerHour: 100,
    publishPerHour: 40,
    requestsPerHour: 200,
    approvedShare: 0.7,
    revocationsPerHour: 60,
    emergenciesPerHour: 10,
    updatesPerHour: 20,
    vitals: { patients: 5, everySeconds: 60, bytes: 200 },
    bursts: [
      { kind: 'request', atSeconds: 1_000, overSeconds: 10, count: 50, records: 2 },
      { kind: 'revoke', atSeconds: 2_000, overSeconds: 5, count: 20 }
    ]
  }
})

describe('plan', () => {
  it('is the same for the same seed, another for another', () => {
    const once = JSON.stringify(plan(busy, new Rng(7)))

    expect(JSON.stringify(plan(busy, new Rng(7)))).toBe(once)
    expect(JSON.stringify(plan(busy, new Rng(8)))).not.toBe(once)
  })

  it('is sorted and within the measured part', () => {
    const times = plan(busy, new Rng(1)).map(({ atMs }) => atMs)

    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...times)).toBeLessThan(3_600_000)
  })

  it('has about as many acts as its rates say', () => {
    const acts = plan(busy, new Rng(3))
    const of = (kind: string) => acts.filter((act) => act.kind === kind).length

    // three standard deviations of a Poisson count
    expect(Math.abs(of('lookup') - 100)).toBeLessThan(30)
    expect(Math.abs(of('wish') - 250)).toBeLessThan(45)
    expect(of('vital')).toBe(5 * 60)
  })

  it('keeps equal distances when arrivals are regular', () => {
    const acts = plan(
      scenario({ workload: { arrival: 'regular', lookupsPerHour: 3_600 } }),
      new Rng(1)
    )

    expect(acts.length).toBe(3_600)
    expect(acts.every(({ atMs }, i) => Math.abs(atMs - (i + 0.5) * 1_000) < 1e-6)).toBe(true)
  })

  it('takes back only grants that stand, each once', () => {
    const acts = plan(busy, new Rng(5))
    const wishes = acts.filter(({ kind }) => kind === 'wish')
    const revoked = acts.filter(({ kind }) => kind === 'revoke')

    expect(revoked.length).toBeGreaterThan(20)
    expect(new Set(revoked.map(({ wish }) => wish)).size).toBe(revoked.length)
    for (const act of revoked) {
      const wish = wishes[act.wish]
      expect(wish?.approved, `wish ${act.wish}`).toBe(true)
      expect(wish?.owner).toBe(act.actor)
      expect(wish?.record).toBe(act.record)
      expect(act.atMs - (wish?.atMs ?? 0)).toBeGreaterThanOrEqual(grantSettledMs(busy))
    }
  })

  it('names owners, requesters and records that exist by then', () => {
    const acts = plan(busy, new Rng(9))
    const born = new Map(
      acts.filter(({ kind }) => kind === 'publish').map((act) => [act.record, act])
    )

    for (const act of acts.filter(({ record }) => record >= 0)) {
      const label = `${act.kind} of ${act.record}`
      const at = born.get(act.record)
      if (act.record < 100) expect(act.owner, label).toBe(initialOwner(busy, act.record))
      else expect(act.owner, label).toBe(at?.owner)
      if (act.kind !== 'publish') expect(act.atMs, label).toBeGreaterThan(at?.atMs ?? -1)
      expect(act.owner, label).toBeGreaterThanOrEqual(10)
      expect(act.owner, label).toBeLessThan(60)
    }
    const asking = new Set([0, 1, 2].map((i) => requesterAt(busy, i)))
    expect(acts.filter(({ kind }) => kind === 'wish').every((a) => asking.has(a.actor))).toBe(true)
  })

  it('lets a flash crowd ask for few records', () => {
    const crowd = plan(busy, new Rng(2)).filter(
      ({ kind, atMs }) => kind === 'wish' && atMs >= 1_000_000 && atMs < 1_010_000
    )
    const times = new Map<number, number>()
    for (const { record } of crowd) times.set(record, (times.get(record) ?? 0) + 1)
    const most = [...times.values()].sort((a, b) => b - a)

    expect((most[0] ?? 0) + (most[1] ?? 0)).toBeGreaterThanOrEqual(50)
  })

  it.each([
    [{ workload: { lookupsPerHour: 1e9 } }, /"workload" expected at most/],
    [
      { network: { clinics: 3 }, workload: { requestsPerHour: 1 } },
      /"network.patients" expected at least 1/
    ],
    [{ network: { clinics: 3, patients: 1, requesters: 4 } }, /"network.requesters" expected/],
    [
      { network: { clinics: 3, patients: 10_000_000 }, records: { perPatient: 10 } },
      /"records.perPatient" expected/
    ]
  ] as const)('refuses %j', (changes, message) => {
    expect(() => plan(scenario(changes as Partial<ScenarioFile>), new Rng(1))).toThrow(message)
  })

  it('draws one kind without moving another', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.integer({ min: 0, max: 500 }), (seed, perHour) => {
        const few = (lookupsPerHour: number) =>
          plan(scenario({ workload: { lookupsPerHour, requestsPerHour: 30 } }), new Rng(seed))
            .filter(({ kind }) => kind === 'wish')
            .map(({ atMs, record }) => [atMs, record])
        expect(few(perHour)).toEqual(few(0))
      }),
      { numRuns: 20 }
    )
  })
})
