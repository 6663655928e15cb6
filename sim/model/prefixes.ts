/**
 * Where a prefix's nodes stand among the sorted ids: by one look-up as deep as there are about as many
 * prefixes as nodes, by search below that. Of all nodes, or of the servers alone.
 * @module
 */
import type { Ids } from './ids.ts'

/** 2^24 starts are 64 MiB; deeper than that a cell of ten million nodes holds one anyway. */
const CELL_BITS_MAX = 24

export class Prefixes {
  /** How many nodes there are to be found. */
  readonly count: number
  /** The first and the one after the last position that `find` found. */
  from = 0
  to = 0

  readonly #hi: Uint32Array
  readonly #lo: Uint32Array
  /** Node at each position; undefined when they are the same. */
  readonly #members: Uint32Array | undefined
  readonly #bits: number
  readonly #starts: Uint32Array

  constructor(ids: Ids, servers?: Uint8Array) {
    this.#hi = ids.hi
    this.#lo = ids.lo
    this.#members = servers == null ? undefined : membersOf(servers, ids.count)
    this.count = this.#members?.length ?? ids.count
    this.#bits = Math.max(1, Math.min(CELL_BITS_MAX, 32 - Math.clz32(this.count >>> 1)))
    this.#starts = this.#startsOfCells()
  }

  get bytes(): number {
    return this.#starts.byteLength + (this.#members?.byteLength ?? 0)
  }

  nodeAt(position: number): number {
    return this.#members === undefined ? position : (this.#members[position] as number)
  }

  /** Sets `from` and `to` to the nodes whose first `depth` bits are those of (hi, lo). */
  find(hi: number, lo: number, depth: number): void {
    const bits = this.#bits
    if (depth <= bits) {
      if (depth === 0) {
        this.from = 0
        this.to = this.count
        return
      }
      const prefix = hi >>> (32 - depth)
      this.from = this.#starts[prefix << (bits - depth)] as number
      this.to = this.#starts[(prefix + 1) << (bits - depth)] as number
      return
    }
    const cell = hi >>> (32 - bits)
    const from = this.#starts[cell] as number
    const to = this.#starts[cell + 1] as number
    const maskHi = depth >= 32 ? 0 : 0xffff_ffff >>> depth
    const maskLo = depth <= 32 ? 0xffff_ffff : depth >= 64 ? 0 : 0xffff_ffff >>> (depth - 32)
    this.from = this.#search(from, to, (hi & ~maskHi) >>> 0, (lo & ~maskLo) >>> 0, false)
    this.to = this.#search(this.from, to, (hi | maskHi) >>> 0, (lo | maskLo) >>> 0, true)
  }

  /** The first position whose id is not below (hi, lo), or, `after` it, is above. */
  #search(from: number, to: number, hi: number, lo: number, after: boolean): number {
    let low = from
    let high = to
    while (low < high) {
      const middle = (low + high) >>> 1
      const node = this.nodeAt(middle)
      const atHi = this.#hi[node] as number
      const atLo = this.#lo[node] as number
      const below = atHi < hi || (atHi === hi && (after ? atLo <= lo : atLo < lo))
      if (below) low = middle + 1
      else high = middle
    }
    return low
  }

  #startsOfCells(): Uint32Array {
    const starts = new Uint32Array(2 ** this.#bits + 1)
    const shift = 32 - this.#bits
    for (let position = 0; position < this.count; position++) {
      const after = ((this.#hi[this.nodeAt(position)] as number) >>> shift) + 1
      starts[after] = (starts[after] as number) + 1
    }
    for (let cell = 1; cell < starts.length; cell++) {
      starts[cell] = (starts[cell] as number) + (starts[cell - 1] as number)
    }
    return starts
  }
}

function membersOf(servers: Uint8Array, count: number): Uint32Array {
  let size = 0
  for (let i = 0; i < count; i++) size += servers[i] === 0 ? 0 : 1
  const members = new Uint32Array(size)
  let at = 0
  for (let i = 0; i < count; i++) if (servers[i] !== 0) members[at++] = i
  return members
}
