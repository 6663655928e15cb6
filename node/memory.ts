/**
 * The door for tests and the simulator: a node whose stores live in memory and whose transport may
 * be the process itself; everything else is the daemon's own code.
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ComponentLogger, Libp2p } from '@libp2p/interface'
import { MemoryDatastore } from 'datastore-core'
import type { Datastore } from 'interface-datastore'
import { createLibp2p, type ServiceFactoryMap } from 'libp2p'
import type { Deployment } from '../core/deployment.ts'
import type { Address } from '../core/ids.ts'
import type { Primitives } from '../core/primitives.ts'
import type { BlockRef, ChainWriter, Clock, Endpoint, Random } from './adapters.ts'
import { provenAccounts } from './chain/accounts.ts'
import { contractSignature } from './chain/erc1271.ts'
import { quorumHeads } from './chain/heads.ts'
import type { ChainParameters } from './chain/parameters.ts'
import { provenWords } from './chain/proofs.ts'
import { closing } from './closing.ts'
import { createNode, type NodeInit, type RunningNode } from './create-node.ts'
import type { NodeIdentity } from './keys/identity.ts'
import { libp2pOptions, type NetworkInit } from './network/libp2p.ts'
import { inProcess } from './network/memory.ts'
import type { NetworkServices } from './network/services.ts'
import type { CustodyChoice } from './node.ts'
import { ReceiptIndex } from './receipts/receipt-index.ts'
import { CopyingBlockstore } from './storage/memory-blockstore.ts'
import { memoryJournal } from './storage/memory-journal.ts'

export type { BlockRef, ChainWriter, ClaimedProof, TxReceipt } from './adapters.ts'
export type { ContractCall } from './chain/contract-calls.ts'
export { MemoryChain } from './chain/memory-chain.ts'
export type { EndpointFaults } from './chain/memory-endpoint.ts'
export { type ChainParameters, chainParameters } from './chain/parameters.ts'
export { nativePrimitives } from './crypto/native.ts'
export { CanaryScanner, canariesOf, StreamScan } from './demo/canary.ts'
export { deriveIdentity, type NodeIdentity } from './keys/identity.ts'
export { type Carried, type Carrier, Switchboard } from './memory-wire.ts'
export { DHT_PROTOCOL, type DhtTuning } from './network/dht.ts'
export { nearTable, TRIE_DEPTH, type Trie, wholeSelfQuery } from './network/near-table.ts'

/** A chain as a node meets it: a MemoryChain, or what speaks for one in another process. */
export interface NodeChain {
  readonly deployment: Deployment
  endpoint(name: string): Endpoint
  /** `accountKey` signs transactions, where the chain wants them signed. */
  writer(account: Address, accountKey: Uint8Array): ChainWriter
}

export interface MemoryNodeInit {
  readonly identity: NodeIdentity
  readonly chain: NodeChain
  readonly parameters: ChainParameters
  readonly primitives: Primitives
  readonly clock: Clock
  readonly random: Random
  readonly logger: ComponentLogger
  /** Names the node's address within the process. */
  readonly name: string
  /** Addresses of nodes to join by. */
  readonly bootstrap?: readonly string[]
  readonly choice?: CustodyChoice
  /** Whatever else should differ from the daemon's. */
  readonly changes?: Partial<NodeInit>
}

const NO_CHOICE: CustodyChoice = { custodians: [], threshold: 2, replicas: 3 }

/** Starts a node in this process; patients get no serving side. */
export async function memoryNode(init: MemoryNodeInit): Promise<RunningNode> {
  const { identity, chain, parameters, primitives, clock } = init
  const clinic = identity.profile !== 'patient'
  const endpoints = Array.from({ length: parameters.endpoints }, (_, i) =>
    chain.endpoint(`memory-${i}`)
  )
  let confirmed: BlockRef | undefined
  // records are opened into files even here
  const downloads = init.changes?.downloads ?? (await mkdtemp(join(tmpdir(), 'keyward-')))
  const node = await createNode({
    ...init,
    deployment: chain.deployment,
    heads: quorumHeads({
      endpoints,
      parameters,
      clock,
      primitives,
      checkpoint: {
        get: async () => confirmed,
        put: async (ref) => {
          confirmed = ref
        }
      }
    }),
    words: provenWords({ endpoints, deployment: chain.deployment, primitives }),
    accounts: provenAccounts({ endpoints, primitives }),
    contractSignature: (account, digest, signature, head, options) =>
      contractSignature({ endpoints, parameters }, account, digest, signature, head, options),
    writer: clinic ? chain.writer(identity.account, identity.accountKey) : undefined,
    stores: memoryStores(identity.profile),
    network: { ...inProcess(init.name), bootstrap: init.bootstrap ?? [] },
    choice: init.choice ?? NO_CHOICE,
    ...init.changes,
    downloads
  })
  const own = init.changes?.downloads == null
  return own ? closing(node, () => rm(downloads, { recursive: true, force: true })) : node
}

/**
 * What a node's disk would hold; patients have no serving side. With the stores of a node that was
 * stopped, those for its next start.
 */
export function memoryStores(
  profile: NodeIdentity['profile'],
  kept?: NodeInit['stores']
): NodeInit['stores'] {
  const index = new ReceiptIndex(':memory:') // rebuilt from the log
  if (kept != null)
    return kept.clinic == null ? kept : { ...kept, clinic: { ...kept.clinic, index } }
  return {
    ledger: memoryJournal(),
    pins: memoryJournal(),
    blockstore: new CopyingBlockstore(),
    datastore: new MemoryDatastore(),
    ...(profile === 'patient'
      ? {}
      : {
          clinic: {
            custody: memoryJournal(),
            mailbox: memoryJournal(),
            receipts: memoryJournal(),
            evidence: memoryJournal(),
            index
          }
        })
  }
}

/** What of a daemon's network a study of the DHT needs. */
export type DhtServices = Pick<NetworkServices, 'identify' | 'ping' | 'dht'>

export type DhtNodeInit = Omit<
  NetworkInit<Record<string, never>>,
  'profile' | 'topics' | 'services'
> & { readonly logger: ComponentLogger; readonly datastore: Datastore }

/**
 * A DHT server and nothing else, for networks larger than whole nodes allow: the daemon's libp2p
 * without gossip, relay and our protocols. Not started.
 */
export async function dhtNode(init: DhtNodeInit): Promise<Libp2p<DhtServices>> {
  const { logger, datastore, ...network } = init
  const options = await libp2pOptions({ ...network, profile: 'clinic', topics: [], services: {} })
  const { identify, ping, dht } = options.services as unknown as ServiceFactoryMap<DhtServices>
  return createLibp2p<DhtServices>({
    ...options,
    logger,
    datastore,
    start: false,
    services: { identify, ping, dht } as ServiceFactoryMap<DhtServices>
  })
}

/** The `dev` chain and the ways to it; loaded when asked for, since its libraries are large. */
export async function devChainParts() {
  const [{ startDevChain, enrol }, { rpcEndpoint }, { ethersWriter }] = await Promise.all([
    import('./chain/dev-chain.ts'),
    import('./chain/endpoint-rpc.ts'),
    import('./chain/ethers-chain.ts')
  ])
  return { startDevChain, enrol, rpcEndpoint, ethersWriter }
}
