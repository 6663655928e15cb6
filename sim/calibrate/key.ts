/**
 * Keys and distances as kad-dht has them: a key is a multihash, its place on the ring the SHA-256
 * of that, and closeness the XOR of places.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { noblePrimitives } from '../../core/noble.ts'
import type { Rng } from '../random.ts'

const SHA2_256 = 0x12
const DIGEST_BYTES = 32

/** The multihash of content that nobody has. */
export function randomKey(rng: Rng): Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(2 + DIGEST_BYTES)
  key[0] = SHA2_256
  key[1] = DIGEST_BYTES
  key.set(rng.bytes(DIGEST_BYTES), 2)
  return key
}

/** Where a multihash stands, in hex. */
export const placeOf = (multihash: Uint8Array): string => toHex(noblePrimitives.sha256(multihash))

/** The first 64 bits of a place as two words; enough to order any network by (ids collide never). */
export const wordsOf = (place: string): readonly [hi: number, lo: number] => [
  Number.parseInt(place.slice(0, 8), 16),
  Number.parseInt(place.slice(8, 16), 16)
]

/** Negative if `a` is nearer to `to` than `b`; all are words of 32 bits, high first. */
export function compareDistance(
  a: readonly [number, number],
  b: readonly [number, number],
  to: readonly [number, number]
): number {
  const hi = ((a[0] ^ to[0]) >>> 0) - ((b[0] ^ to[0]) >>> 0)
  return hi !== 0 ? hi : ((a[1] ^ to[1]) >>> 0) - ((b[1] ^ to[1]) >>> 0)
}

/** Indices of the k places nearest to `key`, `except` left out: what a lookup should find. */
export function trueNearest(
  places: readonly (readonly [number, number])[],
  key: readonly [number, number],
  k: number,
  except: number
): number[] {
  return places
    .map((_, index) => index)
    .filter((index) => index !== except)
    .sort((x, y) => compareDistance(at(places, x), at(places, y), key))
    .slice(0, k)
}

function at<T>(values: readonly T[], index: number): T {
  return values[index] as T
}
