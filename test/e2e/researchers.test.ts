/**
 * The walk of docs/researchers.md, run as it stands there: its blocks marked "sh walk" in one shell,
 * those marked "sh walk fails" expected to. Only the folder is another.
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Half a minute on a machine that does nothing else. */
const TEST_MS = 400_000

const folder = await mkdtemp(join(tmpdir(), 'keyward-researchers-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

it('walks through as docs/researchers.md says', { timeout: TEST_MS }, async () => {
  const page = readFileSync(join(ROOT, 'docs/researchers.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh walk( fails)?\n([\s\S]*?)^```$/gm)]
  const script = blocks.map(([, fails, text = '']) =>
    fails == null ? text : `${text.trimEnd()} && exit 99 || echo "refused with $?"\n`
  )
  const child = spawn('sh', ['-e', '-c', script.join('').replaceAll('/tmp/keyward-sim', folder)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (piece: Buffer) => (said.out += piece))
  child.stderr.on('data', (piece: Buffer) => (said.err += piece))
  const [code] = await once(child, 'close')

  expect(code, `${said.out}\n${said.err}`).toBe(0)
  expect(said.err).toMatch(/^SEED 1$/m)
  expect(said.out).toMatch(/^nation-1m +1,000,000 /m)
  expect(said.out).toMatch(/^model +1,000,000 .* yes$/m)
  expect(said.out.match(/^verdict +As expected$/gm)?.length, said.out).toBeGreaterThanOrEqual(3)
  expect(said.err).toContain('records.custodian  is not known; expected "custodians"')
  expect(said.err).toContain('records.threshold  expected at most 3 (records.custodians), got 4')
  expect(said.out).toMatch(/^refused with 2$/m)
  expect(said.out.match(/^exit code 7$/gm)).toHaveLength(2)
  expect(said.out).toMatch(/^retrieve \d+, repeat 0: \d+ steps in /m)
  expect(said.out).toMatch(/^retrieve\.keyMs\.p50 /m)
  expect(said.out).toMatch(/^points +6 of 6/m)
  for (const file of ['operations.csv', 'operations.jsonl', 'operations.parquet', 'report.html']) {
    expect(existsSync(join(folder, 'two-of-three', file)), file).toBe(true)
  }
})
