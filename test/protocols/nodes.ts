/**
 * Real libp2p nodes for protocol tests: memory transport or loopback TCP, with noise and yamux.
 * @module
 */
import { createHash } from 'node:crypto'
import type { PeerId, ServiceMap, Stream } from '@libp2p/interface'
import { memory } from '@libp2p/memory'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p, type Libp2pOptions, type ServiceFactoryMap } from 'libp2p'
import { STREAM_WINDOW_BYTES } from '../../core/limits.ts'

export type Transport = 'memory' | 'tcp'
export type TestNode<T extends ServiceMap> = Libp2p<T> & AsyncDisposable

let nodes = 0

/** A started node; `await using` stops it. */
export async function startNode<T extends ServiceMap>(
  services: ServiceFactoryMap<T>,
  transport: Transport = 'memory',
  more: Pick<Libp2pOptions, 'logger' | 'privateKey'> = {}
): Promise<TestNode<T>> {
  nodes += 1
  const node = await createLibp2p<T>({
    addresses: { listen: [transport === 'tcp' ? '/ip4/127.0.0.1/tcp/0' : `/memory/${nodes}`] },
    transports: [transport === 'tcp' ? tcp() : memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES } })],
    connectionMonitor: { enabled: false },
    connectionManager: { inboundConnectionThreshold: 1_000 },
    services,
    ...more
  })
  return Object.assign(node, { [Symbol.asyncDispose]: async () => await node.stop() })
}

/** Connects `from` to `to` and gives the PeerId to ask. */
export async function connect(from: Libp2p, to: Libp2p): Promise<PeerId> {
  await from.dial(to.getMultiaddrs(), bounded())
  return to.peerId
}

/** Opens a bare stream, for peers that do not keep the rules. */
export const openStream = (from: Libp2p, to: PeerId, protocol: string): Promise<Stream> =>
  from.dialProtocol(to, protocol, bounded())

export const bounded = (): { readonly signal: AbortSignal } => ({
  signal: AbortSignal.timeout(10_000)
})

/** Resolves once the stream is gone; gives the error that its own side saw. */
export function closed(stream: Stream): Promise<Error | undefined> {
  if (stream.status !== 'open' && stream.status !== 'closing') return Promise.resolve(undefined)
  return within(
    new Promise((resolve) => stream.addEventListener('close', (event) => resolve(event.error)))
  )
}

/** Fails after 10 s instead of hanging. */
export async function within<T>(promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('not within 10 s')), 10_000)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Lets the event loop turn `count` times: whatever can happen without a timer has happened. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits until `condition` holds, looking each turn of the event loop; fails after 10 s. */
export async function until(condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > endMs) throw new Error('condition did not hold within 10 s')
    await turns(1)
  }
}

export const systemClock = { nowMs: () => Date.now() }

/** A clock that stands until it is set. */
export const fixedClock = (nowMs = 1_800_000_000_000) => ({
  at: nowMs,
  nowMs(): number {
    return this.at
  }
})

export function sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** Limits under which no test waits for a token. */
export const unhurried = { requestsPerSecond: 1_000_000, requestsBurst: 1_000_000 }
