/**
 * The one list of a lookup that ends early, as go-libp2p-kad-dht's: nearest first, each peer heard of,
 * asked, answered or failed; over when the `beta` nearest that have not failed have answered.
 * @module
 */
import { type Ids, isNearer } from './ids.ts'

const HEARD = 0
const ASKED = 1
const ANSWERED = 2
const FAILED = 3

export class EarlyStop {
  readonly #ids: Ids
  readonly #beta: number
  readonly #room: number
  #peers = new Uint32Array(0)
  #distances = new Uint32Array(0)
  #hops = new Uint8Array(0)
  #states = new Uint8Array(0)
  #counts = new Uint16Array(0)
  lastHop = 0

  constructor(ids: Ids, k: number, beta: number) {
    this.#ids = ids
    this.#beta = beta
    // beyond that many nobody is asked unless as many nearer ones fail
    this.#room = 2 * Math.max(k, beta)
  }

  get bytes(): number {
    return this.#peers.length * 10
  }

  grow(lookups: number): void {
    const length = lookups * this.#room
    const copy = <T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T => {
      to.set(from)
      return to
    }
    this.#peers = copy(this.#peers, new Uint32Array(length))
    this.#distances = copy(this.#distances, new Uint32Array(length))
    this.#hops = copy(this.#hops, new Uint8Array(length))
    this.#states = copy(this.#states, new Uint8Array(length))
    this.#counts = copy(this.#counts, new Uint16Array(lookups))
  }

  clear(lookup: number): void {
    this.#counts[lookup] = 0
  }

  hasRoomFor(
    lookup: number,
    peer: number,
    distance: number,
    keyHi: number,
    keyLo: number
  ): boolean {
    if ((this.#counts[lookup] as number) < this.#room) return true
    const last = (lookup + 1) * this.#room - 1
    const lastDistance = this.#distances[last] as number
    if (distance !== lastDistance) return distance < lastDistance
    return isNearer(this.#ids, peer, this.#peers[last] as number, keyHi, keyLo)
  }

  /** Only for peers that there is room for; the farthest makes it. */
  list(
    lookup: number,
    peer: number,
    distance: number,
    hop: number,
    keyHi: number,
    keyLo: number
  ): void {
    const peers = this.#peers
    const distances = this.#distances
    const first = lookup * this.#room
    const count = this.#counts[lookup] as number
    let at = first + (count < this.#room ? count : count - 1)
    if (count < this.#room) this.#counts[lookup] = count + 1
    while (at > first) {
      const other = distances[at - 1] as number
      if (other < distance) break
      if (other === distance && isNearer(this.#ids, peers[at - 1] as number, peer, keyHi, keyLo))
        break
      peers[at] = peers[at - 1] as number
      distances[at] = other
      this.#hops[at] = this.#hops[at - 1] as number
      this.#states[at] = this.#states[at - 1] as number
      at--
    }
    peers[at] = peer
    distances[at] = distance
    this.#hops[at] = hop
    this.#states[at] = HEARD
  }

  /** The nearest that was only heard of, now asked; -1 when there is none. */
  next(lookup: number): number {
    const first = lookup * this.#room
    const end = first + (this.#counts[lookup] as number)
    for (let i = first; i < end; i++) {
      if (this.#states[i] !== HEARD) continue
      this.#states[i] = ASKED
      this.lastHop = this.#hops[i] as number
      return this.#peers[i] as number
    }
    return -1
  }

  answer(lookup: number, peer: number): void {
    this.#set(lookup, peer, ANSWERED)
  }

  fail(lookup: number, peer: number): void {
    this.#set(lookup, peer, FAILED)
  }

  isOver(lookup: number): boolean {
    const first = lookup * this.#room
    const end = first + (this.#counts[lookup] as number)
    let left = this.#beta
    for (let i = first; i < end && left > 0; i++) {
      const state = this.#states[i]
      if (state === FAILED) continue
      if (state !== ANSWERED) return false
      left--
    }
    return true
  }

  /** The k nearest that have not failed. */
  nearest(lookup: number, k: number): Uint32Array {
    const first = lookup * this.#room
    const end = first + (this.#counts[lookup] as number)
    const found = new Uint32Array(k)
    let count = 0
    for (let i = first; i < end && count < k; i++) {
      if (this.#states[i] !== FAILED) found[count++] = this.#peers[i] as number
    }
    return found.subarray(0, count)
  }

  /** Answers in a row up to the nearest that has not failed. */
  hops(lookup: number): number {
    const first = lookup * this.#room
    const end = first + (this.#counts[lookup] as number)
    for (let i = first; i < end; i++) {
      if (this.#states[i] !== FAILED) return this.#hops[i] as number
    }
    return 0
  }

  #set(lookup: number, peer: number, state: number): void {
    const first = lookup * this.#room
    const end = first + (this.#counts[lookup] as number)
    for (let i = first; i < end; i++) {
      if (this.#peers[i] === peer) {
        this.#states[i] = state
        return
      }
    }
  }
}
