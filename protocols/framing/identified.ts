/**
 * Request protocols whose messages are dag-cbor maps with `id` and `type`: an answer carries the id
 * of its request. Refusals are answers of type `refused`, the same in all of them.
 * @module
 */
import type { AbortOptions, Logger, PeerId } from '@libp2p/interface'
import { decode, type Shape, text, uint } from '../../core/codec.ts'
import { Code } from '../../core/codes.ts'
import { InvalidMessageError } from '../../core/errors.ts'
import { AskingSession } from './asking.ts'
import { FrameChannel } from './channel.ts'
import type { ProtocolComponents, StreamLimits } from './limits.ts'
import type { ServedRequest } from './serving.ts'
import { PeerSessions } from './sessions.ts'

interface Identified {
  readonly id: number
  readonly type: string
}

export interface Refusal extends Identified {
  readonly type: 'refused'
  readonly code: number
  readonly retryMs: number
}

/** Asks over one stream a peer. */
export class IdentifiedAsking<Reply extends Identified> {
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

  /** @throws PeerUnavailableError, InvalidMessageError, RateLimitedError, or the signal's reason */
  async ask(
    peer: PeerId,
    encode: (id: number) => Uint8Array,
    options: AbortOptions & {
      readonly waitMs: number
      readonly onReply?: (reply: Reply) => void
    }
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
export async function answerIdentified<Request extends Identified, Reply extends Identified>(
  { frame, retryMs }: ServedRequest,
  init: {
    readonly channel: FrameChannel
    readonly frameMaxBytes: number
    readonly types: readonly string[]
    readonly decode: (frame: Uint8Array) => Request
    readonly encode: (reply: Reply | Refusal) => Uint8Array
    readonly work: (request: Request) => Promise<Reply>
    readonly log: Logger
  }
): Promise<void> {
  const { channel, encode, log } = init
  const refuse = (id: number, code: number, retryMs = 0): Promise<void> =>
    channel.send(encode({ id, type: 'refused', code, retryMs }))
  let request: Request
  try {
    request = init.decode(frame)
  } catch (err) {
    const { id, type } = decode(anyRequest, frame, 'request')
    log.trace('refused a request of type %s: %e', type, err)
    return await refuse(id, init.types.includes(type) ? Code.MALFORMED : Code.UNSUPPORTED)
  }
  if (retryMs > 0) return await refuse(request.id, Code.BUSY, retryMs)
  let reply: Uint8Array
  try {
    reply = encode(await init.work(request))
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
const idShape = uint(2 ** 32 - 1, 1)
const typeShape = text(TYPE_MAX_CHARS, 1)

/** What all requests have, whatever else they hold. */
const anyRequest: Shape<Identified> = (value, path) => {
  const given = value as Partial<Record<string, unknown>> | null
  return {
    id: idShape(given?.['id'], `${path}.id`),
    type: typeShape(given?.['type'], `${path}.type`)
  }
}
