/**
 * Who may leave, read and remove mail here (the serving side of protocols/inbox). The peer is the
 * one that Noise authenticated; an account's mail goes only to the peer that its card binds.
 * Nothing here tells a stranger whether an account exists, but to whom she gave its address.
 * @module
 */
import { type Card, checkCard } from '../../core/binding.ts'
import { equalBytes } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import { inboxInfo, kemKeyHash, seal } from '../../core/envelope.ts'
import type { Address, PeerIdBytes } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import { encodeExport } from '../../core/receipt.ts'
import { InboxCode } from '../../protocols/inbox/constants.ts'
import type {
  CardAnswer,
  DoneAnswer,
  InboxHandler,
  ListAnswer,
  ReceiptsAnswer
} from '../../protocols/inbox/index.ts'
import type { Clock } from '../adapters.ts'
import type { ReceiptLog } from '../receipts/receipt-log.ts'
import type { Mailbox } from './mailbox.ts'

export interface KeeperInit {
  readonly deployment: Deployment
  readonly primitives: Primitives
  readonly clock: Clock
  readonly mailbox: Mailbox
  readonly receipts: ReceiptLog
  /** This node's own card, renewed before it runs out. */
  readonly ownCard: () => Card
}

const refused = (code: InboxCode, retryMs = 0) => ({ ok: false, code, retryMs }) as const
const DENIED = refused(InboxCode.DENIED)

export class Keeper implements InboxHandler {
  readonly #init: KeeperInit

  constructor(init: KeeperInit) {
    this.#init = init
  }

  async card(account: Address | undefined): Promise<CardAnswer> {
    const own = this.#init.ownCard()
    const card =
      account == null || equalBytes(account, own.binding.account)
        ? own
        : this.#init.mailbox.card(account)
    return card == null ? DENIED : { ok: true, card }
  }

  async register(card: Card, peer: PeerIdBytes): Promise<DoneAnswer> {
    const { deployment, clock, primitives, mailbox } = this.#init
    const { account, peerId, bindingEpoch } = card.binding
    const nowSeconds = Math.floor(clock.nowMs() / 1_000)
    const fault = checkCard(card, deployment, nowSeconds, primitives)
    // a device whose binding was ended must not come back with its old card
    const ended = bindingEpoch < (mailbox.card(account)?.binding.bindingEpoch ?? 0)
    if (fault != null || ended || !equalBytes(peerId, peer)) {
      return refused(InboxCode.BAD_SIGNATURE)
    }
    return (await mailbox.host(card)) == null ? refused(InboxCode.FULL) : { ok: true }
  }

  async put(to: Address, mail: Uint8Array): Promise<DoneAnswer> {
    const { mailbox, ownCard } = this.#init
    const known = equalBytes(to, ownCard().binding.account) || mailbox.card(to) != null
    if (!known) return DENIED
    return (await mailbox.put(to, mail)) == null ? refused(InboxCode.FULL) : { ok: true }
  }

  async list(account: Address, after: number, peer: PeerIdBytes): Promise<ListAnswer> {
    if (!this.#isOwner(account, peer)) return DENIED
    return { ok: true, ...this.#init.mailbox.list(account, after) }
  }

  async remove(account: Address, upTo: number, peer: PeerIdBytes): Promise<DoneAnswer> {
    if (!this.#isOwner(account, peer)) return DENIED
    await this.#init.mailbox.remove(account, upTo)
    return { ok: true }
  }

  async receipts(account: Address, after: number, peer: PeerIdBytes): Promise<ReceiptsAnswer> {
    const { deployment, mailbox, primitives, receipts } = this.#init
    const card = mailbox.card(account)
    if (card == null || !this.#isOwner(account, peer)) return DENIED
    const { entries, more } = receipts.page(account, after)
    if (entries.length === 0) return { ok: true, more: false }
    const info = inboxInfo({
      deployment,
      owner: account,
      kemKeyHash: kemKeyHash(card.kem, primitives)
    })
    const plain = encodeExport(entries)
    const page = await seal('inbox', info, card.kem, plain, new Uint8Array(0), primitives)
    return { ok: true, page, more }
  }

  #isOwner(account: Address, peer: PeerIdBytes): boolean {
    const { mailbox, ownCard } = this.#init
    const own = ownCard().binding
    if (equalBytes(own.account, account)) return equalBytes(own.peerId, peer)
    const card = mailbox.card(account)
    return card != null && equalBytes(card.binding.peerId, peer)
  }
}
