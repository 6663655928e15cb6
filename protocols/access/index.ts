/**
 * /keyward/access/1.0.0: "may I have your share?" (hops 9 and 10 of 12). Carries signed requests
 * and signed answers and knows no policy: the release gate is the injected handler. SPEC.md.
 * @module
 */
import type { AbortOptions, PeerId, Startable } from '@libp2p/interface'
import type { PeerIdBytes } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { Clock, ProtocolComponents, StreamLimits } from '../framing.ts'
import { AccessService } from './access.ts'

/** What the gate knows of the stream that a request came on. One object a request. */
export interface StreamState {
  /** As Noise authenticated it. */
  readonly remotePeer: PeerIdBytes
  /** 32 bytes, fresh for this stream. */
  readonly challenge: Uint8Array
  /**
   * Of the last request that the gate took on this stream; 0 at first. Shared by the stream's
   * requests: read and set it before the first await, since several are under way at once.
   */
  lastSeq: number
  /** When the frame was whole. */
  readonly arrivedAtMs: number
  /** 0, or how long the peer should wait, as it asks too often: refuse with 104 BUSY. */
  readonly retryMs: number
  /** Fires when the stream is gone. */
  readonly signal: AbortSignal
}

/**
 * Takes an encoded `Signed` request and gives an encoded `Signed` answer, for junk too. Called once
 * for each frame, in order of arrival. If it throws, the stream is reset and nothing is said.
 */
export type AccessHandler = (frame: Uint8Array, stream: StreamState) => Promise<Uint8Array>

/**
 * Encodes the `Signed` request for this stream's challenge and this place in it. Prepare keys before:
 * requests behind it on the stream wait until it is made.
 */
export type MakeRequest = (stream: {
  readonly challenge: Uint8Array
  readonly seq: number
}) => Uint8Array | Promise<Uint8Array>

export interface AccessInit extends Partial<StreamLimits> {
  /** Left out by nodes that are no custodians: then the protocol is not spoken. */
  readonly handler?: AccessHandler
  readonly random: (length: number) => Uint8Array
  readonly sha256: Primitives['sha256']
  readonly clock: Clock
  /** @default ANSWER_MAX_MS */
  readonly answerMaxMs?: number
}

export type AccessComponents = ProtocolComponents

export interface Access extends Startable {
  /**
   * Asks a custodian over the one open stream to it, and gives its answer as it came: the caller
   * decodes it and verifies signature and `req`.
   * @throws PeerUnavailableError if it cannot be reached, or the stream ends before the answer
   * @throws RateLimitedError if too many requests wait for their turn at this peer
   */
  request(peer: PeerId, make: MakeRequest, options?: AbortOptions): Promise<Uint8Array>
}

export const access =
  (init: AccessInit) =>
  (components: AccessComponents): Access =>
    new AccessService(components, init)
