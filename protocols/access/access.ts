/**
 * Both sides of /keyward/access/1.0.0 (hops 9 and 10 of 12): one stream a peer, challenge first,
 * requests in order of `seq`, answers as they are ready.
 * @module
 */
import type { AbortOptions, PeerId, Stream } from '@libp2p/interface'
import { PeerUnavailableError } from '../../core/errors.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import {
  AskingSession,
  type Clock,
  defaultStreamLimits,
  FrameChannel,
  FrameServer,
  PeerSessions,
  type ServedRequest
} from '../framing.ts'
import { ACCESS_PROTOCOL, ANSWER_MAX_MS, CHALLENGE_BYTES } from './constants.ts'
import type {
  Access,
  AccessComponents,
  AccessHandler,
  AccessInit,
  MakeRequest,
  StreamState
} from './index.ts'
import { answeredRequest, decodeHello, encodeHello, hashKey, signedBody } from './messages.ts'

export const defaultAccessInit = {
  ...defaultStreamLimits,
  answerMaxMs: ANSWER_MAX_MS
} as const satisfies Partial<AccessInit>

interface AccessSession {
  readonly open: boolean
  readonly signal: AbortSignal
  readonly challenge: Uint8Array
  readonly asking: AskingSession<Uint8Array>
  close(): Promise<void>
}

export class AccessService implements Access {
  readonly #components: AccessComponents
  readonly #init: AccessInit & Required<Pick<AccessInit, keyof typeof defaultAccessInit>>
  readonly #server: FrameServer | undefined
  readonly #sessions: PeerSessions<AccessSession>

  constructor(components: AccessComponents, init: AccessInit) {
    this.#components = components
    this.#init = { ...defaultAccessInit, ...init }
    const { handler, random, clock, openMaxMs } = this.#init
    this.#server =
      handler &&
      new FrameServer(
        components,
        {
          protocol: ACCESS_PROTOCOL,
          limits: this.#init,
          clock,
          accept: (channel, peer) => serve(channel, peer, random(CHALLENGE_BYTES), handler, clock)
        },
        components.logger.forComponent('keyward:access')
      )
    this.#sessions = new PeerSessions({
      openMaxMs,
      openStream: (peer, options) => this.#openStream(peer, options),
      begin: (stream) => this.#begin(stream)
    })
  }

  async start(): Promise<void> {
    await this.#server?.start()
  }

  async stop(): Promise<void> {
    await this.#sessions.closeAll()
    await this.#server?.stop()
  }

  async request(peer: PeerId, make: MakeRequest, options?: AbortOptions): Promise<Uint8Array> {
    const { challenge, asking } = await this.#sessions.get(peer, options?.signal)
    return await asking.ask({
      make: async (seq) => {
        const frame = await make({ challenge, seq })
        return { key: hashKey(this.#init.sha256(signedBody(frame))), frame }
      },
      waitMs: this.#init.answerMaxMs,
      signal: options?.signal
    })
  }

  #openStream(peer: PeerId, options: AbortOptions): Promise<Stream> {
    return this.#components.connectionManager.openStream(peer, ACCESS_PROTOCOL, {
      ...options,
      maxOutboundStreams: this.#init.streamsOut,
      runOnLimitedConnection: true
    })
  }

  async #begin(stream: Stream): Promise<AccessSession> {
    const channel = new FrameChannel(stream, this.#init)
    const hello = await channel.next(this.#init.frameMaxMs)
    if (hello == null) throw new PeerUnavailableError('stream was ended before the challenge')
    const { challenge } = decodeHello(hello)
    const asking = new AskingSession(channel, {
      ...this.#init,
      match: (frame) => ({ key: answeredRequest(frame), last: true, answer: frame })
    })
    return {
      challenge,
      asking,
      signal: asking.signal,
      get open() {
        return asking.open
      },
      close: () => asking.close()
    }
  }
}

/** Greets a new stream with its challenge; gives what answers its requests. */
function serve(
  channel: FrameChannel,
  remotePeer: PeerIdBytes,
  challenge: Uint8Array,
  handler: AccessHandler,
  clock: Clock
): (request: ServedRequest) => Promise<void> {
  const stream = { lastSeq: 0 }
  channel.send(encodeHello(challenge)).catch(() => {}) // reading notices that the stream broke
  return async ({ frame, retryMs }) => {
    const state: StreamState = {
      remotePeer,
      challenge,
      arrivedAtMs: clock.nowMs(),
      retryMs,
      signal: channel.signal,
      get lastSeq() {
        return stream.lastSeq
      },
      set lastSeq(seq) {
        stream.lastSeq = seq
      }
    }
    await channel.send(await handler(frame, state))
  }
}
