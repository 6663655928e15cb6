/**
 * The program's wire: libp2p with our protocols on it, and Helia over it. The joint between wire and
 * policy is one line of network/protocols.ts: `access({ handler: gate.handle })`.
 * @module
 */
import type { Libp2pOptions } from 'libp2p'
import { ANNOUNCE_TOPIC } from '../protocols/announce/constants.ts'
import type { NodeInit } from './create-node.ts'
import { type Joined, joinNetwork } from './network/join.ts'
import { libp2pOptions } from './network/libp2p.ts'
import { type KeywardServices, keywardProtocols } from './network/protocols.ts'
import { reach, toPeerId } from './network/reach.ts'
import { Routing } from './network/routing.ts'
import type { NetworkServices } from './network/services.ts'
import { blocksBroker } from './storage/broker.ts'
import { createStorage, type Storage } from './storage/helia.ts'
import type { Served, Wire } from './wire.ts'

type Services = KeywardServices & NetworkServices

export async function libp2pWire(init: NodeInit, served: Served): Promise<Wire> {
  const { storage, routing } = await startNetwork(init, served)
  const { libp2p, vault } = storage
  const { access, custody, inbox, announce } = libp2p.services
  let joined: Joined | undefined
  return {
    vault,
    reach: reach({ libp2p, routing, addrsOf: (peer) => served.addrsOf(peer) }),
    access,
    custody,
    inbox,
    addrs: () => libp2p.getMultiaddrs().map(String),
    async join() {
      joined = await joinNetwork(libp2p, init.network.bootstrap ?? [])
    },
    announce: (hint) => void announce.publish(hint),
    provide: (cid, options) => routing.provide(cid, options),
    fetch: (root, from, { signal, onBlock }) =>
      vault.fetch(root, { providers: [{ peer: toPeerId(from), addrs: [] }], signal, onBlock }),
    async stop() {
      joined?.stop()
      await storage.stop()
    }
  }
}

async function startNetwork(
  init: NodeInit,
  served: Served
): Promise<{ readonly storage: Storage<Services>; readonly routing: Routing }> {
  const { identity, primitives, clock, stores, network, logger } = init
  const { clinic } = served
  const broker = blocksBroker({
    fetch: (peer, root, options) => storage.libp2p.services.blocks.fetch(peer, root, options),
    connect: async (provider, options) => {
      await routing.connect(provider, options)
    }
  })
  const libp2p: Libp2pOptions<Services> = await libp2pOptions<KeywardServices>({
    ...network,
    seed: identity.peerSeed,
    profile: clinic == null ? 'light' : 'clinic',
    clock,
    topics: [ANNOUNCE_TOPIC],
    services: keywardProtocols({
      ...init,
      sha256: primitives.sha256,
      clinic,
      source: {
        authorise: async (peer, root) => served.mayFetch(peer, root),
        get: (cid, options): Promise<Uint8Array> => storage.vault.block(cid, options)
      },
      onHint: () => served.onHint()
    })
  })
  libp2p.logger = logger
  const storage: Storage<Services> = await createStorage({
    libp2p,
    blockstore: stores.blockstore,
    datastore: stores.datastore,
    broker,
    pins: stores.pins
  })
  const routing = new Routing({ libp2p: storage.libp2p, clock })
  return { storage, routing }
}
