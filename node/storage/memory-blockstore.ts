/**
 * Blocks that live as long as their object, for tests, the simulator and pages. It keeps copies, as
 * a disk does: whoever writes may use the same buffer for the next block.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { MemoryBlockstore } from 'blockstore-core'
import type { CID } from 'multiformats/cid'

export class CopyingBlockstore extends MemoryBlockstore {
  override put(
    cid: CID,
    block: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options?: AbortOptions
  ): CID | Promise<CID> {
    return super.put(cid, block instanceof Uint8Array ? block.slice() : block, options)
  }
}
