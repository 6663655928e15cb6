/**
 * The commands of docs/chains.md, run as they stand there: its blocks marked "sh chains". Only the
 * folder and the chain's port are others.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { readDeployment } from '../../node/deployment-file.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'keyward-chains-'))
const shells: ChildProcess[] = []

afterAll(async () => {
  for (const { pid } of shells) {
    try {
      if (pid != null) process.kill(-pid, 'SIGTERM')
    } catch {
      // gone already
    }
  }
  await rm(folder, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A shell of its own process group; `said` grows as it speaks. */
function shell(script: string) {
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith('KEYWARD_'))
  const child = spawn('sh', ['-e', '-c', script], {
    cwd: ROOT,
    env: Object.fromEntries(env),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  shells.push(child)
  const run = { said: '', ended: once(child, 'close').then(([code]) => code as number | null) }
  const hear = (piece: Buffer): void => {
    run.said += piece
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  return run
}

it('deploys, verifies and looks, as docs/chains.md says', { timeout: 120_000 }, async () => {
  const page = readFileSync(join(ROOT, 'docs/chains.md'), 'utf8')
    .replaceAll('/tmp/keyward-chains', folder)
    .replaceAll('8545', String(await freePort()))
  const blocks = (terminal: number): string => {
    const fence = new RegExp(`^\`\`\`sh chains ${terminal}\n([\\s\\S]*?)^\`\`\`$`, 'gm')
    return [...page.matchAll(fence)].map((match) => match[1]).join('')
  }
  const chain = shell(blocks(1))
  await expect.poll(() => chain.said, { timeout: 60_000 }).toMatch(/^ready /m)

  const people = shell(blocks(2))

  expect(await people.ended, people.said).toBe(0)
  expect(people.said).toMatch(/^cost +at most 0\.0\d+ ether$/m)
  expect(people.said).toMatch(/^written +\S+deployment\.json$/m)
  expect(people.said).toMatch(/^contracts +as deployed$/m)
  expect(people.said).toMatch(/^directory +3 voters, 2 votes carry, voter set 1$/m)
  expect((await readDeployment('deployment.json', folder)).chainId).toBe(31_337)
})
