/**
 * Composes a node from its seams: the ledger, the serving side (clinics), the wire to its peers, and
 * what it does by itself.
 * @module
 */
import type { ComponentLogger } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'
import { CID } from 'multiformats/cid'
import type { Card } from '../core/binding.ts'
import type { Deployment } from '../core/deployment.ts'
import type { PeerIdBytes } from '../core/ids.ts'
import type { Primitives } from '../core/primitives.ts'
import type { SignedMessage } from '../core/typed-data.ts'
import type { Hint } from '../protocols/announce/index.ts'
import type { ServingOptions } from '../protocols/custody/index.ts'
import type { StreamLimits } from '../protocols/framing.ts'
import type {
  AccountSource,
  ChainWriter,
  Clock,
  HeadSource,
  Journal,
  Random,
  WordSource
} from './adapters.ts'
import { addrsSeen } from './addrs-seen.ts'
import type { Follower } from './chain/follow.ts'
import { outageText } from './chain/outage.ts'
import type { ChainParameters } from './chain/parameters.ts'
import { type Clinic, type ClinicStores, openClinic } from './clinic.ts'
import type { NodeIdentity } from './keys/identity.ts'
import { isKeeperOfOwn } from './ledger/keepers.ts'
import { Ledger } from './ledger/ledger.ts'
import { libp2pWire } from './libp2p-wire.ts'
import type { NetworkInit } from './network/libp2p.ts'
import type { CustodyChoice, Node } from './node.ts'
import { ownCard } from './own-card.ts'
import { OwnEpoch } from './own-epoch.ts'
import { stateText } from './receipts/anchor.ts'
import { dropLeftovers } from './recover.ts'
import type { GateInit } from './release/gate.ts'
import type { VaultBlockstore } from './storage/vault.ts'
import { Upkeep, type UpkeepInit } from './upkeep.ts'
import { Watch } from './watch.ts'
import type { OpenWire, Wire } from './wire.ts'

type Network = Pick<
  NetworkInit<Record<string, never>>,
  | 'listen'
  | 'announce'
  | 'bootstrap'
  | 'gater'
  | 'transports'
  | 'maxConnections'
  | 'reconnects'
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
  /** @default no account is looked at: nobody here delegates */
  readonly accounts?: AccountSource | undefined
  /** Tells when the chain moves. @default nobody does: heads are asked for when they are needed */
  readonly follower?: Follower | undefined
  /** Clinics pay for the messages that they relay. */
  readonly writer?: ChainWriter | undefined
  /** @default contract accounts are not known: only signatures that recover count */
  readonly contractSignature?: GateInit['contractSignature']
  /** How old an anchor of the receipts may become. @default none is written by itself */
  readonly anchorSeconds?: number | undefined
  /** Of this node's account in the Directory, at the start; 0 if it has none. @default 0 */
  readonly bindingEpoch?: number
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
  /** @default libp2p and Helia, by `network` */
  readonly wire?: OpenWire
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

/** Starts a node. @throws StoreCorruptError, InvalidParametersError */
export async function createNode(init: NodeInit): Promise<RunningNode> {
  const { stores, logger } = init
  const ledger = await Ledger.open(stores.ledger)
  // the serving side is built before the wire that it serves; what it asks of it comes late
  const late: Late = {}
  const { deployment, bindingEpoch: onChain = 0 } = init
  const epoch = await OwnEpoch.open({ ledger, deployment, onChain })
  const card = ownCard({
    ...init,
    bindingEpoch: () => epoch.current,
    addresses: () => late.wire?.reach.addresses() ?? []
  })
  const clinic = await serving(init, ledger, card, late)
  if (init.afterCrash === true) await dropLeftovers({ ...init, ...stores, ledger, clinic })
  const wire = await (init.wire ?? libp2pWire)(init, {
    clinic,
    mayFetch: (peer, root) =>
      clinic?.mayFetch(peer, root) === true || isKeeperOfOwn(ledger, peer, root, init.primitives),
    addrsOf: (peer) => ledger.card(peer)?.addrs ?? [],
    // ask for the head now, so that the next request finds it
    onHint: () => {
      void init.heads.current().catch(() => {})
      late.watch?.wake()
    }
  })
  late.wire = wire
  await wire.join()

  const { vault, reach, access, custody, inbox } = wire
  const watch = new Watch({ ...init, ledger, clinic, log: logger.forComponent('keyward:watch') })
  late.watch = watch
  const node: Node = {
    ...init,
    writer: init.writer,
    ledger,
    vault,
    reach,
    access,
    custody,
    inbox,
    clinic,
    watch,
    epoch,
    card
  }
  const log = logger.forComponent('keyward:upkeep')
  const provide: UpkeepInit['provide'] = (cid, options) => wire.provide(cid, options)
  const { anchorSeconds } = init
  const upkeep = new Upkeep({ node, provide, datastore: stores.datastore, anchorSeconds, log })
  late.replicate = async (cid, from, { signal, progress }) => {
    const root = CID.decode(cid)
    await wire.fetch(root, from, { signal, onBlock: progress })
    await vault.pin(root, { signal })
    upkeep.provide(root)
  }
  upkeep.start()
  watch.start()

  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await watch.stop()
      await upkeep.stop()
      await wire.stop()
      await clinic?.stop()
      await Promise.all([ledger.close(), stores.pins.close()])
    })()
    return stopping
  }
  return {
    ...node,
    get addrs() {
      return wire.addrs()
    },
    readiness: () => readiness(init, clinic, reach.connected().length),
    stop,
    [Symbol.asyncDispose]: stop
  }
}

/** Clinics serve; what their side asks of the wire comes through `late`. */
async function serving(
  init: NodeInit,
  ledger: Ledger,
  ownCard: () => Card,
  late: Late
): Promise<Clinic | undefined> {
  const stores = init.stores.clinic
  if (stores == null) return undefined
  return await openClinic({
    ...init,
    writer: init.writer,
    contractSignature: init.contractSignature,
    stores,
    ownCard,
    replicate: async (...args) => late.replicate?.(...args),
    addrsOf: (peer) => (late.wire == null ? [] : addrsSeen(peer, ledger, late.wire.reach)),
    onMined: ({ type }, block) => {
      const contract = CONTRACT_OF[type]
      if (contract != null) late.wire?.announce({ type: contract, block })
    }
  })
}

/** The contract whose words a message changes, as far as gates read them. */
const CONTRACT_OF: Partial<Record<SignedMessage['type'], Hint['type']>> = {
  Grants: 'grants',
  Revocations: 'grants',
  RevokeAll: 'grants',
  OptOut: 'grants',
  Records: 'records',
  BindingEpoch: 'directory',
  Membership: 'directory',
  Wish: 'emergency',
  Review: 'emergency',
  Anchors: 'audit'
}

interface Late {
  watch?: Watch
  wire?: Wire
  replicate?: Replicate
}

type Replicate = (cid: Uint8Array, from: PeerIdBytes, options: ServingOptions) => Promise<void>

/** A stale head is "not ready", not "dead": the node goes on refusing with the reason. */
async function readiness(
  { heads, parameters, clock }: NodeInit,
  clinic: Clinic | undefined,
  connections: number
): Promise<{ readonly ready: boolean; readonly reasons: readonly string[] }> {
  const reasons: string[] = []
  if (connections === 0) reasons.push('no peer')
  if (clinic?.receipts.isWhole === false) reasons.push('the receipt log is not whole')
  if (clinic?.anchor.isBehind === true) reasons.push(stateText(clinic.anchor.state))
  const current = await heads.current()
  if (!current.ok) reasons.push(`no agreed chain head: ${outageText(current.code)}`)
  else {
    const age = Math.floor(clock.nowMs() / 1_000) - current.value.head.timeSeconds
    if (age > parameters.headMaxAgeSeconds) reasons.push(`chain head is ${age} s old`)
  }
  return { ready: reasons.length === 0, reasons }
}
