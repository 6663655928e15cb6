/**
 * The shape of a payload in IPFS, which is frozen (SECURITY.md §4): leaves of 262,208 B, nodes of
 * 1,024 links, balanced. So the place of every block follows from the payload's size alone; a DAG
 * of another shape is refused, and whoever reads one can neither be sent in circles nor be made to
 * read more than was promised. `@helia/unixfs` would read it too, but queues without bound.
 * @module
 */

import type { AddOptions } from '@helia/unixfs'
import { decode as decodeDagPb } from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import { InvalidMessageError } from '../../core/errors.ts'
import { CHUNK_BYTES, DAG_CHILDREN, RECORD_MAX_BYTES } from '../../core/limits.ts'

/** Four sealed chunks: one UnixFS leaf. */
export const LEAF_BYTES = 4 * (CHUNK_BYTES + 16)

/**
 * How a payload becomes a DAG. A payload of one leaf is a raw block. Changing anything here changes
 * every CID: the golden vectors of the vault's tests say which.
 */
export const UNIXFS_OPTIONS = {
  cidVersion: 1,
  rawLeaves: true,
  reduceSingleLeafToSelf: true,
  chunker: leaves,
  layout: balanced,
  // One leaf at a time is sealed, hashed and written while it is still in the processor's cache.
  blockWriteConcurrency: 1
} as const satisfies AddOptions

export const RAW = 0x55
export const DAG_PB = 0x70
/** Sealed chunks of the longest record that there may be. */
const PAYLOAD_MAX_BYTES = (RECORD_MAX_BYTES / CHUNK_BYTES) * (CHUNK_BYTES + 16)

/**
 * Cuts a stream into leaves; pieces that are exactly one leaf pass uncopied, and none is looked at
 * again once the next was asked for.
 */
export async function* leaves(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let leaf = new Uint8Array(0)
  let filled = 0
  let emitted = false
  for await (const piece of source) {
    let rest = piece
    while (rest.byteLength > 0) {
      let whole: Uint8Array
      if (filled === 0 && rest.byteLength >= LEAF_BYTES) {
        whole = rest.subarray(0, LEAF_BYTES)
        rest = rest.subarray(LEAF_BYTES)
      } else {
        const part = rest.subarray(0, LEAF_BYTES - filled)
        leaf = withRoom(leaf, filled, part.byteLength)
        leaf.set(part, filled)
        filled += part.byteLength
        rest = rest.subarray(part.byteLength)
        if (filled < LEAF_BYTES) continue
        whole = leaf
        leaf = new Uint8Array(0)
        filled = 0
      }
      yield whole
      emitted = true
    }
  }
  if (filled > 0 || !emitted) yield leaf.subarray(0, filled)
}

/** The same bytes with room for more: exactly, while a small record may be all of it. */
function withRoom(leaf: Uint8Array<ArrayBuffer>, filled: number, more: number) {
  if (filled + more <= leaf.byteLength) return leaf
  const larger = new Uint8Array(filled === 0 ? more : LEAF_BYTES)
  larger.set(leaf.subarray(0, filled))
  return larger
}

type Layout = NonNullable<AddOptions['layout']>
type Node = Awaited<ReturnType<Layout>>

/** Parents of at most DAG_CHILDREN nodes, level by level, until one is left. */
async function balanced(...[source, reduce]: Parameters<Layout>): Promise<Node> {
  let level = source
  for (;;) {
    const parents: Node[] = []
    let children: Node[] = []
    for await (const node of level) {
      children.push(node)
      if (children.length < DAG_CHILDREN) continue
      parents.push(await reduce(children))
      children = []
    }
    if (children.length > 0) parents.push(await reduce(children))
    const [only] = parents
    if (only != null && parents.length === 1) return only
    level = parents
  }
}

/** A block's place in a DAG. */
export interface Place {
  readonly cid: CID
  /** In depth-first order, a node before its links; the root is 0. */
  readonly index: number
  /** The payload bytes under it; unknown for a root that is a leaf until it is read. */
  readonly bytes: number | undefined
  /** Of its first payload byte. */
  readonly offset: number
  /** Blocks of its subtree, itself included. */
  readonly blocks: number
  /** What was read to find its links; undefined for leaves, which nobody has read yet. */
  readonly node: Uint8Array | undefined
}

/**
 * The blocks of a DAG in depth-first order, reading nodes only. `wanted` says which subtrees to
 * enter; a block outside is neither read nor given. A node that `read` has not got is passed over.
 * @throws InvalidMessageError if the DAG has another shape than ours
 */
export async function* walk(
  root: CID,
  read: (cid: CID, index: number) => Promise<Uint8Array | undefined>,
  wanted: (place: Omit<Place, 'node'>) => boolean = () => true
): AsyncGenerator<Place> {
  if (root.code === RAW) {
    yield { cid: root, index: 0, bytes: undefined, offset: 0, blocks: 1, node: undefined }
    return
  }
  const waiting: { cid: CID; index: number; offset: number; bytes: number | undefined }[] = [
    { cid: root, index: 0, offset: 0, bytes: undefined }
  ]
  for (let next = waiting.pop(); next != null; next = waiting.pop()) {
    const { cid, index, offset } = next
    let { bytes } = next
    if (bytes != null) {
      const place = { cid, index, offset, bytes, blocks: blocksOf(bytes) }
      if (!wanted(place)) continue
      if (isLeaf(bytes)) {
        expectCodec(cid, RAW)
        yield { ...place, node: undefined }
        continue
      }
    }
    expectCodec(cid, DAG_PB)
    const node = await read(cid, index)
    if (node == null) continue
    const { links, payloadBytes } = decodeNode(node)
    if (bytes != null && bytes !== payloadBytes) throw wrongShape(`${bytes} bytes`, payloadBytes)
    bytes = payloadBytes
    const each = childBytes(bytes)
    if (isLeaf(bytes) || links.length !== Math.ceil(bytes / each)) {
      throw wrongShape(`${Math.ceil(bytes / each)} links`, links.length)
    }
    yield { cid, index, offset, bytes, blocks: blocksOf(bytes), node }
    for (let i = links.length - 1; i >= 0; i--) {
      waiting.push({
        cid: links[i] as CID,
        index: index + 1 + i * blocksOf(each),
        offset: offset + i * each,
        bytes: Math.min(each, bytes - i * each)
      })
    }
  }
}

const isLeaf = (bytes: number): boolean => bytes <= LEAF_BYTES

/** Payload bytes under each child of a node but the last. */
function childBytes(bytes: number): number {
  let each = LEAF_BYTES
  while (each * DAG_CHILDREN < bytes) each *= DAG_CHILDREN
  return each
}

/** Blocks of a subtree that holds so many payload bytes. */
export function blocksOf(bytes: number): number {
  let level = Math.max(1, Math.ceil(bytes / LEAF_BYTES))
  let blocks = level
  while (level > 1) {
    level = Math.ceil(level / DAG_CHILDREN)
    blocks += level
  }
  return blocks
}

/** Links of a node, and the size that its UnixFS header states: `08 02 18 varint`. */
function decodeNode(block: Uint8Array): { links: readonly CID[]; payloadBytes: number } {
  let node: ReturnType<typeof decodeDagPb>
  try {
    node = decodeDagPb(block)
  } catch (cause) {
    throw new InvalidMessageError('block expected to be a dag-pb node', { cause })
  }
  const data = node.Data ?? new Uint8Array(0)
  if (data[0] !== 0x08 || data[1] !== 0x02 || data[2] !== 0x18) {
    throw new InvalidMessageError('node expected a UnixFS file without data of its own')
  }
  let size = 0
  for (let i = 3, scale = 1; ; i++, scale *= 128) {
    const byte = data[i]
    if (byte == null || size > PAYLOAD_MAX_BYTES) {
      throw new InvalidMessageError('node expected the size of its payload')
    }
    size += (byte & 0x7f) * scale
    if (byte < 0x80) break
  }
  if (size > PAYLOAD_MAX_BYTES) throw wrongShape(`<= ${PAYLOAD_MAX_BYTES} bytes`, size)
  return { links: node.Links.map((link) => link.Hash as CID), payloadBytes: size }
}

function expectCodec(cid: CID, code: number): void {
  if (cid.code !== code) throw wrongShape(`codec 0x${code.toString(16)}`, cid.code)
}

const wrongShape = (expected: string, got: number): InvalidMessageError =>
  new InvalidMessageError(`payload expected ${expected}, got ${got}`)
