/**
 * The serving side of a clinic: custody, release, mail and relay, over the stores that it keeps.
 * @module
 */
import type { CID } from 'multiformats/cid'
import type { Card } from '../core/binding.ts'
import { equalBytes } from '../core/bytes.ts'
import { defaultGatePolicy, type GatePolicy } from '../core/decision.ts'
import type { Deployment } from '../core/deployment.ts'
import { type Address, grantId, type PeerIdBytes } from '../core/ids.ts'
import type { Primitives } from '../core/primitives.ts'
import { decodeBody, decodeLink } from '../core/receipt.ts'
import { accountSlot } from '../core/words.ts'
import type { ServingOptions } from '../protocols/custody/index.ts'
import type { ChainWriter, Clock, HeadSource, Journal, Random, WordSource } from './adapters.ts'
import { changeKey, type Move } from './chain/follow.ts'
import type { ChainParameters } from './chain/parameters.ts'
import { Authors } from './custody/authors.ts'
import { Custodian } from './custody/custodian.ts'
import { CustodyStore } from './custody/custody-store.ts'
import { HandBacks } from './custody/hand-backs.ts'
import { Intake } from './custody/intake.ts'
import { ShareReader } from './custody/share-reader.ts'
import { Keeper } from './inbox/keeper.ts'
import { Mailbox } from './inbox/mailbox.ts'
import type { NodeIdentity } from './keys/identity.ts'
import { LogAnchor } from './receipts/anchor.ts'
import { EvidenceStore } from './receipts/evidence-store.ts'
import type { ReceiptIndex } from './receipts/receipt-index.ts'
import { ReceiptLog } from './receipts/receipt-log.ts'
import { Relayer, type RelayerInit } from './relayer/relayer.ts'
import { BlockRights } from './release/block-rights.ts'
import { Budget } from './release/budget.ts'
import { Gate, type GateInit } from './release/gate.ts'

/** Append-only files of a clinic; all but receipts and evidence are encrypted. */
export interface ClinicStores {
  readonly custody: Journal
  readonly mailbox: Journal
  readonly receipts: Journal
  readonly evidence: Journal
  readonly index: ReceiptIndex
}

export interface ClinicInit {
  readonly identity: NodeIdentity
  readonly deployment: Deployment
  readonly parameters: ChainParameters
  readonly primitives: Primitives
  readonly clock: Clock
  readonly random: Random
  readonly heads: HeadSource
  readonly words: WordSource
  readonly writer: ChainWriter | undefined
  readonly contractSignature: GateInit['contractSignature']
  readonly stores: ClinicStores
  readonly ownCard: () => Card
  /** Fetches a record's blocks from a peer into the own store, durably, and provides the root. */
  readonly replicate: (cid: Uint8Array, from: PeerIdBytes, options: ServingOptions) => Promise<void>
  /** Somebody's words on chain changed through us: others should look. */
  readonly onMined?: RelayerInit['onMined']
  /** Where a peer was last seen, as a pack tells it. @default nowhere */
  readonly addrsOf?: GateInit['addrsOf']
  /** Until a denial may leave. @default a timer */
  readonly sleep?: GateInit['sleep']
}

export interface Clinic {
  readonly custody: CustodyStore
  readonly mailbox: Mailbox
  readonly receipts: ReceiptLog
  readonly anchor: LogAnchor
  readonly gate: Gate
  readonly keeper: Keeper
  readonly custodian: Custodian
  /** May this peer fetch this record's blocks from here? */
  mayFetch(peer: PeerIdBytes, root: CID): boolean
  /** The chain moved, a follower says: what rests on changed words is asked anew. */
  moved(move: Move): void
  stop(): Promise<void>
}

export const gatePolicy = (parameters: ChainParameters): GatePolicy => ({
  ...defaultGatePolicy,
  headMaxAgeSeconds: parameters.headMaxAgeSeconds,
  clockGuardSeconds: parameters.clockGuardSeconds,
  confirmedLagBlocks: parameters.confirmedLagBlocks
})

/** Opens all stores and checks the receipt chain. @throws StoreCorruptError */
export async function openClinic(init: ClinicInit): Promise<Clinic> {
  const { identity, primitives, parameters, clock, stores } = init
  const budget = new Budget()
  const subBudget = new Budget()
  const receipts = await ReceiptLog.open({
    journal: stores.receipts,
    index: stores.index,
    peer: identity.peer,
    peerSeed: identity.peerSeed,
    primitives,
    clock,
    guardSeconds: parameters.clockGuardSeconds,
    onReceipt: ({ link, body }) => {
      const receipt = decodeBody(body)
      if (receipt.kind !== 'release' || receipt.want !== 'share') return
      const { recordId, ver, sub } = receipt
      const { at } = decodeLink(link.b)
      budget.claim({ grantId: grantId(receipt.grantId), recordId, ver }, at)
      if (sub != null) subBudget.claim({ grantId: grantId(sub), recordId, ver }, at)
    }
  })
  const anchor = new LogAnchor({
    ...init,
    receipts,
    headMaxAgeSeconds: parameters.headMaxAgeSeconds
  })
  const custody = await CustodyStore.open(stores.custody, primitives)
  const mailbox = await Mailbox.open(stores.mailbox)
  const evidence = new EvidenceStore(stores.evidence, primitives)
  const shares = new ShareReader(custody, primitives)
  const isOwnersPeer = (owner: Address, peer: PeerIdBytes): boolean => {
    const card = mailbox.card(owner)
    return card != null && equalBytes(card.binding.peerId, peer)
  }
  const isInDirectory = async (account: Address, signal: AbortSignal): Promise<boolean> => {
    const current = await init.heads.current({ signal })
    if (!current.ok) return false
    const slots = [accountSlot(account, primitives)]
    const proven = await init.words.prove(current.value.head, slots, { signal })
    return proven.ok && proven.value.words[0] !== 0n
  }
  const rights = new BlockRights({ custody, clock, isOwnersPeer })
  const policy = gatePolicy(parameters)
  const kept = { custody, shares, receipts, anchor, evidence, budget, subBudget, rights }
  const gate = new Gate({ ...init, ...kept, policy })
  const intake = new Intake({ ...init, store: custody, receipts })
  const { writer, onMined } = init
  const relayer = writer && new Relayer({ writer, clock, ...(onMined && { onMined }) })
  // before anybody asks; where the chain is away, whoever asks first looks again
  await anchor.check()
  gate.start()
  return {
    custody,
    mailbox,
    receipts,
    anchor,
    gate,
    keeper: new Keeper({ ...init, mailbox, receipts }),
    custodian: new Custodian({
      ...init,
      authors: new Authors(init),
      store: custody,
      intake,
      handBacks: new HandBacks(init, custody),
      relayer,
      isOwnersPeer,
      isInDirectory
    }),
    mayFetch: (peer, root) => rights.mayFetch(peer, root),
    moved: whenMoved(rights, anchor, relayer),
    async stop() {
      await gate.stop()
      await Promise.all([custody.close(), mailbox.close(), evidence.close()])
      await receipts.close()
    }
  }
}

/** A hint takes away, or has something sent again; it never gives. */
const whenMoved =
  (rights: BlockRights, anchor: LogAnchor, relayer: Relayer | undefined): Clinic['moved'] =>
  (move) => {
    const { added, undone, lost } = move
    rights.forget(lost ? 'all' : new Set([...added, ...undone].map(changeKey)))
    if (lost || anchor.isNamedIn([...added, ...undone])) anchor.doubt()
    relayer?.moved(move)
  }
