/**
 * A real network in this process: libp2p over its memory transport with noise, yamux, identify and
 * kad-dht as it is, so that the library's own code joins, fills its tables and asks. Nothing of
 * Keyward is in it: what is calibrated is the DHT, whose code our nodes run unchanged.
 *
 * kad-dht has no switch for its refresh and offers no view of its table, so this file reaches for
 * fields that its types keep private; versions are recorded with the data.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { ComponentLogger, Libp2p, Logger, PeerId } from '@libp2p/interface'
import { type KadDHTComponents, kadDHT, passthroughMapper, type QueryEvent } from '@libp2p/kad-dht'
import { memory } from '@libp2p/memory'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { nearTable, TRIE_DEPTH, type Trie, wholeSelfQuery } from '../../node/memory.ts'
import type { Rng } from '../random.ts'
import { placeOf } from './key.ts'
import type { Growth, Policy, RealTables } from './observation.ts'

const PROTOCOL = '/calibrate/kad/1.0.0'
/** More at once starve each other's identify on two cores. */
const JOINING_AT_ONCE = 4
const JOIN_MAX_MS = 120_000
const POLL_MS = 50
/** All nodes share a processor or less of one: nobody is to be taken for dead because it is slow. */
const PATIENCE_MS = 60_000
/** Only what we call ourselves. */
const NEVER_MS = 1_000_000_000
const SYSTEM = { nowMs: () => Date.now() }
/** Each is what a node does by itself in 5 minutes: a self-query and a refresh. */
const ROUNDS = 1

interface Inside {
  getClosestPeers(key: Uint8Array, options: { signal: AbortSignal }): AsyncIterable<QueryEvent>
  readonly queryManager: { disjointPaths: number; alpha: number }
  readonly querySelf: { count: number; querySelf(): Promise<void>; stop(): void }
  readonly routingTableRefresh: { stop(): Promise<void> }
  readonly routingTable: {
    readonly size: number
    readonly kb: Trie & { add(peer: PeerId): Promise<void> }
  }
}

type Node = Libp2p<{ dht: Inside & ReturnType<ReturnType<typeof kadDHT>> }>

export interface RealNetwork extends AsyncDisposable {
  /** Kademlia ids in hex, by index. */
  readonly kadIds: readonly string[]
  /** As they are now; an entry may be there twice. */
  tables(): Promise<RealTables>
  connections(): number[]
  /** No entry joins or leaves a table from now on. */
  freeze(): void
  /** From now on every answer takes at least this many ms. */
  delayBy(roundTripMs: (from: number, to: number) => number): void
  askBy(policy: Policy): void
  /** Every event of one lookup, as kad-dht reports it. */
  ask(source: number, key: Uint8Array, signal: AbortSignal): AsyncIterable<QueryEvent>
  /** Of DHT messages that answered this node's requests or were these, so far. */
  bytesOf(source: number): number
  indexOf(peer: PeerId): number
}

export interface GrowInit {
  readonly growth: Growth
  readonly rng: Rng
  readonly signal: AbortSignal
  progress?(step: string, done: number, total: number): void
}

/** Starts the nodes a few at a time, each joining by two that are there, and lets them settle. */
export async function grow(init: GrowInit): Promise<RealNetwork> {
  const { growth, rng, signal, progress } = init
  const network = new Network(rng.u32(), growth, signal)
  for (let from = 0; from < growth.nodes; from = network.size) {
    const batch = from === 0 ? 1 : Math.min(JOINING_AT_ONCE, growth.nodes - from)
    const joins = Array.from({ length: batch }, () => ({
      seed: rng.bytes(32),
      by: from === 0 ? [] : [...new Set([rng.below(from), rng.below(from)])]
    }))
    await Promise.all(joins.map(({ seed, by }, i) => network.join(from + i, seed, by)))
    progress?.('joining', network.size, growth.nodes)
  }
  for (let round = 1; round <= ROUNDS; round++) {
    await network.settle(rng, (done) => {
      if (done % 20 === 0) progress?.(`settling ${round} of ${ROUNDS}`, done, growth.nodes)
    })
  }
  await network.rest()
  return network
}

/** The same nodes with tables that are given: who asks whom is then the policy's doing alone. */
export async function fill(
  init: GrowInit,
  tablesFor: (kadIds: readonly string[]) => readonly (readonly number[])[]
): Promise<RealNetwork> {
  const { growth, rng, signal } = init
  const network = new Network(rng.u32(), growth, signal, true)
  for (let index = 0; index < growth.nodes; index++) await network.join(index, rng.bytes(32), [])
  await network.rest()
  await network.fill(tablesFor(network.kadIds))
  return network
}

class Network implements RealNetwork {
  /** Nodes begin without anybody and are not to wait for a first lookup of their own id. */
  readonly #lonely: boolean
  readonly #run: string
  readonly #growth: Growth
  readonly #signal: AbortSignal
  readonly #nodes: Node[] = []
  readonly #indices = new Map<string, number>()
  readonly #bytes = new Map<number, number>()
  #roundTripMs: ((from: number, to: number) => number) | undefined

  constructor(run: number, growth: Growth, signal: AbortSignal, lonely = false) {
    this.#lonely = lonely
    this.#run = run.toString(16)
    this.#growth = growth
    this.#signal = signal
  }

  get size(): number {
    return this.#nodes.length
  }

  get kadIds(): readonly string[] {
    return this.#nodes.map(({ peerId }) => placeOf(peerId.toMultihash().bytes))
  }

  async join(index: number, seed: Uint8Array, by: readonly number[]): Promise<void> {
    const node = await startNode(`${this.#run}-${index}`, seed, this.#growth, this.#lonely, {
      hold: async (from) => {
        const ms = this.#roundTripMs?.(this.indexOf(from), index)
        if (ms != null) await delay(ms, undefined, { signal: this.#signal })
      },
      count: (from, bytes) => {
        const asker = this.indexOf(from)
        this.#bytes.set(asker, this.bytesOf(asker) + bytes)
      }
    })
    this.#indices.set(node.peerId.toString(), index)
    this.#nodes[index] = node
    for (const other of by) {
      const [address] = this.#at(other).getMultiaddrs()
      if (address != null) await node.dial(address, { signal: AbortSignal.timeout(JOIN_MAX_MS) })
    }
    if (by.length > 0) await known(node, this.#signal)
  }

  async settle(rng: Rng, each: (done: number) => void): Promise<void> {
    for (const [index, node] of this.#nodes.entries()) {
      this.#signal.throwIfAborted()
      await node.services.dht.querySelf.querySelf()
      await refresh(node, rng, this.#signal)
      each(index)
    }
  }

  async rest(): Promise<void> {
    for (const { services } of this.#nodes) {
      services.dht.querySelf.stop()
      await services.dht.routingTableRefresh.stop()
    }
  }

  async fill(tables: readonly (readonly number[])[]): Promise<void> {
    for (const [index, table] of tables.entries()) {
      const { peerStore, services } = this.#at(index)
      const { kb } = services.dht.routingTable
      kb.verify = () => Promise.resolve(true)
      for (const other of table) {
        const { peerId } = this.#at(other)
        const multiaddrs = this.#at(other).getMultiaddrs()
        await peerStore.merge(peerId, { multiaddrs, protocols: [PROTOCOL] })
        await kb.add(peerId)
      }
    }
    this.freeze()
  }

  async tables(): Promise<RealTables> {
    const tables: number[][] = []
    const untold: number[][] = []
    for (const { peerStore, services } of this.#nodes) {
      const contacts = [...services.dht.routingTable.kb.toIterable()]
      tables.push(contacts.map(({ peerId }) => this.indexOf(peerId)))
      const mute: number[] = []
      for (const { peerId } of contacts) {
        const info = await peerStore.getInfo(peerId).catch(() => undefined)
        if ((info?.multiaddrs.length ?? 0) === 0) mute.push(this.indexOf(peerId))
      }
      untold.push(mute)
    }
    return { kadIds: this.kadIds, tables, untold }
  }

  connections(): number[] {
    return this.#nodes.map((node) => node.getConnections().length)
  }

  freeze(): void {
    for (const { services } of this.#nodes)
      services.dht.routingTable.kb.verify = () => Promise.resolve(false)
  }

  delayBy(roundTripMs: (from: number, to: number) => number): void {
    this.#roundTripMs = roundTripMs
  }

  askBy(policy: Policy): void {
    for (const { services } of this.#nodes) {
      services.dht.queryManager.disjointPaths = policy.paths
      services.dht.queryManager.alpha = policy.alpha
    }
  }

  ask(source: number, key: Uint8Array, signal: AbortSignal): AsyncIterable<QueryEvent> {
    return this.#at(source).services.dht.getClosestPeers(key, { signal })
  }

  bytesOf(source: number): number {
    return this.#bytes.get(source) ?? 0
  }

  indexOf(peer: PeerId): number {
    return this.#indices.get(peer.toString()) ?? -1
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#nodes.map((node) => node.stop()))
  }

  #at(index: number): Node {
    return this.#nodes[index] as Node
  }
}

/** What kad-dht's refresh does in a network this small: it looks for a random key far from itself. */
async function refresh({ services }: Node, rng: Rng, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(JOIN_MAX_MS)])
  for await (const _ of services.dht.getClosestPeers(rng.bytes(34), { signal: limit }));
}

/** Resolves once the node has somebody to ask. */
async function known({ services }: Node, signal: AbortSignal): Promise<void> {
  for (let ms = 0; ms < JOIN_MAX_MS; ms += POLL_MS) {
    if (services.dht.routingTable.size > 0) return
    await delay(POLL_MS, undefined, { signal })
  }
}

async function startNode(
  name: string,
  seed: Uint8Array,
  growth: Growth,
  lonely: boolean,
  watch: Watch
): Promise<Node> {
  const dht = kadDHT({
    protocol: PROTOCOL,
    clientMode: false,
    peerInfoMapper: passthroughMapper,
    kBucketSize: growth.k,
    alpha: growth.alpha,
    disjointPaths: growth.paths,
    prefixLength: growth.table === 'near' ? TRIE_DEPTH : growth.prefixLength,
    querySelfInterval: NEVER_MS,
    allowQueryWithZeroPeers: lonely,
    networkDialTimeout: { minTimeout: PATIENCE_MS },
    pingNewContactTimeout: { minTimeout: PATIENCE_MS },
    pingOldContactTimeout: { minTimeout: PATIENCE_MS },
    onPeerConnectTimeout: PATIENCE_MS,
    incomingMessageTimeout: PATIENCE_MS,
    maxInboundStreams: 1_024,
    maxOutboundStreams: 1_024
  })
  const withTable = (components: KadDHTComponents) => {
    const made = dht(components) as unknown as Inside
    if (growth.table === 'near') {
      nearTable(made.routingTable.kb, { clock: SYSTEM, ...growth })
      wholeSelfQuery(made)
    }
    return made
  }
  return (await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    logger: SILENT,
    addresses: { listen: [`/memory/${name}`] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: 10_000,
      dialTimeout: PATIENCE_MS,
      inboundUpgradeTimeout: PATIENCE_MS,
      inboundStreamProtocolNegotiationTimeout: PATIENCE_MS,
      outboundStreamProtocolNegotiationTimeout: PATIENCE_MS,
      inboundConnectionThreshold: Number.POSITIVE_INFINITY,
      maxIncomingPendingConnections: Number.POSITIVE_INFINITY
    },
    services: {
      identify: identify({ timeout: PATIENCE_MS }),
      ping: ping({ timeout: PATIENCE_MS }),
      dht: (components: KadDHTComponents) => withTable(watching(components, watch)) as never
    }
  })) as unknown as Node
}

interface Watch {
  /** Delays the one answer of a stream that `from` has opened. */
  hold(from: PeerId): Promise<void>
  /** Bytes either way on such a stream. */
  count(from: PeerId, bytes: number): void
}

function watching(components: KadDHTComponents, watch: Watch): KadDHTComponents {
  const handle: KadDHTComponents['registrar']['handle'] = (protocol, handler, options) =>
    components.registrar.handle(
      protocol,
      async (stream, connection) => {
        const from = connection.remotePeer
        const send = stream.send.bind(stream)
        stream.send = (data) => {
          watch.count(from, data.byteLength)
          return send(data)
        }
        await watch.hold(from)
        const handled = handler(stream, connection)
        // after the handler's own: what has arrived goes to whoever listens first
        stream.addEventListener('message', ({ data }) => watch.count(from, data.byteLength))
        return handled
      },
      options
    )
  const registrar = new Proxy(components.registrar, {
    get(target, key) {
      if (key === 'handle') return handle
      const value = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
  return new Proxy(components, {
    get: (target, key) => (key === 'registrar' ? registrar : Reflect.get(target, key))
  })
}

function silent(): Logger {
  const log = (): void => undefined
  return Object.assign(log, {
    enabled: false,
    trace: log,
    error: log,
    newScope: () => silent()
  }) as unknown as Logger
}
const SILENT: ComponentLogger = { forComponent: () => silent() }
