import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Stream } from '@libp2p/interface'
import { encode as lengthPrefixed } from 'it-length-prefixed'
import { afterEach, describe, expect, it } from 'vitest'
import { toHex } from '../../../core/bytes.ts'
import { encode } from '../../../core/codec.ts'
import { FRAME_MAX_BYTES } from '../../../core/limits.ts'
import { ACCESS_PROTOCOL } from '../../../protocols/access/constants.ts'
import {
  type Access,
  type AccessHandler,
  type AccessInit,
  access,
  type MakeRequest,
  type StreamState
} from '../../../protocols/access/index.ts'
import { signedBody } from '../../../protocols/access/messages.ts'
import { FrameChannel } from '../../../protocols/framing.ts'
import {
  bounded,
  closed,
  connect,
  openStream,
  sha256,
  startNode,
  systemClock,
  type Transport,
  turns,
  unhurried,
  until,
  within
} from '../nodes.ts'

/** A signed request as far as access looks at it: its body says which it is. */
const signed = (body: Uint8Array): Uint8Array => encode({ b: body, s: new Uint8Array(64) })
const requestOf = (fields: Record<string, unknown>): Uint8Array => signed(encode(fields))

/** Answers with the fields given, for the request in `frame`. */
const answerTo = (frame: Uint8Array, fields: Record<string, unknown> = {}): Uint8Array =>
  requestOf({ v: 1, ok: true, req: sha256(signedBody(frame)), code: 0, ...fields })

const make: MakeRequest = ({ challenge, seq }) => requestOf({ challenge, seq })

let challenges = 0
const init = (extra: Partial<AccessInit> = {}): AccessInit => ({
  ...unhurried,
  random: (length) => new Uint8Array(length).fill(++challenges),
  sha256,
  clock: systemClock,
  ...extra
})

const running: AsyncDisposable[] = []
afterEach(async () => {
  for (const node of running.splice(0).reverse()) await node[Symbol.asyncDispose]()
})

/** A custodian with `handler`, and a requester connected to it. */
async function pair(
  handler: AccessHandler,
  extra: Partial<AccessInit> = {},
  transport: Transport = 'memory'
) {
  const custodian = await startNode({ access: access(init({ ...extra, handler })) }, transport)
  const requester = await startNode({ access: access(init(extra)) }, transport)
  running.push(custodian, requester)
  const peer = await connect(requester, custodian)
  return { custodian, requester, peer, asking: requester.services.access as Access }
}

/** How many streams of the protocol the custodian serves. */
const served = (node: { getConnections(): { streams: Stream[] }[] }): Stream[] =>
  node
    .getConnections()
    .flatMap(({ streams }) => streams)
    .filter(({ protocol }) => protocol === ACCESS_PROTOCOL)

describe('access', () => {
  it.each(['memory', 'tcp'] as const)('answers a request over %s', async (transport) => {
    const { asking, peer } = await pair(async (frame) => answerTo(frame), {}, transport)
    let sent = new Uint8Array()

    const answer = await asking.request(
      peer,
      (stream) => {
        sent = make(stream) as Uint8Array<ArrayBuffer>
        return sent
      },
      bounded()
    )

    expect(answer).toEqual(answerTo(sent))
  })

  it('calls the handler ten times for ten requests, on one stream', async () => {
    const states: StreamState[] = []
    const { asking, peer, custodian } = await pair(async (frame, state) => {
      states.push(state)
      return answerTo(frame)
    })

    for (let i = 0; i < 10; i++) await asking.request(peer, make, bounded())

    expect(states).toHaveLength(10)
    expect(served(custodian)).toHaveLength(1)
  })

  it('numbers requests from 1 by 1 in the order in which they are sent', async () => {
    const seqs: number[] = []
    const frames: string[] = []
    const { asking, peer } = await pair(async (frame) => {
      frames.push(toHex(frame))
      return answerTo(frame)
    })
    const sent: string[] = []

    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        asking.request(
          peer,
          async (stream) => {
            seqs.push(stream.seq)
            if (i % 3 === 0) await new Promise((done) => setImmediate(done)) // some take longer
            const frame = make(stream) as Uint8Array
            sent.push(toHex(frame))
            return frame
          },
          bounded()
        )
      )
    )

    expect(seqs).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    expect(frames).toEqual(sent)
  })

  it('uses a number again when making its request failed', async () => {
    const { asking, peer } = await pair(async (frame) => answerTo(frame))
    const seqs: number[] = []
    await asking.request(peer, make, bounded())

    const failing = asking.request(peer, () => Promise.reject(new Error('no key')), bounded())
    await expect(failing).rejects.toThrow('no key')
    await asking.request(
      peer,
      (stream) => {
        seqs.push(stream.seq)
        return make(stream)
      },
      bounded()
    )

    expect(seqs).toEqual([2])
  })

  it('gives handler and requester the same challenge, another one on each stream', async () => {
    const seen: string[] = []
    const given: string[] = []
    const { asking, peer, custodian } = await pair(async (frame, { challenge }) => {
      seen.push(toHex(challenge))
      return answerTo(frame)
    })
    const remember: MakeRequest = (stream) => {
      given.push(toHex(stream.challenge))
      return make(stream)
    }

    await asking.request(peer, remember, bounded())
    for (const stream of served(custodian)) stream.abort(new Error('broken'))
    await until(() => served(custodian).length === 0)
    await within(again(() => asking.request(peer, remember, bounded())))

    expect(given).toEqual(seen)
    expect(new Set(seen).size).toBe(2)
  })

  it('shares lastSeq between the requests of a stream, and arrival times it does not', async () => {
    const states: StreamState[] = []
    let nowMs = 1_000
    const { asking, peer, requester } = await pair(
      async (frame, state) => {
        states.push(state)
        state.lastSeq += 1
        return answerTo(frame)
      },
      { clock: { nowMs: () => nowMs++ } }
    )

    await Promise.all([1, 2, 3].map(() => asking.request(peer, make, bounded())))

    expect(states.map(({ lastSeq }) => lastSeq)).toEqual([3, 3, 3])
    expect(new Set(states.map(({ arrivedAtMs }) => arrivedAtMs)).size).toBe(3)
    expect(states[0]?.remotePeer).toEqual(requester.peerId.toMultihash().bytes)
    expect(states[0]?.remotePeer).toHaveLength(38)
  })

  it('matches answers that come out of order', async () => {
    const held: (() => void)[] = []
    const { asking, peer } = await pair(async (frame) => {
      await new Promise<void>((resolve) => held.push(resolve))
      return answerTo(frame)
    })
    const asked = [1, 2, 3].map(async () => {
      let mine = new Uint8Array()
      const answer = await asking.request(
        peer,
        (stream) => {
          mine = make(stream) as Uint8Array<ArrayBuffer>
          return mine
        },
        bounded()
      )
      return { answer, mine }
    })
    await until(() => held.length === 3)

    for (const release of held.reverse()) release()

    for (const { answer, mine } of await Promise.all(asked)) expect(answer).toEqual(answerTo(mine))
  })

  it('keeps four requests under way, and the rest waits its turn', async () => {
    let underWay = 0
    let most = 0
    const { asking, peer } = await pair(async (frame) => {
      most = Math.max(most, ++underWay)
      await new Promise((done) => setImmediate(done))
      underWay -= 1
      return answerTo(frame)
    })

    await Promise.all(Array.from({ length: 40 }, () => asking.request(peer, make, bounded())))

    expect(most).toBe(4)
  })

  it('reads no fifth request of a peer that does not wait', async () => {
    let calls = 0
    const never = new Promise<Uint8Array>(() => {})
    const { peer, requester } = await pair(() => {
      calls += 1
      return never
    })
    const stream = await openStream(requester, peer, ACCESS_PROTOCOL)
    const channel = new FrameChannel(stream, { frameMaxBytes: FRAME_MAX_BYTES, frameMaxMs: 10_000 })
    await within(channel.next())

    for (let seq = 1; seq <= 12; seq++)
      await channel.send(make({ challenge: new Uint8Array(32), seq }) as Uint8Array)
    await until(() => calls === 4)
    await turns(100)

    expect(calls).toBe(4)
    channel.abort(new Error('done'))
  })

  it('turns requests away when too many wait for one peer', async () => {
    const { asking, peer } = await pair(() => new Promise(() => {}), { queued: 2 })
    const asked = Array.from({ length: 7 }, () => asking.request(peer, make, bounded()))
    const outcomes = asked.map((each) => each.catch((err: Error) => err.name))

    expect(await within(Promise.race(outcomes))).toBe('RateLimitedError')
    await asking.stop()
    await within(Promise.all(outcomes))
  })

  it('tells the handler how long a peer should wait that asks too often, and reads on later', async () => {
    const retries: number[] = []
    const { asking, peer } = await pair(
      async (frame, { retryMs }) => {
        retries.push(retryMs)
        return answerTo(frame, { ok: retryMs === 0 })
      },
      { requestsPerSecond: 50, requestsBurst: 3 }
    )

    const beganMs = performance.now()
    await Promise.all(Array.from({ length: 6 }, () => asking.request(peer, make, bounded())))

    expect(retries.slice(0, 3)).toEqual([0, 0, 0])
    expect(retries.some((ms) => ms > 0 && ms <= 20)).toBe(true)
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(15)
  })

  it('says nothing of why a handler failed, and breaks only that stream', async () => {
    let failing = true
    const { asking, peer, requester } = await pair(async (frame) => {
      if (failing) throw new Error('secret: patient 4711')
      return answerTo(frame)
    })

    const err = await asking.request(peer, make, bounded()).catch((err: unknown) => err)

    expect(err).toMatchObject({ name: 'PeerUnavailableError' })
    expect(textOf(err)).not.toContain('4711')
    expect(requester.getConnections()).toHaveLength(1)
    failing = false
    await within(again(() => asking.request(peer, make, bounded())))
  })

  it('names it unavailable when the custodian goes in mid-exchange, never a short success', async () => {
    const { asking, peer, custodian } = await pair(() => new Promise(() => {}))
    const outcome = asking.request(peer, make, bounded()).catch((err: Error) => err.name)
    await until(() => served(custodian).length === 1)

    await custodian.stop()

    expect(await within(outcome)).toBe('PeerUnavailableError')
  })

  it('gives up a custodian that does not answer in time', async () => {
    const { asking, peer } = await pair(() => new Promise(() => {}), { answerMaxMs: 30 })

    await expect(within(asking.request(peer, make))).rejects.toMatchObject({
      name: 'PeerUnavailableError',
      message: 'no answer within 30 ms'
    })
  })

  it('ends at once when its signal fires, and the stream serves others on', async () => {
    let release = (): void => {}
    const { asking, peer, custodian } = await pair(async (frame) => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return answerTo(frame)
    })
    const leaving = new AbortController()
    const left = asking.request(peer, make, { signal: leaving.signal })
    await until(() => served(custodian).length === 1)

    leaving.abort(new Error('the user left'))
    await expect(left).rejects.toThrow('the user left')
    const next = asking.request(peer, make, bounded())
    const releasing = setInterval(() => release(), 1)
    await within(next)
    clearInterval(releasing)

    expect(served(custodian)).toHaveLength(1)
  })

  it('names it unavailable when the peer does not speak the protocol', async () => {
    const silent = await startNode({ access: access(init()) })
    const { requester, asking } = await pair(async (frame) => answerTo(frame))
    running.push(silent)

    const asked = asking.request(await connect(requester, silent), make, bounded())

    await expect(within(asked)).rejects.toMatchObject({
      name: 'PeerUnavailableError',
      cause: { name: 'UnsupportedProtocolError' }
    })
  })

  it('serves no peer whose id is not an Ed25519 key', async () => {
    let calls = 0
    const { custodian } = await pair(async (frame) => {
      calls += 1
      return answerTo(frame)
    })
    const privateKey = await generateKeyPair('secp256k1')
    const stranger = await startNode({ access: access(init()) }, 'memory', { privateKey })
    running.push(stranger)
    const peer = await connect(stranger, custodian)

    const asked = stranger.services.access.request(peer, make, bounded())

    await expect(within(asked)).rejects.toMatchObject({ name: 'PeerUnavailableError' })
    expect(calls).toBe(0)
  })

  const junk = [
    { id: 'a frame over 16 KiB', wire: lengthPrefixed.single(new Uint8Array(FRAME_MAX_BYTES + 1)) },
    { id: 'an empty frame', wire: Uint8Array.of(0) }
  ]
  it.each(junk)('resets the stream at $id, without calling the handler', async ({ wire }) => {
    let calls = 0
    const { peer, requester } = await pair(async (frame) => {
      calls += 1
      return answerTo(frame)
    })
    const stream = await openStream(requester, peer, ACCESS_PROTOCOL)

    stream.send(wire)

    await closed(stream)
    expect(stream.status).toBe('reset')
    expect(calls).toBe(0)
  })

  it('hands frames that are no requests to the handler, whose 101 they are', async () => {
    const frames: string[] = []
    const { peer, requester } = await pair(async (frame) => {
      frames.push(toHex(frame))
      return requestOf({ v: 1, ok: false, req: sha256(frame), code: 101 })
    })
    const stream = await openStream(requester, peer, ACCESS_PROTOCOL)
    const channel = new FrameChannel(stream, { frameMaxBytes: FRAME_MAX_BYTES, frameMaxMs: 10_000 })
    await within(channel.next())

    await channel.send(Uint8Array.of(0xff))

    expect(await within(channel.next())).toBeDefined()
    expect(frames).toEqual(['ff'])
    channel.abort(new Error('done'))
  })

  const idle = [
    { id: 'never asked', ask: false },
    { id: 'was served and then rests', ask: true }
  ]
  it.each(idle)('lets a stream go that $id', async ({ ask }) => {
    const limits = { frameMaxMs: 60, idleMs: 60 }
    const { peer, requester } = await pair(async (frame) => answerTo(frame), limits)
    const stream = await openStream(requester, peer, ACCESS_PROTOCOL)
    const channel = new FrameChannel(stream, { frameMaxBytes: FRAME_MAX_BYTES, frameMaxMs: 10_000 })
    const hello = await within(channel.next())
    if (ask) {
      await channel.send(make({ challenge: hello as Uint8Array, seq: 1 }) as Uint8Array)
      await within(channel.next())
    }

    await closed(stream)

    expect(stream.status).toBe('reset')
  })

  it('lets a stream rest that was served while it waited for the next request', async () => {
    const limits = { frameMaxMs: 60, idleMs: 10_000 }
    const { peer, requester } = await pair(async (frame) => answerTo(frame), limits)
    const stream = await openStream(requester, peer, ACCESS_PROTOCOL)
    const channel = new FrameChannel(stream, { frameMaxBytes: FRAME_MAX_BYTES, frameMaxMs: 10_000 })
    const challenge = (await within(channel.next())) as Uint8Array
    await channel.send(make({ challenge, seq: 1 }) as Uint8Array)
    await within(channel.next())

    await expect(channel.next(240)).rejects.toMatchObject({ name: 'NothingCameError' })

    await channel.send(make({ challenge, seq: 2 }) as Uint8Array)
    expect(await within(channel.next())).toBeDefined()
    channel.abort(new Error('done'))
  })

  it('closes its own stream as it rests, before the custodian would, and opens another', async () => {
    const { asking, peer, custodian } = await pair(async (frame) => answerTo(frame), { idleMs: 80 })
    await asking.request(peer, make, bounded())
    const [first] = served(custodian)

    await closed(first as Stream)
    expect(first?.status).toBe('closed')
    await asking.request(peer, make, bounded())

    expect(served(custodian)).toHaveLength(1)
  })

  const lies = [
    { id: 'that is no signed map', answer: () => Uint8Array.of(1, 2, 3) },
    { id: 'to a request that was not made', answer: () => requestOf({ req: new Uint8Array(32) }) },
    { id: 'without req', answer: () => requestOf({ v: 1, ok: true }) },
    { id: 'whose req is no hash', answer: () => requestOf({ req: new Uint8Array(31) }) }
  ]
  it.each(lies)('refuses an answer $id', async ({ answer }) => {
    const { asking, peer } = await pair(async () => answer())

    await expect(within(asking.request(peer, make, bounded()))).rejects.toMatchObject({
      name: 'InvalidMessageError'
    })
  })

  it('may be started and stopped twice, and serves no more once stopped', async () => {
    const { asking, peer, custodian } = await pair(async (frame) => answerTo(frame))
    const serving = custodian.services.access as Access
    await asking.request(peer, make, bounded())

    await serving.start()
    await serving.stop()
    await serving.stop()

    expect(served(custodian)).toHaveLength(0)
    await expect(within(again(() => asking.request(peer, make, bounded()), 1))).rejects.toThrow()
    await serving.start()
    await within(again(() => asking.request(peer, make, bounded())))
  })
})

/** The stream's end takes a moment to arrive; until then a request on it fails, as it must. */
async function again<T>(ask: () => Promise<T>, times = 50): Promise<T> {
  for (let i = 1; ; i++) {
    try {
      return await ask()
    } catch (err) {
      if (i >= times) throw err
      await turns(5)
    }
  }
}

function textOf(err: unknown): string {
  const { message, stack, cause } = err as Error
  return `${message} ${stack} ${cause == null ? '' : textOf(cause)}`
}
