/**
 * The truth that lookups are measured against: which servers are closest to a key, by SHA-256 and
 * XOR as kad-dht has it.
 * @module
 */
import { peerIdFromString } from '@libp2p/peer-id'
import { toHex } from '../../core/bytes.ts'
import { nativePrimitives } from '../../node/memory.ts'

/** What kad-dht sorts a peer by: SHA-256 of its PeerId's multihash. */
export const kadIdOf = (peer: string): Uint8Array =>
  nativePrimitives.sha256(peerIdFromString(peer).toMultihash().bytes)

export const kadIdHex = (peer: string): string => toHex(kadIdOf(peer))

export interface Server {
  readonly peer: string
  readonly kadId: Uint8Array
}

/** The k servers closest to a key, the asker left out, the closest first. */
export function trueClosest(
  servers: readonly Server[],
  key: Uint8Array,
  k: number,
  asker: string
): string[] {
  const target = nativePrimitives.sha256(key)
  return servers
    .filter(({ peer }) => peer !== asker)
    .toSorted((a, b) => compareDistance(a.kadId, b.kadId, target))
    .slice(0, k)
    .map(({ peer }) => peer)
}

function compareDistance(a: Uint8Array, b: Uint8Array, target: Uint8Array): number {
  for (let i = 0; i < target.byteLength; i++) {
    const t = target[i] as number
    const difference = ((a[i] as number) ^ t) - ((b[i] as number) ^ t)
    if (difference !== 0) return difference
  }
  return 0
}

/** Share of the truth that was found. */
export function foundShare(truth: readonly string[], found: readonly string[]): number {
  if (truth.length === 0) return 1
  const seen = new Set(found)
  return truth.filter((peer) => seen.has(peer)).length / truth.length
}
