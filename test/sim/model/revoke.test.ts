import { describe, expect, it } from 'vitest'
import type { ScenarioFile } from '../../../sim/scenario/shape.ts'
import { more, ofKind, rowsOf, run } from './fixtures.ts'

const storm: Partial<ScenarioFile> & Pick<ScenarioFile, 'network'> = {
  network: { clinics: 20, patients: 60, requesters: 4 },
  workload: {
    requestsPerHour: 600,
    bursts: [{ kind: 'revoke', atSeconds: 400, overSeconds: 60, count: 40 }]
  },
  chain: { blockSeconds: 5, headMaxAgeSeconds: 30 }
}

describe('revocation in the model', () => {
  it('lets no share leave later than head age and exchange after its block', async () => {
    const revocations = rowsOf(more(await run(storm), 'revocations'))

    expect(revocations.length).toBeGreaterThan(20)
    for (const row of revocations) {
      expect(row['boundMs']).toBe(35_000)
      expect(Number(row['lastAfterMinedMs'])).toBeLessThanOrEqual(35_000)
    }
  })

  it('is obeyed from the moment that the direct notice is on disk', async () => {
    const revocations = rowsOf(more(await run(storm), 'revocations'))

    for (const row of revocations) {
      expect(row['noticed']).toBe(5)
      // an answer that was decided before the notice may still be on its way
      expect(Number(row['lastAfterSentMs'])).toBeLessThanOrEqual(
        Number(row['noticedAfterMs']) + 1_000
      )
    }
  })

  it('still ends within the bound when the patient reaches no custodian but one', async () => {
    // her side of the cut is small; the requester's custodians hear of it from the chain alone
    const result = await run({
      ...storm,
      network: {
        ...storm.network,
        partitions: [{ atSeconds: 395, healSeconds: 600, share: 0.4 }]
      }
    })
    const rows = rowsOf(more(result, 'revocations')).filter(({ noticed }) => Number(noticed) < 5)

    expect(rows.length).toBeGreaterThan(5)
    expect(rows.every((row) => Number(row['lastAfterMinedMs'] || 0) <= 35_000)).toBe(true)
    expect(result.checks.every(({ violations }) => violations === 0)).toBe(true)
  })

  it('takes as long as heads may be old when stale endpoints outvote the honest', async () => {
    const of = async (endpoints: number) => {
      const result = await run({
        ...storm,
        network: {
          ...storm.network,
          partitions: [{ atSeconds: 395, healSeconds: 600, share: 0.4 }]
        },
        adversaries: [{ kind: 'lying-endpoint', endpoints, lie: 'stale' }]
      })
      const last = rowsOf(more(result, 'revocations')).map((row) => Number(row['lastAfterMinedMs']))
      return Math.max(...last.filter((ms) => !Number.isNaN(ms)))
    }

    const [honest, outvoted] = [await of(1), await of(2)]
    expect(honest).toBeLessThan(12_000)
    expect(outvoted).toBeGreaterThan(15_000)
    expect(outvoted).toBeLessThanOrEqual(35_000)
  })

  it('gives no guarantee, and says so, when liars alone can make up a head', async () => {
    const result = await run({
      ...storm,
      network: {
        ...storm.network,
        partitions: [{ atSeconds: 395, healSeconds: 600, share: 0.4 }]
      },
      adversaries: [{ kind: 'lying-endpoint', endpoints: 2, lie: 'fork' }]
    })

    expect(Number(result.facts['lateReleases'])).toBeGreaterThan(0)
    expect(result.checks.every(({ violations }) => violations === 0)).toBe(true)
  })

  it('says so when there is no grant to take back', async () => {
    const result = await run({
      ...storm,
      churn: {
        patients: { model: 'weibull', meanSessionSeconds: 100, meanAwaySeconds: 1_000 }
      }
    })
    const reasons = new Set(ofKind(result, 'revoke').map(({ reason }) => reason))

    expect(reasons.has('no-grant')).toBe(true)
  })
})
