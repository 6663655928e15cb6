/**
 * Request protocols whose messages are dag-cbor maps with `id` and `type`: an answer carries the id
 * of its request. Refusals are answers of type `refused`, the same in all of them.
 * @module
 */
import type { AbortOptions, Logger, PeerId, Startable } from '@libp2p/interface'
import { decode, encode, map, oneOf, type Shape, text, uint } from '../../core/codec.ts'
import { Code } from '../../core/codes.ts'
import { InvalidMessageError } from '../../core/errors.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import { AskingSession } from './asking.ts'
import { FrameChannel } from './channel.ts'
import type { ProtocolComponents, StreamLimits } from './limits.ts'
import type { Clock } from './rate.ts'
import { FrameServer } from './server.ts'
import type { ServedRequest } from './serving.ts'
import { PeerSessions } from './sessions.ts'

const U32_MAX = 2 ** 32 - 1
/** The longest retry that is worth telling: a day. */
const RETRY_MAX_MS = 86_400_000

interface Identified {
  readonly id: number
  readonly type: string
}

export interface Refusal extends Identified {
  readonly type: 'refused'
  readonly code: number
  readonly retryMs: number
}

/** Of a request, repeated by its answers. */
export const requestIdShape = uint(U32_MAX, 1)

/** Of a refusal. */
export const refusedShape = map({
  id: requestIdShape,
  type: oneOf('refused'),
  code: uint(U32_MAX, 1),
  retryMs: uint(RETRY_MAX_MS)
})

/** The bytes of one protocol's messages. Decoders throw InvalidMessageError. */
export interface IdentifiedMessages<Request, Reply> {
  encodeRequest(request: Request): Uint8Array
  decodeRequest(frame: Uint8Array): Request
  encodeReply(reply: Reply): Uint8Array
  decodeReply(frame: Uint8Array): Reply
}

/** `name` tells a fault's place: "custody request". */
export const identifiedMessages = <Request, Reply>(
  name: string,
  request: Shape<Request>,
  reply: Shape<Reply>
): IdentifiedMessages<Request, Reply> => ({
  encodeRequest: (value) => encode(value),
  decodeRequest: (frame) => decode(request, frame, `${name} request`),
  encodeReply: (value) => encode(value),
  decodeReply: (frame) => decode(reply, frame, `${name} answer`)
})

export interface IdentifiedInit<Request, Reply> {
  readonly protocol: string
  readonly limits: StreamLimits
  readonly clock: Clock
  readonly messages: IdentifiedMessages<Request, Reply>
  /** Of requests that are understood; others are refused as unsupported. */
  readonly types: readonly string[]
  /** Whether an answer ends its request. */
  readonly isLast: (reply: Reply) => boolean
  /** The serving side; without it there is none. */
  readonly work:
    | ((request: Request, channel: FrameChannel, peer: PeerIdBytes) => Promise<Reply>)
    | undefined
}

/** Both sides of such a protocol. */
export class IdentifiedProtocol<Request extends Identified, Reply extends Identified>
  implements Startable
{
  readonly #messages: IdentifiedMessages<Request, Reply>
  readonly #server: FrameServer | undefined
  readonly #asking: IdentifiedAsking<Reply>

  constructor(components: ProtocolComponents, init: IdentifiedInit<Request, Reply>, log: Logger) {
    const { protocol, limits, clock, messages, types, isLast, work } = init
    const { frameMaxBytes } = limits
    this.#messages = messages
    this.#server =
      work &&
      new FrameServer(
        components,
        {
          protocol,
          limits,
          clock,
          accept: (channel, peer) => (request) =>
            answerIdentified<Request, Reply>(request, {
              channel,
              frameMaxBytes,
              types,
              messages,
              work: (decoded) => work(decoded, channel, peer),
              log
            })
        },
        log
      )
    this.#asking = new IdentifiedAsking(components, {
      protocol,
      limits,
      decode: messages.decodeReply,
      isLast
    })
  }

  async start(): Promise<void> {
    await this.#server?.start()
  }

  async stop(): Promise<void> {
    await this.#asking.closeAll()
    await this.#server?.stop()
  }

  /** @throws PeerUnavailableError, InvalidMessageError, RateLimitedError, or the signal's reason */
  ask(
    peer: PeerId,
    make: (id: number) => Request,
    options: AskIdentifiedOptions<Reply>
  ): Promise<Reply> {
    return this.#asking.ask(peer, (id) => this.#messages.encodeRequest(make(id)), options)
  }
}

export interface AskIdentifiedOptions<Reply> extends AbortOptions {
  /** For an answer, or the next of them. */
  readonly waitMs: number
  readonly onReply?: (reply: Reply) => void
}

/** Asks over one stream a peer. */
class IdentifiedAsking<Reply extends Identified> {
  readonly #sessions: PeerSessions<AskingSession<Reply>>

  constructor(
    components: ProtocolComponents,
    init: {
      readonly protocol: string
      readonly limits: StreamLimits
      /** @throws InvalidMessageError */
      readonly decode: (frame: Uint8Array) => Reply
      readonly isLast: (reply: Reply) => boolean
    }
  ) {
    const { protocol, limits } = init
    this.#sessions = new PeerSessions({
      openMaxMs: limits.openMaxMs,
      openStream: (peer, options) =>
        components.connectionManager.openStream(peer, protocol, {
          ...options,
          maxOutboundStreams: limits.streamsOut,
          runOnLimitedConnection: true
        }),
      begin: async (stream) =>
        new AskingSession(new FrameChannel(stream, limits), {
          ...limits,
          match: (frame) => {
            const answer = init.decode(frame)
            return { key: answer.id, last: init.isLast(answer), answer }
          }
        })
    })
  }

  async ask(
    peer: PeerId,
    encode: (id: number) => Uint8Array,
    options: AskIdentifiedOptions<Reply>
  ): Promise<Reply> {
    const session = await this.#sessions.get(peer, options.signal)
    return await session.ask({
      make: async (seq) => ({ key: seq, frame: encode(seq) }),
      waitMs: options.waitMs,
      onAnswer: options.onReply,
      signal: options.signal
    })
  }

  closeAll(): Promise<void> {
    return this.#sessions.closeAll()
  }
}

/**
 * Answers one request: by `work`, or with a refusal if it cannot be read, comes too often, or fails.
 * A frame without a readable id resets the stream.
 */
async function answerIdentified<Request extends Identified, Reply extends Identified>(
  { frame, retryMs }: ServedRequest,
  init: {
    readonly channel: FrameChannel
    readonly frameMaxBytes: number
    readonly types: readonly string[]
    readonly messages: IdentifiedMessages<Request, Reply>
    readonly work: (request: Request) => Promise<Reply>
    readonly log: Logger
  }
): Promise<void> {
  const { channel, messages, log } = init
  const refuse = (id: number, code: number, retryMs = 0): Promise<void> => {
    const refusal: Refusal = { id, type: 'refused', code, retryMs }
    return channel.send(encode(refusal))
  }
  let request: Request
  try {
    request = messages.decodeRequest(frame)
  } catch (err) {
    const { id, type } = decode(anyRequest, frame, 'request')
    log.trace('refused a request of type %s: %e', type, err)
    return await refuse(id, init.types.includes(type) ? Code.MALFORMED : Code.UNSUPPORTED)
  }
  if (retryMs > 0) return await refuse(request.id, Code.BUSY, retryMs)
  let reply: Uint8Array
  try {
    reply = messages.encodeReply(await init.work(request))
    if (reply.byteLength > init.frameMaxBytes) {
      throw new InvalidMessageError(
        `answer expected at most ${init.frameMaxBytes} bytes, got ${reply.byteLength}`
      )
    }
  } catch (err) {
    if (!channel.signal.aborted) log.error('%s failed: %e', request.type, err)
    return await refuse(request.id, Code.INTERNAL)
  }
  await channel.send(reply)
}

const TYPE_MAX_CHARS = 32
const typeShape = text(TYPE_MAX_CHARS, 1)

/** What all requests have, whatever else they hold. */
const anyRequest: Shape<Identified> = (value, path) => {
  const given = value as Partial<Record<string, unknown>> | null
  return {
    id: requestIdShape(given?.['id'], `${path}.id`),
    type: typeShape(given?.['type'], `${path}.type`)
  }
}
