import type { MultiaddrConnection, Transport } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAULTY_QUEUE_BYTES } from '../../../sim/limits.ts'
import { Faults } from '../../../sim/live/faults.ts'
import { faulty } from '../../../sim/live/faulty.ts'

const PEER = '12D3KooWGLXBSKDuEoY7CmW4yEgf1DcTU7YmvLZV6Hso6uTHqTna'
const ADDR = multiaddr(`/ip4/127.0.0.1/tcp/1/p2p/${PEER}`)

/** What a socket's connection does with what it is given, as utils' message stream is wrapped. */
class Wire extends EventTarget {
  status = 'open'
  readStatus = 'readable'
  readonly sent: { readonly bytes: Uint8Array; readonly atMs: number }[] = []
  readonly received: Uint8Array[] = []
  paused = 0
  resumed = 0
  aborted: Error | undefined
  ended = false

  sendData(data: Iterable<Uint8Array> & { byteLength: number }) {
    for (const bytes of data) this.sent.push({ bytes, atMs: performance.now() })
    return { sentBytes: data.byteLength, canSendMore: true }
  }
  onData(data: Uint8Array): void {
    this.received.push(data)
  }
  async sendClose(): Promise<void> {}
  onTransportClosed(): void {
    this.ended = true
  }
  sendPause(): void {
    this.paused++
  }
  sendResume(): void {
    this.resumed++
  }
  safeDispatchEvent(type: string): void {
    this.dispatchEvent(new Event(type))
  }
  abort(err: Error): void {
    this.aborted = err
    this.status = 'aborted'
    this.dispatchEvent(new Event('close'))
  }
}

/** Node 0 dials node 1 over a wire of ours. */
async function dialled(faults: Faults, signal = AbortSignal.timeout(20_000)): Promise<Wire> {
  const wire = new Wire()
  const transport = {
    dial: async (
      _: unknown,
      { upgrader }: { upgrader: { upgradeOutbound(c: unknown): unknown } }
    ) => upgrader.upgradeOutbound(wire)
  } as unknown as Transport
  const factory = faulty(() => transport, {
    faults,
    node: 0,
    indexOf: (peer) => (peer === PEER ? 1 : undefined)
  })
  const upgrader = { upgradeOutbound: async (connection: MultiaddrConnection) => connection }
  await factory(undefined as never).dial(ADDR, { signal, upgrader } as never)
  return wire
}

const faultsOf = (options: ConstructorParameters<typeof Faults>[0]['options'], seed = 1) =>
  new Faults({ nodes: 2, seed, options })
const bytesOf = (value: number, length = 1) => {
  const bytes = new Uint8Array(length).fill(value)
  // as libp2p gives it: a list of pieces
  return Object.assign([bytes], { byteLength: length, subarray: () => bytes })
}
const arrived = (wire: Wire, count: number) =>
  expect.poll(() => wire.sent.length, { timeout: 20_000 }).toBe(count)

describe('a transport with faults', () => {
  it('passes on at once what has no delay', async () => {
    const wire = await dialled(faultsOf({}))

    wire.sendData(bytesOf(1))
    wire.onData(new Uint8Array([2]))

    expect(wire.sent.map(({ bytes }) => bytes[0])).toEqual([1])
    expect(wire.received).toEqual([new Uint8Array([2])])
  })

  it('delays both ways by at least what it says, and a dial by both', async () => {
    const begun = performance.now()
    const wire = await dialled(faultsOf({ oneWayMs: 40 }))
    expect(performance.now() - begun).toBeGreaterThanOrEqual(79) // timers round down
    const sentAtMs = performance.now()

    wire.sendData(bytesOf(1))
    wire.onData(new Uint8Array([2]))

    expect([wire.sent.length, wire.received.length]).toEqual([0, 0])
    await arrived(wire, 1)
    await expect.poll(() => wire.received.length).toBe(1)
    expect((wire.sent[0]?.atMs ?? 0) - sentAtMs).toBeGreaterThanOrEqual(39)
  })

  it('keeps the order whatever jitter and loss do', async () => {
    const faults = faultsOf({ oneWayMs: 5, jitterShare: 0.9, lossShare: 0.05 })
    const wire = await dialled(faults)

    for (let i = 0; i < 20; i++) wire.sendData(bytesOf(i))

    await arrived(wire, 20)
    expect(wire.sent.map(({ bytes }) => bytes[0])).toEqual([...Array(20).keys()])
  })

  it('lets the line take its time for each byte', async () => {
    const wire = await dialled(faultsOf({ upBytesPerSecond: 10_000 }))
    const begun = performance.now()

    wire.sendData(bytesOf(1, 500))
    wire.sendData(bytesOf(2, 500))

    await arrived(wire, 2)
    expect((wire.sent[1]?.atMs ?? 0) - begun).toBeGreaterThanOrEqual(99)
  })

  it('says that it is full, and when there is room again', async () => {
    const wire = await dialled(faultsOf({ oneWayMs: 30 }))
    let drained = 0
    wire.addEventListener('drain', () => drained++)

    const first = wire.sendData(bytesOf(1, FAULTY_QUEUE_BYTES / 2))
    const second = wire.sendData(bytesOf(2, FAULTY_QUEUE_BYTES / 2))
    wire.onData(new Uint8Array(FAULTY_QUEUE_BYTES))

    expect([first.canSendMore, second.canSendMore]).toEqual([true, false])
    expect(wire.paused).toBe(1)
    await arrived(wire, 2)
    await expect.poll(() => [drained, wire.resumed]).toEqual([1, 1])
  })

  it('holds what a partition cut off until it heals', async () => {
    const faults = faultsOf({})
    const wire = await dialled(faults)
    faults.change({ groups: Uint8Array.of(0, 1) })

    wire.sendData(bytesOf(1))

    expect(wire.sent.length).toBe(0)
    faults.change({ groups: undefined })
    await arrived(wire, 1)
  })

  it('resets a connection that is cut for too long', async () => {
    const faults = faultsOf({ cutResetMs: 20 })
    const wire = await dialled(faults)

    faults.change({ groups: Uint8Array.of(0, 1) })

    await expect.poll(() => wire.aborted?.name).toBe('ConnectionCutError')
  })

  it('lets a dial into a partition wait for its end, or the caller’s', async () => {
    const faults = faultsOf({ groups: Uint8Array.of(0, 1) })
    const called = new AbortController()
    const off = dialled(faults, called.signal)
    const patient = dialled(faults)

    called.abort(new Error('no longer'))

    await expect(off).rejects.toThrow('no longer')
    faults.change({ groups: undefined })
    await expect(patient).resolves.toBeInstanceOf(Wire)
  })

  it('delivers what came before an end of the other side', async () => {
    const wire = await dialled(faultsOf({ oneWayMs: 20 }))

    wire.onData(new Uint8Array([1]))
    wire.onTransportClosed()

    expect(wire.ended).toBe(false)
    await expect.poll(() => wire.ended).toBe(true)
    expect(wire.received.length).toBe(1)
  })
})

describe('what faults draw', () => {
  const options = { oneWayMs: 50, jitterShare: 0.5, lossShare: 0.1 }
  const draws = (faults: Faults, from: number, to: number) =>
    Array.from({ length: 20 }, () => faults.delayMs(from, to))

  it('is the same for the same seed, whatever other pairs draw between', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), (seed) => {
        const alone = new Faults({ nodes: 4, seed, options })
        const beside = new Faults({ nodes: 4, seed, options })
        draws(beside, 2, 3)
        draws(beside, 1, 0)

        expect(draws(beside, 0, 1)).toEqual(draws(alone, 0, 1))
      }),
      { numRuns: 20 }
    )
  })

  it('differs between seeds and between directions', () => {
    const one = new Faults({ nodes: 4, seed: 1, options })
    const two = new Faults({ nodes: 4, seed: 2, options })

    const forth = draws(one, 0, 1)

    expect(draws(two, 0, 1)).not.toEqual(forth)
    expect(draws(one, 1, 0)).not.toEqual(forth)
  })

  it('never arrives before the least delay, and adds a timeout for a loss', () => {
    const faults = new Faults({ nodes: 2, seed: 3, options: { oneWayMs: 50, lossShare: 1 } })

    expect(faults.delayMs(0, 1)).toBeGreaterThanOrEqual(50 + 200)
  })

  it('takes a pair’s delay from their places', () => {
    const places = {
      count: 2,
      oneWayMs: Float32Array.of(1, 30, 40, 2),
      of: Uint16Array.of(0, 1, 1)
    }
    const faults = new Faults({ nodes: 3, seed: 1, options: { places } })

    expect([faults.oneWayMs(0, 1), faults.oneWayMs(2, 0), faults.oneWayMs(1, 2)]).toEqual([
      30, 40, 2
    ])
  })
})
