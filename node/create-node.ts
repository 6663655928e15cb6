/**
 * Composes a node from its seams: the ledger, the serving side (clinics), libp2p and Helia with our
 * protocols on them. The joint between wire and policy is one line: `access({ handler:
 * gate.handle })`.
 * @module
 */
import type { ComponentLogger } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'
import type { Libp2pOptions } from 'libp2p'
import { CID } from 'multiformats/cid'
import type { Deployment } from '../core/deployment.ts'
import type { PeerIdBytes } from '../core/ids.ts'
import type { Primitives } from '../core/primitives.ts'
import type { OnChainType } from '../core/typed-data.ts'
import { ANNOUNCE_TOPIC } from '../protocols/announce/constants.ts'
import type { Hint } from '../protocols/announce/index.ts'
import type { ServingOptions } from '../protocols/custody/index.ts'
import type { StreamLimits } from '../protocols/framing.ts'
import type { ChainWriter, Clock, HeadSource, Journal, Random, WordSource } from './adapters.ts'
import { outageText } from './chain/outage.ts'
import type { ChainParameters } from './chain/parameters.ts'
import { type Clinic, type ClinicStores, openClinic } from './clinic.ts'
import type { NodeIdentity } from './keys/identity.ts'
import { isKeeperOfOwn } from './ledger/keepers.ts'
import { Ledger } from './ledger/ledger.ts'
import { joinNetwork } from './network/join.ts'
import { libp2pOptions, type NetworkInit } from './network/libp2p.ts'
import { type KeywardServices, keywardProtocols } from './network/protocols.ts'
import { reach, toPeerId } from './network/reach.ts'
import { Routing } from './network/routing.ts'
import type { NetworkServices } from './network/services.ts'
import type { CustodyChoice, Node } from './node.ts'
import { ownCard } from './own-card.ts'
import { dropLeftovers } from './recover.ts'
import type { GateInit } from './release/gate.ts'
import { blocksBroker } from './storage/broker.ts'
import { createStorage, type Storage } from './storage/helia.ts'
import type { VaultBlockstore } from './storage/vault.ts'
import { Upkeep, type UpkeepInit } from './upkeep.ts'

type Network = Pick<
  NetworkInit<Record<string, never>>,
  | 'listen'
  | 'announce'
  | 'bootstrap'
  | 'gater'
  | 'transports'
  | 'maxConnections'
  | 'inboundPerSecond'
  | 'inboundPending'
  | 'monitor'
  | 'dht'
  | 'metrics'
>

export interface NodeInit {
  readonly identity: NodeIdentity
  readonly deployment: Deployment
  readonly parameters: ChainParameters
  readonly primitives: Primitives
  readonly clock: Clock
  readonly random: Random
  readonly heads: HeadSource
  readonly words: WordSource
  /** Clinics pay for the messages that they relay. */
  readonly writer?: ChainWriter | undefined
  /** @default contract accounts are not known: only signatures that recover count */
  readonly contractSignature?: GateInit['contractSignature']
  /** Of this node's account in the Directory. @default 1 */
  readonly bindingEpoch?: () => number
  readonly stores: {
    readonly ledger: Journal
    readonly pins: Journal
    readonly blockstore: VaultBlockstore
    readonly datastore: Datastore
    /** Left out by light nodes: they serve nobody but the keepers of their own records. */
    readonly clinic?: ClinicStores
  }
  /** The stores were left by a process that died. @default false */
  readonly afterCrash?: boolean
  readonly network: Network
  /** Of our protocols' streams. @default core/limits.ts */
  readonly limits?: Partial<StreamLimits>
  readonly choice: CustodyChoice
  readonly downloads: string
  readonly logger: ComponentLogger
}

export interface RunningNode extends Node, AsyncDisposable {
  /** Where others reach it, as text. */
  readonly addrs: readonly string[]
  readiness(): Promise<{ readonly ready: boolean; readonly reasons: readonly string[] }>
  /** May be called twice. */
  stop(): Promise<void>
}

type Services = KeywardServices & NetworkServices

/** Starts a node. @throws StoreCorruptError, InvalidParametersError */
export async function createNode(init: NodeInit): Promise<RunningNode> {
  const { stores, network, logger } = init
  const ledger = await Ledger.open(stores.ledger)
  // the serving side is built before the network that it serves; what it asks of it comes late
  const late: Late = {}
  const card = ownCard({
    ...init,
    bindingEpoch: init.bindingEpoch ?? (() => 1),
    addresses: () => late.addresses?.() ?? []
  })
  const clinic =
    stores.clinic &&
    (await openClinic({
      ...init,
      writer: init.writer,
      contractSignature: init.contractSignature,
      stores: stores.clinic,
      ownCard: card,
      replicate: async (...args) => late.replicate?.(...args),
      onMined: ({ type }, block) => late.announce?.({ type: CONTRACT_OF[type], block })
    }))

  if (init.afterCrash === true) await dropLeftovers({ ...init, ...stores, ledger, clinic })
  const { storage, routing } = await startNetwork(init, clinic, ledger)
  const reaching = reach({
    libp2p: storage.libp2p,
    routing,
    addrsOf: (peer) => ledger.card(peer)?.addrs ?? []
  })
  late.addresses = () => reaching.addresses()
  const joined = await joinNetwork(storage.libp2p, network.bootstrap ?? [])

  const { services } = storage.libp2p
  const node: Node = {
    ...init,
    writer: init.writer,
    ledger,
    vault: storage.vault,
    reach: reaching,
    access: services.access,
    custody: services.custody,
    inbox: services.inbox,
    clinic,
    card
  }
  const log = logger.forComponent('keyward:upkeep')
  const provide: UpkeepInit['provide'] = (cid, options) => routing.provide(cid, options)
  const upkeep = new Upkeep({ node, provide, datastore: stores.datastore, log })
  late.replicate = async (cid, from, options) => {
    const root = CID.decode(cid)
    await storage.vault.fetch(root, {
      providers: [{ peer: toPeerId(from), addrs: [] }],
      signal: options.signal,
      onBlock: options.progress
    })
    await storage.vault.pin(root, { signal: options.signal })
    upkeep.provide(root)
  }
  late.announce = (hint) => void services.announce.publish(hint)
  upkeep.start()

  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      joined.stop()
      await upkeep.stop()
      await storage.stop()
      await clinic?.stop()
      await Promise.all([ledger.close(), stores.pins.close()])
    })()
    return stopping
  }
  return {
    ...node,
    get addrs() {
      return storage.libp2p.getMultiaddrs().map(String)
    },
    readiness: () => readiness(init, clinic, reaching.connected().length),
    stop,
    [Symbol.asyncDispose]: stop
  }
}

/** libp2p with our protocols on it, and Helia over it. */
async function startNetwork(
  init: NodeInit,
  clinic: Clinic | undefined,
  ledger: Ledger
): Promise<{ readonly storage: Storage<Services>; readonly routing: Routing }> {
  const { identity, primitives, clock, stores, network, logger } = init
  const broker = blocksBroker({
    fetch: (peer, root, options) => storage.libp2p.services.blocks.fetch(peer, root, options),
    connect: async (provider, options) => {
      await routing.connect(provider, options)
    }
  })
  const libp2p: Libp2pOptions<Services> = await libp2pOptions<KeywardServices>({
    ...network,
    seed: identity.peerSeed,
    profile: clinic == null ? 'light' : 'clinic',
    clock,
    topics: [ANNOUNCE_TOPIC],
    services: keywardProtocols({
      ...init,
      sha256: primitives.sha256,
      clinic,
      source: {
        authorise: async (peer, root) => mayFetch(init, clinic, ledger, peer, root),
        get: (cid, options): Promise<Uint8Array> => storage.vault.block(cid, options)
      },
      // ask for the head now, so that the next request finds it
      onHint: () => void init.heads.current().catch(() => {})
    })
  })
  libp2p.logger = logger
  const storage: Storage<Services> = await createStorage({
    libp2p,
    blockstore: stores.blockstore,
    datastore: stores.datastore,
    broker,
    pins: stores.pins
  })
  const routing = new Routing({ libp2p: storage.libp2p, clock })
  return { storage, routing }
}

/** The contract whose words a message changes. */
const CONTRACT_OF = {
  Grants: 'grants',
  Revocations: 'grants',
  RevokeAll: 'grants',
  OptOut: 'grants',
  Records: 'records',
  BindingEpoch: 'directory'
} as const satisfies Record<OnChainType, Hint['type']>

interface Late {
  announce?: (hint: Hint) => void
  replicate?: Replicate
  addresses?: () => readonly Uint8Array[]
}

type Replicate = (cid: Uint8Array, from: PeerIdBytes, options: ServingOptions) => Promise<void>

const mayFetch = (
  { primitives }: NodeInit,
  clinic: Clinic | undefined,
  ledger: Ledger,
  peer: PeerIdBytes,
  root: CID
): boolean => clinic?.mayFetch(peer, root) === true || isKeeperOfOwn(ledger, peer, root, primitives)

/** A stale head is "not ready", not "dead": the node goes on refusing with the reason. */
async function readiness(
  { heads, parameters, clock }: NodeInit,
  clinic: Clinic | undefined,
  connections: number
): Promise<{ readonly ready: boolean; readonly reasons: readonly string[] }> {
  const reasons: string[] = []
  if (connections === 0) reasons.push('no peer')
  if (clinic?.receipts.isWhole === false) reasons.push('the receipt log is not whole')
  const current = await heads.current()
  if (!current.ok) reasons.push(`no agreed chain head: ${outageText(current.code)}`)
  else {
    const age = Math.floor(clock.nowMs() / 1_000) - current.value.head.timeSeconds
    if (age > parameters.headMaxAgeSeconds) reasons.push(`chain head is ${age} s old`)
  }
  return { ready: reasons.length === 0, reasons }
}
