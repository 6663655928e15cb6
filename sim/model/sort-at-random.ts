/**
 * What `peers.sort(() => (Math.random() > 0.5 ? 1 : -1))` does to a short list in V8: not an even
 * shuffle, but one that leaves much where it was. query/manager.ts of kad-dht 16.4.5 deals its
 * starting peers so. After V8's third_party/v8/builtins/array-sort.tq: a run is counted, then the
 * rest is inserted by halving.
 * @module
 */
import type { Rng } from '../random.ts'

/** In place, the first `count` (below 64; longer lists V8 would merge). */
export function sortAtRandom(list: Uint32Array, count: number, rng: Rng): void {
  if (count < 2) return
  let bits = 0
  let left = 0
  const isLess = (): boolean => {
    if (left === 0) {
      bits = rng.u32()
      left = 32
    }
    left--
    const bit = bits & 1
    bits >>>= 1
    return bit === 1
  }
  let run = 2
  const falls = isLess()
  while (run < count && isLess() === falls) run++
  if (falls) list.subarray(0, run).reverse()
  for (let i = run; i < count; i++) {
    const pivot = list[i] as number
    let low = 0
    let high = i
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isLess()) high = middle
      else low = middle + 1
    }
    list.copyWithin(low + 1, low, i)
    list[low] = pivot
  }
}
