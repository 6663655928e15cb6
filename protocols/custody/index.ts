/**
 * /keyward/custody/1.0.0: an owner deals shares, has blocks pinned and tells her custodians of
 * revocations (hops 5 and 6 of 12). Deals are acknowledged by signed receipts. SPEC.md.
 * @module
 */
import type { AbortOptions, PeerId, Startable } from '@libp2p/interface'
import type { Notice } from '../../core/hand-back.ts'
import type { Address, Hash, PeerIdBytes, RecordId } from '../../core/ids.ts'
import type { Signed } from '../../core/signed.ts'
import type { Clock, ProtocolComponents, StreamLimits } from '../framing.ts'
import { CustodyService } from './custody.ts'

/** An entry of the custodian's log with its body: here of kind `ack`. */
export interface Receipt {
  readonly link: Signed
  /** Encoded body, whose hash the link holds. */
  readonly body: Uint8Array
}

/** Names a record version of an owner. */
export interface RecordRef {
  readonly owner: Address
  readonly recordId: RecordId
  readonly ver: number
}

export interface MinedTx {
  readonly hash: Hash
  readonly block: { readonly number: number; readonly hash: Hash }
  readonly gasUsed: number
}

/** A refusal is an outcome, not an error; `retryMs` 0 = do not come back with the same. */
export interface Refused {
  readonly ok: false
  /** A CustodyCode; another number comes from a newer version. */
  readonly code: number
  readonly retryMs: number
}

export type ReceiptAnswer = { readonly ok: true; readonly receipt: Receipt } | Refused

/** The notice is durable and obeyed; `tx` is undefined, with the reason in `code`, if not mined. */
export type NoticeAnswer =
  | { readonly ok: true; readonly tx: MinedTx; readonly code?: never }
  | { readonly ok: true; readonly tx?: never; readonly code: number }
  | Refused

export interface ServingOptions {
  /** Fires when the asking peer is gone. */
  readonly signal: AbortSignal
  /**
   * Tells the peer how far it is: blocks held for a pin; 1 once a notice is durable. Sent at once
   * when it changes the first time, then with the next heartbeat.
   */
  readonly progress: (done: number) => void
}

/** Called once a request, in order of arrival; an exception becomes 606 without its text. */
export interface CustodyHandler {
  deal(pack: Uint8Array, peer: PeerIdBytes, options: ServingOptions): Promise<ReceiptAnswer>
  pin(record: RecordRef, peer: PeerIdBytes, options: ServingOptions): Promise<ReceiptAnswer>
  notice(message: Notice, peer: PeerIdBytes, options: ServingOptions): Promise<NoticeAnswer>
}

export interface CustodyOptions extends AbortOptions {
  readonly onProgress?: (done: number) => void
}

export interface CustodyInit extends Partial<StreamLimits> {
  /** Left out by nodes that are no custodians: then the protocol is not spoken. */
  readonly handler?: CustodyHandler
  readonly clock: Clock
  /** Between two signs of life of a request under way. @default HEARTBEAT_MS */
  readonly heartbeatMs?: number
  /** Without any sign of life the peer counts as gone. @default HEARTBEAT_LOST_MS */
  readonly heartbeatLostMs?: number
}

export type CustodyComponents = ProtocolComponents

/**
 * The asking side. A slow custodian is waited for as long as it shows signs of life: bound the
 * whole by `signal`.
 * @throws PeerUnavailableError if it cannot be reached, or falls silent
 * @throws InvalidMessageError if the answer is not one
 * @throws RateLimitedError if too many requests wait for their turn at this peer
 */
export interface Custody extends Startable {
  /** Encoded `Package` (core/manifest.ts). */
  deal(peer: PeerId, pack: Uint8Array, options?: CustodyOptions): Promise<ReceiptAnswer>
  pin(peer: PeerId, record: RecordRef, options?: CustodyOptions): Promise<ReceiptAnswer>
  notice(peer: PeerId, message: Notice, options?: CustodyOptions): Promise<NoticeAnswer>
}

export const custody =
  (init: CustodyInit) =>
  (components: CustodyComponents): Custody =>
    new CustodyService(components, init)
