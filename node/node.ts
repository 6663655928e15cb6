/**
 * A running node as its verbs see it: who it is, what it holds, whom it can ask. Verbs are free
 * functions over this (node/verbs); node/index.ts composes it from the seams of adapters.ts.
 * @module
 */
import type { AbortOptions, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { Card } from '../core/binding.ts'
import type { Deployment } from '../core/deployment.ts'
import type { PeerIdBytes } from '../core/ids.ts'
import type { Primitives } from '../core/primitives.ts'
import type { Access } from '../protocols/access/index.ts'
import type { Custody } from '../protocols/custody/index.ts'
import type { Inbox } from '../protocols/inbox/index.ts'
import type {
  AccountSource,
  ChainWriter,
  Clock,
  HeadSource,
  Random,
  WordSource
} from './adapters.ts'
import type { ChainParameters } from './chain/parameters.ts'
import type { Clinic } from './clinic.ts'
import type { NodeIdentity } from './keys/identity.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { ContractSignature } from './manifests.ts'
import type { OwnEpoch } from './own-epoch.ts'
import type { Vault } from './storage/vault.ts'
import type { WishText } from './verbs/emergency-shapes.ts'
import type { Watch } from './watch.ts'

/** What a person chose for new records, unless a verb says otherwise. */
export interface CustodyChoice {
  /** Peer ids or multiaddrs. */
  readonly custodians: readonly string[]
  readonly threshold: number
  readonly replicas: number
  /** Organisations that must confirm a record. @default 1 */
  readonly quorum?: number
  /** Whether the own organisation may not attest. @default false */
  readonly barOwnOrganisation?: boolean
  /** For emergencies: written with the first record, if nothing was chosen before. */
  readonly wish?: WishText | undefined
}

export interface ConnectedPeer {
  readonly peer: PeerIdBytes
  readonly addrs: readonly string[]
  readonly direction: 'inbound' | 'outbound'
}

/** The network, as far as verbs need it. */
export interface Reach {
  /**
   * A peer that we are connected to, dialled by `addrs` first, else found through the DHT.
   * @throws PeerUnavailableError
   */
  peer(peer: PeerIdBytes, addrs?: readonly Uint8Array[], options?: AbortOptions): Promise<PeerId>
  /** Peers that the DHT names as holders of a record's ciphertext, with their addresses. */
  providers(cid: CID, options?: AbortOptions): Promise<readonly PeerIdBytes[]>
  /** Our own addresses as others may dial them. */
  addresses(): readonly Uint8Array[]
  connected(): readonly ConnectedPeer[]
}

export interface Node {
  readonly identity: NodeIdentity
  readonly deployment: Deployment
  readonly parameters: ChainParameters
  readonly primitives: Primitives
  readonly clock: Clock
  readonly random: Random
  readonly heads: HeadSource
  readonly words: WordSource
  /** Absent where nobody delegates: tests that have no use for it. */
  readonly accounts?: AccountSource | undefined
  /** Asks an account's code about a signature; absent: only keys count. */
  readonly contractSignature?: ContractSignature | undefined
  /** Pays for transactions; light nodes have none and ask a clinic to relay. */
  readonly writer: ChainWriter | undefined
  readonly ledger: Ledger
  readonly vault: Vault
  readonly reach: Reach
  readonly access: Access
  readonly custody: Custody
  readonly inbox: Inbox
  /** The serving side; light nodes have none. */
  readonly clinic: Clinic | undefined
  /** Notes what the chain says of this person. */
  readonly watch?: Pick<Watch, 'look'> | undefined
  readonly choice: CustodyChoice
  /** Where retrieved records go when nobody says where. */
  readonly downloads: string
  /** Which binding epoch that card is made under. */
  readonly epoch: OwnEpoch
  /** This node's own card, with a binding that stands. */
  card(): Card
}
