import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { CopyingBlockstore } from '../../../node/storage/memory-blockstore.ts'

describe('blocks in memory', () => {
  it('stay as they were written, whatever becomes of the buffer', async () => {
    const store = new CopyingBlockstore()
    const cid = CID.parse('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy')
    const buffer = Uint8Array.of(1, 2, 3)
    await store.put(cid, buffer)
    buffer.fill(9)

    const [block] = [...(store.get(cid) as Iterable<Uint8Array>)]

    expect(block).toEqual(Uint8Array.of(1, 2, 3))
  })
})
