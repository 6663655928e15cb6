import { unixfs } from '@helia/unixfs'
import { encode as encodeDagPb } from '@ipld/dag-pb'
import { MemoryBlockstore } from 'blockstore-core'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { nativePrimitives } from '../../../node/crypto/native.ts'
import {
  blocksOf,
  DAG_PB,
  LEAF_BYTES,
  leaves,
  RAW,
  UNIXFS_OPTIONS,
  walk
} from '../../../node/storage/dag.ts'
import { gather } from './gather.ts'

const cidOf = (codec: number, bytes: Uint8Array): CID =>
  CID.createV1(codec, digestOf(0x12, nativePrimitives.sha256(bytes)))

async function* stream(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

/** A DAG whose leaves do not exist: nodes alone give the order. */
function virtualDag(payloadBytes: number): { root: CID; nodes: Map<string, Uint8Array> } {
  const nodes = new Map<string, Uint8Array>()
  const make = (bytes: number): { cid: CID; tsize: number } => {
    if (bytes <= LEAF_BYTES) {
      const name = new TextEncoder().encode(`leaf of ${bytes}`)
      return { cid: cidOf(RAW, name), tsize: bytes }
    }
    let each = LEAF_BYTES
    while (each * 1_024 < bytes) each *= 1_024
    const sizes: number[] = []
    for (let at = 0; at < bytes; at += each) sizes.push(Math.min(each, bytes - at))
    const children = sizes.map(make)
    const node = encodeDagPb({
      Data: header(bytes, sizes),
      Links: children.map(({ cid, tsize }) => ({ Name: '', Hash: cid, Tsize: tsize }))
    })
    const cid = cidOf(DAG_PB, node)
    nodes.set(cid.toString(), node)
    return { cid, tsize: node.byteLength + children.reduce((sum, c) => sum + c.tsize, 0) }
  }
  return { root: make(payloadBytes).cid, nodes }
}

function varint(n: number): number[] {
  const out: number[] = []
  for (let rest = n; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...out, rest]
    out.push((rest % 128) + 128)
  }
}

const header = (bytes: number, sizes: readonly number[]): Uint8Array =>
  Uint8Array.from([
    8,
    2,
    0x18,
    ...varint(bytes),
    ...sizes.flatMap((size) => [0x20, ...varint(size)])
  ])

const reader = (nodes: ReadonlyMap<string, Uint8Array>) => async (cid: CID) => {
  const node = nodes.get(cid.toString())
  if (node == null) throw new Error('only nodes are read')
  return node
}

describe('leaves', () => {
  it('passes pieces of exactly one leaf on uncopied', async () => {
    const pieces = [1, 2, 3].map((n) => new Uint8Array(LEAF_BYTES).fill(n))

    const cut = await gather(leaves(stream(...pieces)))

    expect(cut.map((leaf, i) => leaf.buffer === pieces[i]?.buffer)).toEqual([true, true, true])
  })

  it('cuts any pieces into whole leaves and a shorter last one', async () => {
    const lengths = fc.array(
      fc.oneof(fc.nat(70_000), fc.constant(LEAF_BYTES), fc.constant(2 * LEAF_BYTES + 5)),
      {
        maxLength: 12
      }
    )
    await fc.assert(
      fc.asyncProperty(lengths, async (given) => {
        const pieces = given.map((length, n) => new Uint8Array(length).fill(n + 1))

        const cut = await gather(leaves(stream(...pieces)))

        expect(Buffer.compare(Buffer.concat(cut), Buffer.concat(pieces))).toBe(0)
        expect(cut.slice(0, -1).every((leaf) => leaf.byteLength === LEAF_BYTES)).toBe(true)
        expect(cut.length).toBe(Math.max(1, Math.ceil(Buffer.concat(pieces).length / LEAF_BYTES)))
      }),
      { numRuns: 30 }
    )
  })
})

describe('the frozen UnixFS shape', () => {
  // Made once with @helia/unixfs 8.0.5; a changed CID means that old records cannot be found.
  it.each([
    [0, 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'],
    [1, 'bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu'],
    [LEAF_BYTES, 'bafkreidxlo52lufi7bam3rwdrqduesh7rpeb6mmvnm4nnedozcw63rsjnu'],
    [LEAF_BYTES + 1, 'bafybeigzphpqbt2oudy5bjwmi7te45tpisrmrc4bc64m6bbzczy5xuvvse'],
    [5 * LEAF_BYTES + 4_711, 'bafybeihd7wanq7qapnhw5mqfezsji43o7m2cl43ftcysoq7z7clek2bm6q']
  ])('names a payload of %d bytes as ever', async (length, golden) => {
    const payload = Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff)

    const cid = await unixfs({ blockstore: new MemoryBlockstore() }).addByteStream(
      stream(payload),
      { ...UNIXFS_OPTIONS }
    )

    expect(cid.toString()).toBe(golden)
  })

  it('is what @helia/unixfs makes of leaves by itself', async () => {
    const payload = new Uint8Array(3 * LEAF_BYTES + 9).fill(1)
    const fs = unixfs({ blockstore: new MemoryBlockstore() })

    const ours = await fs.addByteStream(stream(payload), { ...UNIXFS_OPTIONS })
    const theirs = await fs.addByteStream(stream(payload), { chunker: leaves })

    expect(ours.toString()).toBe(theirs.toString())
  })

  it('has as many blocks as its size says', async () => {
    for (const length of [0, 1, LEAF_BYTES, LEAF_BYTES + 1, 7 * LEAF_BYTES]) {
      const blockstore = new MemoryBlockstore()
      const payload = new Uint8Array(length).map((_, i) => (i / LEAF_BYTES) & 0xff)
      await unixfs({ blockstore }).addByteStream(stream(payload), { ...UNIXFS_OPTIONS })
      let blocks = 0
      for await (const _ of blockstore.getAll()) blocks++

      expect(blocksOf(length), `${length} bytes`).toBe(blocks)
    }
  })
})

describe('walk', () => {
  const big = 1_024 * LEAF_BYTES * 2 + 5 * LEAF_BYTES + 99 // three nodes under the root

  it('gives every block its place, a node before its links', async () => {
    const { root, nodes } = virtualDag(big)
    let index = 0
    let bytes = 0

    for await (const place of walk(root, reader(nodes))) {
      expect(place.index).toBe(index++)
      if (place.node != null) continue
      expect(place.offset).toBe(bytes)
      bytes += place.bytes as number
    }

    expect(index).toBe(blocksOf(big))
    expect(bytes).toBe(big)
  })

  it('enters only what is wanted, and gives it the same places', async () => {
    const { root, nodes } = virtualDag(big)
    const from = 1_024 * LEAF_BYTES + 10
    const read: number[] = []
    const places: number[] = []

    const wanted = walk(
      root,
      (cid, index) => {
        read.push(index)
        return reader(nodes)(cid)
      },
      ({ offset, bytes }) => offset < from + LEAF_BYTES && offset + (bytes as number) > from
    )
    for await (const place of wanted) places.push(place.index)

    expect(read).toEqual([0, 1_026])
    expect(places).toEqual([0, 1_026, 1_027, 1_028])
  })

  it('passes over subtrees whose node is not here', async () => {
    const { root, nodes } = virtualDag(big)
    const [, gone] = [...nodes.keys()]
    const places: number[] = []

    const read = async (cid: CID) => (cid.toString() === gone ? undefined : reader(nodes)(cid))
    for await (const place of walk(root, read)) places.push(place.index)

    expect(places.length).toBe(blocksOf(big) - 7) // the last one and its 6 leaves
  })

  const leaf = cidOf(RAW, new Uint8Array(1))
  const links = (count: number, cid = leaf) =>
    Array.from({ length: count }, () => ({ Name: '', Hash: cid, Tsize: LEAF_BYTES }))
  const two = [LEAF_BYTES, LEAF_BYTES]
  it.each<[string, Uint8Array]>([
    ['no dag-pb', Uint8Array.of(1, 2, 3)],
    ['no UnixFS header', encodeDagPb({ Links: links(2) })],
    ['a directory', encodeDagPb({ Data: Uint8Array.of(8, 1), Links: links(2) })],
    [
      'data beside links',
      encodeDagPb({ Data: Uint8Array.of(8, 2, 0x12, 1, 65, 0x18, 1), Links: links(2) })
    ],
    ['too few links', encodeDagPb({ Data: header(2 * LEAF_BYTES, two), Links: links(1) })],
    ['too many links', encodeDagPb({ Data: header(2 * LEAF_BYTES, two), Links: links(3) })],
    ['one leaf under a node', encodeDagPb({ Data: header(LEAF_BYTES, two), Links: links(1) })],
    [
      'an endless size',
      encodeDagPb({ Data: Uint8Array.of(8, 2, 0x18, ...Array(20).fill(255)), Links: links(2) })
    ],
    ['no end of its size', encodeDagPb({ Data: Uint8Array.of(8, 2, 0x18, 0x80), Links: links(2) })],
    ['a record past the bound', encodeDagPb({ Data: header(2 ** 42, []), Links: links(2) })],
    [
      'a leaf that is a node',
      encodeDagPb({
        Data: header(2 * LEAF_BYTES, two),
        Links: links(2, CID.createV1(DAG_PB, leaf.multihash))
      })
    ]
  ])('refuses %s', async (_, node) => {
    const root = cidOf(DAG_PB, node)

    const walked = gather(walk(root, async () => node))

    await expect(walked).rejects.toMatchObject({ name: 'InvalidMessageError' })
  })

  it('refuses a node that holds itself out as larger than its place', async () => {
    const { root, nodes } = virtualDag(big)
    const [first] = [...nodes.keys()]
    const other = encodeDagPb({ Data: header(2 * LEAF_BYTES, two), Links: links(2) })

    const read = async (cid: CID) => (cid.toString() === first ? other : reader(nodes)(cid))

    await expect(gather(walk(root, read))).rejects.toMatchObject({
      name: 'InvalidMessageError'
    })
  })
})
