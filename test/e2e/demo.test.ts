import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { DemoResult } from '../../node/demo/result.ts'
import { runDemo } from './run-demo.ts'

const folder = await mkdtemp(join(tmpdir(), 'keyward-e2e-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('keyward demo', () => {
  it('does the main job with a dead and a lying custodian, for files of any size', async () => {
    const files = [
      ['one byte ü.bin', randomBytes(1)],
      ['exactly four chunks.bin', randomBytes(4 * 65_536)],
      ['many chunks.bin', randomBytes(3_000_001)]
    ] as const
    for (const [name, content] of files) await writeFile(join(folder, name), content)
    const flags = files.flatMap(([name]) => ['--record', join(folder, name)])

    const { code, out, err } = await runDemo(
      '--json',
      ...['--kill', '1', '--lie', '1', '--custodians', '5', '--threshold', '3'],
      ...flags
    )

    expect(code, err).toBe(0)
    const result = JSON.parse(out.trim().split('\n').at(-1) ?? '') as DemoResult
    expect(result).toMatchObject({
      ok: true,
      nodes: 7,
      threshold: { t: 3, n: 5 },
      receipts: { verified: true },
      leaks: 0
    })
    expect(result.records).toHaveLength(6)
    for (const { name, sha256, openedSha256 } of result.records) {
      expect(openedSha256, name).toBe(sha256)
    }
    for (const [name, content] of files) {
      const expected = createHash('sha256').update(content).digest('hex')
      expect(result.records.find((each) => each.name === name)?.openedSha256, name).toBe(expected)
    }
    expect(result.records[0]?.versions).toBe(2)
    expect(result.released).toHaveLength(3)
    expect(result.blamed).toHaveLength(1)
    expect(result.afterRevoke).toHaveLength(4)
    for (const { code } of result.afterRevoke) expect([506, 508]).toContain(code)
    expect(result.gas.grant).toBeGreaterThan(21_000)
  })

  it('names the flag that is wrong and starts nothing', async () => {
    const { code, out, err } = await runDemo('--kill', '3')

    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toContain('"kill" expected 0..2, got 3')
  })
})
