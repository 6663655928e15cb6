/**
 * Debian's redis-server on a free port of the loopback, in memory alone, gone with its test.
 * @module
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { temporaryFolder } from '../fixtures.ts'

/** Why tests that need Redis cannot run here; undefined when they can. */
export const noRedis: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'redis-server is not installed (Debian: apt install redis-server)'

export interface TestRedis extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** As a power cut would. */
  kill(): Promise<void>
}

export async function startRedis({ password = '', at = 0 } = {}): Promise<TestRedis> {
  const folder = await temporaryFolder()
  const port = at === 0 ? await freePort() : at
  const server = spawn('redis-server', [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder.path],
    ...['--save', '', '--appendonly', 'no', '--loglevel', 'notice'],
    ...(password === '' ? [] : ['--requirepass', password])
  ])
  const end = once(server, 'exit')
  const kill = async () => {
    server.kill('SIGKILL')
    await end
  }
  let said = ''
  let isReady = false
  for await (const line of createInterface(server.stdout)) {
    said += `${line}\n`
    isReady = line.includes('Ready to accept connections')
    if (isReady) break
  }
  if (!isReady) throw new Error(`redis-server ended:\n${said}`)
  server.stdout.resume()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    async [Symbol.asyncDispose]() {
      await kill()
      await folder[Symbol.asyncDispose]()
    }
  }
}

/** One that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
