/**
 * A network on this machine: a local chain and daemons as processes of their own, each with its
 * folder, knowing one bootstrap address. Whatever ends the demo ends them.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type ApiClient, apiClient } from '../api/client.ts'
import { type DevChain, startDevChain } from '../chain/dev-chain.ts'
import type { ConfigLayer, Profile } from '../config.ts'
import { nativePrimitives } from '../crypto/native.ts'
import { toDeploymentJson } from '../deployment-file.ts'
import { initRepo } from '../repo/init.ts'
import { systemRandom } from '../system.ts'
import { KeywardDemoError } from './demo-error.ts'

const READY_MS = 60_000
const STOP_MS = 12_000
const HONEST = fileURLToPath(new URL('../../bin/keyward.ts', import.meta.url))
const LIAR = fileURLToPath(new URL('liar.ts', import.meta.url))
const WIRETAP = new URL('wiretap.ts', import.meta.url).href

/** One daemon: a process and the way to ask it things. */
export interface Member {
  readonly name: string
  readonly peer: string
  readonly addrs: readonly string[]
  readonly folder: string
  readonly client: ApiClient
  readonly process: ChildProcess
}

export interface MemberInit {
  readonly name: string
  readonly profile: Profile
  readonly config: ConfigLayer
  /** A custodian that gives corrupt shares. */
  readonly lies?: boolean
}

export class SampleNetwork {
  readonly folder: string
  readonly members: Member[] = []
  readonly #signal: AbortSignal
  #chain: DevChain | undefined

  constructor(folder: string, signal: AbortSignal) {
    this.folder = folder
    this.#signal = signal
  }

  get chain(): DevChain {
    if (this.#chain == null) throw new KeywardDemoError('the chain was not started')
    return this.#chain
  }

  async startChain(): Promise<void> {
    this.#chain = await startDevChain({ primitives: nativePrimitives, signal: this.#signal })
  }

  /** Makes a folder and starts a daemon on it; resolves when it says that it is ready. */
  async start(init: MemberInit): Promise<Member> {
    const { name, profile, config } = init
    const folder = join(this.folder, 'nodes', name)
    await initRepo(folder, {
      profile,
      random: systemRandom,
      primitives: nativePrimitives,
      config: {
        name,
        listen: profile === 'patient' ? [] : ['/ip4/127.0.0.1/tcp/0'],
        chain: {
          kind: 'dev',
          rpc: [this.chain.url],
          deployment: toDeploymentJson(this.chain.deployment)
        },
        api: { port: 0 },
        ...config
      }
    })
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--import',
        WIRETAP,
        init.lies === true ? LIAR : HONEST,
        'daemon',
        '--repo',
        folder,
        '--json'
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, KEYWARD_WIRETAP: join(this.folder, 'wire'), KEYWARD_LOG: 'info' }
      }
    )
    const logs = join(this.folder, 'logs')
    await mkdir(logs, { recursive: true })
    child.stderr.pipe(createWriteStream(join(logs, `${name}.log`)))
    const ready = await readyLine(child, name, this.#signal)
    const client = await apiClient(folder, { note() {}, signal: this.#signal })
    if (client == null) throw new KeywardDemoError(`${name} is ready but does not answer`)
    const member = { name, folder, client, process: child, ...ready }
    this.members.push(member)
    return member
  }

  /** As a power failure does it. */
  async kill({ process: child }: Member): Promise<void> {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  /** Asks every daemon to stop, and ends the chain. */
  async stop(): Promise<void> {
    const alive = this.members.filter(({ process: child }) => child.exitCode == null)
    await Promise.all(
      alive.map(async ({ process: child }) => {
        if (child.signalCode != null) return
        const gone = once(child, 'exit')
        child.kill('SIGTERM')
        const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
        await gone
        clearTimeout(late)
      })
    )
    await this.#chain?.stop()
  }
}

async function readyLine(
  child: ChildProcess,
  name: string,
  signal: AbortSignal
): Promise<{ readonly peer: string; readonly addrs: readonly string[] }> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)])
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const dead = once(child, 'exit', { signal: bounded }).then(() => {
    throw new KeywardDemoError(`${name} ended before it was ready; see its log`)
  })
  dead.catch(() => {}) // raced below
  const [line] = (await Promise.race([once(lines, 'line', { signal: bounded }), dead])) as [string]
  const { peer, addrs } = JSON.parse(line) as { peer: string; addrs: string[] }
  return { peer, addrs }
}
