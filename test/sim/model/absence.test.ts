import { describe, expect, it } from 'vitest'
import { more, ofKind, rowsOf, run } from './fixtures.ts'

const network = { clinics: 40, patients: 60, requesters: 4 }

describe('absence in the model', () => {
  it('lets wishes wait until the patient is on, and lets nothing else wait', async () => {
    const result = await run({
      durationSeconds: 3_600,
      network,
      churn: {
        patients: { model: 'weibull', meanSessionSeconds: 200, meanAwaySeconds: 800 }
      },
      workload: { requestsPerHour: 150 }
    })
    const waits = rowsOf(more(result, 'consents'))
      .map((row) => Number(row['readAfterMs']))
      .filter((ms) => !Number.isNaN(ms))
    const mean = waits.reduce((sum, ms) => sum + ms, 0) / waits.length

    // four of five are away, for 800 s in the mean
    expect(mean).toBeGreaterThan(300_000)
    expect(ofKind(result, 'wish').every(({ latencyMs }) => Number(latencyMs) < 10_000)).toBe(true)
  })

  it('opens records with t of n custodians there, and not with fewer', async () => {
    const of = async (threshold: number) => {
      const result = await run({
        durationSeconds: 3_600,
        network,
        records: { custodians: 5, threshold },
        churn: {
          clinics: { model: 'weibull', meanSessionSeconds: 2_000, meanAwaySeconds: 1_000 }
        },
        workload: { requestsPerHour: 300 }
      })
      const rows = ofKind(result, 'retrieve')
      const short = rows.filter(({ reason }) => reason === 'NotEnoughSharesError')
      return short.length / rows.length
    }

    const [easy, hard] = [await of(2), await of(5)]
    expect(easy).toBeLessThan(0.1)
    // all five are there with (2/3)^5
    expect(hard).toBeGreaterThan(0.6)
  })

  it('repairs what departed clinics held', async () => {
    const of = async (repair: boolean) => {
      const result = await run({
        durationSeconds: 15 * 86_400,
        intervalSeconds: 86_400,
        network: { ...network, clinics: 60 },
        churn: { departures: 1, repair },
        chain: { blockSeconds: 60, headMaxAgeSeconds: 200 },
        workload: { requestsPerHour: 2 }
      })
      const rows = ofKind(result, 'retrieve').filter(({ atMs }) => Number(atMs) > 10 * 86_400_000)
      return {
        ok: rows.filter(({ ok }) => ok === 1).length / rows.length,
        repairs: ofKind(result, 'repair').length
      }
    }
    const [with_, without] = [await of(true), await of(false)]

    expect(with_.repairs).toBeGreaterThan(50)
    expect(without.repairs).toBe(0)
    expect(with_.ok).toBeGreaterThan(without.ok)
    expect(with_.ok).toBeGreaterThan(0.95)
  }, 20_000)

  it('counts who is on, interval by interval', async () => {
    const { series } = await run({
      durationSeconds: 3_600,
      network: { ...network, clinics: 400 },
      churn: { clinics: { model: 'weibull', meanSessionSeconds: 3_000, meanAwaySeconds: 1_000 } }
    })
    const on = rowsOf(series).map((row) => Number(row['clinicsOnline']))
    const mean = on.reduce((sum, each) => sum + each, 0) / on.length

    expect(mean / 400).toBeGreaterThan(0.7)
    expect(mean / 400).toBeLessThan(0.8)
  })

  it('opens nothing across a partition, and all of it again after', async () => {
    const result = await run({
      durationSeconds: 1_800,
      network: {
        ...network,
        partitions: [{ atSeconds: 600, healSeconds: 1_200, share: 0.5 }]
      },
      workload: { requestsPerHour: 600 }
    })
    const okIn = (from: number, until: number) => {
      const rows = ofKind(result, 'retrieve').filter(
        ({ atMs }) => Number(atMs) >= from * 1_000 && Number(atMs) < until * 1_000
      )
      return rows.filter(({ ok }) => ok === 1).length / rows.length
    }

    expect(okIn(0, 590)).toBe(1)
    expect(okIn(600, 1_150)).toBeLessThan(0.9)
    expect(okIn(1_260, 1_800)).toBe(1)
  })

  it('makes lost messages cost time, not answers', async () => {
    const of = async (loss: number) => {
      const rows = ofKind(
        await run({ network: { ...network, loss }, workload: { requestsPerHour: 300 } }),
        'retrieve'
      )
      expect(rows.every(({ ok }) => ok === 1)).toBe(true)
      return rows.reduce((sum, { keyMs }) => sum + Number(keyMs), 0) / rows.length
    }

    expect(await of(0.05)).toBeGreaterThan(await of(0))
  })
})
