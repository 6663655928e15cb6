import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  binomialAtLeast,
  disclosureTable,
  hypergeometric,
  hypergeometricAtLeast
} from '../../../sim/model/adversaries/disclosure.ts'
import { spam } from '../../../sim/model/adversaries/gossip-spam.ts'
import { Mesh } from '../../../sim/model/mesh.ts'
import { Rng } from '../../../sim/random.ts'
import { more, ofKind, rowsOf, run } from './fixtures.ts'

const network = { clinics: 60, patients: 300, requesters: 5 }

describe('disclosure', () => {
  it.each([
    // 10 clinics, 3 collude, 3 chosen: all three with 1/120
    [10, 3, 3, 3, 1 / 120],
    [10, 3, 3, 0, (7 * 6 * 5) / (10 * 9 * 8)],
    [500, 0, 5, 1, 0],
    [5, 5, 5, 5, 1]
  ])('of %i with %i marked, %i drawn: P(%i) is %f', (all, marked, drawn, k, p) => {
    expect(hypergeometric(all, marked, drawn, k)).toBeCloseTo(p, 12)
  })

  it('sums to one, and grows with colluders and shrinks with t', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 2, max: 9 }),
        (all, share, n) => {
          const marked = Math.floor(share * (all - 1))
          expect(hypergeometricAtLeast(all, marked, n, 0)).toBeCloseTo(1, 9)
          for (let t = 1; t <= n; t++) {
            const here = hypergeometricAtLeast(all, marked, n, t)
            expect(here).toBeLessThanOrEqual(hypergeometricAtLeast(all, marked, n, t - 1) + 1e-12)
            expect(here).toBeLessThanOrEqual(hypergeometricAtLeast(all, marked + 1, n, t) + 1e-12)
          }
        }
      ),
      { numRuns: 50 }
    )
  })

  it('has availability by the binomial law', () => {
    expect(binomialAtLeast(3, 0.9, 2)).toBeCloseTo(3 * 0.81 * 0.1 + 0.729, 12)
    expect(binomialAtLeast(5, 1, 5)).toBe(1)
  })

  it('draws what it computes, within what 20,000 draws can tell', () => {
    const table = disclosureTable({
      clinics: 200,
      colluding: 60,
      online: 0.95,
      n: 5,
      rng: new Rng(4)
    })

    for (const { disclosed, disclosedDrawn, n, t } of rowsOf(table)) {
      const p = Number(disclosed)
      const bound = 5 * Math.sqrt((p * (1 - p)) / 20_000) + 1e-4
      expect(Math.abs(p - Number(disclosedDrawn)), `${n} of ${t}`).toBeLessThanOrEqual(bound)
    }
  })

  it('is what a network itself shows', async () => {
    const { facts } = await run({
      network: { ...network, patients: 5_000 },
      adversaries: [{ kind: 'colluding-custodians', share: 0.3 }]
    })

    const [seen, expected] = [facts['disclosedPatientsShare'], facts['expectedDisclosedShare']]
    expect(Math.abs(Number(seen) - Number(expected))).toBeLessThan(0.03)
  })
})

describe('withholding', () => {
  it('costs retrievals only where all replicas withhold, and time elsewhere', async () => {
    const result = await run({
      network: { ...network, patients: 3_000 },
      workload: { requestsPerHour: 2_000 },
      adversaries: [{ kind: 'withholding', share: 0.4 }]
    })
    const rows = ofKind(result, 'retrieve')
    const failed = rows.filter(({ ok }) => ok === 0)
    const expected = Number(result.facts['withheldPatientsShare'])

    expect(failed.every(({ reason }) => reason === 'ContentNotFoundError')).toBe(true)
    expect(Math.abs(failed.length / rows.length - expected)).toBeLessThan(0.06)
    expect(Math.abs(expected - Number(result.facts['expectedWithheldShare']))).toBeLessThan(0.02)
    // one that gives nothing is waited for 10 s
    const slow = rows.filter(({ ok, latencyMs }) => ok === 1 && Number(latencyMs) > 10_000)
    expect(slow.length).toBeGreaterThan(0)
  })
})

describe('sybils and eclipses', () => {
  it('hide an attacked record from the DHT and from no retrieval', async () => {
    const result = await run({
      network: { clinics: 200, patients: 100, requesters: 5 },
      workload: {
        bursts: [{ kind: 'request', atSeconds: 100, overSeconds: 200, count: 30, records: 1 }]
      },
      adversaries: [{ kind: 'eclipse', nodes: 20, records: 1 }]
    })
    const attacked = rowsOf(more(result, 'takeover')).filter((row) => row['attacked'] === 1)

    expect(attacked).toMatchObject([{ onlySybils: 1, found: 0 }])
    expect(result.facts['otherFoundShare']).toBeGreaterThan(0.95)
    expect(ofKind(result, 'retrieve').every(({ ok }) => ok === 1)).toBe(true)
  })

  it('take provider records in proportion to their number', async () => {
    const { facts } = await run({
      network: { clinics: 100, patients: 300, requesters: 1 },
      adversaries: [{ kind: 'sybil', nodes: 100 }]
    })

    expect(facts['expectedSybilHoldersShare']).toBe(0.5)
    expect(Math.abs(Number(facts['otherSybilHoldersShare']) - 0.5)).toBeLessThan(0.06)
    expect(facts['otherFoundShare']).toBe(1)
  })
})

describe('bulk reader', () => {
  const stolen = (adversary: { readBudget: number; requestsPerSecond: number }) =>
    run({
      durationSeconds: 1_200,
      network: { clinics: 20, patients: 30, requesters: 1 },
      records: { perPatient: 4 },
      workload: {
        bursts: [{ kind: 'request', atSeconds: 10, overSeconds: 60, count: 25 }]
      },
      adversaries: [{ kind: 'bulk-reader', atSeconds: 300, noticedAfterSeconds: 300, ...adversary }]
    })

  it('reads as many records of each grant as the budget says', async () => {
    const { facts } = await stolen({ readBudget: 2, requestsPerSecond: 20 })

    expect(facts['stolenGrants']).toBe(25)
    expect(facts['stolenRecordsRead']).toBe(25 * 2)
  })

  it('is stopped by revocation when it is slow', async () => {
    const { facts } = await stolen({ readBudget: 10, requestsPerSecond: 0.5 })
    // three requests a record
    const most = (0.5 * 300) / 3

    expect(facts['stolenReadableRecords']).toBe(100)
    expect(Number(facts['stolenRecordsRead'])).toBeLessThanOrEqual(most + 1)
    expect(Number(facts['stolenRecordsRead'])).toBeGreaterThan(most / 2)
    expect(Number(facts['stolenLastReleaseAfterNoticeMs'])).toBeLessThan(10_000)
  })
})

describe('gossip spam', () => {
  const mesh = new Mesh(60, new Rng(3))
  const flood = (spammers: number, messagesPerSecond: number) =>
    spam({ mesh, spammers, messagesPerSecond, oneWayMs: () => 20, rng: new Rng(5) })

  it('lets all hints through when nobody spams', () => {
    expect(flood(0, 0).hintDeliveredShare).toBe(1)
  })

  it('costs an honest node no more than its neighbours’ rates', () => {
    const { acceptedPerNodeSecond, hintDeliveredShare } = flood(5, 100)
    let degree = 0
    for (let node = 0; node < mesh.count; node++) degree = Math.max(degree, mesh.degreeOf(node))

    // the burst of 20 is used up within the first seconds
    expect(acceptedPerNodeSecond).toBeLessThanOrEqual(degree * (10 + 20 / 3))
    expect(hintDeliveredShare).toBeLessThan(1)
  })

  it('does not reach far below the rate', () => {
    expect(flood(5, 1).hintDeliveredShare).toBeGreaterThan(0.95)
  })
})
