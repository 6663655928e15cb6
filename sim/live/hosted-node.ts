/**
 * One node in a worker: who it is, what it keeps while it is stopped, and the running thing. A full
 * node is the daemon's createNode through its door for memory stores; a `dht` node is the daemon's
 * libp2p with the DHT alone. Nothing in either knows where it runs.
 * @module
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Libp2p, PeerStore } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import { memory } from '@libp2p/memory'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import { InvalidParametersError } from '../../core/errors.ts'
import { DIAL_MAX_MS } from '../../core/limits.ts'
import type { NodeInit, RunningNode } from '../../node/index.ts'
import {
  dhtNode,
  memoryNode,
  memoryStores,
  type NodeChain,
  type NodeIdentity,
  nativePrimitives
} from '../../node/memory.ts'
import { LIVE_JOIN_MAX_MS } from '../limits.ts'
import type { ChainPlan } from './chain-link.ts'
import type { WorldClock } from './clock.ts'
import type { Faults } from './faults.ts'
import { faulty } from './faulty.ts'
import { type NodePlan, nameOf, randomOf } from './identities.ts'
import type { WorkerInit } from './messages.ts'
import { NodeMetrics } from './node-metrics.ts'
import { quietLogger } from './quiet.ts'
import { hasAskedItself } from './tables.ts'

export interface HostedInit {
  readonly index: number
  readonly plan: NodePlan
  readonly identity: NodeIdentity
  /** "12D3KooW…" */
  readonly peer: string
  readonly world: Pick<
    WorkerInit,
    'seed' | 'kind' | 'transport' | 'folder' | 'dht' | 'maxConnections' | 'reconnects'
  >
  readonly clock: WorldClock
  readonly faults: Faults | undefined
  /** Of `full` nodes. */
  readonly chain: { readonly plan: ChainPlan; readonly link: NodeChain } | undefined
  /** Index of a PeerId in this world. */
  indexOf(peer: string): number | undefined
}

const LOOPBACK = '/ip4/127.0.0.1/tcp'
const POLL_MS = 20

export class HostedNode {
  readonly index: number
  readonly plan: NodePlan
  readonly identity: NodeIdentity
  readonly peer: string
  readonly metrics = new NodeMetrics()
  /** Of a full node; it keeps them while it is stopped. */
  stores: NodeInit['stores'] | undefined
  /** The full node that runs now. */
  full: RunningNode | undefined
  #libp2p: Libp2p | undefined
  readonly #init: HostedInit
  readonly #datastore = new MemoryDatastore()
  #starts = 0
  /** Where it listened first: others know that address. */
  #listen: string

  constructor(init: HostedInit) {
    this.#init = init
    this.index = init.index
    this.plan = init.plan
    this.identity = init.identity
    this.peer = init.peer
    this.#listen =
      init.world.transport === 'tcp'
        ? `${LOOPBACK}/0`
        : `/memory/w-${init.world.seed}-${init.index}`
  }

  get running(): boolean {
    return this.full != null || this.#libp2p != null
  }

  /** Where others reach it. */
  get addrs(): readonly string[] {
    if (this.full != null) return this.full.addrs
    return this.#libp2p?.getMultiaddrs().map(String) ?? []
  }

  /** @throws InvalidParametersError while it is stopped */
  get dht(): SingleKadDHT {
    return this.#part<SingleKadDHT>('dht')
  }

  get peerStore(): PeerStore {
    return this.#part<PeerStore>('peerStore')
  }

  /** The most connections from now on; what is too much is closed. */
  limitConnections(max: number): void {
    this.#part<{ setMaxConnections(max: number): void }>('connectionManager').setMaxConnections(max)
  }

  get connections(): number {
    if (!this.running) return 0
    return this.#part<{ getConnections(): unknown[] }>('connectionManager').getConnections().length
  }

  /** Starts it and dials the bootstrap addresses; it may still be joining then. */
  async start(bootstrap: readonly string[]): Promise<void> {
    if (this.running) return
    this.#starts++
    await (this.#init.world.kind === 'full'
      ? this.#startFull(bootstrap)
      : this.#startDht(bootstrap))
    const [first] = this.addrs
    if (first != null) this.#listen = first.replace(/\/p2p\/.*$/, '')
  }

  /** Until its first self-query is over, or time is up. In a crowd there is always somebody to ping. */
  async settled(): Promise<void> {
    const end = performance.now() + LIVE_JOIN_MAX_MS
    while (this.running && performance.now() < end) {
      if (hasAskedItself(this.dht)) return
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    const { full } = this
    const libp2p = this.#libp2p
    this.full = undefined
    this.#libp2p = undefined
    await (full?.stop() ?? libp2p?.stop())
  }

  /** A part of the libp2p node that runs now. */
  #part<T>(name: string): T {
    const part = this.running ? this.metrics.components?.[name] : undefined
    if (part == null) throw new InvalidParametersError(`node ${this.index} is stopped`)
    return part as T
  }

  async #startFull(bootstrap: readonly string[]): Promise<void> {
    const { world, chain, clock, index, plan } = this.#init
    if (chain == null) throw new InvalidParametersError('"chain" expected for full nodes')
    const downloads = join(world.folder, `node-${index}`)
    mkdirSync(downloads, { recursive: true })
    this.stores = memoryStores(plan.role, this.stores)
    this.full = await memoryNode({
      identity: this.identity,
      chain: chain.link,
      parameters: chain.plan.parameters,
      primitives: nativePrimitives,
      clock: clock.skewed(plan.skewMs ?? 0),
      random: randomOf(world.seed, index, this.#starts),
      logger: quietLogger,
      name: nameOf(index, plan),
      changes: {
        stores: this.stores,
        downloads,
        network: { ...this.#network(), bootstrap: [...bootstrap] }
      }
    })
  }

  async #startDht(bootstrap: readonly string[]): Promise<void> {
    const { clock, plan } = this.#init
    const libp2p = await dhtNode({
      ...this.#network(),
      seed: this.identity.peerSeed,
      clock: clock.skewed(plan.skewMs ?? 0),
      logger: quietLogger,
      datastore: this.#datastore
    })
    await libp2p.start()
    this.#libp2p = libp2p
    const signal = AbortSignal.timeout(DIAL_MAX_MS)
    await Promise.allSettled(bootstrap.map((addr) => libp2p.dial(multiaddr(addr), { signal })))
  }

  #network() {
    const { world, faults, index, plan, indexOf } = this.#init
    const plain = world.transport === 'tcp' ? tcp() : memory()
    const transport =
      faults == null ? plain : faulty(plain as never, { faults, node: index, indexOf })
    return {
      listen: plan.natted === true ? [] : [this.#listen],
      transports: [transport as ReturnType<typeof tcp>],
      // All of them are one host: the limits that protect a host would refuse most of a network.
      inboundPerSecond: Number.POSITIVE_INFINITY,
      inboundPending: Number.POSITIVE_INFINITY,
      monitor: false,
      dht: world.dht,
      metrics: this.metrics.factory,
      ...(world.maxConnections != null && { maxConnections: world.maxConnections }),
      ...(world.reconnects != null && { reconnects: world.reconnects })
    }
  }
}
