/**
 * Both sides of /keyward/inbox/1.0.0 (hops 7, 8 and 12 of 12). Mail is opaque here; who may read
 * whose mailbox is the handler's to say.
 * @module
 */
import type { AbortOptions, PeerId } from '@libp2p/interface'
import type { Card } from '../../core/binding.ts'
import { equalBytes } from '../../core/bytes.ts'
import { InvalidMessageError } from '../../core/errors.ts'
import type { Address, PeerIdBytes } from '../../core/ids.ts'
import { INBOX_FRAME_MAX_BYTES } from '../../core/limits.ts'
import { defaultStreamLimits, IdentifiedProtocol } from '../framing.ts'
import { INBOX_ANSWER_MAX_MS, INBOX_PROTOCOL, InboxCode } from './constants.ts'
import type {
  CardAnswer,
  DoneAnswer,
  Inbox,
  InboxComponents,
  InboxHandler,
  InboxInit,
  ListAnswer,
  ReceiptsAnswer,
  Refused,
  ServingOptions
} from './index.ts'
import type { InboxReply, InboxRequest } from './messages.ts'
import * as messages from './messages.ts'

export const defaultInboxInit = {
  ...defaultStreamLimits,
  frameMaxBytes: INBOX_FRAME_MAX_BYTES,
  answerMaxMs: INBOX_ANSWER_MAX_MS
} as const satisfies Partial<InboxInit>

export class InboxService implements Inbox {
  readonly #init: InboxInit & Required<Pick<InboxInit, keyof typeof defaultInboxInit>>
  readonly #protocol: IdentifiedProtocol<InboxRequest, InboxReply>

  constructor(components: InboxComponents, init: InboxInit) {
    this.#init = { ...defaultInboxInit, ...init }
    const { handler, clock } = this.#init
    this.#protocol = new IdentifiedProtocol(
      components,
      {
        protocol: INBOX_PROTOCOL,
        limits: this.#init,
        clock,
        messages,
        types: ['card', 'register', 'put', 'list', 'remove', 'receipts'],
        isLast: () => true,
        work:
          handler &&
          ((request, { signal }, peer) => work(request, { peer, handler, options: { signal } }))
      },
      components.logger.forComponent('keyward:inbox')
    )
  }

  start(): Promise<void> {
    return this.#protocol.start()
  }

  stop(): Promise<void> {
    return this.#protocol.stop()
  }

  async card(peer: PeerId, account?: Address, options?: AbortOptions): Promise<CardAnswer> {
    const make = (id: number): InboxRequest => ({ id, type: 'card', account })
    const reply = await this.#ask(peer, make, 'card', options)
    return reply.type === 'card' ? { ok: true, card: reply.card } : refused(reply)
  }

  register(peer: PeerId, card: Card, options?: AbortOptions): Promise<DoneAnswer> {
    return this.#done(peer, (id) => ({ id, type: 'register', card }), options)
  }

  put(peer: PeerId, to: Address, mail: Uint8Array, options?: AbortOptions): Promise<DoneAnswer> {
    return this.#done(peer, (id) => ({ id, type: 'put', to, mail }), options)
  }

  async list(
    peer: PeerId,
    account: Address,
    after: number,
    options?: AbortOptions
  ): Promise<ListAnswer> {
    const make = (id: number): InboxRequest => ({ id, type: 'list', account, after })
    const reply = await this.#ask(peer, make, 'mail', options)
    if (reply.type !== 'mail') return refused(reply)
    let last = after
    for (const { seq } of reply.items) {
      if (seq <= last) throw new InvalidMessageError(`"items" expected seq > ${last}, got ${seq}`)
      last = seq
    }
    return { ok: true, items: reply.items, more: reply.more }
  }

  remove(
    peer: PeerId,
    account: Address,
    upTo: number,
    options?: AbortOptions
  ): Promise<DoneAnswer> {
    return this.#done(peer, (id) => ({ id, type: 'remove', account, upTo }), options)
  }

  async receipts(
    peer: PeerId,
    account: Address,
    after: number,
    options?: AbortOptions
  ): Promise<ReceiptsAnswer> {
    const make = (id: number): InboxRequest => ({ id, type: 'receipts', account, after })
    const reply = await this.#ask(peer, make, 'page', options)
    if (reply.type !== 'page') return refused(reply)
    const { page, more } = reply
    return page == null ? { ok: true, more } : { ok: true, page, more }
  }

  async #done(
    peer: PeerId,
    make: (id: number) => InboxRequest,
    options: AbortOptions | undefined
  ): Promise<DoneAnswer> {
    const reply = await this.#ask(peer, make, 'done', options)
    return reply.type === 'done' ? { ok: true } : refused(reply)
  }

  /** Gives an answer of the type asked for, or a refusal. */
  async #ask<T extends InboxReply['type']>(
    peer: PeerId,
    make: (id: number) => InboxRequest,
    type: T,
    options: AbortOptions | undefined
  ): Promise<InboxReply & { readonly type: T | 'refused' }> {
    const reply = await this.#protocol.ask(peer, make, {
      ...options,
      waitMs: this.#init.answerMaxMs
    })
    if (reply.type !== type && reply.type !== 'refused') {
      throw new InvalidMessageError(`"inbox answer.type" expected ${type}, got ${reply.type}`)
    }
    return reply as InboxReply & { readonly type: T | 'refused' }
  }
}

interface Serving {
  readonly peer: PeerIdBytes
  readonly handler: InboxHandler
  readonly options: ServingOptions
}

async function work(request: InboxRequest, serving: Serving): Promise<InboxReply> {
  const { id } = request
  const { peer, handler, options } = serving
  switch (request.type) {
    case 'card': {
      const answer = await handler.card(request.account, peer, options)
      return answer.ok ? { id, type: 'card', card: answer.card } : refusal(id, answer)
    }
    case 'register':
      // only one's own: the binding says which account this connection's peer speaks for
      if (!equalBytes(request.card.binding.peerId, peer)) {
        return refusal(id, { ok: false, code: InboxCode.BAD_SIGNATURE, retryMs: 0 })
      }
      return done(id, await handler.register(request.card, peer, options))
    case 'put':
      return done(id, await handler.put(request.to, request.mail, peer, options))
    case 'list': {
      const answer = await handler.list(request.account, request.after, peer, options)
      if (!answer.ok) return refusal(id, answer)
      return { id, type: 'mail', items: answer.items, more: answer.more }
    }
    case 'remove':
      return done(id, await handler.remove(request.account, request.upTo, peer, options))
    case 'receipts': {
      const answer = await handler.receipts(request.account, request.after, peer, options)
      if (!answer.ok) return refusal(id, answer)
      return { id, type: 'page', page: answer.page, more: answer.more }
    }
  }
}

const done = (id: number, answer: DoneAnswer): InboxReply =>
  answer.ok ? { id, type: 'done' } : refusal(id, answer)

const refusal = (id: number, { code, retryMs }: Refused): InboxReply => ({
  id,
  type: 'refused',
  code,
  retryMs
})

const refused = (reply: InboxReply & { readonly type: 'refused' }): Refused => ({
  ok: false,
  code: reply.code,
  retryMs: reply.retryMs
})
