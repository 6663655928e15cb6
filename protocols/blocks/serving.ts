/**
 * The serving side of /keyward/blocks/1.0.0: a DAG's blocks in depth-first order, read a few ahead
 * of what is sent, to a peer whose right is asked for at the start and again now and then.
 * @module
 */
import type { CID } from 'multiformats/cid'
import { Code } from '../../core/codes.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import { BLOCKS_READ_AHEAD } from '../../core/limits.ts'
import { type Clock, type FrameChannel, pause, type ServedRequest } from '../framing.ts'
import { DepthFirst, isNode } from './depth-first.ts'
import type { BlocksSource } from './index.ts'
import { BLOCK_HEAD, type BlocksEnd, decodeRequest, encodeEnd } from './messages.ts'

export interface BlocksServingInit {
  readonly source: BlocksSource
  readonly clock: Clock
  readonly rightMs: number
  readonly deniedStepMs: number
}

/** Gives what answers the requests of one stream, one at a time. */
export const serveBlocks =
  (channel: FrameChannel, peer: PeerIdBytes, init: BlocksServingInit) =>
  async ({ frame, retryMs }: ServedRequest): Promise<void> => {
    const arrivedAtMs = init.clock.nowMs()
    const { root, from } = decodeRequest(frame)
    if (retryMs > 0) return await end(channel, { type: 'refused', code: Code.BUSY, retryMs })
    const right = new Right(root, peer, channel.signal, init)
    const first = await right.firstBlock()
    if (first == null) {
      // at the next step after arrival, however long the checks took (SECURITY.md §9.2, wire D)
      const step = init.deniedStepMs
      await pause(step - ((init.clock.nowMs() - arrivedAtMs) % step), channel.signal)
      return await end(channel, DENIED)
    }
    await end(channel, await stream(channel, root, from, first, right, init.source))
  }

/** Sends the blocks; gives the frame that ends them. */
async function stream(
  channel: FrameChannel,
  root: CID,
  from: number,
  first: Uint8Array,
  right: Right,
  source: BlocksSource
): Promise<BlocksEnd> {
  const { signal } = channel
  const order = new DepthFirst(root)
  let sent: Promise<unknown> = Promise.resolve()
  try {
    for (;;) {
      const batch: Promise<Uint8Array>[] = []
      while (batch.length < BLOCKS_READ_AHEAD) {
        const place = order.next()
        if (place == null) break
        const { index, cid } = place
        if (index < from && !isNode(cid)) continue
        const block = index === 0 ? Promise.resolve(first) : source.get(cid, { signal })
        block.catch(() => {}) // noticed when it is awaited
        if (isNode(cid)) order.enter(await block)
        if (index >= from) batch.push(block)
      }
      const blocks = await Promise.all(batch)
      await sent
      if (blocks.length === 0) return { type: 'end', blocks: order.count }
      if (!(await right.stands())) return DENIED
      sent = Promise.all(blocks.map((block) => channel.send(BLOCK_HEAD, block)))
      sent.catch(() => {})
    }
  } catch (err) {
    if (signal.aborted) throw err
    return { type: 'refused', code: Code.INTERNAL, retryMs: 0 } // a block is missing: start again
  }
}

/** A peer's right to a root, and what hides from others whether there is one. */
class Right {
  readonly #root: CID
  readonly #peer: PeerIdBytes
  readonly #signal: AbortSignal
  readonly #init: BlocksServingInit
  #provenAtMs = 0

  constructor(root: CID, peer: PeerIdBytes, signal: AbortSignal, init: BlocksServingInit) {
    this.#root = root
    this.#peer = peer
    this.#signal = signal
    this.#init = init
  }

  /** Undefined alike if the peer may not, the root is not here, or the check failed. */
  async firstBlock(): Promise<Uint8Array | undefined> {
    try {
      if (!(await this.#authorise())) return undefined
      return await this.#init.source.get(this.#root, { signal: this.#signal })
    } catch (err) {
      if (this.#signal.aborted) throw err
      return undefined
    }
  }

  /** True while it was proven not long ago; else asks again. */
  async stands(): Promise<boolean> {
    const ageMs = this.#init.clock.nowMs() - this.#provenAtMs
    if (ageMs >= 0 && ageMs < this.#init.rightMs) return true
    return await this.#authorise()
  }

  async #authorise(): Promise<boolean> {
    const nowMs = this.#init.clock.nowMs()
    const options = { signal: this.#signal }
    const may = await this.#init.source.authorise(this.#peer, this.#root, options)
    if (may) this.#provenAtMs = nowMs
    return may
  }
}

const DENIED: BlocksEnd = { type: 'refused', code: Code.DENIED, retryMs: 0 }

const end = (channel: FrameChannel, frame: BlocksEnd): Promise<void> =>
  channel.send(encodeEnd(frame))
