/**
 * Puts faults under a libp2p transport: `faulty(tcp(), …)`. The end that dials knows both nodes by
 * the PeerId in the address, so it delays both directions; each end limits its own node's bandwidth.
 * Works on the connection below encryption (P2P.md §3): its way out and its way in become queues in
 * order of due time, bounded as a socket's are. To that end methods of utils' 7.4.1 message stream
 * are wrapped (`sendData`, `onData`, `sendClose`, `onTransportClosed`), for a wrapper of its own
 * would have to repeat all its states.
 * @module
 */
import type { Connection, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
import { KeywardError } from '../../core/errors.ts'
import { FAULTY_QUEUE_BYTES } from '../limits.ts'
import type { Faults } from './faults.ts'

/** Thrown to both ends of a connection that a partition cut for too long. */
export class ConnectionCutError extends KeywardError {
  static override readonly name = 'ConnectionCutError'
  override readonly name = 'ConnectionCutError'
}

export interface FaultyInit {
  readonly faults: Faults
  /** The node whose transport it is. */
  readonly node: number
  /** Index of a PeerId, if it is one of the world's. */
  indexOf(peer: string): number | undefined
}

type Factory = (components: never) => Transport

/** The same transport with faults in it. */
export function faulty(factory: Factory, init: FaultyInit): Factory {
  const up = new Bandwidth(() => init.faults.options.upBytesPerSecond)
  const down = new Bandwidth(() => init.faults.options.downBytesPerSecond)
  return (components) => {
    const transport = factory(components)
    const dialled = (ma: Multiaddr): number | undefined => {
      const peer = ma.getComponents().findLast(({ name }) => name === 'p2p')?.value
      return peer == null ? undefined : init.indexOf(peer)
    }
    const link = (maConn: MultiaddrConnection, other: number | undefined): MultiaddrConnection => {
      new FaultyLink({ ...init, other, up, down }, maConn as unknown as Wrappable)
      return maConn
    }
    const changes: Pick<Transport, 'dial' | 'createListener'> = {
      dial: async (ma, options): Promise<Connection> => {
        const other = dialled(ma)
        if (other != null) await untilReached(init, other, options.signal)
        const upgrader = withUpgrader(options.upgrader, {
          upgradeOutbound: (maConn, more) =>
            options.upgrader.upgradeOutbound(link(maConn, other), more)
        })
        return await transport.dial(ma, { ...options, upgrader })
      },
      createListener: (options) => {
        const upgrader = withUpgrader(options.upgrader, {
          upgradeInbound: (maConn, more) =>
            options.upgrader.upgradeInbound(link(maConn, undefined), more)
        })
        return transport.createListener({ ...options, upgrader })
      }
    }
    return new Proxy(transport, {
      get(target, name) {
        const own = changes[name as keyof typeof changes]
        if (own != null) return own
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      }
    })
  }
}

const withUpgrader = (upgrader: Upgrader, changes: Partial<Upgrader>): Upgrader =>
  new Proxy(upgrader, {
    get(target, name) {
      const own = changes[name as keyof Upgrader]
      if (own != null) return own
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })

/** A dial into a partition waits for its end or the caller's. */
function untilReached(init: FaultyInit, other: number, signal: AbortSignal): Promise<void> {
  const { faults, node } = init
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const settle = (done: () => void) => () => {
      clearTimeout(timer)
      forget()
      signal.removeEventListener('abort', abort)
      done()
    }
    const look = (): void => {
      if (faults.isCut(node, other)) {
        clearTimeout(timer)
        timer = undefined
      } else timer ??= setTimeout(settle(resolve), faults.handshakeMs(node, other))
    }
    const forget = faults.onChange(look)
    const abort = settle(() => reject(signal.reason))
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    else look()
  })
}

/** One direction of a node's access line: when the bytes that it is given now are through. */
class Bandwidth {
  readonly #bytesPerSecond: () => number
  #freeAtMs = 0

  constructor(bytesPerSecond: () => number) {
    this.#bytesPerSecond = bytesPerSecond
  }

  throughAtMs(bytes: number, nowMs: number): number {
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (1_000 * bytes) / this.#bytesPerSecond()
    return this.#freeAtMs
  }
}

type Data = Parameters<MultiaddrConnection['send']>[0]

interface SendResult {
  readonly sentBytes: number
  readonly canSendMore: boolean
}

/** Of utils' AbstractMultiaddrConnection. */
interface Wrappable extends Pick<MultiaddrConnection, 'status' | 'abort' | 'addEventListener'> {
  readonly readStatus: string
  sendData(data: Uint8ArrayList): SendResult
  onData(data: Data): void
  sendClose(options?: { signal?: AbortSignal }): Promise<void>
  onTransportClosed(err?: Error): void
  sendPause(): void
  sendResume(): void
  safeDispatchEvent(type: 'drain'): unknown
}

interface LinkInit extends FaultyInit {
  /** The node at the other end, where this end dialled it. */
  readonly other: number | undefined
  readonly up: Bandwidth
  readonly down: Bandwidth
}

/** Both directions of one connection, at one of its ends. */
class FaultyLink {
  readonly #init: LinkInit
  readonly #connection: Wrappable
  readonly #out: Way
  readonly #in: Way
  #cut: NodeJS.Timeout | undefined

  constructor(init: LinkInit, connection: Wrappable) {
    this.#init = init
    this.#connection = connection
    const sendData = connection.sendData.bind(connection)
    const onData = connection.onData.bind(connection)
    const sendClose = connection.sendClose.bind(connection)
    const onTransportClosed = connection.onTransportClosed.bind(connection)
    let full = false // the socket said so, and will say when not
    this.#out = new Way({
      isCut: () => this.#isCut(),
      isFull: () => full,
      deliver: (data) => {
        const { sentBytes, canSendMore } = sendData(new Uint8ArrayList(data))
        full = !canSendMore
        return sentBytes
      },
      onRoom: () => connection.safeDispatchEvent('drain')
    })
    this.#in = new Way({
      isCut: () => this.#isCut(),
      isFull: () => false,
      deliver: (data) => {
        onData(data)
        return data.byteLength
      },
      onRoom: () => {
        if (connection.readStatus === 'readable') connection.sendResume()
      }
    })
    connection.sendData = (data) => {
      const sentBytes = data.byteLength
      return { sentBytes, canSendMore: this.#out.add(data, this.#dueAtMs(sentBytes, 'up')) }
    }
    connection.onData = (data) => {
      if (!this.#in.add(data, this.#dueAtMs(data.byteLength, 'down'))) connection.sendPause()
    }
    connection.sendClose = async (options) => {
      await this.#out.empty(options?.signal)
      await sendClose(options)
    }
    connection.onTransportClosed = (err) => {
      // what the other end sent before it closed still arrives; our own close waits for nothing
      if (err != null || connection.status === 'closing') this.#in.clear()
      this.#in.last(() => onTransportClosed(err))
    }
    // the socket's own word that it can take more; ours is heard by whoever waits as well
    connection.addEventListener('drain', () => {
      full = false
      this.#out.pump()
    })
    const forget = init.faults.onChange(() => this.#look())
    connection.addEventListener('close', () => {
      forget()
      clearTimeout(this.#cut)
      this.#out.clear()
      if (connection.status !== 'closed') this.#in.clear()
    })
    this.#look()
  }

  #isCut(): boolean {
    const { faults, node, other } = this.#init
    return other != null && faults.isCut(node, other)
  }

  #dueAtMs(bytes: number, direction: 'up' | 'down'): number {
    const { faults, node, other } = this.#init
    const throughAtMs = this.#init[direction].throughAtMs(bytes, performance.now())
    if (other == null) return throughAtMs
    const [from, to] = direction === 'up' ? [node, other] : [other, node]
    return throughAtMs + faults.delayMs(from, to)
  }

  #look(): void {
    clearTimeout(this.#cut)
    if (this.#isCut()) {
      this.#cut = setTimeout(
        () => this.#connection.abort(new ConnectionCutError('cut by a partition')),
        this.#init.faults.options.cutResetMs
      )
    } else {
      this.#out.pump()
      this.#in.pump()
    }
  }
}

interface WayInit {
  isCut(): boolean
  /** The next stage takes nothing now and will `pump()` when it does. */
  isFull(): boolean
  /** Gives how many bytes were taken. */
  deliver(data: Uint8Array): number
  /** There is room again after `add` said that there is none. */
  onRoom(): void
}

interface Waiting {
  data: Uint8Array
  readonly dueAtMs: number
}

/** Data on its way in one direction: in order, each piece not before it is due. */
class Way {
  readonly #init: WayInit
  readonly #queue: Waiting[] = []
  #bytes = 0
  #lastDueAtMs = 0
  #timer: NodeJS.Timeout | undefined
  #wanted = false
  #pumping = false
  readonly #whenEmpty: (() => void)[] = []

  constructor(init: WayInit) {
    this.#init = init
  }

  /** False when there is no room for more. */
  add(data: Data, dueAtMs: number): boolean {
    this.#lastDueAtMs = Math.max(this.#lastDueAtMs, dueAtMs)
    // bytes, since the caller may use its list again
    this.#queue.push({ data: data.subarray(), dueAtMs: this.#lastDueAtMs })
    this.#bytes += data.byteLength
    this.pump()
    if (this.#bytes < FAULTY_QUEUE_BYTES) return true
    this.#wanted = true
    return false
  }

  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    clearTimeout(this.#timer)
    try {
      const now = performance.now()
      for (let head = this.#queue[0]; head != null; head = this.#queue[0]) {
        if (this.#init.isCut() || this.#init.isFull()) break
        if (head.dueAtMs > now) {
          this.#timer = setTimeout(() => this.pump(), head.dueAtMs - now)
          break
        }
        const taken = this.#init.deliver(head.data)
        this.#bytes -= taken
        if (taken < head.data.byteLength) head.data = head.data.subarray(taken)
        else this.#queue.shift()
      }
    } finally {
      this.#pumping = false
    }
    if (this.#wanted && this.#bytes < FAULTY_QUEUE_BYTES / 2) {
      this.#wanted = false
      this.#init.onRoom()
    }
    if (this.#queue.length === 0) for (const done of this.#whenEmpty.splice(0)) done()
  }

  /** Calls once all that waits now has been delivered. */
  last(done: () => void): void {
    this.#whenEmpty.push(done)
    this.pump()
  }

  empty(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      this.last(resolve)
    })
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#queue.length = 0
    this.#bytes = 0
    for (const done of this.#whenEmpty.splice(0)) done()
  }
}
