/**
 * The two lists of a query's path, for all paths of all running lookups in a few arrays: the peers
 * still to be asked, and the nearest that answered. A distance is the first 32 bits of the XOR, and
 * the next 32 only where those are equal.
 * @module
 */
import { type Ids, isNearer } from './ids.ts'

export class PathLists {
  readonly #ids: Ids
  readonly #k: number
  /** Room for peers still to be asked; when it is full, the farthest are forgotten. */
  readonly #room: number

  // still to be asked: farthest first, so that the next is the last
  #waiting = new Uint32Array(0)
  #waitingDistance = new Uint32Array(0)
  #waitingHop = new Uint8Array(0)
  #waits = new Uint16Array(0)

  // answered: nearest first
  #answered = new Uint32Array(0)
  #answeredDistance = new Uint32Array(0)
  #answeredHop = new Uint8Array(0)
  #answers = new Uint8Array(0)

  constructor(ids: Ids, k: number) {
    this.#ids = ids
    this.#k = k
    // a peer is asked if fewer than k nearer ones answer: what is forgotten could have mattered only
    // had more than 3k nearer ones failed
    this.#room = 4 * k
  }

  get bytes(): number {
    return this.#waiting.length * 9 + this.#answered.length * 9 + this.#waits.length * 3
  }

  grow(paths: number): void {
    this.#waiting = resized(this.#waiting, paths * this.#room)
    this.#waitingDistance = resized(this.#waitingDistance, paths * this.#room)
    this.#waitingHop = resized(this.#waitingHop, paths * this.#room)
    this.#waits = resized(this.#waits, paths)
    this.#answered = resized(this.#answered, paths * this.#k)
    this.#answeredDistance = resized(this.#answeredDistance, paths * this.#k)
    this.#answeredHop = resized(this.#answeredHop, paths * this.#k)
    this.#answers = resized(this.#answers, paths)
  }

  clear(path: number): void {
    this.#waits[path] = 0
    this.#answers[path] = 0
  }

  /** Peers that wait, and peers that answered. */
  waits(path: number): number {
    return this.#waits[path] as number
  }

  answers(path: number): number {
    return this.#answers[path] as number
  }

  answeredAt(path: number, place: number): number {
    return this.#answered[path * this.#k + place] as number
  }

  hopAt(path: number, place: number): number {
    return this.#answeredHop[path * this.#k + place] as number
  }

  /** Whether a peer could enter the nearest that answered: there is room, or it is nearer than the last. */
  canAnswer(path: number, peer: number, distance: number, keyHi: number, keyLo: number): boolean {
    if ((this.#answers[path] as number) < this.#k) return true
    const last = path * this.#k + this.#k - 1
    const lastDistance = this.#answeredDistance[last] as number
    if (distance !== lastDistance) return distance < lastDistance
    return isNearer(this.#ids, peer, this.#answered[last] as number, keyHi, keyLo)
  }

  /** Only for peers that can answer (`canAnswer`) and are not yet among them. */
  answer(
    path: number,
    peer: number,
    distance: number,
    hop: number,
    keyHi: number,
    keyLo: number
  ): void {
    const peers = this.#answered
    const distances = this.#answeredDistance
    const first = path * this.#k
    const count = this.#answers[path] as number
    let at = first + (count < this.#k ? count : count - 1)
    if (count < this.#k) this.#answers[path] = count + 1
    while (at > first) {
      const other = distances[at - 1] as number
      if (other < distance) break
      if (other === distance && isNearer(this.#ids, peers[at - 1] as number, peer, keyHi, keyLo))
        break
      peers[at] = peers[at - 1] as number
      distances[at] = other
      this.#answeredHop[at] = this.#answeredHop[at - 1] as number
      at--
    }
    peers[at] = peer
    distances[at] = distance
    this.#answeredHop[at] = hop
  }

  wait(
    path: number,
    peer: number,
    distance: number,
    hop: number,
    keyHi: number,
    keyLo: number
  ): void {
    const peers = this.#waiting
    const distances = this.#waitingDistance
    const hops = this.#waitingHop
    const first = path * this.#room
    let count = this.#waits[path] as number
    if (count === this.#room) {
      const farthest = peers[first] as number
      if (!isNearer(this.#ids, peer, farthest, keyHi, keyLo)) return
      peers.copyWithin(first, first + 1, first + count)
      distances.copyWithin(first, first + 1, first + count)
      hops.copyWithin(first, first + 1, first + count)
      count--
    }
    let at = first + count
    while (at > first) {
      const other = distances[at - 1] as number
      if (other > distance) break
      if (other === distance && isNearer(this.#ids, peer, peers[at - 1] as number, keyHi, keyLo))
        break
      peers[at] = peers[at - 1] as number
      distances[at] = other
      hops[at] = hops[at - 1] as number
      at--
    }
    peers[at] = peer
    distances[at] = distance
    hops[at] = hop
    this.#waits[path] = count + 1
  }

  /** Takes the nearest that waits out of the list; more of it is in `last…`. Only while somebody waits. */
  next(path: number): number {
    const count = (this.#waits[path] as number) - 1
    this.#waits[path] = count
    const at = path * this.#room + count
    this.lastHop = this.#waitingHop[at] as number
    this.lastDistance = this.#waitingDistance[at] as number
    return this.#waiting[at] as number
  }

  lastHop = 0
  lastDistance = 0

  forgetWaiting(path: number): void {
    this.#waits[path] = 0
  }
}

function resized<T extends Uint8Array | Uint16Array | Uint32Array>(from: T, length: number): T {
  const to = new (from.constructor as new (length: number) => T)(length)
  to.set(from)
  return to
}
