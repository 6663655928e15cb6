/**
 * Fetches the blocks of a record from peers that are said to have it (hop 11b of 12): a session on
 * the record's root, one ordered stream of protocols/blocks at a time, the next provider going on at
 * the block where one failed. Also Helia's block broker, so that `@helia/unixfs` reads through it.
 * Nobody is ever asked for a block outside a session: a wish that goes to every connected peer tells
 * all of them who reads what (P2P.md §6).
 * @module
 */

import type { AbortOptions, PeerId } from '@libp2p/interface'
import { peerIdFromCID, peerIdFromString } from '@libp2p/peer-id'
import { isMultiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type {
  BlockBroker,
  BlockRetrievalOptions,
  CreateSessionOptions,
  SessionBlockBroker
} from 'helia'
import { CID } from 'multiformats/cid'
import { ContentNotFoundError, InvalidParametersError } from '../../core/errors.ts'
import { BlockSession, type Provider, type SessionInit } from './block-session.ts'

export interface BrokerInit extends Pick<SessionInit, 'fetch' | 'connect' | 'onFailure'> {}

/** Options of `blockstore.createSession(root, options)`; Helia hands them on as they are. */
export interface BrokerSessionOptions extends CreateSessionOptions {
  /** @default the first block that is asked for */
  readonly root?: CID
}

export interface BlocksBroker extends BlockBroker {
  /** A session on one record. */
  open(root: CID, providers: readonly Provider[], options?: OpenOptions): BlockSession
  createSession(options?: BrokerSessionOptions): SessionBlockBroker
}

export type OpenOptions = AbortOptions & Pick<SessionInit, 'known' | 'onFailure'>

export function blocksBroker(init: BrokerInit): BlocksBroker {
  const open: BlocksBroker['open'] = (root, providers, options = {}) =>
    new BlockSession({ ...init, ...options, root, providers })
  return {
    name: 'keyward-blocks',
    open,
    async retrieve(cid) {
      throw new ContentNotFoundError(`block ${cid} expected a session on its record`)
    },
    createSession: (options = {}) => new HeliaSession(open, options)
  }
}

/** The same session behind Helia's interface: the root is the first block that is asked for. */
class HeliaSession implements SessionBlockBroker {
  readonly name = 'keyward-blocks-session'
  readonly #open: BlocksBroker['open']
  readonly #options: BrokerSessionOptions
  readonly #providers: Provider[]
  #session: BlockSession | undefined

  constructor(open: BlocksBroker['open'], options: BrokerSessionOptions) {
    this.#open = open
    this.#options = options
    this.#providers = (options.providers ?? []).map(providerOf)
  }

  async retrieve(cid: CID, options: BlockRetrievalOptions = {}): Promise<Uint8Array> {
    const { root = cid, signal } = this.#options
    this.#session ??= this.#open(root, this.#providers, signal == null ? {} : { signal })
    const block = await this.#session.retrieve(cid, options)
    await options.validateFn?.(block) // Helia hashes it once more otherwise, and later
    return block
  }

  async addPeer(peer: CID | Multiaddr | Multiaddr[]): Promise<void> {
    const provider = providerOf(peer)
    this.#providers.push(provider)
    this.#session?.addProvider(provider)
  }
}

/** A provider as Helia names it: a PeerId's CID, or addresses that end in one. */
function providerOf(named: CID | Multiaddr | Multiaddr[]): Provider {
  const cid = CID.asCID(named)
  if (cid != null) return { peer: peerIdFromCID(cid), addrs: [] }
  const addrs = Array.isArray(named) ? named : isMultiaddr(named) ? [named] : []
  return { peer: peerOf(addrs), addrs }
}

function peerOf(addrs: readonly Multiaddr[]): PeerId {
  const id = addrs[0]?.getComponents().findLast(({ name }) => name === 'p2p')?.value
  if (id == null) throw new InvalidParametersError('"provider" expected a PeerId at its end')
  return peerIdFromString(id)
}
