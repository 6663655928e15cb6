/**
 * The one list of a lookup that ends early, as go-libp2p-kad-dht's: each peer heard of, asked,
 * answered or failed; over when the `beta` nearest that have not failed have answered.
 * @module
 */
import { type Ids, isNearer } from './ids.ts'

const HEARD = 0
const ASKED = 1
const ANSWERED = 2
const FAILED = 3
/** A note is the hop, and the state in its last two bits. */
const STATE = 3
const HOP_MAX = 63

export class EarlyStop {
  readonly #ids: Ids
  readonly #beta: number
  readonly #room: number
  /** Twice the room: peers stand farthest first, and those forgotten at the front leave a gap there. */
  readonly #width: number
  #peers = new Uint32Array(0)
  #distances = new Uint32Array(0)
  #notes = new Uint8Array(0)
  #starts = new Uint32Array(0)
  #ends = new Uint32Array(0)
  lastHop = 0

  constructor(ids: Ids, k: number, beta: number) {
    this.#ids = ids
    this.#beta = beta
    // beyond that many nobody is asked unless as many nearer ones fail
    this.#room = 2 * Math.max(k, beta)
    this.#width = 2 * this.#room
  }

  get bytes(): number {
    return this.#peers.length * 9 + this.#starts.length * 8
  }

  grow(lookups: number): void {
    const length = lookups * this.#width
    const copy = <T extends Uint8Array | Uint32Array>(from: T, to: T): T => {
      to.set(from)
      return to
    }
    this.#peers = copy(this.#peers, new Uint32Array(length))
    this.#distances = copy(this.#distances, new Uint32Array(length))
    this.#notes = copy(this.#notes, new Uint8Array(length))
    this.#starts = copy(this.#starts, new Uint32Array(lookups))
    this.#ends = copy(this.#ends, new Uint32Array(lookups))
  }

  clear(lookup: number): void {
    this.#starts[lookup] = lookup * this.#width
    this.#ends[lookup] = lookup * this.#width
  }

  /** Lists a peer that was told of, unless it is listed or farther than all of a full list. */
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
    const notes = this.#notes
    const start = this.#starts[lookup] as number
    const end = this.#ends[lookup] as number
    let at = end
    for (; at > start; at--) {
      const other = distances[at - 1] as number
      if (other > distance) break
      if (other < distance) continue
      const listed = peers[at - 1] as number
      if (listed === peer) return
      if (isNearer(this.#ids, peer, listed, keyHi, keyLo)) break
    }
    if (end - start === this.#room) {
      if (at === start) return
      // the farthest makes room
      this.#starts[lookup] = start + 1
    }
    for (let i = end; i > at; i--) {
      peers[i] = peers[i - 1] as number
      distances[i] = distances[i - 1] as number
      notes[i] = notes[i - 1] as number
    }
    peers[at] = peer
    distances[at] = distance
    notes[at] = ((hop < HOP_MAX ? hop : HOP_MAX) << 2) | HEARD
    this.#ends[lookup] = end + 1
    if (end + 1 === (lookup + 1) * this.#width) this.#closeGap(lookup)
  }

  /** The nearest that was only heard of, now asked; -1 when there is none. */
  next(lookup: number): number {
    const start = this.#starts[lookup] as number
    for (let i = (this.#ends[lookup] as number) - 1; i >= start; i--) {
      const note = this.#notes[i] as number
      if ((note & STATE) !== HEARD) continue
      this.#notes[i] = note | ASKED
      this.lastHop = note >>> 2
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
    const start = this.#starts[lookup] as number
    let left = this.#beta
    for (let i = (this.#ends[lookup] as number) - 1; i >= start && left > 0; i--) {
      const state = (this.#notes[i] as number) & STATE
      if (state === FAILED) continue
      if (state !== ANSWERED) return false
      left--
    }
    return true
  }

  /** The k nearest that have not failed. */
  nearest(lookup: number, k: number): Uint32Array {
    const start = this.#starts[lookup] as number
    const found = new Uint32Array(k)
    let count = 0
    for (let i = (this.#ends[lookup] as number) - 1; i >= start && count < k; i--) {
      if (((this.#notes[i] as number) & STATE) !== FAILED) found[count++] = this.#peers[i] as number
    }
    return found.subarray(0, count)
  }

  /** Answers in a row up to the nearest that has not failed. */
  hops(lookup: number): number {
    const start = this.#starts[lookup] as number
    for (let i = (this.#ends[lookup] as number) - 1; i >= start; i--) {
      const note = this.#notes[i] as number
      if ((note & STATE) !== FAILED) return note >>> 2
    }
    return 0
  }

  #set(lookup: number, peer: number, state: number): void {
    const start = this.#starts[lookup] as number
    for (let i = (this.#ends[lookup] as number) - 1; i >= start; i--) {
      if (this.#peers[i] === peer) {
        this.#notes[i] = ((this.#notes[i] as number) & ~STATE) | state
        return
      }
    }
  }

  #closeGap(lookup: number): void {
    const first = lookup * this.#width
    const start = this.#starts[lookup] as number
    const end = this.#ends[lookup] as number
    this.#peers.copyWithin(first, start, end)
    this.#distances.copyWithin(first, start, end)
    this.#notes.copyWithin(first, start, end)
    this.#starts[lookup] = first
    this.#ends[lookup] = first + end - start
  }
}
