/**
 * Whole nodes in virtual time: one seed is one story, and the laws hold in it.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { runOne, runSeeds } from '../../../sim/virtual/seeds.ts'

const short = { clinics: 5, patients: 2, seconds: 45 } as const
const signal = (): AbortSignal => AbortSignal.timeout(60_000)

describe('a virtual run', () => {
  it('plays the same story for the same seed, to the last message', async () => {
    const [first, second] = await Promise.all([
      runOne({ ...short, seed: 7 }, signal()),
      runOne({ ...short, seed: 7 }, signal())
    ])

    expect(second).toEqual(first)
    expect(first.messages).toBeGreaterThan(500)
    expect(first.releases).toBeGreaterThan(0)
  })

  it('plays another story for another seed, and every law holds in both', async () => {
    const done: number[] = []
    const results = await runSeeds({
      ...short,
      from: 20,
      count: 2,
      signal: signal(),
      progress: ({ done: count }) => done.push(count)
    })

    expect(new Set(results.map(({ traceHash }) => traceHash)).size).toBe(2)
    expect(results.flatMap(({ checks }) => checks).filter((each) => each.violations > 0)).toEqual(
      []
    )
    expect(results.flatMap(({ checks }) => checks).every(({ checked }) => checked > 0)).toBe(true)
    expect(done).toEqual([1, 2])
  })

  it('names the seed of a run that breaks off', async () => {
    await expect(runOne({ ...short, seed: 3, clinics: 2 }, signal())).rejects.toMatchObject({
      name: 'RunFailedError',
      seed: 3,
      message: expect.stringContaining('"clinics" expected at least 4, got 2')
    })
  })
})
