/**
 * Both sides of /keyward/custody/1.0.0 (hops 5 and 6 of 12). Work may take minutes, while blocks
 * are pulled or a block of the chain is awaited; heartbeats tell a slow custodian from a dead one.
 * @module
 */
import type { PeerId } from '@libp2p/interface'
import { InvalidMessageError } from '../../core/errors.ts'
import type { Notice } from '../../core/hand-back.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import { CUSTODY_FRAME_MAX_BYTES, HEARTBEAT_LOST_MS, HEARTBEAT_MS } from '../../core/limits.ts'
import { defaultStreamLimits, type FrameChannel, IdentifiedProtocol } from '../framing.ts'
import { CUSTODY_PROTOCOL } from './constants.ts'
import type {
  Custody,
  CustodyComponents,
  CustodyHandler,
  CustodyInit,
  CustodyOptions,
  NoticeAnswer,
  ReceiptAnswer,
  RecordRef
} from './index.ts'
import type { CustodyReply, CustodyRequest } from './messages.ts'
import * as messages from './messages.ts'

export const defaultCustodyInit = {
  ...defaultStreamLimits,
  frameMaxBytes: CUSTODY_FRAME_MAX_BYTES,
  heartbeatMs: HEARTBEAT_MS,
  heartbeatLostMs: HEARTBEAT_LOST_MS
} as const satisfies Partial<CustodyInit>

export class CustodyService implements Custody {
  readonly #init: CustodyInit & Required<Pick<CustodyInit, keyof typeof defaultCustodyInit>>
  readonly #protocol: IdentifiedProtocol<CustodyRequest, CustodyReply>

  constructor(components: CustodyComponents, init: CustodyInit) {
    this.#init = { ...defaultCustodyInit, ...init }
    const limits = this.#init
    const { handler, clock, heartbeatMs } = this.#init
    this.#protocol = new IdentifiedProtocol(
      components,
      {
        protocol: CUSTODY_PROTOCOL,
        limits,
        clock,
        messages,
        types: ['deal', 'pin', 'notice'],
        isLast: (reply) => reply.type !== 'progress',
        work:
          handler &&
          ((request, channel, peer) => work(request, { channel, peer, handler, heartbeatMs }))
      },
      components.logger.forComponent('keyward:custody')
    )
  }

  start(): Promise<void> {
    return this.#protocol.start()
  }

  stop(): Promise<void> {
    return this.#protocol.stop()
  }

  deal(peer: PeerId, pack: Uint8Array, options?: CustodyOptions): Promise<ReceiptAnswer> {
    return this.#receipt(peer, (id) => ({ id, type: 'deal', package: pack }), options)
  }

  pin(peer: PeerId, record: RecordRef, options?: CustodyOptions): Promise<ReceiptAnswer> {
    const { owner, recordId, ver } = record
    return this.#receipt(peer, (id) => ({ id, type: 'pin', owner, recordId, ver }), options)
  }

  async notice(peer: PeerId, message: Notice, options?: CustodyOptions): Promise<NoticeAnswer> {
    const make = (id: number): CustodyRequest => ({ id, type: 'notice', notice: message })
    const reply = await this.#ask(peer, make, options)
    if (reply.type === 'refused') return refused(reply)
    if (reply.type !== 'notice') throw unexpected('notice', reply)
    const { tx, code } = reply
    return tx == null ? { ok: true, code } : { ok: true, tx }
  }

  async #receipt(
    peer: PeerId,
    make: (id: number) => CustodyRequest,
    options: CustodyOptions | undefined
  ): Promise<ReceiptAnswer> {
    const reply = await this.#ask(peer, make, options)
    if (reply.type === 'refused') return refused(reply)
    if (reply.type !== 'receipt') throw unexpected('receipt', reply)
    return { ok: true, receipt: { link: reply.link, body: reply.body } }
  }

  #ask(
    peer: PeerId,
    make: (id: number) => CustodyRequest,
    options: CustodyOptions = {}
  ): Promise<CustodyReply> {
    return this.#protocol.ask(peer, make, {
      ...options,
      waitMs: this.#init.heartbeatLostMs,
      onReply: (reply) => {
        if (reply.type === 'progress') options.onProgress?.(reply.done)
      }
    })
  }
}

interface Serving {
  readonly channel: FrameChannel
  readonly peer: PeerIdBytes
  readonly handler: CustodyHandler
  readonly heartbeatMs: number
}

/** Lets the handler work and shows signs of life meanwhile. */
async function work(request: CustodyRequest, serving: Serving): Promise<CustodyReply> {
  const { id } = request
  const { channel, peer, handler } = serving
  let done = 0
  let underWay = true
  const beat = (): void => {
    if (!underWay) return
    const frame = messages.encodeReply({ id, type: 'progress', done })
    channel.send(frame).catch(() => {}) // reading notices that the stream broke
  }
  const progress = (now: number): void => {
    const first = done === 0
    done = now
    if (first) beat()
  }
  const timer = setInterval(beat, serving.heartbeatMs)
  const options = { signal: channel.signal, progress }
  try {
    switch (request.type) {
      case 'deal':
        return receiptReply(id, await handler.deal(request.package, peer, options))
      case 'pin':
        return receiptReply(id, await handler.pin(request, peer, options))
      case 'notice':
        return noticeReply(id, await handler.notice(request.notice, peer, options))
    }
  } finally {
    underWay = false
    clearInterval(timer)
  }
}

const receiptReply = (id: number, answer: ReceiptAnswer): CustodyReply =>
  answer.ok
    ? { id, type: 'receipt', ...answer.receipt }
    : { id, type: 'refused', code: answer.code, retryMs: answer.retryMs }

const noticeReply = (id: number, answer: NoticeAnswer): CustodyReply =>
  answer.ok
    ? { id, type: 'notice', tx: answer.tx, code: answer.code ?? 0 }
    : { id, type: 'refused', code: answer.code, retryMs: answer.retryMs }

const refused = (reply: CustodyReply & { readonly type: 'refused' }) =>
  ({ ok: false, code: reply.code, retryMs: reply.retryMs }) as const

const unexpected = (expected: string, got: CustodyReply): InvalidMessageError =>
  new InvalidMessageError(`"custody answer.type" expected ${expected}, got ${got.type}`)
