/**
 * /keyward/blocks/1.0.0: a record's DAG in order over one stream, to an authorised peer, resumable
 * at any block, each block checked against the CID that its verified parent names. SPEC.md.
 * @module
 */
import type { AbortOptions, PeerId, Startable } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { PeerIdBytes } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { Clock, ProtocolComponents, StreamLimits } from '../framing.ts'
import { BlocksService } from './blocks.ts'

export interface Block {
  /** Place in depth-first order; the root is 0. */
  readonly index: number
  readonly cid: CID
  readonly bytes: Uint8Array
}

/** Who may fetch, and the blocks themselves. */
export interface BlocksSource {
  /** Asked at the start and every BLOCKS_RIGHT_MS of a long stream. */
  authorise(peer: PeerIdBytes, root: CID, options: AbortOptions): Promise<boolean>
  /** Rejects if the block is not here; never asks the network. */
  get(cid: CID, options: AbortOptions): Promise<Uint8Array>
}

export interface FetchOptions extends AbortOptions {
  /** The first block wanted. @default 0 */
  readonly from?: number
  /**
   * For `from` > 0: the blocks with links before it, which give the order of the rest. Read from
   * one's own store; checked like any other.
   */
  readonly known?: (cid: CID) => Promise<Uint8Array>
}

export interface BlocksInit extends Partial<StreamLimits> {
  /** Left out by nodes that serve none: then the protocol is not spoken. */
  readonly source?: BlocksSource
  readonly sha256: Primitives['sha256']
  readonly clock: Clock
  /** @default BLOCK_WAIT_MS */
  readonly blockMaxMs?: number
  /** @default BLOCKS_RIGHT_MS */
  readonly rightMs?: number
  /** @default DENIED_STEP_MS */
  readonly deniedStepMs?: number
}

export type BlocksComponents = ProtocolComponents

export interface Blocks extends Startable {
  /**
   * Blocks of `root` from index `from` to the end, in depth-first order; ends only after the last
   * one and the serving side's own end marker. Breaking off closes the stream.
   * @throws PeerUnavailableError if the peer cannot be reached, falls silent or ends early
   * @throws ContentNotFoundError if it has no such root, or we may not have it: the same to us
   * @throws InvalidMessageError naming the peer, if a block is not the one expected
   * @throws RateLimitedError if it says that we ask too often
   */
  fetch(peer: PeerId, root: CID, options?: FetchOptions): AsyncGenerator<Block, void, undefined>
}

export const blocks =
  (init: BlocksInit) =>
  (components: BlocksComponents): Blocks =>
    new BlocksService(components, init)
