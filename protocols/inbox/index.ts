/**
 * /keyward/inbox/1.0.0: mail for people whose phone is off waits at their custodians, sealed to
 * them (hops 7, 8 and 12 of 12): wishes, answers, capsules, receipts. SPEC.md.
 * @module
 */
import type { AbortOptions, PeerId, Startable } from '@libp2p/interface'
import type { Card } from '../../core/binding.ts'
import type { Sealed } from '../../core/envelope.ts'
import type { Address, PeerIdBytes } from '../../core/ids.ts'
import type { Clock, ProtocolComponents, StreamLimits } from '../framing.ts'
import { InboxService } from './inbox.ts'

/** A refusal is an outcome, not an error; `retryMs` 0 = do not come back with the same. */
export interface Refused {
  readonly ok: false
  /** An InboxCode; another number comes from a newer version. */
  readonly code: number
  readonly retryMs: number
}

export type DoneAnswer = { readonly ok: true } | Refused
export type CardAnswer = { readonly ok: true; readonly card: Card } | Refused

export interface MailItem {
  /** From 1, by 1, for each account; never used again. */
  readonly seq: number
  /** An encoded `Sealed`. */
  readonly mail: Uint8Array
}

export type ListAnswer =
  | { readonly ok: true; readonly items: readonly MailItem[]; readonly more: boolean }
  | Refused

/** `page` opens to a dag-cbor array of {link, body or null} (SECURITY.md §15, Export). */
export type ReceiptsAnswer =
  | { readonly ok: true; readonly page?: Sealed; readonly more: boolean }
  | Refused

export interface ServingOptions {
  /** Fires when the asking peer is gone. */
  readonly signal: AbortSignal
}

/** Called once a request, in order of arrival; an exception becomes 606 without its text. */
export interface InboxHandler {
  /** The card of an account, or the node's own. */
  card(
    account: Address | undefined,
    peer: PeerIdBytes,
    options: ServingOptions
  ): Promise<CardAnswer>
  /** Keeps the peer's own card; its binding names this peer (checked), the handler verifies it. */
  register(card: Card, peer: PeerIdBytes, options: ServingOptions): Promise<DoneAnswer>
  put(
    to: Address,
    mail: Uint8Array,
    peer: PeerIdBytes,
    options: ServingOptions
  ): Promise<DoneAnswer>
  /** At most MAIL_PER_PAGE items and PAGE_MAX_BYTES of mail, with seq > `after`. */
  list(
    account: Address,
    after: number,
    peer: PeerIdBytes,
    options: ServingOptions
  ): Promise<ListAnswer>
  /** Forgets the mail with seq ≤ `upTo`. */
  remove(
    account: Address,
    upTo: number,
    peer: PeerIdBytes,
    options: ServingOptions
  ): Promise<DoneAnswer>
  /** Links with seq > `after` of the custodian's log that are about the account's records. */
  receipts(
    account: Address,
    after: number,
    peer: PeerIdBytes,
    options: ServingOptions
  ): Promise<ReceiptsAnswer>
}

export interface InboxInit extends Partial<StreamLimits> {
  /** Left out by nodes that keep no mail: then the protocol is not spoken. */
  readonly handler?: InboxHandler
  readonly clock: Clock
  /** @default INBOX_ANSWER_MAX_MS */
  readonly answerMaxMs?: number
}

export type InboxComponents = ProtocolComponents

/**
 * The asking side.
 * @throws PeerUnavailableError if it cannot be reached, or the stream ends before the answer
 * @throws InvalidMessageError if the answer is not one
 * @throws RateLimitedError if too many requests wait for their turn at this peer
 */
export interface Inbox extends Startable {
  card(peer: PeerId, account?: Address, options?: AbortOptions): Promise<CardAnswer>
  register(peer: PeerId, card: Card, options?: AbortOptions): Promise<DoneAnswer>
  put(peer: PeerId, to: Address, mail: Uint8Array, options?: AbortOptions): Promise<DoneAnswer>
  list(peer: PeerId, account: Address, after: number, options?: AbortOptions): Promise<ListAnswer>
  remove(peer: PeerId, account: Address, upTo: number, options?: AbortOptions): Promise<DoneAnswer>
  receipts(
    peer: PeerId,
    account: Address,
    after: number,
    options?: AbortOptions
  ): Promise<ReceiptsAnswer>
}

export const inbox =
  (init: InboxInit) =>
  (components: InboxComponents): Inbox =>
    new InboxService(components, init)
