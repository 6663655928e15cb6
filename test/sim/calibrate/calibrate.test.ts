import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calibrate } from '../../../sim/calibrate/calibrate.ts'
import { readNetworks } from '../../../sim/calibrate/data.ts'
import { moved } from '../../../sim/calibrate/measure.ts'
import { readStamp, writeStamp } from '../../../sim/calibrate/stamp.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyward-calibrate-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const init = () => ({
  folder,
  quick: true,
  commit: 'abc',
  date: '2026-11-24',
  signal: AbortSignal.timeout(280_000)
})

describe('calibration of a small network', () => {
  it('asks real nodes and the model the same, and keeps the network to be judged again', async () => {
    const first = await calibrate(init())
    const files = await readdir(folder)
    const again = await calibrate(init())
    const networks = await readNetworks(folder)

    expect(files).toHaveLength(2)
    expect(again.rows).toEqual(first.rows)
    expect(new Set(first.rows.map(({ tables }) => tables))).toEqual(
      new Set(['filled', 'grown', 'generated', 'drawn'])
    )
    expect(first.stamp).toMatchObject({ commit: 'abc', networks: 1 })
    for (const { measured, tables } of networks) {
      for (const { lookups, movedShare } of measured) {
        expect(movedShare).toBe(0)
        for (const { requests, asked, failed, hops, found, bytes, source } of lookups) {
          expect([asked.length, failed]).toEqual([requests, 0])
          expect(asked).not.toContain(source)
          expect(Math.min(requests, hops, found + 1, bytes)).toBeGreaterThan(0)
        }
      }
      expect(Math.min(...tables.map((table) => table.length))).toBeGreaterThan(0)
    }
    // nothing but the policy can differ over the same tables; few lookups, so a wide margin
    const policy = first.rows.filter(({ tables }) => tables === 'filled' || tables === 'grown')
    for (const { metric, meanErrorShare } of policy.filter(({ metric: m }) => m !== 'latencyMs'))
      expect(Math.abs(meanErrorShare), metric).toBeLessThan(0.35)
  }, 300_000)

  it('says which file is no network', async () => {
    await writeFile(join(folder, 'n16-k3-p2-1.json.gz'), 'no')

    await expect(calibrate(init())).rejects.toMatchObject({
      name: 'StoreCorruptError',
      message: expect.stringContaining('n16-k3-p2-1.json.gz')
    })
  })
})

describe('moved entries', () => {
  it.each([
    { before: [[1, 2], [0]], after: [[2, 1], [0]], share: 0 },
    { before: [[1, 2], [0]], after: [[1], [0, 2]], share: 2 / 3 },
    { before: [[], []], after: [[], []], share: 0 }
  ])('are $share of $before against $after', ({ before, after, share }) => {
    expect(moved(before, after)).toBeCloseTo(share, 12)
  })
})

describe('the stamp', () => {
  it('is read as it was written, and is none where there is no file', async () => {
    const file = join(folder, 'stamp.json')
    const none = await readStamp(file)
    const row = { metric: 'hops', D: 0.01, upper95: 0.02, medianErrorShare: 0 }
    const stamp = { date: '2026-11-24', commit: 'abc', agreed: true, networks: 5, rows: [row] }
    await writeStamp(stamp, file)

    expect(none).toBeUndefined()
    expect(await readStamp(file)).toEqual(stamp)
    expect((await readFile(file, 'utf8')).endsWith('\n')).toBe(true)
  })

  it('is refused when it says something else', async () => {
    const file = join(folder, 'stamp.json')
    await writeFile(file, '{"agreed":"yes"}')

    await expect(readStamp(file)).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })
})
