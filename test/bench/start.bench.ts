/**
 * How long a person waits: `keyward daemon` from nothing to its ready line, on a folder that exists
 * and a local chain, and `keyward version`, beside the start of bare Node.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startDevChain } from '../../node/chain/dev-chain.ts'
import { nativePrimitives } from '../../node/crypto/native.ts'
import { toDeploymentJson } from '../../node/deployment-file.ts'
import { initRepo } from '../../node/repo/init.ts'
import { systemRandom } from '../../node/system.ts'
import { type BenchOptions, inTurns, pairedRow, plainRow, type Row, repeatsOf } from './measure.ts'

export const name = 'start'

const KEYWARD = fileURLToPath(new URL('../../bin/keyward.ts', import.meta.url))
const READY_MS = 60_000
/** Of the kernel's accounting of a process. */
const TICKS_PER_SECOND = 100

interface Start {
  readonly ms: number
  /** Where the system tells it of a process that still runs: Linux. */
  readonly cpuMs?: number
}

export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-bench-'))
  try {
    await using chain = await startDevChain({
      primitives: nativePrimitives,
      signal: AbortSignal.timeout(READY_MS)
    })
    const repo = join(folder, 'clinic')
    await initRepo(repo, {
      profile: 'clinic',
      random: systemRandom,
      primitives: nativePrimitives,
      config: {
        org: 1,
        listen: ['/ip4/127.0.0.1/tcp/0'],
        chain: {
          kind: 'dev',
          rpc: [chain.url],
          deployment: toDeploymentJson(chain.deployment)
        },
        api: { port: 0 }
      }
    })
    const starts = await inTurns<Start, 'daemon' | 'version' | 'bare'>(repeatsOf(options), {
      daemon: () => daemon(repo),
      version: () => ended(['--disable-warning=ExperimentalWarning', KEYWARD, 'version']),
      bare: () => ended(['--eval', ''])
    })
    const ms = (side: keyof typeof starts) => starts[side].map((start) => start.ms)
    const cpu = starts.daemon.flatMap(({ cpuMs }) => (cpuMs == null ? [] : [cpuMs]))
    return [
      pairedRow(
        { what: 'daemon to its ready line / bare Node', unit: 'ms' },
        ms('daemon'),
        ms('bare')
      ),
      ...(cpu.length > 0
        ? [plainRow({ what: 'daemon to its ready line', unit: 'cpu-ms' }, cpu)]
        : []),
      pairedRow({ what: 'keyward version / bare Node', unit: 'ms' }, ms('version'), ms('bare'))
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function daemon(repo: string): Promise<Start> {
  const startMs = performance.now()
  const child = start(['--disable-warning=ExperimentalWarning', KEYWARD, 'daemon', '--repo', repo])
  const gone = once(child, 'exit')
  try {
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const ready = once(lines, 'line', { signal: AbortSignal.timeout(READY_MS) })
    const dead = gone.then(([code]) => Promise.reject(new Error(`daemon ended with ${code}`)))
    await Promise.race([ready, dead])
    const ms = performance.now() - startMs
    const cpuMs = await cpuOf(child)
    return { ms, ...(cpuMs != null && { cpuMs }) }
  } finally {
    child.kill('SIGTERM')
    await gone
  }
}

async function ended(args: readonly string[]): Promise<Start> {
  const startMs = performance.now()
  const [code] = await once(start(args), 'exit')
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`)
  return { ms: performance.now() - startMs }
}

const start = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, KEYWARD_LOG: 'silent' }
  })

async function cpuOf({ pid }: ChildProcess): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
    return ((Number(user) + Number(system)) * 1_000) / TICKS_PER_SECOND
  } catch {
    return undefined
  }
}
