/**
 * The wire of nodes that live in one process and whose every message is in somebody's hand: our
 * protocols, framing and stores are the daemon's, the streams under them are carried (Carrier) in
 * libp2p's place. There is no DHT and no gossip mesh here: providers stand in one table, and a hint
 * goes to everybody.
 * @module
 */
import type { Connection, PeerId, Stream, StreamHandler } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { PeerUnavailableError } from '../core/errors.ts'
import type { PeerIdBytes } from '../core/ids.ts'
import type { ProtocolComponents } from '../protocols/framing.ts'
import type { NodeInit } from './create-node.ts'
import { peerText } from './keys/peer-text.ts'
import { CarriedStream } from './network/carried-stream.ts'
import { keywardProtocols } from './network/protocols.ts'
import { fromPeerId, toPeerId } from './network/reach.ts'
import type { ConnectedPeer, Reach } from './node.ts'
import { blocksBroker } from './storage/broker.ts'
import { Vault } from './storage/vault.ts'
import type { Served, Wire } from './wire.ts'

/** One message between two peers, by their PeerIds as text. */
export interface Carried {
  readonly from: string
  readonly to: string
  /** "/keyward/access/1.0.0", or "dial". */
  readonly protocol: string
  readonly bytes: number
  /** Arrives. Messages of one pair in one direction keep their order. */
  deliver(): void
}

/** Brings messages to their peers, late or never, as it likes. */
export type Carrier = (message: Carried) => void

interface Place {
  readonly id: PeerId
  readonly handlers: Map<string, StreamHandler>
  readonly streams: Set<CarriedStream>
  readonly served: Served
}

export class Switchboard {
  readonly #carry: Carrier
  readonly #places = new Map<string, Place>()
  /** Who said that it has a record's bytes, by CID. */
  readonly #providers = new Map<string, Set<string>>()
  #streams = 0

  constructor(carry: Carrier) {
    this.#carry = carry
  }

  /** The wire of one node; pass it as `wire` of its NodeInit. */
  readonly open = async (init: NodeInit, served: Served): Promise<Wire> => {
    const { identity, stores, logger } = init
    const self = peerText(identity.peer)
    const id = peerIdFromString(self)
    const place: Place = { id, handlers: new Map(), streams: new Set(), served }
    const components: ProtocolComponents = {
      logger,
      registrar: {
        async handle(protocol, handler) {
          place.handlers.set(protocol, handler)
        },
        async unhandle(protocol) {
          place.handlers.delete(protocol)
        }
      },
      connectionManager: {
        openStream: (peer, protocol, options = {}) =>
          this.#openStream(place, peer, protocol, options.signal)
      }
    }
    const factories = keywardProtocols({
      ...init,
      sha256: init.primitives.sha256,
      clinic: served.clinic,
      source: {
        authorise: async (peer, root) => served.mayFetch(peer, root),
        get: (cid, options): Promise<Uint8Array> => vault.block(cid, options)
      },
      onHint: () => served.onHint()
    })
    // libp2p would make them with all of its components; these are the ones that they take
    const make = <K extends keyof typeof factories>(name: K) =>
      factories[name](components as Parameters<(typeof factories)[K]>[0])
    const asked = {
      access: make('access'),
      custody: make('custody'),
      inbox: make('inbox'),
      blocks: make('blocks')
    }
    const broker = blocksBroker({
      fetch: (peer, root, options) => asked.blocks.fetch(peer, root, options)
    })
    const vault: Vault = await Vault.open({
      blockstore: stores.blockstore,
      pins: stores.pins,
      broker
    })
    const address = multiaddr(`/memory/${self}/p2p/${self}`)
    const started = Object.values(asked)
    for (const service of started) await service.start()
    this.#places.set(self, place)
    return {
      ...asked,
      vault,
      reach: this.#reach(self, address),
      addrs: () => [address.toString()],
      join: async () => {},
      announce: (hint) => {
        for (const [to, other] of this.#places) {
          if (other === place) continue
          const deliver = (): void => other.served.onHint()
          this.#carry({ from: self, to, protocol: `hint/${hint.type}`, bytes: HINT_BYTES, deliver })
        }
      },
      provide: async (cid) => {
        const key = cid.toString()
        this.#providers.set(key, (this.#providers.get(key) ?? new Set()).add(self))
      },
      fetch: (root, from, { signal, onBlock }) =>
        vault.fetch(root, { providers: [{ peer: toPeerId(from), addrs: [] }], signal, onBlock }),
      stop: async () => {
        this.#places.delete(self)
        for (const service of started) await service.stop()
        const gone = new PeerUnavailableError('the node stopped')
        for (const stream of [...place.streams]) stream.abort(gone)
      }
    }
  }

  #reach(self: string, address: Multiaddr): Reach {
    const met = new Set<string>()
    const idOf = (text: string): PeerIdBytes => fromPeerId(peerIdFromString(text))
    return {
      peer: async (peer, _addrs, options = {}) => {
        const to = peerText(peer)
        if (!met.has(to) || !this.#places.has(to)) await this.#dial(self, to, options.signal)
        met.add(to)
        return toPeerId(peer)
      },
      providers: async (cid) => [...(this.#providers.get(cid.toString()) ?? [])].map(idOf),
      addresses: () => [address.bytes],
      connected: () =>
        [...met].map(
          (text): ConnectedPeer => ({
            peer: idOf(text),
            addrs: [`/memory/${text}`],
            direction: 'outbound'
          })
        )
    }
  }

  /** A round trip to somebody who is there. */
  #dial(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
    return settled(signal, (resolve, reject) => {
      this.#carry({
        from,
        to,
        protocol: 'dial',
        bytes: 0,
        deliver: () => {
          const here = this.#places.has(to)
          const deliver = here ? resolve : () => reject(new PeerUnavailableError(`no ${to}`))
          this.#carry({ from: to, to: from, protocol: 'dial', bytes: 0, deliver })
        }
      })
    })
  }

  #openStream(
    place: Place,
    peer: PeerId,
    protocol: string,
    signal: AbortSignal | undefined
  ): Promise<Stream> {
    const from = place.id.toString()
    const to = peer.toString()
    return settled<Stream>(signal, (resolve, reject) => {
      const arrive = (): void => {
        const other = this.#places.get(to)
        const handler = other?.handlers.get(protocol)
        const back = (deliver: () => void): void =>
          this.#carry({ from: to, to: from, protocol, bytes: 0, deliver })
        if (other == null || handler == null) {
          back(() => reject(new PeerUnavailableError(`${to} does not speak ${protocol}`)))
          return
        }
        const [near, far] = this.#pair(place, other, protocol)
        void handler(far, { remotePeer: place.id } as Connection)
        back(() => resolve(near))
      }
      this.#carry({ from, to, protocol, bytes: 0, deliver: arrive })
    })
  }

  #pair(asking: Place, serving: Place, protocol: string): readonly [CarriedStream, CarriedStream] {
    const id = `${++this.#streams}`
    const end = (of: Place, to: Place, direction: 'inbound' | 'outbound'): CarriedStream => {
      const names = { from: of.id.toString(), to: to.id.toString(), protocol }
      const stream = new CarriedStream({
        id,
        protocol,
        direction,
        log: SILENT,
        post: (bytes, deliver) => this.#carry({ ...names, bytes, deliver })
      })
      of.streams.add(stream)
      stream.addEventListener('close', () => of.streams.delete(stream))
      return stream
    }
    const near = end(asking, serving, 'outbound')
    const far = end(serving, asking, 'inbound')
    near.meets(far)
    far.meets(near)
    return [near, far]
  }
}

/** Of a gossip message with its signature. */
const HINT_BYTES = 200

const silent = () => {}
const SILENT = Object.assign(silent, {
  error: silent,
  trace: silent,
  enabled: false,
  newScope: () => SILENT
}) as unknown as ConstructorParameters<typeof CarriedStream>[0]['log']

/** A promise that others settle, unless the signal fires first. */
function settled<T>(
  signal: AbortSignal | undefined,
  begin: (resolve: (value: T) => void, reject: (err: Error) => void) => void
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  signal?.throwIfAborted()
  const onAbort = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  begin(resolve, reject)
  return promise.finally(() => signal?.removeEventListener('abort', onAbort))
}
