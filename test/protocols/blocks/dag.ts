/**
 * Small DAGs of dag-pb and raw blocks, and stores that hold them.
 * @module
 */
import { encode, prepare } from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { DAG_PB, RAW, SHA2_256 } from '../../../protocols/blocks/constants.ts'
import { sha256 } from '../nodes.ts'

export interface Dag {
  readonly root: CID
  /** In depth-first order, as often as linked. */
  readonly order: readonly CID[]
}

export class BlockStore {
  readonly #blocks = new Map<string, Uint8Array>()
  /** Blocks that were read. */
  reads = 0

  put(bytes: Uint8Array, code: number): CID {
    const cid = CID.createV1(code, digestOf(SHA2_256, sha256(bytes)))
    this.#blocks.set(cid.toString(), bytes)
    return cid
  }

  async get(cid: CID): Promise<Uint8Array> {
    this.reads += 1
    const bytes = this.#blocks.get(cid.toString())
    if (bytes == null) throw new Error('no such block')
    return bytes
  }

  delete(cid: CID): void {
    this.#blocks.delete(cid.toString())
  }
}

export const putNode = (store: BlockStore, links: readonly CID[]): CID =>
  store.put(encode(prepare({ Links: links.map((Hash) => ({ Hash, Name: '', Tsize: 1 })) })), DAG_PB)

/** A balanced DAG: `leaves` raw leaves of `leafBytes`, `width` links a node. */
export function putDag(
  store: BlockStore,
  { leaves = 10, leafBytes = 100, width = 3 }: Partial<Record<string, number>> = {}
): Dag {
  let level: Dag[] = Array.from({ length: leaves }, (_, i) => {
    const bytes = new Uint8Array(leafBytes).fill(i % 251)
    new DataView(bytes.buffer).setUint32(0, i)
    const root = store.put(bytes, RAW)
    return { root, order: [root] }
  })
  do {
    const next: Dag[] = []
    for (let at = 0; at < level.length; at += width) {
      const children = level.slice(at, at + width)
      const root = putNode(
        store,
        children.map((child) => child.root)
      )
      next.push({ root, order: [root, ...children.flatMap((child) => child.order)] })
    }
    level = next
  } while (level.length > 1)
  return level[0] as Dag
}
