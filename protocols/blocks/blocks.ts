/**
 * Both sides of /keyward/blocks/1.0.0. The asking side derives the order from blocks that it has
 * verified and yields none that is not the next in it.
 * @module
 */
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../core/bytes.ts'
import { Code } from '../../core/codes.ts'
import {
  ContentNotFoundError,
  InvalidMessageError,
  InvalidParametersError,
  PeerUnavailableError,
  RateLimitedError
} from '../../core/errors.ts'
import {
  BLOCK_MAX_BYTES,
  BLOCK_WAIT_MS,
  BLOCKS_RIGHT_MS,
  DENIED_STEP_MS
} from '../../core/limits.ts'
import {
  defaultStreamLimits,
  type FrameChannel,
  FrameServer,
  NothingCameError
} from '../framing.ts'
import { BLOCKS_PROTOCOL } from './constants.ts'
import { DepthFirst, isNode, type Place } from './depth-first.ts'
import type { Block, Blocks, BlocksComponents, BlocksInit, FetchOptions } from './index.ts'
import { type BlocksEnd, decodeFrame, encodeRequest } from './messages.ts'
import { StreamPool } from './pool.ts'
import { serveBlocks } from './serving.ts'

export const defaultBlocksInit = {
  ...defaultStreamLimits,
  frameMaxBytes: BLOCK_MAX_BYTES + 1,
  blockMaxMs: BLOCK_WAIT_MS,
  rightMs: BLOCKS_RIGHT_MS,
  deniedStepMs: DENIED_STEP_MS
} as const satisfies Partial<BlocksInit>

export class BlocksService implements Blocks {
  readonly #init: BlocksInit & Required<Pick<BlocksInit, keyof typeof defaultBlocksInit>>
  readonly #server: FrameServer | undefined
  readonly #streams: StreamPool

  constructor(components: BlocksComponents, init: BlocksInit) {
    this.#init = { ...defaultBlocksInit, ...init }
    const limits = this.#init
    const { source, clock, idleMs, streamsOut } = this.#init
    this.#server =
      source &&
      new FrameServer(
        components,
        {
          protocol: BLOCKS_PROTOCOL,
          limits: { ...limits, pipelined: 1 },
          clock,
          sendMaxMs: idleMs, // a reader may take its time: it holds a few blocks of ours, no more
          accept: (channel, peer) => serveBlocks(channel, peer, { ...limits, source })
        },
        components.logger.forComponent('keyward:blocks')
      )
    this.#streams = new StreamPool(limits, (peer, options) =>
      components.connectionManager.openStream(peer, BLOCKS_PROTOCOL, {
        ...options,
        maxOutboundStreams: streamsOut,
        runOnLimitedConnection: true
      })
    )
  }

  async start(): Promise<void> {
    await this.#server?.start()
  }

  async stop(): Promise<void> {
    this.#streams.closeAll()
    await this.#server?.stop()
  }

  async *fetch(
    peer: PeerId,
    root: CID,
    options: FetchOptions = {}
  ): AsyncGenerator<Block, void, undefined> {
    const { from = 0, signal } = options
    const order = new DepthFirst(root)
    const first = await this.#replay(order, from, options)
    const channel = await this.#streams.take(peer, signal)
    const onAbort = (): void => channel.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    let whole = false
    try {
      signal?.throwIfAborted()
      await channel.send(encodeRequest({ root, from }))
      yield* this.#receive(channel, peer, order, first)
      whole = true
    } finally {
      signal?.removeEventListener('abort', onAbort)
      if (!whole) channel.abort(new PeerUnavailableError('fetch was broken off'))
      this.#streams.give(peer, channel)
    }
  }

  /** Walks over the blocks before `from`; gives the place of `from` itself. */
  async #replay(
    order: DepthFirst,
    from: number,
    options: FetchOptions
  ): Promise<Place | undefined> {
    for (;;) {
      const place = order.next()
      if (place == null || place.index >= from) return place
      if (!isNode(place.cid)) continue
      if (options.known == null) {
        throw new InvalidParametersError('"known" expected with "from" > 0, got none')
      }
      options.signal?.throwIfAborted()
      const bytes = await options.known(place.cid)
      if (!this.#matches(place.cid, bytes)) {
        throw new InvalidParametersError('"known" expected the bytes of its CID, got others')
      }
      order.enter(bytes)
    }
  }

  async *#receive(
    channel: FrameChannel,
    peer: PeerId,
    order: DepthFirst,
    first: Place | undefined
  ): AsyncGenerator<Block, void, undefined> {
    for (let place = first; ; place = order.next()) {
      const message = decodeFrame(await this.#frame(channel))
      if (!(message instanceof Uint8Array)) {
        if (message.type === 'refused') throw refusal(message)
        if (place != null || message.blocks !== order.count) {
          throw new PeerUnavailableError(`peer ${peer} ended early, after ${message.blocks} blocks`)
        }
        return
      }
      if (place == null) {
        throw new InvalidMessageError(`peer ${peer} sent a block beyond the last`)
      }
      const { index, cid } = place
      if (!this.#matches(cid, message)) {
        throw new InvalidMessageError(`peer ${peer} sent another block than ${cid} at ${index}`)
      }
      if (isNode(cid)) order.enter(message)
      yield { index, cid, bytes: own(message) }
    }
  }

  async #frame(channel: FrameChannel): Promise<Uint8Array> {
    try {
      const frame = await channel.next(this.#init.blockMaxMs)
      if (frame != null) return frame
    } catch (err) {
      if (!(err instanceof NothingCameError)) throw err
      throw new PeerUnavailableError(`no block within ${this.#init.blockMaxMs} ms`)
    }
    throw new PeerUnavailableError('stream ended before the last block')
  }

  #matches(cid: CID, bytes: Uint8Array): boolean {
    return equalBytes(this.#init.sha256(bytes), cid.multihash.digest)
  }
}

function refusal(end: BlocksEnd & { readonly type: 'refused' }): Error {
  if (end.code === Code.DENIED) return new ContentNotFoundError('peer gives no such blocks to us')
  if (end.code === Code.BUSY) return new RateLimitedError(end.retryMs)
  return new PeerUnavailableError(`peer could not go on: ${end.code}`)
}

/** A small block would keep the whole network buffer alive that it came in. */
const own = (bytes: Uint8Array): Uint8Array =>
  bytes.buffer.byteLength > 2 * bytes.byteLength ? bytes.slice() : bytes
