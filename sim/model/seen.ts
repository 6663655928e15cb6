/**
 * Which peers a lookup has queued already, over all its paths: a small hash set for each running
 * lookup, in one array. (kad-dht asks a cuckoo filter, which now and then takes a stranger for known;
 * this one does not.)
 * @module
 */
const KNUTH = 0x9e37_79b1

export class Seen {
  /** A power of two. */
  readonly #size: number
  readonly #shift: number
  #peers = new Uint32Array(0)
  #counts = new Uint32Array(0)

  /** Room for `most` peers each. */
  constructor(most: number) {
    const bits = 33 - Math.clz32(most - 1)
    this.#size = 2 ** bits
    this.#shift = 32 - bits
  }

  get bytes(): number {
    return this.#peers.byteLength
  }

  grow(lookups: number): void {
    const peers = new Uint32Array(lookups * this.#size)
    peers.set(this.#peers)
    this.#peers = peers
    const counts = new Uint32Array(lookups)
    counts.set(this.#counts)
    this.#counts = counts
  }

  clear(lookup: number): void {
    if (this.#counts[lookup] === 0) return
    this.#counts[lookup] = 0
    this.#peers.fill(0, lookup * this.#size, (lookup + 1) * this.#size)
  }

  /**
   * Whether the peer was new; it is not any more. When the set is three quarters full all are taken
   * for known, so that a lookup's work has an end.
   */
  add(lookup: number, peer: number): boolean {
    const peers = this.#peers
    const first = lookup * this.#size
    const mask = this.#size - 1
    let at = Math.imul(peer, KNUTH) >>> this.#shift
    for (;;) {
      const other = peers[first + at] as number
      if (other === 0) break
      if (other === peer + 1) return false
      at = (at + 1) & mask
    }
    const count = this.#counts[lookup] as number
    if (count >= (this.#size >>> 2) * 3) return false
    this.#counts[lookup] = count + 1
    peers[first + at] = peer + 1
    return true
  }
}
