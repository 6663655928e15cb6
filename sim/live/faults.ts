/**
 * What the network does to messages: latency, loss, bandwidth, partitions. One object for a whole
 * world, changeable while it runs, the same in every worker.
 * @module
 */
import { RETRANSMIT_MIN_MS, RETRANSMIT_SYN_MS, RETRANSMITS_MAX } from '../limits.ts'
import { Rng } from '../random.ts'

/** One-way delays between places, and where each node is. */
export interface Places {
  readonly count: number
  /** Row by row: from, to. */
  readonly oneWayMs: Float32Array
  /** Place of each node. */
  readonly of: Uint16Array
}

export interface FaultOptions {
  /** Between any two nodes, unless `places` says otherwise. */
  readonly oneWayMs: number
  readonly places: Places | undefined
  /** Of a delay: each message takes it times 1 ± jitter, drawn evenly. Order is kept all the same. */
  readonly jitterShare: number
  /**
   * Messages that get lost. Below libp2p stands TCP, which sends them again: loss is a delay of a
   * retransmission timeout or more, for that message and for all behind it.
   */
  readonly lossShare: number
  /** Of each node, all its connections together. Infinity: no limit. */
  readonly upBytesPerSecond: number
  readonly downBytesPerSecond: number
  /**
   * Group of each node; nothing passes between groups. What is on its way waits, as it would in TCP,
   * and a connection cut for `cutResetMs` is reset. Undefined: all can reach all.
   */
  readonly groups: Uint8Array | undefined
  readonly cutResetMs: number
}

export const defaultFaults: FaultOptions = {
  oneWayMs: 0,
  places: undefined,
  jitterShare: 0,
  lossShare: 0,
  upBytesPerSecond: Number.POSITIVE_INFINITY,
  downBytesPerSecond: Number.POSITIVE_INFINITY,
  groups: undefined,
  cutResetMs: 10_000
}

/** The faults of a worker as its nodes' connections see them: what holds now, and when it changes. */
export class Faults {
  #options: FaultOptions
  readonly #seed: number
  readonly #links = new Map<number, Rng>()
  readonly #listeners = new Set<() => void>()
  readonly #nodes: number

  constructor(init: { nodes: number; seed: number; options: Partial<FaultOptions> }) {
    this.#nodes = init.nodes
    this.#seed = init.seed
    this.#options = { ...defaultFaults, ...init.options }
  }

  get options(): FaultOptions {
    return this.#options
  }

  change(options: Partial<FaultOptions>): void {
    this.#options = { ...this.#options, ...options }
    for (const listener of this.#listeners) listener()
  }

  /** Calls after each change; gives what ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  isCut(a: number, b: number): boolean {
    const { groups } = this.#options
    return groups != null && groups[a] !== groups[b]
  }

  /** One way, without chance. */
  oneWayMs(from: number, to: number): number {
    const { places, oneWayMs } = this.#options
    if (places == null) return oneWayMs
    const row = (places.of[from] as number) * places.count
    return places.oneWayMs[row + (places.of[to] as number)] as number
  }

  /** Until a message that leaves now arrives, its losses included. */
  delayMs(from: number, to: number): number {
    const { jitterShare } = this.#options
    const base = this.oneWayMs(from, to)
    const rng = this.#link(from, to)
    const jitter = jitterShare > 0 ? 1 + jitterShare * (2 * rng.unit() - 1) : 1
    return base * jitter + this.#lossMs(rng, Math.max(RETRANSMIT_MIN_MS, 2 * base))
  }

  /** Until a connection is open: a round trip, and what is lost of its first segments. */
  handshakeMs(from: number, to: number): number {
    const roundTrip = this.oneWayMs(from, to) + this.oneWayMs(to, from)
    return roundTrip + this.#lossMs(this.#link(from, to), RETRANSMIT_SYN_MS)
  }

  /** Timeouts that double until one of them gets through. */
  #lossMs(rng: Rng, timeoutMs: number): number {
    const { lossShare } = this.#options
    let ms = 0
    for (let i = 0; i < RETRANSMITS_MAX && lossShare > 0 && rng.chance(lossShare); i++) {
      ms += timeoutMs * 2 ** i
    }
    return ms
  }

  /** The generator of a direction between two nodes: others' messages change nothing in it. */
  #link(from: number, to: number): Rng {
    const key = from * this.#nodes + to
    let rng = this.#links.get(key)
    if (rng == null) {
      rng = new Rng(this.#seed, `live/link-${from}-${to}`)
      this.#links.set(key, rng)
    }
    return rng
  }
}
