import type { Stream } from '@libp2p/interface'
import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { concat } from '../../../core/bytes.ts'
import { FrameChannel, type FrameChannelInit } from '../../../protocols/framing.ts'
import {
  closed,
  connect,
  openStream,
  startNode,
  type TestNode,
  turns,
  until,
  within
} from '../nodes.ts'

const PROTOCOL = '/keyward/test/frames'
const MIB = 2 ** 20
const limits: FrameChannelInit = { frameMaxBytes: 1_024, frameMaxMs: 10_000 }

let here: TestNode<Record<string, never>>
let there: TestNode<Record<string, never>>
let accepted: PromiseWithResolvers<Stream>

beforeAll(async () => {
  here = await startNode({})
  there = await startNode({})
  await connect(here, there)
  await there.handle(PROTOCOL, (stream) => accepted.resolve(stream), { maxInboundStreams: 1_000 })
})

afterAll(async () => {
  await here.stop()
  await there.stop()
})

/** Both ends of a fresh stream, bare. */
async function streams(): Promise<{ ours: Stream; theirs: Stream }> {
  accepted = Promise.withResolvers()
  const ours = await openStream(here, there.peerId, PROTOCOL)
  return { ours, theirs: await within(accepted.promise) }
}

async function channels(init: FrameChannelInit = limits) {
  const { ours, theirs } = await streams()
  return { ours: new FrameChannel(ours, init), theirs: new FrameChannel(theirs, init), bare: ours }
}

const frameOf = (body: Uint8Array): Uint8Array => encode.single(body).subarray()
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7)

describe('frame channel', () => {
  it('carries frames in order, sent together or apart', async () => {
    const { ours, theirs } = await channels()
    const sent = [1, 2, 3, 127, 128, 1_024].map(bytes)

    void Promise.all(sent.slice(0, 3).map((body) => ours.send(body)))
    for (const body of sent.slice(3)) await ours.send(body.subarray(0, 1), body.subarray(1))

    for (const body of sent) expect(await within(theirs.next())).toEqual(body)
    await Promise.all([ours.close(), theirs.close()])
  })

  it('gives the same frames however the bytes are cut', async () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(bodies, fc.array(fc.integer({ min: 1, max: 400 })), async (sent, cuts) => {
        const { ours, theirs } = await streams()
        const channel = new FrameChannel(theirs, limits)
        const wire = concat(...sent.map(frameOf))

        let at = 0
        for (const cut of [...cuts, wire.byteLength]) {
          if (at >= wire.byteLength) break
          ours.send(wire.subarray(at, at + cut))
          at += cut
          await Promise.resolve()
        }

        for (const body of sent) expect(await within(channel.next())).toEqual(body)
        ours.abort(new Error('done'))
      }),
      { numRuns: 30 }
    )
  })

  it('gives undefined once the other side ended between two frames', async () => {
    const { ours, theirs } = await channels()

    await ours.send(bytes(10))
    const closing = ours.close()

    expect(await within(theirs.next())).toEqual(bytes(10))
    expect(await within(theirs.next())).toBeUndefined()
    await theirs.close()
    await closing
  })

  it('gives what was sent before the end, though the reader was slow', async () => {
    const { ours, theirs } = await channels({ ...limits, frameMaxBytes: 64 * 1_024 })
    const count = 64

    const sending = (async () => {
      for (let i = 0; i < count; i++) await ours.send(bytes(64 * 1_024))
      await ours.close()
    })()
    await within(theirs.next())
    await turns(200)

    for (let i = 1; i < count; i++) expect((await within(theirs.next()))?.byteLength).toBe(65_536)
    expect(await within(theirs.next())).toBeUndefined()
    await theirs.close()
    await sending
  })

  const malformed = [
    { id: 'a frame one byte too long', wire: frameOf(bytes(1_025)).subarray(0, 2) },
    { id: 'a length that never ends', wire: Uint8Array.of(0x80, 0x80, 0x80, 0x80) },
    { id: 'a length of more than 28 bits', wire: Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x01) },
    { id: 'an empty frame', wire: Uint8Array.of(0) },
    { id: 'a length with an empty last byte', wire: Uint8Array.of(0x81, 0x00) }
  ]
  it.each(malformed)('refuses $id before its body comes', async ({ wire }) => {
    const { ours, theirs } = await streams()
    const channel = new FrameChannel(theirs, limits)

    ours.send(wire)

    await expect(within(channel.next())).rejects.toMatchObject({ name: 'InvalidMessageError' })
    expect((await closed(ours))?.name ?? ours.status).toMatch(/reset/i)
  })

  it('refuses to send a frame that is too long, and stays usable', async () => {
    const { ours, theirs } = await channels()

    await expect(ours.send(bytes(1_025))).rejects.toMatchObject({ name: 'InvalidMessageError' })
    await ours.send(bytes(5))

    expect(await within(theirs.next())).toEqual(bytes(5))
    ours.abort(new Error('done'))
  })

  const cut = [
    { id: 'closes', end: (stream: Stream) => stream.close() },
    { id: 'resets', end: (stream: Stream) => stream.abort(new Error('gone')) }
  ]
  it.each(cut)('names it an error when the peer $id inside a frame', async ({ end }) => {
    const { ours, theirs } = await streams()
    const channel = new FrameChannel(theirs, limits)
    const reading = channel.next()

    ours.send(frameOf(bytes(100)).subarray(0, 50))
    void end(ours)

    await expect(within(reading)).rejects.toMatchObject({ name: 'PeerUnavailableError' })
  })

  it('ends when the connection is lost', async () => {
    await using lost = await startNode({})
    await connect(lost, there)
    accepted = Promise.withResolvers()
    await openStream(lost, there.peerId, PROTOCOL)
    const channel = new FrameChannel(await within(accepted.promise), limits)
    const reading = channel.next()

    for (const connection of lost.getConnections()) connection.abort(new Error('cable pulled'))

    const outcome = await within(reading.catch((err: Error) => err.name))
    expect(outcome === undefined || outcome === 'PeerUnavailableError').toBe(true)
    await until(() => channel.signal.aborted)
    expect(channel.open).toBe(false)
    await expect(channel.send(bytes(1))).rejects.toMatchObject({ name: 'PeerUnavailableError' })
  })

  it('cuts a frame that is not whole in time, however steadily it drips', async () => {
    const { ours, theirs } = await streams()
    const channel = new FrameChannel(theirs, { ...limits, frameMaxMs: 60 })
    const wire = frameOf(bytes(1_000))
    let at = 0
    const drip = setInterval(() => {
      if (ours.status === 'open') ours.send(wire.subarray(at, ++at))
    }, 5)

    await expect(within(channel.next())).rejects.toMatchObject({
      name: 'PeerUnavailableError',
      message: 'frame was not whole in time'
    })

    clearInterval(drip)
  })

  it('says so when nothing came, and goes on', async () => {
    const { ours, theirs } = await channels()

    await expect(theirs.next(10)).rejects.toMatchObject({ name: 'NothingCameError' })
    await ours.send(bytes(3))

    expect(await within(theirs.next(10_000))).toEqual(bytes(3))
    ours.abort(new Error('done'))
  })

  it('gives up a peer that reads nothing', async () => {
    const { ours, theirs } = await streams()
    const channel = new FrameChannel(ours, {
      frameMaxBytes: MIB,
      frameMaxMs: 10_000,
      sendMaxMs: 50
    })
    theirs.addEventListener('message', () => {})
    theirs.pause()

    const sending = (async () => {
      for (;;) await channel.send(bytes(MIB))
    })()

    await expect(within(sending)).rejects.toMatchObject({
      name: 'PeerUnavailableError',
      message: 'peer does not read what we send'
    })
  })

  it('holds back a sender of 64 MiB whenever the reader stalls, and gives every byte', async () => {
    const init = { frameMaxBytes: MIB, frameMaxMs: 10_000 }
    const { ours, theirs } = await channels(init)
    const count = 64
    let sent = 0
    const sending = (async () => {
      for (let i = 0; i < count; i++) {
        await ours.send(new Uint8Array(MIB).fill(i))
        sent += 1
      }
      await ours.close()
    })()

    for (let i = 0; i < count; i++) {
      const frame = await within(theirs.next())
      expect([frame?.byteLength, frame?.[0], frame?.at(-1)]).toEqual([MIB, i, i])
      if (i < 16) await turns(300) // stalls again and again
      // MiB on their way: a window, a frame and what the muxers hold
      expect(sent - i, `after frame ${i}`).toBeLessThan(8)
    }
    expect(await within(theirs.next())).toBeUndefined()
    await theirs.close()
    await sending
  })
})
