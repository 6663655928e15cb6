/**
 * Finding who has a record and where a peer is (hops 3 and 11b of 12). Addresses that came with a
 * manifest are dialled first and the DHT is asked after: it is a hint and may be censored (T4). Each
 * question ends within LOOKUP_MAX_MS, and telling nobody is a failure.
 * @module
 */
import type { AbortOptions, Connection, Libp2p, PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { PeerUnavailableError } from '../../core/errors.ts'
import {
  DIAL_MAX_MS,
  LOOKUP_MAX_MS,
  PROVIDERS_PER_SECOND,
  REQUESTS_BURST
} from '../../core/limits.ts'
import { type Clock, pause, RateLimiter } from '../../protocols/framing.ts'
import type { Provider } from '../storage/block-session.ts'
import type { NetworkServices } from './services.ts'

export interface RoutingComponents {
  readonly libp2p: Pick<
    Libp2p<NetworkServices>,
    'peerId' | 'services' | 'peerStore' | 'peerRouting' | 'dial' | 'getConnections'
  >
  readonly clock: Clock
}

export interface RoutingOptions extends AbortOptions {
  /** @default LOOKUP_MAX_MS */
  readonly maxMs?: number
}

export class Routing {
  readonly #components: RoutingComponents
  /** Others take so many records a second from us and drop the rest without a word. */
  readonly #rate: RateLimiter

  constructor(components: RoutingComponents) {
    this.#components = components
    this.#rate = new RateLimiter(PROVIDERS_PER_SECOND, REQUESTS_BURST, components.clock)
  }

  /**
   * Tells the DHT that we have a record, and goes on telling it every day; gives how many peers were
   * told now.
   * @throws PeerUnavailableError if that is nobody
   */
  async provide(cid: CID, options: RoutingOptions = {}): Promise<number> {
    const { libp2p } = this.#components
    const signal = bounded(options)
    for (let ms = this.#rate.take(''); ms > 0; ms = this.#rate.take('')) await pause(ms, signal)
    // Without a connection the DHT would wait for its first peer until the signal fires.
    if (libp2p.getConnections().length === 0) throw nobodyTold(cid)
    let told = 0
    try {
      for await (const event of libp2p.services.dht.provide(cid, { signal })) {
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') told++
      }
    } catch (err) {
      options.signal?.throwIfAborted()
      if (told === 0) throw nobodyTold(cid, err)
    }
    if (told === 0) throw nobodyTold(cid)
    return told
  }

  /** Stops telling. */
  async cancelProvide(cid: CID, options: AbortOptions = {}): Promise<void> {
    await this.#components.libp2p.services.dht.cancelReprovide(cid, options)
  }

  /** Who says that it has a record, ourselves left out, each once, until time is up. */
  async *findProviders(cid: CID, options: RoutingOptions = {}): AsyncGenerator<Provider> {
    const { libp2p } = this.#components
    const seen = new Set([libp2p.peerId.toString()])
    const signal = bounded(options)
    try {
      for await (const event of libp2p.services.dht.findProviders(cid, { signal })) {
        if (event.name !== 'PROVIDER') continue
        for (const { id, multiaddrs } of event.providers) {
          if (seen.has(id.toString())) continue
          seen.add(id.toString())
          yield { peer: id, addrs: multiaddrs }
        }
      }
    } catch (err) {
      options.signal?.throwIfAborted()
      if (!signal.aborted) throw err
    }
  }

  /** Where a peer is now. @throws PeerUnavailableError if nobody knows */
  async findPeer(peer: PeerId, options: RoutingOptions = {}): Promise<readonly Multiaddr[]> {
    try {
      const found = await this.#components.libp2p.peerRouting.findPeer(peer, {
        signal: bounded(options)
      })
      return found.multiaddrs
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw new PeerUnavailableError(`nobody knows where ${peer} is`, { cause })
    }
  }

  /**
   * A connection to a peer: the open one, else by the given addresses, else by those that the peer
   * store or the DHT knows.
   * @throws PeerUnavailableError
   */
  async connect(provider: Provider, options: AbortOptions = {}): Promise<Connection> {
    const { libp2p } = this.#components
    const { peer } = provider
    const open = libp2p.getConnections(peer).find(({ status }) => status === 'open')
    if (open != null) return open
    const addrs = provider.addrs.map((address) => withPeer(address, peer))
    if (addrs.length > 0) {
      try {
        return await libp2p.dial(addrs, { signal: bounded({ ...options, maxMs: DIAL_MAX_MS }) })
      } catch {
        options.signal?.throwIfAborted() // else: it may have moved
      }
    }
    try {
      return await libp2p.dial(peer, { signal: bounded(options) })
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw new PeerUnavailableError(`peer ${peer} cannot be reached`, { cause })
    }
  }
}

/** An address that ends in the peer it should lead to, so that a stranger there is refused. */
function withPeer(address: Multiaddr, peer: PeerId): Multiaddr {
  const last = address.getComponents().at(-1)
  return last?.name === 'p2p' ? address : multiaddr(`${address}/p2p/${peer}`)
}

const bounded = ({ signal, maxMs = LOOKUP_MAX_MS }: RoutingOptions): AbortSignal => {
  const limit = AbortSignal.timeout(maxMs)
  return signal == null ? limit : AbortSignal.any([signal, limit])
}

const nobodyTold = (cid: CID, cause?: unknown): PeerUnavailableError =>
  new PeerUnavailableError(`nobody could be told of ${cid}`, cause == null ? {} : { cause })
