import type { ComponentLogger, Logger } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { afterEach, describe, expect, it } from 'vitest'
import { address, hash, recordId } from '../../../core/ids.ts'
import { CUSTODY_FRAME_MAX_BYTES } from '../../../core/limits.ts'
import type { SignedMessage } from '../../../core/typed-data.ts'
import { CUSTODY_PROTOCOL, CustodyCode } from '../../../protocols/custody/constants.ts'
import {
  type Custody,
  type CustodyHandler,
  type CustodyInit,
  custody,
  type NoticeAnswer,
  type Receipt,
  type ReceiptAnswer
} from '../../../protocols/custody/index.ts'
import {
  type CustodyReply,
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest
} from '../../../protocols/custody/messages.ts'
import { FrameChannel } from '../../../protocols/framing.ts'
import {
  bounded,
  closed,
  connect,
  openStream,
  startNode,
  systemClock,
  unhurried,
  until,
  within
} from '../nodes.ts'

const running: AsyncDisposable[] = []
afterEach(async () => {
  for (const node of running.splice(0).reverse()) await node[Symbol.asyncDispose]()
})

const owner = address(new Uint8Array(20).fill(0x11))
const record = { owner, recordId: recordId(new Uint8Array(32).fill(0x33)), ver: 1 }
const receipt: Receipt = {
  link: { b: new Uint8Array(140).fill(1), s: new Uint8Array(64).fill(2) },
  body: new Uint8Array(300).fill(3)
}
const ok: ReceiptAnswer = { ok: true, receipt }
const revokeAll: SignedMessage = {
  type: 'RevokeAll',
  message: { owner, epoch: 2 },
  sig: new Uint8Array(65).fill(4)
}
const tx = {
  hash: hash(new Uint8Array(32).fill(5)),
  block: { number: 7, hash: hash(new Uint8Array(32).fill(6)) },
  gasUsed: 26_206
}
const never = new Promise<never>(() => {})

const init = (extra: Partial<CustodyInit> = {}): CustodyInit => ({
  ...unhurried,
  clock: systemClock,
  ...extra
})

const handling = (extra: Partial<CustodyHandler> = {}): CustodyHandler => ({
  deal: async () => ok,
  pin: async () => ok,
  notice: async () => ({ ok: true, tx }),
  ...extra
})

async function pair(
  handler: Partial<CustodyHandler> = {},
  extra: Partial<CustodyInit> = {},
  logger?: ComponentLogger
) {
  const service = custody(init({ ...extra, handler: handling(handler) }))
  const custodian = await startNode({ custody: service }, 'memory', logger && { logger })
  const dealer = await startNode({ custody: custody(init(extra)) })
  running.push(custodian, dealer)
  const peer = await connect(dealer, custodian)
  return { custodian, dealer, peer, asking: dealer.services.custody as Custody }
}

/** A bare stream to the custodian, for peers that keep no rules. */
async function bare(handler: Partial<CustodyHandler> = {}, extra: Partial<CustodyInit> = {}) {
  const { dealer, peer } = await pair(handler, extra)
  const stream = await openStream(dealer, peer, CUSTODY_PROTOCOL)
  const frames = { frameMaxBytes: CUSTODY_FRAME_MAX_BYTES, frameMaxMs: 10_000 }
  return { stream, channel: new FrameChannel(stream, frames) }
}

describe('custody', () => {
  it('deals, pins and tells, each with what the handler answers', async () => {
    const asked: unknown[] = []
    const { asking, peer, dealer } = await pair({
      deal: async (pack, by) => {
        asked.push(['deal', pack, by])
        return ok
      },
      pin: async ({ owner, recordId, ver }, by) => {
        asked.push(['pin', { owner, recordId, ver }, by])
        return ok
      },
      notice: async (message, by) => {
        asked.push(['notice', message, by])
        return { ok: true, tx }
      }
    })
    const pack = new Uint8Array(12_000).fill(9)

    expect(await asking.deal(peer, pack, bounded())).toEqual(ok)
    expect(await asking.pin(peer, record, bounded())).toEqual(ok)
    expect(await asking.notice(peer, revokeAll, bounded())).toEqual({ ok: true, tx })

    const by = dealer.peerId.toMultihash().bytes
    expect(asked).toEqual([
      ['deal', pack, by],
      ['pin', record, by],
      ['notice', revokeAll, by]
    ])
  })

  it('calls the handler ten times for ten requests, on one stream', async () => {
    let calls = 0
    const { asking, peer, custodian } = await pair({
      deal: async () => {
        calls += 1
        return ok
      }
    })

    for (let i = 0; i < 10; i++) await asking.deal(peer, Uint8Array.of(i), bounded())

    const streams = custodian.getConnections().flatMap((connection) => connection.streams)
    expect(calls).toBe(10)
    expect(streams.filter(({ protocol }) => protocol === CUSTODY_PROTOCOL)).toHaveLength(1)
  })

  const refusals: { id: string; answer: NoticeAnswer & ReceiptAnswer }[] = [
    {
      id: 'for good',
      answer: { ok: false, code: CustodyCode.BAD_SHARE, retryMs: 0 }
    },
    {
      id: 'for a while',
      answer: { ok: false, code: CustodyCode.KEY_NEEDED, retryMs: 2_000 }
    }
  ]
  it.each(refusals)('gives a refusal $id as a value', async ({ answer }) => {
    const { asking, peer } = await pair({
      deal: async () => answer,
      pin: async () => answer,
      notice: async () => answer
    })

    expect(await asking.deal(peer, Uint8Array.of(1), bounded())).toEqual(answer)
    expect(await asking.pin(peer, record, bounded())).toEqual(answer)
    expect(await asking.notice(peer, revokeAll, bounded())).toEqual(answer)
  })

  it('tells a notice that is kept from one that is on chain', async () => {
    const answer: NoticeAnswer = { ok: true, code: CustodyCode.NOT_SENT }
    const { asking, peer } = await pair({ notice: async () => answer })

    expect(await asking.notice(peer, revokeAll, bounded())).toEqual(answer)
  })

  it('waits for a slow custodian as long as it shows signs of life', async () => {
    const heartbeats: number[] = []
    const { asking, peer } = await pair(
      {
        pin: async (_record, _peer, { progress }) => {
          for (let done = 1; done <= 5; done++) {
            progress(done)
            await new Promise((resolve) => setTimeout(resolve, 100)) // longer than the patience
          }
          return ok
        }
      },
      { heartbeatMs: 20, heartbeatLostMs: 80 }
    )

    const answer = await asking.pin(peer, record, {
      ...bounded(),
      onProgress: (done) => heartbeats.push(done)
    })

    expect(answer).toEqual(ok)
    expect(heartbeats).toEqual(heartbeats.toSorted((a, b) => a - b))
    expect(new Set(heartbeats)).toEqual(new Set([1, 2, 3, 4, 5]))
  })

  it('gives up a custodian that falls silent', async () => {
    const { asking, peer } = await pair(
      { pin: () => never },
      { heartbeatMs: 60_000, heartbeatLostMs: 40 }
    )

    await expect(within(asking.pin(peer, record))).rejects.toMatchObject({
      name: 'PeerUnavailableError'
    })
  })

  it('tells at once that a notice is durable, before it is on chain', async () => {
    const { promise: durable, resolve } = Promise.withResolvers<number>()
    const mined = Promise.withResolvers<NoticeAnswer>()
    const { asking, peer } = await pair(
      {
        notice: (_message, _peer, { progress }) => {
          progress(1)
          return mined.promise
        }
      },
      { heartbeatMs: 60_000 }
    )

    const telling = asking.notice(peer, revokeAll, { ...bounded(), onProgress: resolve })

    expect(await within(durable)).toBe(1)
    mined.resolve({ ok: true, tx })
    expect(await within(telling)).toEqual({ ok: true, tx })
  })

  it('tells the handler when the peer is gone', async () => {
    const gone = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const { asking, peer, dealer } = await pair({
      pin: (_record, _peer, { signal }) => {
        signal.addEventListener('abort', () => gone.resolve())
        begun.resolve()
        return never
      }
    })
    const outcome = asking.pin(peer, record).catch((err: Error) => err.name)
    await within(begun.promise)

    await dealer.stop()

    await within(gone.promise)
    expect(await within(outcome)).toBe('PeerUnavailableError')
  })

  it('says only 606 of why a handler failed, and serves on', async () => {
    const logged: string[] = []
    const { asking, peer } = await pair(
      {
        deal: async () => {
          throw new Error('secret: patient 4711')
        }
      },
      {},
      recording(logged)
    )

    const answer = await asking.deal(peer, Uint8Array.of(1), bounded())

    expect(answer).toEqual({ ok: false, code: CustodyCode.INTERNAL, retryMs: 0 })
    expect(logged.join()).toContain('deal failed')
    expect(await asking.pin(peer, record, bounded())).toEqual(ok)
  })

  it('says 606 when the handler gives more than a frame holds', async () => {
    const body = new Uint8Array(CUSTODY_FRAME_MAX_BYTES)
    const { asking, peer } = await pair({
      deal: async () => ({ ok: true, receipt: { ...receipt, body } })
    })

    const answer = await asking.deal(peer, Uint8Array.of(1), bounded())

    expect(answer).toMatchObject({ ok: false, code: CustodyCode.INTERNAL })
  })

  it('refuses to send a package that no frame holds', async () => {
    const { asking, peer } = await pair()

    const dealing = asking.deal(peer, new Uint8Array(CUSTODY_FRAME_MAX_BYTES), bounded())

    await expect(dealing).rejects.toMatchObject({ name: 'InvalidMessageError' })
    expect(await asking.pin(peer, record, bounded())).toEqual(ok)
  })

  it('says BUSY, and when to come back, to a peer that asks too often', async () => {
    const { asking, peer } = await pair({}, { requestsPerSecond: 20, requestsBurst: 2 })

    const answers = await Promise.all([1, 2, 3].map(() => asking.pin(peer, record, bounded())))

    expect(answers.slice(0, 2)).toEqual([ok, ok])
    expect(answers[2]).toMatchObject({ ok: false, code: CustodyCode.BUSY })
    expect(answers[2]).toHaveProperty('retryMs', expect.any(Number))
  })

  const unread = [
    {
      id: 'a known type with a field missing',
      fields: { id: 3, type: 'pin', owner },
      code: CustodyCode.MALFORMED
    },
    {
      id: 'a known type with a field too many',
      fields: { id: 3, type: 'deal', package: Uint8Array.of(1), extra: 1 },
      code: CustodyCode.MALFORMED
    },
    {
      id: 'a type of a newer version',
      fields: { id: 3, type: 'repair', blinded: true },
      code: CustodyCode.UNSUPPORTED
    }
  ]
  it.each(unread)('refuses $id under its id, and serves on', async ({ fields, code }) => {
    const { channel } = await bare()

    await channel.send(encodeRequest(fields as never))
    const refusal = decodeReply((await within(channel.next())) as Uint8Array)
    await channel.send(encodeRequest({ id: 4, type: 'pin', ...record }))
    const answer = decodeReply((await within(channel.next())) as Uint8Array)

    expect(refusal).toEqual({ id: 3, type: 'refused', code, retryMs: 0 })
    expect(answer).toMatchObject({ id: 4, type: 'receipt' })
    channel.abort(new Error('done'))
  })

  const junk = [
    { id: 'no dag-cbor', frame: Uint8Array.of(0xff) },
    { id: 'a map without id', frame: encodeRequest({ type: 'pin' } as never) },
    { id: 'an id of 0', frame: encodeRequest({ id: 0, type: 'pin' } as never) },
    { id: 'a list', frame: encodeRequest([1] as never) }
  ]
  it.each(junk)('resets the stream at $id', async ({ frame }) => {
    const { stream, channel } = await bare()

    await channel.send(frame)

    await closed(stream)
    expect(stream.status).toBe('reset')
  })

  it('refuses answers that are none, or of another kind', async () => {
    const liar = await startNode({})
    const dealer = await startNode({ custody: custody(init()) })
    running.push(liar, dealer)
    const replies: CustodyReply[] = [
      { id: 1, type: 'notice', tx: undefined, code: 0 },
      { id: 9, type: 'refused', code: 101, retryMs: 0 }
    ]
    await liar.handle(CUSTODY_PROTOCOL, async (stream) => {
      const channel = new FrameChannel(stream, { frameMaxBytes: 2 ** 16, frameMaxMs: 10_000 })
      decodeRequest((await channel.next()) as Uint8Array)
      const reply = replies.shift()
      await channel.send(reply == null ? Uint8Array.of(0xff) : encodeReply(reply))
    })
    const peer = await connect(dealer, liar)

    for (let i = 0; i < 3; i++) {
      const asked = dealer.services.custody.pin(peer, record, bounded())
      await expect(within(asked), `answer ${i}`).rejects.toMatchObject({
        name: 'InvalidMessageError'
      })
      for (const connection of dealer.getConnections()) {
        for (const stream of connection.streams) stream.abort(new Error('anew'))
      }
      await until(() => dealer.getConnections().every(({ streams }) => streams.length === 0))
    }
  })

  it('may be started and stopped twice', async () => {
    const { asking, peer, custodian } = await pair()
    const serving = custodian.services.custody as Custody
    await asking.pin(peer, record, bounded())

    await serving.start()
    await serving.stop()
    await serving.stop()

    await expect(within(asking.pin(peer, record, bounded()))).rejects.toMatchObject({
      name: 'PeerUnavailableError'
    })
  })
})

/** A logger that keeps what it is told as errors. */
function recording(lines: string[]): ComponentLogger {
  const real = defaultLogger()
  const forComponent = (name: string): Logger => {
    const log = real.forComponent(name)
    return Object.assign((...args: [unknown, ...unknown[]]) => log(...args), log, {
      error: (format: unknown, ...args: unknown[]) => {
        lines.push([format, ...args].map(String).join(' ').replace('%s', String(args[0])))
      },
      newScope: (scope: string) => forComponent(`${name}:${scope}`)
    }) as Logger
  }
  return { forComponent }
}
