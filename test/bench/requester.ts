/**
 * The hospital's end of a bench: asks a custodian in another process as node/verbs does, over one
 * connection, and tells when the answer came and when the share was open. Beside it ping and echo.
 * @module
 */
import { performance } from 'node:perf_hooks'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { Code } from '../../core/codes.ts'
import { kemPublicKey, kemSeed } from '../../core/ids.ts'
import { REQUESTS_PIPELINED } from '../../core/limits.ts'
import { decodeManifest } from '../../core/manifest.ts'
import { Purpose } from '../../core/purposes.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { peerText } from '../../node/keys/peer-text.ts'
import { libp2pOptions } from '../../node/network/libp2p.ts'
import type { NetworkServices } from '../../node/network/services.ts'
import type { Node } from '../../node/node.ts'
import { systemRandom } from '../../node/system.ts'
import { type Asked, ask, type Read } from '../../node/verbs/ask.ts'
import { type Access, access } from '../../protocols/access/index.ts'
import { FrameChannel } from '../../protocols/framing.ts'
import type { Child } from './child.ts'
import type { CustodianSide, Introduction, Variant } from './custodian-side.ts'
import { ECHO_PROTOCOL, unhurried } from './echo.ts'

/** As PERFORMANCE.md §2.1 measured echoes. */
const ECHO_BYTES = 256
/** No round takes longer, on whatever machine. */
const ROUND_MAX_MS = 120_000
/** Keys made before anybody waits for them. */
const KEYS = 64

export interface Times {
  /** Until the share was there in the clear, ms each. */
  readonly whole: readonly number[]
  /** Until the answer was there. */
  readonly answered: readonly number[]
}

/** All that `ask()` takes of a node. */
type Asking = Pick<Node, 'identity' | 'deployment' | 'primitives' | 'clock' | 'card'> & {
  readonly access: Pick<Access, 'request'>
  readonly reach: Pick<Node['reach'], 'peer'>
  readonly heads: Pick<Node['heads'], 'current'>
}

export class Requester implements AsyncDisposable {
  readonly #server: Child<CustodianSide>
  readonly #who: Introduction
  readonly #libp2p: Libp2p<NetworkServices & { access: Access }>
  readonly #peer: PeerId
  readonly #node: Node
  readonly #keys: readonly Read['kem'][]
  /** All of a read but its key, as a verb has it before it asks anybody. */
  #read: Omit<Read, 'kem'> | undefined
  #signal = AbortSignal.timeout(ROUND_MAX_MS)
  #asked = 0
  #answeredAtMs = 0

  static async start(server: Child<CustodianSide>): Promise<Requester> {
    const who = await server.calls.introduce()
    const offsetMs = who.nowMs - performance.now()
    const clock = { nowMs: () => Math.floor(offsetMs + performance.now()) }
    const libp2p = await createLibp2p(
      await libp2pOptions<{ access: Access }>({
        seed: who.hospital.peerSeed,
        profile: 'light',
        clock,
        listen: [],
        topics: [],
        monitor: false,
        services: {
          access: access({ ...unhurried, clock, random: systemRandom, sha256: p.sha256 })
        }
      })
    )
    await libp2p.dial(who.addrs.map((addr) => multiaddr(addr)))
    const keys = await Promise.all(
      Array.from({ length: KEYS }, async () => {
        const seed = kemSeed(systemRandom(32))
        return { seed, publicKey: kemPublicKey(await p.kemPublicKey(seed)) }
      })
    )
    return new Requester(server, who, libp2p, keys, clock)
  }

  private constructor(
    server: Child<CustodianSide>,
    who: Introduction,
    libp2p: Libp2p<NetworkServices & { access: Access }>,
    keys: readonly Read['kem'][],
    clock: Node['clock']
  ) {
    this.#server = server
    this.#who = who
    this.#libp2p = libp2p
    this.#keys = keys
    this.#peer = peerIdFromString(peerText(who.custodian))
    const { access: real } = libp2p.services
    const request: Access['request'] = async (...args) => {
      const answer = await real.request(...args)
      this.#answeredAtMs = performance.now()
      return answer
    }
    const asking: Asking = {
      identity: who.hospital,
      deployment: who.deployment,
      primitives: p,
      clock,
      card: () => who.card,
      access: { request },
      reach: { peer: async () => this.#peer },
      heads: { current: async () => ({ ok: false, code: Code.RPC_UNAVAILABLE }) } // nothing is asked twice
    }
    this.#node = asking as Node
  }

  /** A fresh block, and the gate warm at it. */
  async prepare(variant: Variant): Promise<void> {
    await this.#server.calls.use(variant)
    const { opening, tags, manifest } = this.#who
    const decoded = decodeManifest(manifest, p)
    const { owner } = decoded.content
    this.#signal = AbortSignal.timeout(ROUND_MAX_MS)
    this.#read = {
      capsule: { v: 1, owner, opening, tags, except: [], tree: undefined, records: [], addrs: [] },
      manifest: decoded,
      hl7: 'TREAT',
      purpose: Purpose.TREAT,
      conf: await this.#server.calls.mine()
    }
    await this.releases(2 * REQUESTS_PIPELINED)
  }

  async ask(): Promise<Asked> {
    const kem = this.#keys[this.#asked++ % KEYS] as Read['kem']
    const read: Read = { ...(this.#read as Omit<Read, 'kem'>), kem }
    return await ask(this.#node, read, 'share', this.#who.custodian, [], this.#signal)
  }

  async #release(): Promise<void> {
    const asked = await this.ask()
    if (asked.kind !== 'released')
      throw new Error(`expected a release, got ${JSON.stringify(asked)}`)
  }

  /** One after the other. */
  async releases(count: number): Promise<Times> {
    const times = { whole: [] as number[], answered: [] as number[] }
    for (let i = 0; i < count; i++) {
      const startMs = performance.now()
      await this.#release()
      times.whole.push(performance.now() - startMs)
      times.answered.push(this.#answeredAtMs - startMs)
    }
    return times
  }

  /** As many at once as one stream takes. */
  async pipelined(count: number): Promise<void> {
    let left = count
    const worker = async (): Promise<void> => {
      while (left-- > 0) await this.#release()
    }
    await Promise.all(Array.from({ length: REQUESTS_PIPELINED }, worker))
  }

  /** libp2p's own, which opens a stream each time. */
  async pings(count: number): Promise<readonly number[]> {
    return await timesOf(count, () => this.#libp2p.services.ping.ping(this.#peer))
  }

  async echoes(count: number): Promise<readonly number[]> {
    const stream = await this.#libp2p.dialProtocol(this.#peer, ECHO_PROTOCOL)
    const channel = new FrameChannel(stream, unhurried)
    const message = systemRandom(ECHO_BYTES)
    const times = await timesOf(count, async () => {
      await channel.send(message)
      await channel.next()
    })
    await channel.close()
    return times
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#libp2p.stop()
  }
}

async function timesOf(count: number, act: () => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const startMs = performance.now()
    await act()
    times.push(performance.now() - startMs)
  }
  return times
}
