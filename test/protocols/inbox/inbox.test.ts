import { afterEach, describe, expect, it } from 'vitest'
import type { Card } from '../../../core/binding.ts'
import type { Sealed } from '../../../core/envelope.ts'
import { address, hash, kemPublicKey, peerIdBytes } from '../../../core/ids.ts'
import { INBOX_FRAME_MAX_BYTES, MAIL_PER_PAGE } from '../../../core/limits.ts'
import { FrameChannel } from '../../../protocols/framing.ts'
import { INBOX_PROTOCOL, InboxCode } from '../../../protocols/inbox/constants.ts'
import {
  type Inbox,
  type InboxHandler,
  type InboxInit,
  inbox,
  type Refused
} from '../../../protocols/inbox/index.ts'
import { decodeReply, encodeReply, encodeRequest } from '../../../protocols/inbox/messages.ts'
import {
  bounded,
  closed,
  connect,
  openStream,
  startNode,
  systemClock,
  unhurried,
  within
} from '../nodes.ts'

const running: AsyncDisposable[] = []
afterEach(async () => {
  for (const node of running.splice(0).reverse()) await node[Symbol.asyncDispose]()
})

const account = address(new Uint8Array(20).fill(0x22))
const sealed: Sealed = {
  v: 1,
  suite: 1,
  enc: new Uint8Array(1_120).fill(1),
  ct: new Uint8Array(300).fill(2)
}
const cardOf = (peer: Uint8Array): Card => ({
  binding: {
    account,
    peerId: peerIdBytes(peer),
    kemKeyHash: hash(new Uint8Array(32).fill(3)),
    validFrom: 1_800_000_000,
    validUntil: 1_800_086_400,
    bindingEpoch: 1
  },
  bindingSig: new Uint8Array(65).fill(4),
  kem: kemPublicKey(new Uint8Array(1_216).fill(5)),
  addrs: [Uint8Array.of(4, 127, 0, 0, 1)],
  name: 'Clinic am Park'
})
const somebody = new Uint8Array([0x00, 0x24, 0x08, 0x01, 0x12, 0x20, ...new Uint8Array(32).fill(7)])
const denied: Refused = { ok: false, code: InboxCode.DENIED, retryMs: 0 }

const init = (extra: Partial<InboxInit> = {}): InboxInit => ({
  ...unhurried,
  clock: systemClock,
  ...extra
})

const handling = (extra: Partial<InboxHandler> = {}): InboxHandler => ({
  card: async () => ({ ok: true, card: cardOf(somebody) }),
  register: async () => ({ ok: true }),
  put: async () => ({ ok: true }),
  list: async () => ({ ok: true, items: [], more: false }),
  remove: async () => ({ ok: true }),
  receipts: async () => ({ ok: true, page: sealed, more: false }),
  ...extra
})

async function pair(handler: Partial<InboxHandler> = {}, extra: Partial<InboxInit> = {}) {
  const clinic = await startNode({ inbox: inbox(init({ ...extra, handler: handling(handler) })) })
  const phone = await startNode({ inbox: inbox(init(extra)) })
  running.push(clinic, phone)
  const peer = await connect(phone, clinic)
  return { clinic, phone, peer, asking: phone.services.inbox as Inbox }
}

describe('inbox', () => {
  it('hands each request to the handler with the peer that asks', async () => {
    const asked: unknown[] = []
    const note =
      <A>(name: string, answer: A) =>
      async (...args: unknown[]): Promise<A> => {
        asked.push([name, ...args.slice(0, -1)])
        return answer
      }
    const { asking, peer, phone } = await pair({
      card: note('card', { ok: true, card: cardOf(somebody) } as const),
      register: note('register', { ok: true } as const),
      put: note('put', { ok: true } as const),
      list: note('list', { ok: true, items: [], more: false } as const),
      remove: note('remove', { ok: true } as const),
      receipts: note('receipts', { ok: true, page: sealed, more: true } as const)
    })
    const me = phone.peerId.toMultihash().bytes
    const mail = new Uint8Array(1_500).fill(9)

    expect(await asking.card(peer, undefined, bounded())).toEqual({
      ok: true,
      card: cardOf(somebody)
    })
    await asking.card(peer, account, bounded())
    expect(await asking.register(peer, cardOf(me), bounded())).toEqual({ ok: true })
    expect(await asking.put(peer, account, mail, bounded())).toEqual({ ok: true })
    await asking.list(peer, account, 5, bounded())
    expect(await asking.remove(peer, account, 7, bounded())).toEqual({ ok: true })
    expect(await asking.receipts(peer, account, 0, bounded())).toEqual({
      ok: true,
      page: sealed,
      more: true
    })

    expect(asked).toEqual([
      ['card', undefined, me],
      ['card', account, me],
      ['register', cardOf(me), me],
      ['put', account, mail, me],
      ['list', account, 5, me],
      ['remove', account, 7, me],
      ['receipts', account, 0, me]
    ])
  })

  it('lists mail in pages', async () => {
    const box = Array.from({ length: 150 }, (_, i) => ({ seq: i + 1, mail: Uint8Array.of(i) }))
    const { asking, peer } = await pair({
      list: async (_account, after) => {
        const items = box.filter(({ seq }) => seq > after).slice(0, MAIL_PER_PAGE)
        return { ok: true, items, more: (items.at(-1)?.seq ?? 150) < 150 }
      }
    })
    const got: unknown[] = []

    for (let after = 0, more = true; more; ) {
      const page = await asking.list(peer, account, after, bounded())
      if (!page.ok) throw new Error('refused')
      got.push(...page.items)
      after = page.items.at(-1)?.seq ?? after
      more = page.more
    }

    expect(got).toEqual(box)
  })

  it('carries mail of a whole capsule, and answers without a page', async () => {
    const mail = new Uint8Array(2 ** 20).fill(8)
    const kept: Uint8Array[] = []
    const { asking, peer } = await pair({
      put: async (_to, given) => {
        kept.push(given)
        return { ok: true }
      },
      list: async () => ({ ok: true, items: [{ seq: 1, mail }], more: false }),
      receipts: async () => ({ ok: true, more: false })
    })

    await asking.put(peer, account, mail, bounded())
    const page = await asking.list(peer, account, 0, bounded())

    expect(kept).toEqual([mail])
    expect(page).toEqual({ ok: true, items: [{ seq: 1, mail }], more: false })
    expect(await asking.receipts(peer, account, 0, bounded())).toEqual({ ok: true, more: false })
  })

  it('gives refusals as values', async () => {
    const refuse = async () => denied
    const { asking, peer, phone } = await pair({
      card: refuse,
      register: refuse,
      put: refuse,
      list: refuse,
      remove: refuse,
      receipts: refuse
    })
    const own = cardOf(phone.peerId.toMultihash().bytes)

    expect(await asking.card(peer, account, bounded())).toEqual(denied)
    expect(await asking.register(peer, own, bounded())).toEqual(denied)
    expect(await asking.put(peer, account, Uint8Array.of(1), bounded())).toEqual(denied)
    expect(await asking.list(peer, account, 0, bounded())).toEqual(denied)
    expect(await asking.remove(peer, account, 1, bounded())).toEqual(denied)
    expect(await asking.receipts(peer, account, 0, bounded())).toEqual(denied)
  })

  it("refuses another's card without asking the handler", async () => {
    let calls = 0
    const { asking, peer } = await pair({
      register: async () => {
        calls += 1
        return { ok: true }
      }
    })

    const answer = await asking.register(peer, cardOf(somebody), bounded())

    expect(answer).toEqual({ ok: false, code: InboxCode.BAD_SIGNATURE, retryMs: 0 })
    expect(calls).toBe(0)
  })

  it('says only 606 of why a handler failed', async () => {
    const { asking, peer } = await pair({ put: () => Promise.reject(new Error('disk of 4711')) })

    const answer = await asking.put(peer, account, Uint8Array.of(1), bounded())

    expect(answer).toEqual({ ok: false, code: InboxCode.INTERNAL, retryMs: 0 })
  })

  it('says BUSY to a peer that asks too often', async () => {
    const { asking, peer } = await pair({}, { requestsPerSecond: 20, requestsBurst: 1 })

    const answers = await Promise.all([1, 2].map(() => asking.remove(peer, account, 1, bounded())))

    expect(answers[0]).toEqual({ ok: true })
    expect(answers[1]).toMatchObject({ ok: false, code: InboxCode.BUSY })
  })

  const lists = [
    { id: 'goes back', seqs: [2, 1] },
    { id: 'repeats', seqs: [1, 1] },
    { id: 'gives what was read', seqs: [0 + 4] }
  ]
  it.each(lists)('refuses a list that $id', async ({ seqs }) => {
    const items = seqs.map((seq) => ({ seq, mail: Uint8Array.of(seq) }))
    const { asking, peer } = await pair({ list: async () => ({ ok: true, items, more: false }) })
    const after = seqs.length === 1 ? 4 : 0

    await expect(asking.list(peer, account, after, bounded())).rejects.toMatchObject({
      name: 'InvalidMessageError'
    })
  })

  it('refuses an answer of another kind', async () => {
    const liar = await startNode({})
    const phone = await startNode({ inbox: inbox(init()) })
    running.push(liar, phone)
    await liar.handle(INBOX_PROTOCOL, async (stream) => {
      const channel = new FrameChannel(stream, { frameMaxBytes: 2 ** 16, frameMaxMs: 10_000 })
      await channel.next()
      await channel.send(encodeReply({ id: 1, type: 'done' }))
    })

    const asked = phone.services.inbox.card(await connect(phone, liar), undefined, bounded())

    await expect(within(asked)).rejects.toMatchObject({ name: 'InvalidMessageError' })
  })

  it('refuses types that it does not know, and resets at frames over the bound', async () => {
    const { phone, peer } = await pair()
    const stream = await openStream(phone, peer, INBOX_PROTOCOL)
    const limits = { frameMaxBytes: 2 * INBOX_FRAME_MAX_BYTES, frameMaxMs: 10_000 }
    const channel = new FrameChannel(stream, limits)

    await channel.send(encodeRequest({ id: 2, type: 'delete-all' } as never))
    const answer = decodeReply((await within(channel.next())) as Uint8Array)
    channel.send(new Uint8Array(INBOX_FRAME_MAX_BYTES + 1)).catch(() => {})

    expect(answer).toEqual({ id: 2, type: 'refused', code: InboxCode.UNSUPPORTED, retryMs: 0 })
    await closed(stream)
    expect(stream.status).toBe('reset')
  })

  it('gives up a clinic that does not answer in time', async () => {
    const { asking, peer } = await pair({ list: () => new Promise(() => {}) }, { answerMaxMs: 30 })

    await expect(within(asking.list(peer, account, 0))).rejects.toMatchObject({
      name: 'PeerUnavailableError'
    })
  })

  it('may be started and stopped twice', async () => {
    const { asking, peer, clinic } = await pair()
    await asking.remove(peer, account, 1, bounded())

    await clinic.services.inbox.start()
    await clinic.services.inbox.stop()
    await clinic.services.inbox.stop()

    await expect(within(asking.remove(peer, account, 1, bounded()))).rejects.toMatchObject({
      name: 'PeerUnavailableError'
    })
  })
})
