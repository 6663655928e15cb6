import { encode, prepare } from '@ipld/dag-pb'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { DAG_CHILDREN, DAG_LEVELS } from '../../../core/limits.ts'
import { DAG_PB, RAW, SHA2_256 } from '../../../protocols/blocks/constants.ts'
import { DepthFirst, isNode } from '../../../protocols/blocks/depth-first.ts'
import { BlockStore, putDag, putNode } from './dag.ts'

async function walk(store: BlockStore, root: CID): Promise<CID[]> {
  const order = new DepthFirst(root)
  const cids: CID[] = []
  for (let place = order.next(); place != null; place = order.next()) {
    expect(place.index).toBe(cids.length)
    cids.push(place.cid)
    if (isNode(place.cid)) order.enter(await store.get(place.cid))
  }
  expect(order.count).toBe(cids.length)
  return cids
}

describe('depth-first order', () => {
  it('is a node before its links, for any balanced DAG', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 4, max: 9 }),
        async (leaves, width) => {
          const store = new BlockStore()
          const dag = putDag(store, { leaves, width })

          expect((await walk(store, dag.root)).map(String)).toEqual(dag.order.map(String))
        }
      ),
      { numRuns: 50 }
    )
  })

  it('gives a block as often as it is linked', async () => {
    const store = new BlockStore()
    const leaf = store.put(Uint8Array.of(1), RAW)
    const root = putNode(store, [leaf, leaf, leaf])

    expect((await walk(store, root)).map(String)).toEqual([root, leaf, leaf, leaf].map(String))
  })

  it('gives a lone leaf, and a node without links', async () => {
    const store = new BlockStore()
    const leaf = store.put(Uint8Array.of(1), RAW)
    const empty = putNode(store, [])

    expect(await walk(store, leaf)).toEqual([leaf])
    expect(await walk(store, empty)).toEqual([empty])
  })

  it('refuses more levels than a record has', async () => {
    const store = new BlockStore()
    let root = store.put(Uint8Array.of(1), RAW)
    for (let level = 1; level < DAG_LEVELS; level++) root = putNode(store, [root])
    expect(await walk(store, root)).toHaveLength(DAG_LEVELS)

    await expect(walk(store, putNode(store, [root]))).rejects.toMatchObject({
      name: 'InvalidMessageError'
    })
  })

  it('refuses more links than a node has', async () => {
    const store = new BlockStore()
    const leaf = store.put(Uint8Array.of(1), RAW)
    const links = (count: number): CID[] => Array.from({ length: count }, () => leaf)
    expect(await walk(store, putNode(store, links(DAG_CHILDREN)))).toHaveLength(DAG_CHILDREN + 1)

    await expect(walk(store, putNode(store, links(DAG_CHILDREN + 1)))).rejects.toMatchObject({
      name: 'InvalidMessageError'
    })
  })

  const foreign = [
    { id: 'CIDv0', cid: CID.createV0(digestOf(SHA2_256, new Uint8Array(32))) },
    { id: 'dag-cbor', cid: CID.createV1(0x71, digestOf(SHA2_256, new Uint8Array(32))) },
    { id: 'an identity hash', cid: CID.createV1(RAW, digestOf(0, new Uint8Array(32))) },
    { id: 'a short digest', cid: CID.createV1(RAW, digestOf(SHA2_256, new Uint8Array(16))) }
  ]
  it.each(foreign)('refuses $id as root and as link', ({ cid }) => {
    const parent = CID.createV1(DAG_PB, digestOf(SHA2_256, new Uint8Array(32)))
    const order = new DepthFirst(parent)
    order.next()
    const node = encode(prepare({ Links: [{ Hash: cid, Name: '', Tsize: 1 }] }))

    expect(() => new DepthFirst(cid)).toThrow(/CIDv1/)
    expect(() => order.enter(node)).toThrow(/dag-pb node/)
  })

  it('refuses a node that is no dag-pb', () => {
    const order = new DepthFirst(CID.createV1(DAG_PB, digestOf(SHA2_256, new Uint8Array(32))))
    order.next()

    expect(() => order.enter(Uint8Array.of(0xff, 0xff))).toThrow(/dag-pb node/)
  })
})
