/**
 * Keeps the nearest of a stretch of peers in place: by their first 32 bits, and by the next only
 * where those are equal.
 * @module
 */
import type { Ids } from './ids.ts'

/**
 * Moves the `keep` peers of `peers[from..to)` nearest to the key to its beginning, nearest first.
 * For a few dozen: an insertion sort.
 */
export function keepNearest(
  ids: Ids,
  peers: Uint32Array,
  from: number,
  to: number,
  keep: number,
  keyHi: number,
  keyLo: number
): void {
  const { hi, lo } = ids
  const end = from + keep
  for (let i = from; i < to; i++) {
    const peer = peers[i] as number
    const distance = ((hi[peer] as number) ^ keyHi) >>> 0
    let at = i < end ? i : end
    while (at > from) {
      const other = peers[at - 1] as number
      const otherDistance = ((hi[other] as number) ^ keyHi) >>> 0
      if (otherDistance < distance) break
      if (otherDistance === distance) {
        const low = ((lo[peer] as number) ^ keyLo) >>> 0
        if (((lo[other] as number) ^ keyLo) >>> 0 < low) break
      }
      if (at < end) peers[at] = other
      at--
    }
    if (at < end) peers[at] = peer
  }
}
