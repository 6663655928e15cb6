/**
 * Lookups under kad-dht 16.4.5's own policy, event by event. From query/manager.ts and
 * query/query-path.ts: the k nearest of the own table are shuffled (with a comparison that says
 * anything, so not evenly) and dealt over the paths; each path asks `alpha` at a time, the first ones
 * as dealt, later ones nearest first; a peer is queued when nobody queued it before, when it is
 * strictly nearer than the peer that told of it, and when it could still enter the path's k nearest
 * that answered, which is asked again when its turn comes. A path ends when nobody is left to ask,
 * the lookup when all paths have; its result is the k nearest that answered on any path.
 *
 * One event stands for a request and its answer: whether the peer is online is read as the request
 * leaves, its table as the answer comes back.
 * @module
 */
import type { Rng } from '../random.ts'
import { EarlyStop } from './early-stop.ts'
import type { Ids } from './ids.ts'
import { keepNearest } from './nearest.ts'
import { PathLists } from './path-lists.ts'
import { Seen } from './seen.ts'
import { sortAtRandom } from './sort-at-random.ts'
import type { Tables } from './tables.ts'
import type { Wheel } from './wheel.ts'

export interface LookupPolicy {
  readonly k: number
  /** Requests at a time, on each path. */
  readonly alpha: number
  readonly paths: number
  /** Until a request that nobody answers has failed. */
  readonly timeoutTicks: number
  /**
   * Instead of kad-dht's rule go-libp2p's: one path, all that is told is listed, and the lookup ends
   * when the `beta` nearest of the list that have not failed have all answered. The result is the
   * list's k nearest, asked or not.
   */
  readonly beta?: number
}

/** kad-dht 16.4.5, and the least that its adaptive timeout can be. */
export const JS_POLICY: LookupPolicy = { k: 20, alpha: 10, paths: 10, timeoutTicks: 80_000 }

export interface LookupInit {
  readonly ids: Ids
  readonly tables: Tables
  /** 1 for each node that answers. */
  readonly online: Uint8Array
  readonly policy: LookupPolicy
  readonly wheel: Wheel
  /** Below 0: the message is lost. */
  readonly oneWayTicks: (from: number, to: number) => number
  readonly rng: Rng
  /** The first of two free kinds of events. */
  readonly kinds: number
  onDone(result: LookupResult): void
  /** Each request as it leaves, each answer as it comes. */
  onMessage?(from: number, to: number): void
  /** Who answered whom, or did not: what tables learn by. */
  onContact?(source: number, peer: number, answered: boolean): void
}

export interface LookupResult {
  readonly tag: number
  readonly source: number
  readonly requests: number
  /** Requests without an answer in time. */
  readonly failed: number
  /** Answers in a row that led to the nearest peer found; 1 if it stood in the own table. */
  readonly hops: number
  readonly latencyTicks: number
  /** Peers in `closest`. */
  readonly found: number
  /** Nearest first. */
  readonly closest: Uint32Array
  /** The peer at which `stopAt` ended it, or -1. */
  readonly stoppedAt: number
}

const FIRST_LOOKUPS = 16
const FIRST_REQUESTS = 256
const NONE = -1
const HOPS_MAX = 255

export class Lookups {
  readonly #init: LookupInit
  readonly #lists: PathLists
  readonly #seen: Seen
  readonly #early: EarlyStop | undefined
  readonly #paths: number
  readonly #answerKind: number
  readonly #failureKind: number
  readonly #merged: Uint32Array
  readonly #distances: Uint32Array
  #active = 0

  // one lookup each
  #capacity = 0
  #freeLookups: number[] = []
  #tag = new Float64Array(0)
  #source = new Uint32Array(0)
  #keyHi = new Uint32Array(0)
  #keyLo = new Uint32Array(0)
  #started = new Float64Array(0)
  #requests = new Uint32Array(0)
  #failures = new Uint32Array(0)
  #running = new Uint32Array(0)
  #generation = new Uint32Array(0)
  #stopAt: (((node: number) => boolean) | undefined)[] = []
  /** Requests under way on each path. */
  #runningOnPath = new Uint8Array(0)

  // one request each
  #freeRequest = NONE
  #usedRequests = 0
  #requestNext = new Int32Array(0)
  #requestLookup = new Uint32Array(0)
  #requestGeneration = new Uint32Array(0)
  #requestPath = new Uint8Array(0)
  #requestPeer = new Uint32Array(0)
  #requestHop = new Uint8Array(0)

  constructor(init: LookupInit) {
    const { ids, policy, kinds, wheel } = init
    this.#init = init
    this.#paths = policy.beta == null ? policy.paths : 1
    this.#lists = new PathLists(ids, policy.k)
    this.#early = policy.beta == null ? undefined : new EarlyStop(ids, policy.k, policy.beta)
    this.#seen = new Seen(policy.k * (this.#paths === 1 ? 16 : 12 * this.#paths))
    this.#merged = new Uint32Array(this.#paths * policy.k)
    this.#distances = new Uint32Array(policy.k)
    this.#answerKind = kinds
    this.#failureKind = kinds + 1
    wheel.handle(this.#answerKind, (request, generation) => this.#onAnswer(request, generation))
    wheel.handle(this.#failureKind, (request, generation) => this.#onFailure(request, generation))
  }

  /** Lookups that have not ended. */
  get active(): number {
    return this.#active
  }

  /** What the lists of all lookups that ever ran at once take, in bytes. */
  get bytes(): number {
    return (
      this.#lists.bytes +
      this.#seen.bytes +
      (this.#early?.bytes ?? 0) +
      this.#capacity * (48 + this.#paths) +
      this.#requestNext.length * 18
    )
  }

  /** Begins a lookup; `tag` comes back with its result. With nobody in the table it ends at once. */
  start(
    tag: number,
    source: number,
    keyHi: number,
    keyLo: number,
    stopAt?: (node: number) => boolean
  ): void {
    const { tables, policy, rng, ids } = this.#init
    if (this.#freeLookups.length === 0) this.#growLookups()
    const lookup = this.#freeLookups.pop() as number
    this.#active++
    this.#tag[lookup] = tag
    this.#source[lookup] = source
    this.#keyHi[lookup] = keyHi
    this.#keyLo[lookup] = keyLo
    this.#started[lookup] = this.#init.wheel.now
    this.#requests[lookup] = 0
    this.#failures[lookup] = 0
    this.#running[lookup] = 0
    this.#stopAt[lookup] = stopAt
    const count = tables.closest(source, keyHi, keyLo, policy.k, NONE)
    const known = tables.found
    keepNearest(ids, known, 0, count, count, keyHi, keyLo)
    if (this.#early !== undefined) this.#startEarly(lookup, this.#early, known, count)
    else {
      sortAtRandom(known, count, rng)
      this.#deal(lookup, known, count)
    }
    if (this.#running[lookup] === 0) this.#end(lookup, NONE)
  }

  /** The first of each path leave at once, as dealt; the rest wait, nearest first. */
  #deal(lookup: number, known: Uint32Array, count: number): void {
    const paths = this.#paths
    const keyHi = this.#keyHi[lookup] as number
    const keyLo = this.#keyLo[lookup] as number
    const first = lookup * paths
    for (let path = first; path < first + paths; path++) this.#lists.clear(path)
    this.#runningOnPath.fill(0, first, first + paths)
    this.#seen.clear(lookup)
    for (let i = 0; i < count; i++) this.#seen.add(lookup, known[i] as number)
    for (let i = 0; i < count; i++) {
      const path = first + (i % paths)
      if ((this.#runningOnPath[path] as number) < this.#init.policy.alpha) {
        this.#ask(lookup, path, known[i] as number, 1)
      } else {
        const peer = known[i] as number
        const distance = ((this.#init.ids.hi[peer] as number) ^ keyHi) >>> 0
        this.#lists.wait(path, peer, distance, 1, keyHi, keyLo)
      }
    }
  }

  #startEarly(lookup: number, early: EarlyStop, known: Uint32Array, count: number): void {
    const keyHi = this.#keyHi[lookup] as number
    const keyLo = this.#keyLo[lookup] as number
    early.clear(lookup)
    this.#runningOnPath[lookup] = 0
    this.#measure(known, count, keyHi)
    for (let i = 0; i < count; i++) {
      early.list(lookup, known[i] as number, this.#distances[i] as number, 1, keyHi, keyLo)
    }
    this.#pumpEarly(lookup, early)
  }

  #ask(lookup: number, path: number, peer: number, hop: number): void {
    const { wheel, online, oneWayTicks, policy } = this.#init
    const source = this.#source[lookup] as number
    this.#requests[lookup] = (this.#requests[lookup] as number) + 1
    this.#running[lookup] = (this.#running[lookup] as number) + 1
    this.#runningOnPath[path] = (this.#runningOnPath[path] as number) + 1
    this.#init.onMessage?.(source, peer)
    const request = this.#takeRequest()
    const generation = this.#generation[lookup] as number
    this.#requestLookup[request] = lookup
    this.#requestGeneration[request] = generation
    this.#requestPath[request] = path - lookup * this.#paths
    this.#requestPeer[request] = peer
    this.#requestHop[request] = hop
    let ticks = NONE
    if (online[peer] !== 0) {
      const there = oneWayTicks(source, peer)
      const back = there < 0 ? there : oneWayTicks(peer, source)
      if (back >= 0) ticks = there + back
    }
    if (ticks >= 0 && ticks <= policy.timeoutTicks) {
      wheel.schedule(wheel.now + ticks, this.#answerKind, request, generation)
    } else {
      wheel.schedule(wheel.now + policy.timeoutTicks, this.#failureKind, request, generation)
    }
  }

  #onAnswer(request: number, generation: number): void {
    const lookup = this.#requestLookup[request] as number
    const peer = this.#requestPeer[request] as number
    const hop = this.#requestHop[request] as number
    const path = lookup * this.#paths + (this.#requestPath[request] as number)
    this.#giveRequest(request)
    if (this.#generation[lookup] !== generation) return
    const source = this.#source[lookup] as number
    this.#init.onMessage?.(peer, source)
    this.#init.onContact?.(source, peer, true)
    if (this.#early === undefined) this.#follow(lookup, path, source, peer, hop)
    else this.#followEarly(lookup, this.#early, source, peer, hop)
    if (this.#stopAt[lookup]?.(peer) === true) this.#end(lookup, peer)
    else this.#goOn(lookup, path)
  }

  #onFailure(request: number, generation: number): void {
    const lookup = this.#requestLookup[request] as number
    const peer = this.#requestPeer[request] as number
    const path = lookup * this.#paths + (this.#requestPath[request] as number)
    this.#giveRequest(request)
    if (this.#generation[lookup] !== generation) return
    this.#failures[lookup] = (this.#failures[lookup] as number) + 1
    this.#early?.fail(lookup, peer)
    this.#init.onContact?.(this.#source[lookup] as number, peer, false)
    this.#goOn(lookup, path)
  }

  /** Queues those of an answer whom kad-dht would queue. */
  #follow(lookup: number, path: number, source: number, peer: number, hop: number): void {
    const { tables, policy } = this.#init
    const keyHi = this.#keyHi[lookup] as number
    const keyLo = this.#keyLo[lookup] as number
    const lists = this.#lists
    const own = ((this.#init.ids.hi[peer] as number) ^ keyHi) >>> 0
    // others may have answered while this one was asked
    if (lists.canAnswer(path, peer, own, keyHi, keyLo)) {
      lists.answer(path, peer, own, hop, keyHi, keyLo)
    }
    const count = tables.closer(peer, keyHi, keyLo, policy.k, source)
    const told = tables.found
    const distances = this.#measure(told, count, keyHi)
    const nextHop = hop < HOPS_MAX ? hop + 1 : hop
    for (let i = 0; i < count; i++) {
      const other = told[i] as number
      const distance = distances[i] as number
      if (!lists.canAnswer(path, other, distance, keyHi, keyLo)) continue
      if (this.#seen.add(lookup, other)) {
        lists.wait(path, other, distance, nextHop, keyHi, keyLo)
      }
    }
  }

  /** All distances first: reads far apart in memory then wait together, not one after another. */
  #measure(peers: Uint32Array, count: number, keyHi: number): Uint32Array {
    const hi = this.#init.ids.hi
    const distances = this.#distances
    for (let i = 0; i < count; i++) distances[i] = (hi[peers[i] as number] as number) ^ keyHi
    return distances
  }

  #followEarly(lookup: number, early: EarlyStop, source: number, peer: number, hop: number): void {
    const { tables, policy } = this.#init
    const keyHi = this.#keyHi[lookup] as number
    const keyLo = this.#keyLo[lookup] as number
    early.answer(lookup, peer)
    const count = tables.closest(peer, keyHi, keyLo, policy.k, source)
    const told = tables.found
    const distances = this.#measure(told, count, keyHi)
    const nextHop = hop < HOPS_MAX ? hop + 1 : hop
    for (let i = 0; i < count; i++) {
      early.list(lookup, told[i] as number, distances[i] as number, nextHop, keyHi, keyLo)
    }
  }

  /** A request has ended: the path's next leave, or the lookup ends. */
  #goOn(lookup: number, path: number): void {
    this.#running[lookup] = (this.#running[lookup] as number) - 1
    this.#runningOnPath[path] = (this.#runningOnPath[path] as number) - 1
    const early = this.#early
    const isOver = early?.isOver(lookup) === true
    if (early === undefined) this.#pump(lookup, path)
    else if (!isOver) this.#pumpEarly(lookup, early)
    if (isOver || this.#running[lookup] === 0) this.#end(lookup, NONE)
  }

  #pump(lookup: number, path: number): void {
    const lists = this.#lists
    const alpha = this.#init.policy.alpha
    while ((this.#runningOnPath[path] as number) < alpha && lists.waits(path) > 0) {
      const peer = lists.next(path)
      const hop = lists.lastHop
      const keyHi = this.#keyHi[lookup] as number
      const keyLo = this.#keyLo[lookup] as number
      if (!lists.canAnswer(path, peer, lists.lastDistance, keyHi, keyLo)) {
        // it was the nearest that waited: the path has converged
        lists.forgetWaiting(path)
        break
      }
      this.#ask(lookup, path, peer, hop)
    }
  }

  #pumpEarly(lookup: number, early: EarlyStop): void {
    while ((this.#runningOnPath[lookup] as number) < this.#init.policy.alpha) {
      const peer = early.next(lookup)
      if (peer < 0) break
      this.#ask(lookup, lookup, peer, early.lastHop)
    }
  }

  #end(lookup: number, stoppedAt: number): void {
    const { k } = this.#init.policy
    const closest =
      this.#early === undefined ? this.#mergePaths(lookup, k) : this.#early.nearest(lookup, k)
    const result: LookupResult = {
      tag: this.#tag[lookup] as number,
      source: this.#source[lookup] as number,
      requests: this.#requests[lookup] as number,
      failed: this.#failures[lookup] as number,
      hops: this.#early === undefined ? this.#hopsTo(lookup, closest[0]) : this.#early.hops(lookup),
      latencyTicks: this.#init.wheel.now - (this.#started[lookup] as number),
      found: closest.length,
      closest,
      stoppedAt
    }
    // answers that are still under way belong to nobody any more
    this.#generation[lookup] = (this.#generation[lookup] as number) + 1
    this.#stopAt[lookup] = undefined
    this.#freeLookups.push(lookup)
    this.#active--
    this.#init.onDone(result)
  }

  #mergePaths(lookup: number, k: number): Uint32Array {
    const merged = this.#merged
    let count = 0
    const first = lookup * this.#paths
    for (let path = first; path < first + this.#paths; path++) {
      const answers = this.#lists.answers(path)
      for (let i = 0; i < answers; i++) merged[count++] = this.#lists.answeredAt(path, i)
    }
    const keep = Math.min(k, count)
    const keyHi = this.#keyHi[lookup] as number
    if (this.#paths > 1) {
      keepNearest(this.#init.ids, merged, 0, count, keep, keyHi, this.#keyLo[lookup] as number)
    }
    return merged.slice(0, keep)
  }

  #hopsTo(lookup: number, nearest: number | undefined): number {
    if (nearest === undefined) return 0
    const first = lookup * this.#paths
    for (let path = first; path < first + this.#paths; path++) {
      if (this.#lists.answers(path) > 0 && this.#lists.answeredAt(path, 0) === nearest) {
        return this.#lists.hopAt(path, 0)
      }
    }
    return 0
  }

  #takeRequest(): number {
    if (this.#freeRequest !== NONE) {
      const request = this.#freeRequest
      this.#freeRequest = this.#requestNext[request] as number
      return request
    }
    if (this.#usedRequests === this.#requestNext.length) this.#growRequests()
    return this.#usedRequests++
  }

  #giveRequest(request: number): void {
    this.#requestNext[request] = this.#freeRequest
    this.#freeRequest = request
  }

  #growRequests(): void {
    const length = Math.max(FIRST_REQUESTS, this.#requestNext.length * 2)
    this.#requestNext = copied(this.#requestNext, new Int32Array(length))
    this.#requestLookup = copied(this.#requestLookup, new Uint32Array(length))
    this.#requestGeneration = copied(this.#requestGeneration, new Uint32Array(length))
    this.#requestPath = copied(this.#requestPath, new Uint8Array(length))
    this.#requestPeer = copied(this.#requestPeer, new Uint32Array(length))
    this.#requestHop = copied(this.#requestHop, new Uint8Array(length))
  }

  #growLookups(): void {
    const before = this.#capacity
    const length = Math.max(FIRST_LOOKUPS, before * 2)
    this.#capacity = length
    this.#tag = copied(this.#tag, new Float64Array(length))
    this.#source = copied(this.#source, new Uint32Array(length))
    this.#keyHi = copied(this.#keyHi, new Uint32Array(length))
    this.#keyLo = copied(this.#keyLo, new Uint32Array(length))
    this.#started = copied(this.#started, new Float64Array(length))
    this.#requests = copied(this.#requests, new Uint32Array(length))
    this.#failures = copied(this.#failures, new Uint32Array(length))
    this.#running = copied(this.#running, new Uint32Array(length))
    this.#generation = copied(this.#generation, new Uint32Array(length))
    this.#runningOnPath = copied(this.#runningOnPath, new Uint8Array(length * this.#paths))
    this.#early?.grow(length)
    if (this.#early === undefined) {
      this.#seen.grow(length)
      this.#lists.grow(length * this.#paths)
    }
    for (let lookup = length - 1; lookup >= before; lookup--) this.#freeLookups.push(lookup)
  }
}

function copied<T extends Uint8Array | Uint32Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}
