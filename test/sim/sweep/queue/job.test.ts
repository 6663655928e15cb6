import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SWEEP_OUTCOME_MAX_BYTES } from '../../../../sim/limits.ts'
import type { PointOutcome } from '../../../../sim/sweep/outcome.ts'
import {
  buildOfJob,
  decodeJob,
  jobIds,
  makeJob,
  packOutcome,
  unpackOutcome
} from '../../../../sim/sweep/queue/job.ts'
import { BUILD, smallPlan } from '../fixtures.ts'

const ID = '0123456789abcdef'.repeat(2)

const outcome: PointOutcome = {
  id: ID,
  digest: 'd'.repeat(64),
  figures: { 'lookup.requests.mean': 12.25 },
  facts: { rssBytes: 1 },
  checks: [{ name: 'law', checked: 3, violations: 0 }],
  asExpected: true
}

/** As Redis gives it back. */
const travelled = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('a point in a queue', () => {
  it('arrives as it was put', async () => {
    const { points } = await smallPlan()
    for (const point of points) {
      expect(await decodeJob(travelled(makeJob(point, BUILD))), point.id).toEqual({
        format: 'keyward-sweep-job/1',
        build: BUILD,
        point
      })
    }
  })

  const changes = [
    { id: 'its seed', change: { seed: 1 } },
    { id: 'its repeat', change: { repeat: 9 } },
    { id: 'its engine', change: { engine: 'live' } },
    { id: 'its id', change: { id: ID } },
    { id: 'its scenario', change: { scenario: { name: 'x' } } },
    { id: 'a field that we do not know', change: { surprise: 1 } }
  ]
  it.each(changes)('is refused when $id was changed', async ({ change }) => {
    const [point] = (await smallPlan()).points
    const job = { ...makeJob(point as never, BUILD), point: { ...point, ...change } }
    await expect(decodeJob(travelled(job))).rejects.toMatchObject({ name: 'InvalidMessageError' })
  })

  it('tells who put it even if its form is not ours, and nothing of another format', () => {
    const job = { format: 'keyward-sweep-job/1', build: BUILD, point: 'of another form' }
    expect(buildOfJob(job)).toEqual(BUILD)
    expect(buildOfJob({ ...job, format: 'keyward-sweep-job/2' })).toBeUndefined()
    expect(buildOfJob(null)).toBeUndefined()
  })

  it('has one id for each build', async () => {
    const { points } = await smallPlan()
    const ours = await jobIds(points, BUILD)
    const others = await jobIds(points, { ...BUILD, commit: 'b' })
    expect(ours.size).toBe(points.length)
    expect([...others.keys()].some((id) => ours.has(id))).toBe(false)
  })
})

describe('an outcome in a queue', () => {
  it('arrives as it was packed, whatever its figures', async () => {
    const figures = fc.dictionary(
      fc.string({ minLength: 1, maxLength: 50 }).filter((name) => name !== '__proto__'),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
    )
    await fc.assert(
      fc.asyncProperty(figures, async (some) => {
        const sent = { ...outcome, figures: { ...some } }
        expect(await unpackOutcome(travelled(await packOutcome(sent)), ID)).toEqual(sent)
      })
    )
  })

  it('is small: a thousand figures take less than 40 KiB', async () => {
    const names = Array.from({ length: 1_000 }, (_, i) => [`figure.${i}.mean`, Math.sqrt(i)])
    const { gzip } = await packOutcome({ ...outcome, figures: Object.fromEntries(names) })
    expect(gzip.length).toBeLessThan(40 * 1_024)
  })

  it('is refused when a byte was changed, unless that says nothing', async () => {
    const { sha256, gzip } = await packOutcome(outcome)
    const bytes = Buffer.from(gzip, 'base64')
    for (const at of bytes.keys()) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ 1
      const sent = { sha256, gzip: changed.toString('base64') }
      const got = await unpackOutcome(sent, ID).catch((err: Error) => err.name)
      // gzip's header has a few bits without meaning
      expect(at < 10 ? ['InvalidMessageError', outcome] : ['InvalidMessageError']).toContainEqual(
        got
      )
    }
  })

  const wrong = [
    { id: 'nothing', value: undefined },
    { id: 'another digest', value: { sha256: '0'.repeat(64), gzip: '' } },
    { id: 'no digest', value: { gzip: '' } }
  ]
  it.each(wrong)('is refused when it is $id', async ({ value }) => {
    await expect(unpackOutcome(value, ID)).rejects.toMatchObject({ name: 'InvalidMessageError' })
  })

  it('is refused when it is of another point', async () => {
    const packed = await packOutcome(outcome)
    await expect(unpackOutcome(packed, 'f'.repeat(32))).rejects.toThrow('expected')
  })

  it('is refused when it is too large, packed or unpacked', async () => {
    const first = 'x'.repeat(SWEEP_OUTCOME_MAX_BYTES)
    const large = { ...outcome, checks: [{ name: 'law', checked: 1, violations: 1, first }] }
    await expect(packOutcome(large)).rejects.toThrow('at most')

    const bomb = { sha256: '0'.repeat(64), gzip: gzipSync(first + first).toString('base64') }
    await expect(unpackOutcome(bomb, ID)).rejects.toThrow('damaged')
  })
})
