/**
 * Registers one protocol with libp2p and serves each stream that comes, until it is stopped.
 * @module
 */
import type { Connection, Logger, Startable, Stream } from '@libp2p/interface'
import { PeerUnavailableError } from '../../core/errors.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import { FrameChannel } from './channel.ts'
import { remotePeerOf } from './errors.ts'
import type { ProtocolComponents, StreamLimits } from './limits.ts'
import { type Clock, RateLimiter } from './rate.ts'
import { type ServedRequest, serveFrames } from './serving.ts'

export interface FrameServerInit {
  readonly protocol: string
  readonly limits: StreamLimits
  readonly clock: Clock
  /** How long a peer may read nothing of its answers; see FrameChannelInit. */
  readonly sendMaxMs?: number
  /** Takes a new stream: gives what works on its requests and sends the answers (serving.ts). */
  readonly accept: (
    channel: FrameChannel,
    peer: PeerIdBytes
  ) => (request: ServedRequest) => Promise<void>
}

export class FrameServer implements Startable {
  readonly #components: ProtocolComponents
  readonly #init: FrameServerInit
  readonly #log: Logger
  readonly #rates: RateLimiter
  readonly #channels = new Set<FrameChannel>()
  #started = false

  constructor(components: ProtocolComponents, init: FrameServerInit, log: Logger) {
    this.#components = components
    this.#init = init
    this.#log = log
    const { requestsPerSecond, requestsBurst } = init.limits
    this.#rates = new RateLimiter(requestsPerSecond, requestsBurst, init.clock)
  }

  async start(): Promise<void> {
    if (this.#started) return
    this.#started = true
    const { protocol, limits } = this.#init
    await this.#components.registrar.handle(protocol, this.#onStream, {
      maxInboundStreams: limits.streamsIn,
      maxOutboundStreams: limits.streamsOut,
      runOnLimitedConnection: true // pages come through a relay
    })
  }

  async stop(): Promise<void> {
    if (!this.#started) return
    this.#started = false
    await this.#components.registrar.unhandle(this.#init.protocol)
    const stopped = new PeerUnavailableError('stopped')
    for (const channel of [...this.#channels]) channel.abort(stopped)
  }

  readonly #onStream = async (stream: Stream, connection: Connection): Promise<void> => {
    const { limits, sendMaxMs, accept } = this.#init
    let channel: FrameChannel | undefined
    try {
      const peer = remotePeerOf(connection.remotePeer)
      channel = new FrameChannel(stream, { ...limits, ...(sendMaxMs && { sendMaxMs }) })
      this.#channels.add(channel)
      const key = connection.remotePeer.toString()
      const answer = accept(channel, peer)
      await serveFrames(channel, { ...limits, take: () => this.#rates.take(key), answer })
    } catch (err) {
      this.#log('stream of %p ended: %e', connection.remotePeer, err)
      stream.abort(err as Error)
    } finally {
      if (channel != null) this.#channels.delete(channel)
    }
  }
}
