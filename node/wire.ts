/**
 * A node's place among its peers: our protocols, the blocks and the way to others. The program takes
 * libp2p and Helia for it (libp2p-wire.ts); whoever wants every message in hand passes its own.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { PeerIdBytes } from '../core/ids.ts'
import type { Access } from '../protocols/access/index.ts'
import type { Hint } from '../protocols/announce/index.ts'
import type { Custody } from '../protocols/custody/index.ts'
import type { Inbox } from '../protocols/inbox/index.ts'
import type { Clinic } from './clinic.ts'
import type { NodeInit } from './create-node.ts'
import type { Reach } from './node.ts'
import type { Vault } from './storage/vault.ts'

/** What a node gives to those who come by the wire. */
export interface Served {
  /** Light nodes serve nobody but the keepers of their own records. */
  readonly clinic: Clinic | undefined
  mayFetch(peer: PeerIdBytes, root: CID): boolean
  /** Where a peer was when we last saw its card. */
  addrsOf(peer: PeerIdBytes): readonly Uint8Array[]
  /** Somebody's words on chain changed. */
  onHint(): void
}

export interface Wire {
  readonly vault: Vault
  readonly reach: Reach
  readonly access: Access
  readonly custody: Custody
  readonly inbox: Inbox
  /** Where others reach this node, as text. */
  addrs(): readonly string[]
  /** Meets the first peers; goes on trying by itself. */
  join(): Promise<void>
  announce(hint: Hint): void
  /** Tells the network that the bytes are here. @throws PeerUnavailableError if nobody was told */
  provide(cid: CID, options?: AbortOptions): Promise<unknown>
  /** All of a DAG's blocks from a peer into the own store, durably. */
  fetch(root: CID, from: PeerIdBytes, options: FetchOptions): Promise<void>
  stop(): Promise<void>
}

export interface FetchOptions {
  readonly signal: AbortSignal
  /** How many blocks are here, after each that came. */
  readonly onBlock: (done: number) => void
}

/** Opens it, listening, before anybody was met. */
export type OpenWire = (init: NodeInit, served: Served) => Promise<Wire>
