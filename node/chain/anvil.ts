/**
 * Runs anvil as a child that does not outlive us. A shell becomes anvil by `exec`; before that it
 * leaves a watcher behind that reads a pipe whose other end only this process holds. When we die,
 * even by SIGKILL, the kernel closes the pipe and the watcher ends anvil, which then writes its
 * state. The child has its own session, so a Ctrl-C meant for us does not take it away too early.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { ChainUnavailableError, InvalidConfigError } from '../../core/errors.ts'
import { ANVIL_START_MS, ANVIL_STOP_MS } from '../../core/limits.ts'
import { JsonRpc } from './endpoint-rpc.ts'
import { quantity } from './rpc-values.ts'

export interface AnvilInit {
  /** @default a free one */
  readonly port?: number
  /** File that the chain is kept in; without it the chain ends with the process. */
  readonly statePath?: string
  /** Origin of a page that may ask the chain. @default none */
  readonly allowOrigin?: string
  /** Accounts of the well-known mnemonic that have money from the start. @default 10 */
  readonly accounts?: number
  /** Its `finalized` tag is twice so many blocks below the head. @default 1 */
  readonly slotsInAnEpoch?: number
  readonly signal?: AbortSignal
}

export interface Anvil {
  readonly url: string
  readonly pid: number
  /** Resolves when the process is gone, whoever ended it. */
  readonly ended: Promise<void>
  /** Ends it and waits; may be called twice. */
  stop(): Promise<void>
}

// The watcher makes sure that the number still names this program before it sends a signal.
const WATCHED = `
exec 3<&0
{ cat <&3 >/dev/null; [ /proc/$$/exe -ef "$1" ] && kill -TERM $$; } 2>/dev/null &
exec 3<&-
exec "$@" </dev/null
`

/** @throws InvalidConfigError where there is no anvil, or the port is taken */
export async function startAnvil(init: AnvilInit = {}): Promise<Anvil> {
  const program = anvilPath()
  const port = await freePort(init.port ?? 0)
  const args = [
    ...['--host', '127.0.0.1', '--port', String(port), '-q', '--hardfork', 'prague'],
    ...['--block-time', '1', '--mixed-mining'],
    ...['--slots-in-an-epoch', String(init.slotsInAnEpoch ?? 1)],
    ...['--accounts', String(init.accounts ?? 10)],
    ...['--allow-origin', init.allowOrigin ?? `http://127.0.0.1:${port}`],
    ...(init.statePath == null ? [] : ['--state', init.statePath, '--state-interval', '1'])
  ]
  const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', program, ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true
  })
  const ended = Promise.withResolvers<void>()
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    if (complaint.length < 1_024) complaint += chunk.toString()
  })
  child.once('error', () => ended.resolve())
  child.once('exit', () => {
    child.stdin?.destroy() // the watcher sees that anvil is gone, and goes
    ended.resolve()
  })
  const anvil: Anvil = {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    ended: ended.promise,
    stop: () => stop(child, ended.promise)
  }
  try {
    await answers(anvil, init.signal)
  } catch (err) {
    await anvil.stop()
    const why = complaint.trim().split('\n')[0] ?? ''
    if (why === '') throw err
    throw new InvalidConfigError(`the local chain did not start: ${why}`, { cause: err })
  }
  return anvil
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode == null && child.signalCode == null) {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), ANVIL_STOP_MS)
    await ended
    clearTimeout(timer)
  }
  await ended
}

/** Waits until it tells its chain id, or is gone. */
async function answers(anvil: Anvil, signal: AbortSignal | undefined): Promise<void> {
  const rpc = new JsonRpc(anvil.url)
  const deadline = AbortSignal.timeout(ANVIL_START_MS)
  let gone = false
  void anvil.ended.then(() => {
    gone = true
  })
  while (!gone) {
    signal?.throwIfAborted()
    deadline.throwIfAborted()
    try {
      await rpc.ask('eth_chainId', [], (result) => quantity(result, 'chainId'), {
        signal: deadline
      })
      // Another program on this port would answer while ours is on its way out.
      await Promise.race([anvil.ended, new Promise((resolve) => setTimeout(resolve, 20))])
      if (!gone) return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  throw new ChainUnavailableError('the local chain ended at once')
}

function anvilPath(): string {
  const { platform, arch } = process
  try {
    const require = createRequire(import.meta.url)
    const manifest = require.resolve(`@foundry-rs/anvil-${platform}-${goArch(arch)}/package.json`)
    return join(dirname(manifest), 'bin', 'anvil')
  } catch (err) {
    throw new InvalidConfigError(
      `no local chain comes with Keyward for ${platform} ${arch}: name one of your own with --set chain.rpc=URL`,
      { cause: err }
    )
  }
}

const goArch = (arch: string): string => (arch === 'x64' ? 'amd64' : arch)

/** @throws InvalidConfigError if the port is taken: its owner would answer for our chain */
async function freePort(wanted: number): Promise<number> {
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(wanted, '127.0.0.1', resolve)
  try {
    await promise
  } catch (err) {
    throw new InvalidConfigError(`port ${wanted} cannot be used for a local chain`, { cause: err })
  }
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}
