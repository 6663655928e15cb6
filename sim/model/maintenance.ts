/**
 * What tables cost to keep: each node looks up its own id every `selfQuerySeconds`, and a random key
 * of each tracked prefix length every `refreshSeconds`, as real lookups. At a million nodes that is
 * most of all traffic, so only so many nodes are followed as the budget allows, drawn at random; each
 * request stands for `weight` of them.
 *
 * Which lengths are tracked: kad-dht 16.4.5 counts the common prefix in whole zero bytes
 * (routing-table/refresh.ts, `_prefixLengths`), so that a `js` table refreshes lengths 0 and 1 where
 * the specification, and `classic`, refresh every one up to 15 that the table holds.
 * @module
 */
import type { Rng } from '../random.ts'
import { type Ids, sharedBits } from './ids.ts'
import { type LookupInit, type LookupResult, Lookups } from './lookup.ts'
import { TICKS_PER_MS } from './wheel.ts'

const TICKS_PER_SECOND = 1_000 * TICKS_PER_MS
/** refresh.ts: MAX_COMMON_PREFIX_LENGTH. */
const TRACKED_MAX = 15

export interface MaintenanceInit extends Omit<LookupInit, 'onDone' | 'kinds'> {
  /** The first of four free kinds of events. */
  readonly kinds: number
  readonly refreshSeconds: number
  readonly selfQuerySeconds: number
  /** Nodes that keep tables. @default all */
  readonly keeps?: (node: number) => boolean
  /** Followed lookups a second of the run, over all nodes. @default 50 */
  readonly lookupsPerSecondMax?: number
}

export class Maintenance {
  /** Nodes that each followed one stands for. */
  readonly weight: number
  /** Of the followed nodes alone: multiply by `weight`. */
  lookups = 0
  requests = 0
  failed = 0
  readonly followed: number
  readonly #init: MaintenanceInit
  readonly #running: Lookups
  readonly #rng: Rng

  constructor(init: MaintenanceInit) {
    const { ids, wheel, rng, kinds, refreshSeconds, selfQuerySeconds } = init
    this.#init = init
    this.#rng = rng.derive('maintenance')
    this.#running = new Lookups({ ...init, onDone: (result) => this.#onDone(result) })
    wheel.handle(kinds + 2, (node) => this.#queryItself(node))
    wheel.handle(kinds + 3, (node) => this.#refresh(node))
    const keepers = keepersOf(ids.count, init.keeps)
    // one own id and, mostly, two prefix lengths
    const perSecond = 1 / selfQuerySeconds + 2 / refreshSeconds
    const most = Math.floor((init.lookupsPerSecondMax ?? 50) / perSecond)
    this.followed = Math.min(keepers.length, Math.max(1, most))
    this.weight = keepers.length / this.followed
    for (let i = 0; i < this.followed; i++) {
      const j = i + this.#rng.below(keepers.length - i)
      const node = keepers[j] as number
      keepers[j] = keepers[i] as number
      // anywhere in its interval
      this.#in(this.#rng.unit() * selfQuerySeconds, kinds + 2, node)
      this.#in(this.#rng.unit() * refreshSeconds, kinds + 3, node)
    }
  }

  /** Requests a second that a node of the network sends for its table, over `seconds`. */
  requestsPerNodeSecond(seconds: number): number {
    return this.requests / this.followed / seconds
  }

  #queryItself(node: number): void {
    const { ids, online, kinds, selfQuerySeconds } = this.#init
    this.#in(selfQuerySeconds, kinds + 2, node)
    if (online[node] === 0) return
    this.#running.start(0, node, ids.hi[node] as number, ids.lo[node] as number)
  }

  #refresh(node: number): void {
    const { ids, online, kinds, refreshSeconds } = this.#init
    this.#in(refreshSeconds, kinds + 3, node)
    if (online[node] === 0) return
    const most = this.#trackedPrefix(node)
    for (let length = 0; length <= most; length++) {
      const mask = 0xffff_ffff >>> (length + 1)
      const flipped = (ids.hi[node] as number) ^ (0x8000_0000 >>> length)
      const hi = ((flipped & ~mask) | (this.#rng.u32() & mask)) >>> 0
      this.#running.start(1, node, hi, this.#rng.u32())
    }
  }

  #trackedPrefix(node: number): number {
    const { ids, tables } = this.#init
    const count = tables.closest(node, ids.hi[node] as number, ids.lo[node] as number, 1, -1)
    if (count === 0) return 0
    const shared = commonBits(ids, node, tables.found[0] as number)
    const tracked = tables.policy.table === 'js' ? shared >>> 3 : shared
    return Math.min(TRACKED_MAX, tracked)
  }

  #onDone({ requests, failed }: LookupResult): void {
    this.lookups++
    this.requests += requests
    this.failed += failed
  }

  #in(seconds: number, kind: number, node: number): void {
    const { wheel } = this.#init
    wheel.schedule(wheel.now + Math.ceil(seconds * TICKS_PER_SECOND), kind, node, 0)
  }
}

function keepersOf(count: number, keeps: (node: number) => boolean = () => true): Uint32Array {
  const keepers = new Uint32Array(count)
  let size = 0
  for (let node = 0; node < count; node++) if (keeps(node)) keepers[size++] = node
  return keepers.subarray(0, size)
}

function commonBits(ids: Ids, a: number, b: number): number {
  return sharedBits(
    ids.hi[a] as number,
    ids.lo[a] as number,
    ids.hi[b] as number,
    ids.lo[b] as number
  )
}
