/**
 * What every stream protocol is bounded by, with defaults from core/limits.ts, and the parts of
 * libp2p that a stream protocol uses.
 * @module
 */
import type {
  AbortOptions,
  ComponentLogger,
  PeerId,
  Stream,
  StreamHandler,
  StreamHandlerOptions
} from '@libp2p/interface'
import {
  DIAL_MAX_MS,
  FRAME_MAX_BYTES,
  FRAME_MAX_MS,
  NEGOTIATION_MAX_MS,
  REQUESTS_BURST,
  REQUESTS_PER_SECOND,
  REQUESTS_PIPELINED,
  REQUESTS_QUEUED,
  STREAM_IDLE_MS,
  STREAMS_IN,
  STREAMS_OUT
} from '../../core/limits.ts'

/** Bounds of one protocol; each may be set on its own. */
export interface StreamLimits {
  /** A larger frame ends the stream before its body is read. */
  readonly frameMaxBytes: number
  /** For an unfinished frame, a stream that never asked, and a peer that does not read. */
  readonly frameMaxMs: number
  /** For a stream that was served before; the asking side closes its own at half of it. */
  readonly idleMs: number
  /** For dialling and opening a stream. */
  readonly openMaxMs: number
  /** Requests under way on one stream, on either side; further ones wait unread. */
  readonly pipelined: number
  /** Requests that wait for their turn at one peer, asking side. */
  readonly queued: number
  /** Streams on one connection. */
  readonly streamsIn: number
  readonly streamsOut: number
  /** Of one peer, over all its streams. */
  readonly requestsPerSecond: number
  readonly requestsBurst: number
}

export const defaultStreamLimits = {
  frameMaxBytes: FRAME_MAX_BYTES,
  frameMaxMs: FRAME_MAX_MS,
  idleMs: STREAM_IDLE_MS,
  openMaxMs: DIAL_MAX_MS + NEGOTIATION_MAX_MS,
  pipelined: REQUESTS_PIPELINED,
  queued: REQUESTS_QUEUED,
  streamsIn: STREAMS_IN,
  streamsOut: STREAMS_OUT,
  requestsPerSecond: REQUESTS_PER_SECOND,
  requestsBurst: REQUESTS_BURST
} as const satisfies StreamLimits

/** The part of libp2p's registrar that serving takes. */
export interface StreamRegistrar {
  handle(protocol: string, handler: StreamHandler, options?: StreamHandlerOptions): Promise<void>
  unhandle(protocol: string): Promise<void>
}

/** The part of libp2p's connection manager that asking takes. */
export interface StreamOpener {
  openStream(
    peer: PeerId,
    protocol: string,
    options?: AbortOptions & {
      readonly maxOutboundStreams?: number
      readonly runOnLimitedConnection?: boolean
    }
  ): Promise<Stream>
}

/** What each stream protocol takes from libp2p. */
export interface ProtocolComponents {
  readonly registrar: StreamRegistrar
  readonly connectionManager: StreamOpener
  readonly logger: ComponentLogger
}
