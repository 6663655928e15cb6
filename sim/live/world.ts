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
import type { AbortOptions } from '@libp2p/interface'
import type { SimProgress } from '../engine.ts'
import type { ChainAnswer, ChainCall, ChainPlan } from './chain-link.ts'
import type { NodeCounters, WorkerCounters } from './counters.ts'
import type { FaultOptions } from './faults.ts'

export interface NodePlan {
  readonly role: 'clinic' | 'patient'
  /** @default "clinic-3", "patient-12": by its index */
  readonly name?: string
  /** Listens nowhere, so that nobody can dial it. @default false */
  readonly natted?: boolean
  /** Of its clock against the world's. @default 0 */
  readonly skewMs?: number
}

/** Of kad-dht; what is left out stays as the node has it. */
export interface DhtChoice {
  /** @default 20 */
  readonly k?: number
  /** @default 10 */
  readonly alpha?: number
  /** @default alpha */
  readonly disjointPaths?: number
  /** Of the table's trie, in bits. @default 6 */
  readonly prefixLength?: number
  /** @default 50 */
  readonly initialQuerySelfMs?: number
  /** @default 300,000 */
  readonly querySelfMs?: number
  /** For a peer to be connected and to answer. @default kad-dht's own */
  readonly networkDialTimeoutMs?: number
}

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
  stopNode(node: number): Promise<void>
  /** On what it kept; it joins again by its bootstrap peers. */
  startNode(node: number): Promise<void>
}

/** Starts the workers and their nodes and lets them join. @throws InvalidParametersError */
export async function createWorld(_init: WorldInit): Promise<World> {
  throw new Error('under construction')
}
