/**
 * A world of real nodes: the node's own code (createNode, or libp2p with our DHT alone), many in
 * each of a few worker processes, over TCP loopback or libp2p's memory transport, with faults
 * between them (faults.ts) and a clock of its own (clock.ts). Engines, calibration and benches act
 * on it by the index of a node; which process it lives in they need not know.
 *
 * What the seed fixes: every node's keys and so its PeerId and place in the DHT, its bootstrap peers
 * and worker, each node's domain time and the random bytes that our own code draws through its
 * Random seam, the delays and losses that are drawn for each pair of nodes, in order. What it does
 * not fix: ports, the order in which packets of different connections arrive, everything that
 * libp2p's timers and its own randomness decide (noise keys, the shuffling of peers in a query, which
 * table entries a join finds), and the bytes of share splitting and HPKE, which draw inside their
 * libraries. So two runs of a seed agree in what is asked of whom and when, not in packet order:
 * assert invariants and bounded liveness on them, never exact traces.
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AbortOptions } from '@libp2p/interface'
import { InvalidParametersError } from '../../core/errors.ts'
import type { DhtTuning } from '../../node/memory.ts'
import type { SimProgress } from '../engine.ts'
import { LIVE_TABLES_AT_ONCE, LIVE_WORKERS_MAX } from '../limits.ts'
import type { ChainAnswer, ChainCall, ChainPlan } from './chain-link.ts'
import { Child } from './child.ts'
import { type ClockPlan, WorldClock } from './clock.ts'
import { kadIdHex } from './closest.ts'
import type { NodeCounters, WorkerCounters } from './counters.ts'
import type { FaultOptions } from './faults.ts'
import { type NodePlan, nameOf } from './identities.ts'
import { bootstrapOf, joinAll } from './join.ts'
import type { ParentContract, PlainTable } from './messages.ts'
import { deal } from './topology.ts'

export type { NodePlan } from './identities.ts'

/** Longer than any world: its nodes do not look for themselves. */
const NEVER_MS = 86_400_000

/** Of kad-dht; what is left out stays as the node has it. */
export type DhtChoice = DhtTuning

/** The chain that the nodes see, of which this process has the host (chain-host.ts). */
export interface WorldChain {
  readonly plan: ChainPlan
  /** What the host says to a node; it may lie to some. */
  answer(node: number, call: ChainCall): Promise<ChainAnswer>
}

/** How nodes find each other; a world is ready only after it. */
export type Joining =
  /** Each dials its bootstrap peers and looks for its own id, `atOnce` of them at a time. */
  | { readonly by: 'themselves'; readonly atOnce?: number }
  /** Routing tables are filled from outside, computed from all ids or as exported by `tables()`. */
  | { readonly by: 'warm-start'; readonly tables?: readonly NodeTable[] }
  /** Nodes are started and know nobody. */
  | { readonly by: 'nobody' }

export interface WorldInit {
  /** Unsigned 32-bit. */
  readonly seed: number
  /** `full`: createNode with everything. `dht`: libp2p with identify, ping and our DHT alone. */
  readonly kind: 'full' | 'dht'
  /** Indices are places in this list: clinics first, then patients. */
  readonly nodes: readonly NodePlan[]
  /** `memory` needs a single worker: it is one process. */
  readonly transport: 'memory' | 'tcp'
  /** Processes. @default 1 for memory, else 2 */
  readonly workers?: number
  /** Clinics that everybody knows at the start. @default 2 */
  readonly bootstrap?: number
  /** @default themselves, 4 at a time in each worker */
  readonly joining?: Joining
  readonly dht?: DhtChoice
  /** Of each node. @default the node's own */
  readonly maxConnections?: number
  /** Lost connections that each node dials anew at once (node/network/libp2p.ts). @default 5 */
  readonly reconnects?: number
  /** Left out, messages pass untouched, at no cost, and `faults()` cannot be called. */
  readonly faults?: Partial<FaultOptions>
  /** Needed by `full`. */
  readonly chain?: WorldChain
  /** Domain time at the start, Unix ms. @default now */
  readonly startMs?: number
  /**
   * file: URL of a module for the workers whose exports can be run beside a node by `run()`:
   * `(node: HostedNode, args: unknown, options: { signal, progress }) => Promise<unknown>`.
   */
  readonly module?: string
  readonly signal: AbortSignal
  progress?(event: SimProgress): void
}

export interface WorldNode {
  readonly index: number
  readonly role: 'clinic' | 'patient'
  readonly name: string
  /** "12D3KooW…" */
  readonly peer: string
  /** 0x… of the account that signs; of `dht` nodes too. */
  readonly account: string
  /** With /p2p/…; empty while it is stopped. */
  readonly addrs: readonly string[]
  readonly worker: number
}

export interface NodeTable {
  readonly node: number
  readonly peer: string
  /** SHA-256 of the PeerId, hex: what kad-dht sorts by. */
  readonly kadId: string
  /** PeerIds in its routing table, itself left out. */
  readonly entries: readonly string[]
}

export interface LookupResult {
  /** FIND_NODE requests that were sent. */
  readonly requests: number
  /** Of them, those without an answer. */
  readonly failed: number
  /** Length of the longest chain of referrals to one of `closest`: 1 is a peer of the own table. */
  readonly hops: number
  readonly latencyMs: number
  /** Up to k PeerIds, the closest first. */
  readonly closest: readonly string[]
}

export interface FoundProviders extends Omit<LookupResult, 'closest' | 'hops'> {
  /** PeerIds that were named, in order. */
  readonly providers: readonly string[]
  /** Until the first was named; NaN if none was. */
  readonly firstMs: number
}

export interface Provided extends Omit<LookupResult, 'closest' | 'hops'> {
  /** Peers that were told. */
  readonly told: number
}

export interface CallOptions {
  readonly signal: AbortSignal
  progress?(event: unknown): void
}

/** How the joining went. */
export interface JoinReport {
  readonly by: Joining['by']
  readonly wallSeconds: number
  /** Of all workers. */
  readonly cpuSeconds: number
  /** Nodes with a table that is not empty. */
  readonly joined: number
  /** Of a sample of lookups, one from each of so many nodes: k true closest that were found. */
  readonly sampled: number
  readonly foundShare: number
  /** Samples that were taken until enough was found. */
  readonly rounds: number
}

export interface World extends AsyncDisposable {
  readonly nodes: readonly WorldNode[]
  readonly join: JoinReport
  /** Domain time now. */
  nowMs(): number
  /** A verb of a node, by name (node/verbs). @throws what the verb throws, WorkerDiedError */
  call(node: number, verb: string, args: unknown, options: CallOptions): Promise<unknown>
  /** An export of the world's `module`, beside a node. */
  run(node: number, name: string, args: unknown, options: CallOptions): Promise<unknown>
  /** A FIND_NODE walk for the key's hash. */
  lookup(node: number, key: Uint8Array, options: AbortOptions): Promise<LookupResult>
  /** Tells the DHT that a node has this CID (its bytes). */
  provide(node: number, cid: Uint8Array, options: AbortOptions): Promise<Provided>
  /** Looks for who has it, to the end. */
  findProviders(node: number, cid: Uint8Array, options: AbortOptions): Promise<FoundProviders>
  /** Every running node's routing table. */
  tables(): Promise<readonly NodeTable[]>
  counters(): Promise<readonly NodeCounters[]>
  workers(): Promise<readonly WorkerCounters[]>
  /** Changes what is given. */
  faults(change: Partial<FaultOptions>): Promise<void>
  /** Moves domain time on, for all nodes at once. */
  advance(ms: number): Promise<void>
  /** Stops all table refreshes and self-queries, so that tables stay as they are. */
  freeze(): Promise<void>
  /**
   * Sets the most connections of every node and closes the rest. A network that has to join under a
   * low limit does so badly: a full node closes the newest connection first, the newcomer's.
   */
  limitConnections(max: number): Promise<void>
  stopNode(node: number): Promise<void>
  /** On what it kept; it joins again by its bootstrap peers. */
  startNode(node: number): Promise<void>
}

/**
 * Starts the workers and their nodes and lets them join.
 * @throws InvalidParametersError naming every fault; WorkerDiedError; the signal's reason
 */
export async function createWorld(init: WorldInit): Promise<World> {
  const workers = workersOf(init)
  checkInit(init, workers)
  const folder = await mkdtemp(join(tmpdir(), 'keyward-live-'))
  const clock: ClockPlan = { startMs: init.startMs ?? Date.now(), machineMs: Date.now() }
  const answer: ChainAnswerer = ({ node, call }) =>
    (init.chain as WorldChain).answer(node, call) as Promise<unknown>
  const children = deal(init.nodes.length, workers).map(
    (own, worker) => new Child({ worker, own }, { chain: answer })
  )
  const world = new LiveWorld(init, children, clock, folder)
  try {
    await world.open()
    return world
  } catch (err) {
    await world[Symbol.asyncDispose]()
    throw err
  }
}

type ChainAnswerer = (asked: ParentContract['chain'][0]) => Promise<unknown>

const workersOf = ({ workers, transport, nodes }: WorldInit): number =>
  Math.max(1, Math.min(workers ?? (transport === 'memory' ? 1 : 2), nodes.length))

function checkInit(init: WorldInit, workers: number): void {
  const { nodes, transport, kind, chain } = init
  const faults: string[] = []
  if (nodes.length === 0) faults.push('"nodes" expected at least one, got none')
  const patients = nodes.findIndex(({ role }) => role === 'patient')
  if (patients >= 0 && nodes.slice(patients).some(({ role }) => role === 'clinic')) {
    faults.push('"nodes" expected clinics before patients')
  }
  if (transport === 'memory' && workers > 1) {
    faults.push(`"workers" expected 1 for the memory transport, got ${workers}`)
  }
  if (workers > LIVE_WORKERS_MAX) {
    faults.push(`"workers" expected <= ${LIVE_WORKERS_MAX}, got ${workers}`)
  }
  if (kind === 'full' && chain == null) faults.push('"chain" expected for full nodes, got none')
  if (faults.length > 0) throw new InvalidParametersError(faults.join('; '))
}

class LiveWorld implements World {
  readonly #init: WorldInit
  readonly #children: readonly Child[]
  readonly #clockPlan: ClockPlan
  readonly #clock: WorldClock
  readonly #folder: string
  #peers: readonly string[] = []
  #accounts: readonly string[] = []
  #join: JoinReport | undefined
  #disposed: Promise<void> | undefined
  readonly #addrs: (readonly string[])[]

  constructor(init: WorldInit, children: readonly Child[], clock: ClockPlan, folder: string) {
    this.#init = init
    this.#children = children
    this.#clockPlan = clock
    this.#clock = new WorldClock(clock)
    this.#folder = folder
    this.#addrs = init.nodes.map(() => [])
  }

  async open(): Promise<void> {
    const { nodes, signal, chain, ...init } = this.#init
    signal.throwIfAborted()
    const warm = init.joining?.by === 'warm-start'
    const common = {
      seed: init.seed,
      kind: init.kind,
      transport: init.transport,
      plans: nodes,
      folder: this.#folder,
      clock: this.#clockPlan,
      dht: { ...init.dht, ...(warm && { initialQuerySelfMs: NEVER_MS }) },
      maxConnections: init.maxConnections,
      reconnects: init.reconnects,
      faults: init.faults,
      chain: chain?.plan,
      module: init.module
    }
    const told = await Promise.all(
      this.#children.map((child) =>
        child.introduce({ ...common, worker: child.index, own: child.own }, signal)
      )
    )
    const all = told.flat().toSorted((a, b) => a.node - b.node)
    this.#peers = all.map(({ peer }) => peer)
    this.#accounts = all.map(({ account }) => account)
    await this.#all((channel) => channel.ask('roster', this.#peers, { signal }))
    this.#join = await joinAll({
      world: this.#init,
      children: this.#children,
      peers: this.#peers,
      onStarted: (started) => {
        for (const { node, addrs } of started) this.#addrs[node] = addrs
      },
      addrs: () => this.#addrs,
      childOf: (node) => this.#child(node)
    })
  }

  get nodes(): readonly WorldNode[] {
    return this.#init.nodes.map((plan, index) => ({
      index,
      role: plan.role,
      name: nameOf(index, plan),
      peer: this.#peers[index] as string,
      account: this.#accounts[index] as string,
      addrs: this.#addrs[index] ?? [],
      worker: index % this.#children.length
    }))
  }

  get join(): JoinReport {
    return this.#join as JoinReport
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  call(node: number, verb: string, args: unknown, options: CallOptions): Promise<unknown> {
    return this.#ask(node).ask('call', { node, verb, args }, options)
  }

  run(node: number, name: string, args: unknown, options: CallOptions): Promise<unknown> {
    return this.#ask(node).ask('run', { node, name, args }, options)
  }

  lookup(node: number, key: Uint8Array, { signal }: AbortOptions): Promise<LookupResult> {
    return this.#ask(node).ask('lookup', { node, args: { key } }, { signal })
  }

  provide(node: number, cid: Uint8Array, { signal }: AbortOptions): Promise<Provided> {
    return this.#ask(node).ask('provide', { node, args: { cid } }, { signal })
  }

  findProviders(node: number, cid: Uint8Array, { signal }: AbortOptions): Promise<FoundProviders> {
    return this.#ask(node).ask('findProviders', { node, args: { cid } }, { signal })
  }

  async tables(): Promise<readonly NodeTable[]> {
    const tables = await this.#all(async (channel, { own }) => {
      const got: PlainTable[] = []
      for (let i = 0; i < own.length; i += LIVE_TABLES_AT_ONCE) {
        got.push(...(await channel.ask('tables', own.slice(i, i + LIVE_TABLES_AT_ONCE))))
      }
      return got
    })
    return tables
      .flat()
      .toSorted((a, b) => a.node - b.node)
      .map(({ node, entries }) => {
        const peer = this.#peers[node] as string
        const named = Array.from(entries, (i) => this.#peers[i] as string)
        return { node, peer, kadId: kadIdHex(peer), entries: named }
      })
  }

  async counters(): Promise<readonly NodeCounters[]> {
    const counters = await this.#all((channel) => channel.ask('counters', undefined))
    return counters.flat().toSorted((a, b) => a.node - b.node)
  }

  workers(): Promise<readonly WorkerCounters[]> {
    return this.#all((channel) => channel.ask('usage', undefined))
  }

  async faults(change: Partial<FaultOptions>): Promise<void> {
    if (this.#init.faults == null) {
      throw new InvalidParametersError('"faults" expected when the world was made, got none')
    }
    await this.#all((channel) => channel.ask('faults', change))
  }

  async advance(ms: number): Promise<void> {
    this.#clock.advance(ms)
    await this.#all((channel) => channel.ask('advance', ms))
  }

  async freeze(): Promise<void> {
    await this.#all((channel) => channel.ask('freeze', undefined))
  }

  async limitConnections(max: number): Promise<void> {
    await this.#all((channel) => channel.ask('limitConnections', max))
  }

  async stopNode(node: number): Promise<void> {
    await this.#ask(node).ask('stop', node)
    this.#addrs[node] = []
  }

  async startNode(node: number): Promise<void> {
    const bootstrap = bootstrapOf(this.#init).flatMap((i) => this.#addrs[i]?.[0] ?? [])
    const { addrs } = await this.#ask(node).ask('restart', { node, bootstrap })
    this.#addrs[node] = addrs
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= (async () => {
      await Promise.all(this.#children.map((child) => child[Symbol.asyncDispose]()))
      await rm(this.#folder, { recursive: true, force: true })
    })()
    return this.#disposed
  }

  #child(node: number): Child {
    const child = this.#children[node % this.#children.length]
    if (child == null || !(node in this.#init.nodes)) {
      throw new InvalidParametersError(
        `"node" expected 0 to ${this.#init.nodes.length - 1}, got ${node}`
      )
    }
    return child
  }

  #ask(node: number): Child['channel'] {
    return this.#child(node).channel
  }

  #all<T>(work: (channel: Child['channel'], child: Child) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#children.map((child) => work(child.channel, child)))
  }
}
