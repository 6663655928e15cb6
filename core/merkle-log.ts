/**
 * The Merkle tree over a receipt log that its custodian anchors on chain (SECURITY.md §11): RFC 6962
 * §2.1 with SHA-256, leaf H(0x00 ‖ linkHash), node H(0x01 ‖ left ‖ right). It is grown leaf by leaf
 * and keeps only the roots of its whole subtrees, so that a log of millions costs a few hundred bytes.
 * @module
 */
import { type Hash, hash } from './ids.ts'
import type { Primitives } from './primitives.ts'

type Sha256 = Pick<Primitives, 'sha256'>

export interface MerkleLog {
  readonly size: number
  /** Roots of the largest whole subtrees, left to right: one for each bit that is set in `size`. */
  readonly peaks: readonly Hash[]
}

export const EMPTY_LOG: MerkleLog = { size: 0, peaks: [] }

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

const node = (left: Uint8Array, right: Uint8Array, p: Sha256): Hash =>
  hash(p.sha256(NODE, left, right))

/** The tree with one more leaf at its end; what it held before stays as it was. */
export function grown(log: MerkleLog, leaf: Uint8Array, p: Sha256): MerkleLog {
  const peaks = log.peaks.slice()
  let root = hash(p.sha256(LEAF, leaf))
  // each bit that carries joins two subtrees of one size
  for (let size = log.size; size % 2 === 1; size = (size - 1) / 2) {
    root = node(peaks.pop() as Hash, root, p)
  }
  peaks.push(root)
  return { size: log.size + 1, peaks }
}

/** The root over all leaves so far; of none it is the hash of nothing. */
export function merkleRoot({ peaks }: MerkleLog, p: Sha256): Hash {
  const last = peaks.at(-1)
  if (last == null) return hash(p.sha256())
  return peaks.slice(0, -1).reduceRight((right, left) => node(left, right, p), last)
}
