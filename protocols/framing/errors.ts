/**
 * What goes wrong with a peer, in the words of core/errors.ts. Inner errors become causes on this
 * side and nothing at all on the other: a stream is reset without a text.
 * @module
 */
import type { PeerId } from '@libp2p/interface'
import { PeerUnavailableError } from '../../core/errors.ts'
import { type PeerIdBytes, peerIdBytes } from '../../core/ids.ts'

/** Keeps a PeerUnavailableError as it is and makes any other error its cause. */
export const unavailable = (message: string, cause?: unknown): PeerUnavailableError =>
  cause instanceof Error && cause.name === PeerUnavailableError.name
    ? (cause as PeerUnavailableError)
    : new PeerUnavailableError(message, { cause })

/** @throws InvalidParametersError unless it is an Ed25519 PeerId */
export const remotePeerOf = (peer: PeerId): PeerIdBytes => peerIdBytes(peer.toMultihash().bytes)
