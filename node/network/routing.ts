/**
 * Finding who has a record and where a peer is (hops 3 and 11b of 12). Addresses that came with a
 * manifest are dialled first and the DHT is asked after: it is a hint and may be censored (T4). Each
 * question ends within LOOKUP_MAX_MS, few are under way at once, and telling nobody is a failure.
 * @module
 */
import type { AbortOptions, Connection, Libp2p, PeerId, RoutingOptions } from '@libp2p/interface'
import type { QueryEvent } from '@libp2p/kad-dht'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { PeerUnavailableError } from '../../core/errors.ts'
import {
  DIAL_MAX_MS,
  LOOKUP_MAX_MS,
  LOOKUPS_AT_ONCE,
  LOOKUPS_QUEUED,
  PROVIDERS_PER_SECOND,
  REQUESTS_BURST
} from '../../core/limits.ts'
import { type Clock, Places, pause, RateLimiter } from '../../protocols/framing.ts'
import type { Provider } from '../storage/block-session.ts'
import type { NetworkServices } from './services.ts'

export interface RoutingComponents {
  readonly libp2p: Pick<
    Libp2p<NetworkServices>,
    'peerId' | 'services' | 'peerStore' | 'dial' | 'getConnections'
  >
  readonly clock: Clock
}

export interface LookupOptions extends AbortOptions {
  /** From the moment that it is this lookup's turn. @default LOOKUP_MAX_MS */
  readonly maxMs?: number
}

export class Routing {
  readonly #components: RoutingComponents
  readonly #places = new Places(LOOKUPS_AT_ONCE, LOOKUPS_QUEUED)
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
  async provide(cid: CID, options: LookupOptions = {}): Promise<number> {
    const { dht } = this.#components.libp2p.services
    for (let ms = this.#rate.take(''); ms > 0; ms = this.#rate.take('')) {
      await pause(ms, options.signal ?? NEVER)
    }
    let told = 0
    try {
      for await (const event of this.#lookup((o) => dht.provide(cid, o), options)) {
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
  async *findProviders(cid: CID, options: LookupOptions = {}): AsyncGenerator<Provider> {
    const { libp2p } = this.#components
    const { dht } = libp2p.services
    const seen = new Set([libp2p.peerId.toString()])
    for await (const event of this.#lookup((o) => dht.findProviders(cid, o), options)) {
      if (event.name !== 'PROVIDER') continue
      for (const { id, multiaddrs } of event.providers) {
        if (seen.has(id.toString())) continue
        seen.add(id.toString())
        yield { peer: id, addrs: multiaddrs }
      }
    }
  }

  /** Where a peer is, as others say now. @throws PeerUnavailableError if nobody knows */
  async findPeer(peer: PeerId, options: LookupOptions = {}): Promise<readonly Multiaddr[]> {
    const { dht } = this.#components.libp2p.services
    try {
      // The cache would answer with nothing for a peer of which a dial failed.
      const ask = (o: RoutingOptions) => dht.findPeer(peer, { ...o, useCache: false })
      for await (const event of this.#lookup(ask, options)) {
        if (event.name === 'FINAL_PEER' && event.peer.multiaddrs.length > 0) {
          return event.peer.multiaddrs
        }
      }
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw new PeerUnavailableError(`nobody knows where ${peer} is`, { cause })
    }
    throw new PeerUnavailableError(`nobody knows where ${peer} is`)
  }

  /**
   * A connection to a peer: the open one, else by the given addresses, by those that the peer store
   * has, or by those that the DHT finds.
   * @throws PeerUnavailableError
   */
  async connect(provider: Provider, options: AbortOptions = {}): Promise<Connection> {
    const { libp2p } = this.#components
    const { peer } = provider
    const open = libp2p.getConnections(peer).find(({ status }) => status === 'open')
    if (open != null) return open
    const tried = new Set<string>()
    let cause: unknown
    for (const source of [
      async () => provider.addrs,
      () => this.#storedAddrs(peer),
      () => this.findPeer(peer, options)
    ]) {
      try {
        const addrs = (await source()).map((address) => withPeer(address, peer))
        const fresh = addrs.filter((address) => !tried.has(address.toString()))
        for (const address of fresh) tried.add(address.toString())
        if (fresh.length === 0) continue
        return await libp2p.dial(fresh, { signal: bounded(options.signal, DIAL_MAX_MS) })
      } catch (err) {
        options.signal?.throwIfAborted()
        cause = err // it may have moved
      }
    }
    throw new PeerUnavailableError(`peer ${peer} cannot be reached`, { cause })
  }

  async #storedAddrs(peer: PeerId): Promise<readonly Multiaddr[]> {
    const { peerStore } = this.#components.libp2p
    if (!(await peerStore.has(peer))) return []
    return (await peerStore.get(peer)).addresses.map((address) => address.multiaddr)
  }

  /** One question to the DHT, in its turn and for its time; that time is up is not an error. */
  async *#lookup(
    ask: (options: RoutingOptions) => AsyncIterable<QueryEvent>,
    { signal, maxMs = LOOKUP_MAX_MS }: LookupOptions
  ): AsyncGenerator<QueryEvent> {
    signal?.throwIfAborted()
    // Without a connection the DHT waits for its first peer until time is up.
    if (this.#components.libp2p.getConnections().length === 0) return
    await this.#places.take(signal)
    const limit = AbortSignal.timeout(maxMs)
    try {
      yield* ask({ signal: signal == null ? limit : AbortSignal.any([signal, limit]) })
    } catch (err) {
      signal?.throwIfAborted()
      if (!limit.aborted) throw err
    } finally {
      this.#places.leave()
    }
  }
}

const NEVER = new AbortController().signal

/** An address that ends in the peer it should lead to, so that a stranger there is refused. */
function withPeer(address: Multiaddr, peer: PeerId): Multiaddr {
  const last = address.getComponents().at(-1)
  return last?.name === 'p2p' ? address : multiaddr(`${address}/p2p/${peer}`)
}

const bounded = (signal: AbortSignal | undefined, maxMs: number): AbortSignal => {
  const limit = AbortSignal.timeout(maxMs)
  return signal == null ? limit : AbortSignal.any([signal, limit])
}

const nobodyTold = (cid: CID, cause?: unknown): PeerUnavailableError =>
  new PeerUnavailableError(`nobody could be told of ${cid}`, cause == null ? {} : { cause })
