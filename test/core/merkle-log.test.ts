import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../core/bytes.ts'
import { EMPTY_LOG, grown, type MerkleLog, merkleRoot } from '../../core/merkle-log.ts'
import { noblePrimitives as p } from '../../core/noble.ts'

const logOf = (leaves: readonly Uint8Array[]): MerkleLog =>
  leaves.reduce((log, leaf) => grown(log, leaf, p), EMPTY_LOG)
const rootOf = (leaves: readonly Uint8Array[]): string => toHex(merkleRoot(logOf(leaves), p))

/** RFC 6962 §2.1 word for word: MTH(D[n]), split at the largest power of two below n. */
function slowRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only == null) return p.sha256()
  if (leaves.length === 1) return p.sha256(Uint8Array.of(0), only)
  let k = 1
  while (2 * k < leaves.length) k *= 2
  return p.sha256(Uint8Array.of(1), slowRoot(leaves.slice(0, k)), slowRoot(leaves.slice(k)))
}

// the tree of Certificate Transparency's own reference tests
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f'
].map((hex) => fromHex(hex))
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'
]

describe('the tree over a log', () => {
  it.each(ROOTS.map((root, size) => ({ size, root })))(
    'has RFC 6962’s root over $size leaves',
    ({ size, root }) => {
      expect(rootOf(LEAVES.slice(0, size))).toBe(root)
    }
  )

  it('has the root that the definition gives, whatever was logged', () => {
    const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 })

    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 70 }), (leaves) => {
        expect(rootOf(leaves)).toBe(toHex(slowRoot(leaves)))
      })
    )
  })

  it('keeps what it was before it grew, so that an earlier root is the root of the beginning', () => {
    const sizes: string[] = []
    let log = EMPTY_LOG
    for (const leaf of LEAVES) {
      log = grown(log, leaf, p)
      sizes.push(toHex(merkleRoot(log, p)))
    }

    expect(sizes).toEqual(ROOTS.slice(1))
    expect(log.peaks).toHaveLength(1)
    expect(EMPTY_LOG).toEqual({ size: 0, peaks: [] })
  })

  it('tells a leaf from a node: the halves of a tree are not its leaves', () => {
    const leaves = LEAVES.slice(0, 4)
    const halves = [leaves.slice(0, 2), leaves.slice(2)].map((half) => slowRoot(half))

    expect(rootOf(halves)).not.toBe(rootOf(leaves))
    expect(rootOf([concat(...halves)])).not.toBe(rootOf(leaves))
  })
})
