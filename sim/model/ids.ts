/**
 * Positions of the model's nodes in the key space: the first 64 bits of each Kademlia id, sorted, so
 * that a node's number is its rank and every prefix is a range of ranks. Ten million random ids share
 * 64 bits with a chance of 3 in a million; XOR distances are compared by whole words, high then low.
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'
import type { Rng } from '../random.ts'

export interface Ids {
  readonly count: number
  /** First 32 bits, ascending. */
  readonly hi: Uint32Array
  /** Next 32 bits, ascending where the first are equal. */
  readonly lo: Uint32Array
}

/** Distinct ids, uniform in the key space. */
export function randomIds(count: number, rng: Rng): Ids {
  const packed = new BigUint64Array(count)
  const halves = new Uint32Array(packed.buffer)
  let missing = count
  while (missing > 0) {
    // the places still to be filled are the last: whatever was drawn twice is drawn again
    for (let i = 2 * (count - missing); i < halves.length; i++) halves[i] = rng.u32()
    packed.sort()
    missing = moveTwinsLast(packed)
  }
  return unpack(packed)
}

/** Sorts given ids; `order[rank]` is the place that the id had in `pairs`. Words are unsigned. */
export function idsFrom(pairs: readonly (readonly [hi: number, lo: number])[]): {
  readonly ids: Ids
  readonly order: Uint32Array
} {
  const order = Uint32Array.from(pairs.keys())
  const pair = (i: number): readonly [number, number] => pairs[i] as readonly [number, number]
  order.sort((a, b) => pair(a)[0] - pair(b)[0] || pair(a)[1] - pair(b)[1])
  const ids = {
    count: pairs.length,
    hi: Uint32Array.from(order, (i) => pair(i)[0]),
    lo: Uint32Array.from(order, (i) => pair(i)[1])
  }
  for (let i = 1; i < ids.count; i++) {
    if (ids.hi[i] === ids.hi[i - 1] && ids.lo[i] === ids.lo[i - 1]) {
      throw new InvalidParametersError('"pairs" expected distinct ids, got one twice')
    }
  }
  return { ids, order }
}

/** How many ids lie below (hi, lo): the rank that it has or would have. */
export function rankOf(ids: Ids, hi: number, lo: number): number {
  let low = 0
  let high = ids.count
  while (low < high) {
    const middle = (low + high) >>> 1
    const at = ids.hi[middle] as number
    if (at < hi || (at === hi && (ids.lo[middle] as number) < lo)) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether `a` is nearer to the key than `b`, strictly. */
export function isNearer(ids: Ids, a: number, b: number, keyHi: number, keyLo: number): boolean {
  const x = ((ids.hi[a] as number) ^ keyHi) >>> 0
  const y = ((ids.hi[b] as number) ^ keyHi) >>> 0
  if (x !== y) return x < y
  return ((ids.lo[a] as number) ^ keyLo) >>> 0 < ((ids.lo[b] as number) ^ keyLo) >>> 0
}

/** Bit `depth` of an id, from the most significant; 0 to 63. */
const bitOf = (hi: number, lo: number, depth: number): number =>
  depth < 32 ? (hi >>> (31 - depth)) & 1 : (lo >>> (63 - depth)) & 1

/** How many leading bits two ids share; 64 when they are one. */
export function sharedBits(aHi: number, aLo: number, bHi: number, bLo: number): number {
  const hi = aHi ^ bHi
  return hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(aLo ^ bLo)
}

/**
 * The `k` nodes nearest to a key, nearest first; without `except` (the asker, or -1), and of those
 * online when that is given. Fewer only when there are fewer.
 */
export function trueClosest(
  ids: Ids,
  keyHi: number,
  keyLo: number,
  k: number,
  except: number,
  online?: Uint8Array
): Uint32Array {
  const found: number[] = []
  // nearest first: at each depth the half on the key's side wholly before the other
  const visit = (from: number, to: number, depth: number): void => {
    if (from >= to || found.length >= k) return
    if (to - from === 1 || depth === 64) {
      for (let i = from; i < to && found.length < k; i++) {
        if (i !== except && (online == null || online[i] !== 0)) found.push(i)
      }
      return
    }
    const middle = splitAt(ids, from, to, depth)
    if (bitOf(keyHi, keyLo, depth) === 0) {
      visit(from, middle, depth + 1)
      visit(middle, to, depth + 1)
    } else {
      visit(middle, to, depth + 1)
      visit(from, middle, depth + 1)
    }
  }
  visit(0, ids.count, 0)
  return Uint32Array.from(found)
}

/** Of a range whose ids share `depth` bits: the first rank whose next bit is 1. */
function splitAt(ids: Ids, from: number, to: number, depth: number): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bitOf(ids.hi[middle] as number, ids.lo[middle] as number, depth) === 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Of a sorted list: overwrites repeats with what follows; answers how many places at the end are to be filled. */
function moveTwinsLast(sorted: BigUint64Array): number {
  let kept = 0
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) kept++
  }
  if (kept === sorted.length) return 0
  let at = 0
  let last: bigint | undefined
  for (const each of sorted) {
    if (each !== last) sorted[at++] = each
    last = each
  }
  return sorted.length - at
}

function unpack(sorted: BigUint64Array): Ids {
  const count = sorted.length
  const halves = new Uint32Array(sorted.buffer)
  const hi = new Uint32Array(count)
  const lo = new Uint32Array(count)
  // little-endian, as every platform that Node runs on
  for (let i = 0; i < count; i++) {
    lo[i] = halves[2 * i] as number
    hi[i] = halves[2 * i + 1] as number
  }
  return { count, hi, lo }
}
