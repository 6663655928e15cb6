/**
 * Settled routing tables without a byte for their entries: who is in a bucket follows from a seed,
 * the node and the bucket by a counter-based hash, and is worked out when a lookup asks.
 *
 * What this models. A bucket takes whoever comes first and keeps the living, so it holds everybody
 * who belongs there when there is room, else k of them in no relation to their distance: the order
 * of drawing is the order of arrival. It does not model that older nodes are known to more others,
 * nor that a node meets its near neighbours first. Under churn a bucket is the first k of its order
 * that are online, or not away for longer than the table takes to notice (`Stale`); a peer that
 * comes back takes its old place again, where in a real table somebody else would be in it.
 * @module
 */
import { type Ids, isNearer, sharedBits } from './ids.ts'
import { keepNearest } from './nearest.ts'
import { Prefixes } from './prefixes.ts'
import type { BuildTablesOptions, TablePolicy, Tables } from './tables.ts'

/** Who is away, and what tables know of it. */
export interface Stale {
  /** 1 for each node that is online. */
  readonly online: Uint8Array
  /** Since which second of the run a node that is not online has been away; may be negative. */
  readonly awaySince: Int32Array
  /** The run's second. */
  readonly now: number
  /** For each place of a bucket, oldest first: after how many seconds an away peer is gone from it. */
  readonly keepSeconds: Float64Array
}

/** Draws that may fail, as a multiple of k, before a bucket takes the next in line. */
const DRAWS_FACTOR = 8
const MARKS = 1_024
const UNIT = 2 ** -32

export class DrawnTables implements Tables {
  readonly policy: TablePolicy
  readonly found: Uint32Array

  readonly #ids: Ids
  readonly #seed: number
  readonly #prefixes: Prefixes
  readonly #stale: Stale | undefined
  /** Bits by which `js` sorts peers into buckets: no deeper than where all fit in. */
  readonly #depth: number
  /** Nodes drawn lately, by their low bits, to notice that one is drawn twice. */
  readonly #marks = new Uint32Array(MARKS)
  #mark = 0

  constructor(ids: Ids, policy: TablePolicy, seed: number, options: BuildTablesOptions) {
    this.policy = policy
    this.#ids = ids
    this.#seed = seed
    this.#prefixes = new Prefixes(ids, options.servers)
    this.#stale = options.stale
    this.#depth = depthOf(this.#prefixes, policy)
    this.found = new Uint32Array(64 + 2 * policy.k)
  }

  get bytes(): number {
    return this.#prefixes.bytes
  }

  sizeOf(node: number): number {
    const { hi, lo } = this.#ids
    const nodeHi = hi[node] as number
    const nodeLo = lo[node] as number
    let size = 0
    const own = this.#ownBucket(nodeHi)
    if (this.policy.table !== 'classic') {
      for (let bucket = 0; bucket < 2 ** this.#depth; bucket++) {
        if (bucket === own) continue
        size += this.#fill(node, bucket, this.#depth, bucket << (32 - this.#depth), 0, 0, -1)
      }
      if (own < 0) return size
    }
    const first = own < 0 ? 0 : this.#depth
    for (let depth = first; depth <= this.#deepest(nodeHi, nodeLo, node); depth++) {
      size += this.#fillSibling(node, nodeHi, nodeLo, depth, 0, -1)
    }
    return size
  }

  closest(node: number, keyHi: number, keyLo: number, k: number, except: number): number {
    return this.policy.table === 'classic'
      ? this.#fromSiblings(node, keyHi, keyLo, k, except, true)
      : this.#fromTrie(node, keyHi, keyLo, k, except, 2 ** this.#depth - 1, false)
  }

  closer(node: number, keyHi: number, keyLo: number, k: number, except: number): number {
    if (this.policy.table === 'classic') {
      return this.#fromSiblings(node, keyHi, keyLo, k, except, false)
    }
    // bucket by bucket outward from the key's; the node's own is the last with anybody nearer
    const depth = this.#depth
    const own = depth === 0 ? 0 : (((this.#ids.hi[node] as number) ^ keyHi) >>> (32 - depth)) >>> 0
    return this.#fromTrie(node, keyHi, keyLo, k, except, own, true)
  }

  #fromTrie(
    node: number,
    keyHi: number,
    keyLo: number,
    k: number,
    except: number,
    last: number,
    onlyNearer: boolean
  ): number {
    const depth = this.#depth
    const shift = 32 - depth
    const target = depth === 0 ? 0 : keyHi >>> shift
    const own = this.#ownBucket(this.#ids.hi[node] as number)
    let count = 0
    for (let step = 0; step <= last && count < k; step++) {
      const bucket = target ^ step
      const word = depth === 0 ? 0 : (bucket << shift) >>> 0
      const before = count
      count =
        bucket === own
          ? this.#fillOwn(node, keyHi, keyLo, k, count, except)
          : this.#fill(node, bucket, depth, word, 0, count, except)
      if (count > k) {
        keepNearest(this.#ids, this.found, before, count, k - before, keyHi, keyLo)
        count = k
      }
      if (onlyNearer && step === last) count = this.#dropFarther(node, keyHi, keyLo, before, count)
    }
    return count
  }

  /** Of `near`, the bucket that is cut finer; -1 of others. */
  #ownBucket(nodeHi: number): number {
    if (this.policy.table !== 'near') return -1
    return this.#depth === 0 ? 0 : nodeHi >>> (32 - this.#depth)
  }

  /** `near`: k for each further bit that a peer shares with the node, of these the nearest to the key. */
  #fillOwn(
    node: number,
    keyHi: number,
    keyLo: number,
    k: number,
    before: number,
    except: number
  ): number {
    const nodeHi = this.#ids.hi[node] as number
    const nodeLo = this.#ids.lo[node] as number
    const deepest = this.#deepest(nodeHi, nodeLo, node)
    let count = before
    for (let depth = this.#depth; depth <= deepest; depth++) {
      count = this.#fillSibling(node, nodeHi, nodeLo, depth, count, except)
      if (count <= k) continue
      keepNearest(this.#ids, this.found, before, count, k - before, keyHi, keyLo)
      count = k
    }
    return count
  }

  /**
   * `classic`: where the node's id and the key differ, the bucket of that depth is nearer to the key
   * than the node, the first such nearest; where they agree it is farther, the deepest least.
   */
  #fromSiblings(
    node: number,
    keyHi: number,
    keyLo: number,
    k: number,
    except: number,
    all: boolean
  ): number {
    const nodeHi = this.#ids.hi[node] as number
    const nodeLo = this.#ids.lo[node] as number
    let count = 0
    let differ = nodeHi ^ keyHi
    let deepest = -1
    for (let half = 0; half < 64; half += 32) {
      while (differ !== 0 && count < k) {
        const bit = Math.clz32(differ)
        differ &= ~(0x8000_0000 >>> bit)
        const depth = half + bit
        count = this.#takeSibling(node, nodeHi, nodeLo, depth, keyHi, keyLo, k, except, count)
        // mostly the first bucket suffices; else: below the last neighbour everything is empty
        if (count >= k || depth < 8) continue
        if (deepest < 0) deepest = this.#deepest(nodeHi, nodeLo, node)
        if (depth >= deepest) break
      }
      differ = nodeLo ^ keyLo
      if (count >= k || (deepest >= 0 && deepest < 32)) break
    }
    if (!all || count >= k) return count
    if (deepest < 0) deepest = this.#deepest(nodeHi, nodeLo, node)
    for (let depth = deepest; depth >= 0 && count < k; depth--) {
      const word = depth < 32 ? nodeHi ^ keyHi : nodeLo ^ keyLo
      if (((word >>> (31 - (depth & 31))) & 1) === 1) continue
      count = this.#takeSibling(node, nodeHi, nodeLo, depth, keyHi, keyLo, k, except, count)
    }
    return count
  }

  #takeSibling(
    node: number,
    nodeHi: number,
    nodeLo: number,
    depth: number,
    keyHi: number,
    keyLo: number,
    k: number,
    except: number,
    before: number
  ): number {
    const count = this.#fillSibling(node, nodeHi, nodeLo, depth, before, except)
    if (count <= k) return count
    keepNearest(this.#ids, this.found, before, count, k - before, keyHi, keyLo)
    return k
  }

  #fillSibling(
    node: number,
    nodeHi: number,
    nodeLo: number,
    depth: number,
    count: number,
    except: number
  ): number {
    const hi = depth < 32 ? (nodeHi ^ (0x8000_0000 >>> depth)) >>> 0 : nodeHi
    const lo = depth < 32 ? nodeLo : (nodeLo ^ (0x8000_0000 >>> (depth - 32))) >>> 0
    return this.#fill(node, depth, depth + 1, hi, lo, count, except)
  }

  /** The most bits that the node shares with any other. */
  #deepest(nodeHi: number, nodeLo: number, node: number): number {
    const { hi, lo } = this.#ids
    const prefixes = this.#prefixes
    prefixes.find(nodeHi, nodeLo, 64)
    const { from, to } = prefixes
    let deepest = 0
    for (const position of [from - 1, to]) {
      if (position < 0 || position >= prefixes.count) continue
      const other = prefixes.nodeAt(position)
      if (other === node) continue
      const shared = sharedBits(nodeHi, nodeLo, hi[other] as number, lo[other] as number)
      if (shared > deepest) deepest = shared
    }
    return deepest
  }

  /** Puts a bucket's peers behind the first `count` found; answers how many there are then. */
  #fill(
    node: number,
    bucket: number,
    depth: number,
    hi: number,
    lo: number,
    count: number,
    except: number
  ): number {
    const prefixes = this.#prefixes
    prefixes.find(hi, lo, depth)
    const from = prefixes.from
    const to = prefixes.to
    if (to - from <= this.policy.k) {
      // `js` pings nobody in a bucket that is not full, and so keeps them all
      const found = this.found
      let next = count
      for (let position = from; position < to; position++) {
        const peer = prefixes.nodeAt(position)
        if (peer !== node && peer !== except && !this.#isForgotten(peer, 0)) found[next++] = peer
      }
      return next
    }
    return this.#draw(node, bucket, from, to - from, count, except)
  }

  #draw(
    node: number,
    bucket: number,
    from: number,
    size: number,
    count: number,
    except: number
  ): number {
    const found = this.found
    const marks = this.#marks
    const prefixes = this.#prefixes
    const stale = this.#stale
    const mark = this.#nextMark()
    const k = this.policy.k
    const isJs = this.policy.table === 'js'
    const end = count + k
    let state = mix(
      mix(this.#seed ^ Math.imul(node + 1, 0x9e37_79b1)) ^ Math.imul(bucket + 1, 0x85eb_ca6b)
    )
    let next = count
    const draws = DRAWS_FACTOR * k
    for (let i = 0; next < end; i++) {
      let position: number
      if (i < draws) {
        state = (state + 0x9e37_79b9) | 0
        position = from + Math.floor((mix(state) >>> 0) * size * UNIT)
      } else {
        // hardly enough are left: once along all, and in `js`, which keeps k, once more for the dead
        if (i - draws >= (isJs ? 2 * size : size)) break
        position = from + ((i - draws) % size)
      }
      const peer = prefixes.nodeAt(position)
      if (peer === node) continue
      if (stale !== undefined && i - draws < size && stale.online[peer] === 0) {
        const kept = stale.keepSeconds[next - count] as number
        if (stale.now - (stale.awaySince[peer] as number) > kept) continue
      }
      const place = peer & (MARKS - 1)
      if (marks[place] === mark && isAmong(found, count, next, peer)) continue
      marks[place] = mark
      found[next++] = peer
    }
    if (except >= 0 && marks[except & (MARKS - 1)] === mark) {
      for (let i = count; i < next; i++) {
        if (found[i] === except) {
          found[i] = found[--next] as number
          break
        }
      }
    }
    return next
  }

  /** Of `classic`, which asks everybody at each refresh. */
  #isForgotten(peer: number, place: number): boolean {
    const stale = this.#stale
    if (stale === undefined || this.policy.table === 'js' || stale.online[peer] !== 0) return false
    return stale.now - (stale.awaySince[peer] as number) > (stale.keepSeconds[place] as number)
  }

  #dropFarther(node: number, keyHi: number, keyLo: number, from: number, count: number): number {
    const found = this.found
    let kept = from
    for (let i = from; i < count; i++) {
      const peer = found[i] as number
      if (isNearer(this.#ids, peer, node, keyHi, keyLo)) found[kept++] = peer
    }
    return kept
  }

  #nextMark(): number {
    if (this.#mark === 0xffff_ffff) {
      this.#marks.fill(0)
      this.#mark = 0
    }
    return ++this.#mark
  }
}

/** Buckets of `js` are those of `prefixLength` bits; fewer bits give the same peers once all have room. */
function depthOf(prefixes: Prefixes, { table, k, prefixLength }: TablePolicy): number {
  if (table === 'classic') return 0
  for (let depth = 0; depth < prefixLength; depth++) {
    let most = 0
    for (let prefix = 0; prefix < 2 ** depth; prefix++) {
      prefixes.find(depth === 0 ? 0 : (prefix << (32 - depth)) >>> 0, 0, depth)
      most = Math.max(most, prefixes.to - prefixes.from)
    }
    if (most <= k) return depth
  }
  return prefixLength
}

function isAmong(peers: Uint32Array, from: number, to: number, peer: number): boolean {
  for (let i = from; i < to; i++) if (peers[i] === peer) return true
  return false
}

/** The finalizer of splitmix32: every bit of the input moves every bit of the output. */
function mix(word: number): number {
  let z = word ^ (word >>> 16)
  z = Math.imul(z, 0x21f0_aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a_2d97)
  return z ^ (z >>> 15)
}
