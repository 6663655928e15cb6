/**
 * The serving side of protocols/custody: deals go to the intake, pins fetch the ciphertext from
 * whoever dealt it, notices are obeyed first and relayed then.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Notice } from '../../core/hand-back.ts'
import type { Address, PeerIdBytes } from '../../core/ids.ts'
import { authorOf } from '../../core/signers.ts'
import type { SignedMessage } from '../../core/typed-data.ts'
import { CustodyCode } from '../../protocols/custody/constants.ts'
import type {
  CustodyHandler,
  NoticeAnswer,
  ReceiptAnswer,
  RecordRef,
  ServingOptions
} from '../../protocols/custody/index.ts'
import type { Relayer } from '../relayer/relayer.ts'
import type { Authors } from './authors.ts'
import type { CustodyStore } from './custody-store.ts'
import { isKeeper } from './custody-store.ts'
import type { HandBacks } from './hand-backs.ts'
import type { Intake } from './intake.ts'

export interface CustodianInit {
  readonly authors: Authors
  readonly store: CustodyStore
  readonly intake: Intake
  readonly handBacks: HandBacks
  readonly relayer: Relayer | undefined
  /** Is this the device that the owner's card binds? */
  readonly isOwnersPeer: (owner: Address, peer: PeerIdBytes) => boolean
  /** Has this account a word in the Directory, so that it may read under a grant? */
  readonly isInDirectory: (account: Address, signal: AbortSignal) => Promise<boolean>
  /** Fetches a record's blocks from a peer into the own store, durably, and provides the root. */
  readonly replicate: (cid: Uint8Array, from: PeerIdBytes, options: ServingOptions) => Promise<void>
}

const refuse = (code: CustodyCode, retryMs = 0) => ({ ok: false, code, retryMs }) as const
const RETRY_MS = 2_000
/** Messages that an owner tells every custodian; the others go to one relayer at a time. */
const TOLD_TO_ALL = new Set<SignedMessage['type']>([
  'Revocations',
  'RevokeAll',
  'BindingEpoch',
  'OptOut',
  'Wish'
])
/** A few blocks of a consortium chain: long enough to see the first one's transaction land. */
const TURN_MS = 3_000

export class Custodian implements CustodyHandler {
  readonly #init: CustodianInit

  constructor(init: CustodianInit) {
    this.#init = init
  }

  deal(pack: Uint8Array, _peer: PeerIdBytes, options: ServingOptions): Promise<ReceiptAnswer> {
    return this.#init.intake.deal(pack, options.signal)
  }

  async pin(ref: RecordRef, peer: PeerIdBytes, options: ServingOptions): Promise<ReceiptAnswer> {
    const { store, intake, isOwnersPeer, replicate } = this.#init
    const entry = store.find(ref)
    const epoch = entry && Math.max(...entry.epochs.keys())
    const held = epoch == null ? undefined : entry?.epochs.get(epoch)
    if (entry == null || held == null || epoch == null) return refuse(CustodyCode.DENIED)
    if (!isOwnersPeer(ref.owner, peer) && !isKeeper(entry, peer)) return refuse(CustodyCode.DENIED)
    if (!held.pinned) {
      try {
        await replicate(held.manifest.content.cid, peer, options)
      } catch (err) {
        const full = (err as Error).name === 'StoreFullError'
        return full ? refuse(CustodyCode.FULL) : refuse(CustodyCode.NO_BLOCKS, RETRY_MS)
      }
    }
    return { ok: true, receipt: await intake.acknowledge(ref, epoch, true) }
  }

  async notice(notice: Notice, peer: PeerIdBytes, options: ServingOptions): Promise<NoticeAnswer> {
    if (notice.type === 'HandBack') return this.#init.handBacks.take(notice, peer, options)
    const { authors, relayer, isOwnersPeer, isInDirectory, store } = this.#init
    const author = authorOf(notice)
    const isOwn = authors.isOwn(notice)
    // only those whose custodian we are may cost a question to the chain
    const signed =
      isOwn || (store.knows(author) && (await authors.isVouched(notice, peer, options.signal)))
    if (!signed) return refuse(CustodyCode.BAD_SIGNATURE)
    // keys cost nothing: what strangers sign would only fill the disk
    const known =
      store.knows(author) ||
      isOwnersPeer(author, peer) ||
      (notice.type === 'BindingEpoch' && (await isInDirectory(author, options.signal)))
    if (!known) return refuse(CustodyCode.DENIED)
    await store.notice(notice)
    options.progress(1)
    // gas is paid for those whose custodian we are, or anybody could spend it; who speaks for one
    // of them has another device
    if (relayer == null || !store.knows(author) || (isOwn && !isOwnersPeer(author, peer))) {
      return { ok: true, code: CustodyCode.NOT_SENT }
    }
    try {
      // all custodians hear of a revocation: they take turns, and the first makes the rest moot
      if (TOLD_TO_ALL.has(notice.type))
        await delay(store.rank(author) * TURN_MS, undefined, { ref: false })
      const { txHash, block, gasUsed } = await relayer.relay(notice)
      return { ok: true, tx: { hash: txHash, block, gasUsed } }
    } catch {
      return { ok: true, code: CustodyCode.NOT_SENT }
    }
  }
}
