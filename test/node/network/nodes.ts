/**
 * Real nodes in one process, over loopback TCP or in memory, for the tests of network and storage.
 * @module
 */
import type { ServiceMap } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { libp2pOptions, type NetworkInit } from '../../../node/network/libp2p.ts'
import { inProcess } from '../../../node/network/memory.ts'
import { Routing } from '../../../node/network/routing.ts'
import type { NetworkServices } from '../../../node/network/services.ts'
import type { Provider } from '../../../node/storage/block-session.ts'
import { createStorage, type Storage, type StorageInit } from '../../../node/storage/helia.ts'

export const clock = { nowMs: () => Date.now() }

type Init<S extends ServiceMap> = Partial<NetworkInit<S>> & {
  readonly storage?: Partial<StorageInit<S & NetworkServices>>
}

export interface TestNode<S extends ServiceMap = NetworkServices> extends Storage<S> {
  readonly routing: Routing
  readonly self: Provider
  readonly addrs: readonly Multiaddr[]
}

let made = 0

/** A node that listens on loopback TCP. */
export const tcpNode = <S extends ServiceMap>(init: Init<S> = {}) =>
  start({ listen: ['/ip4/127.0.0.1/tcp/0'], inboundPerSecond: 1_000, inboundPending: 100, ...init })

/** A node that lives on the memory transport. */
export const memoryNode = <S extends ServiceMap>(init: Init<S> = {}) =>
  start({ ...inProcess(`test-${process.pid}-${++made}`), ...init })

async function start<S extends ServiceMap>(
  init: Init<S> & Pick<NetworkInit<S>, 'listen'>
): Promise<TestNode<S & NetworkServices>> {
  const { storage, ...network } = init
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, ++made)
  seed.set(crypto.getRandomValues(new Uint8Array(8)), 8)
  const libp2p = await libp2pOptions<S>({
    seed,
    profile: 'clinic',
    clock,
    topics: [],
    services: {} as NetworkInit<S>['services'],
    monitor: false,
    ...network
  })
  const made_ = await createStorage({
    libp2p,
    blockstore: new MemoryBlockstore(),
    datastore: new MemoryDatastore(),
    ...storage
  })
  return Object.assign(made_, {
    routing: new Routing({ libp2p: made_.libp2p as never, clock }),
    self: { peer: made_.libp2p.peerId, addrs: made_.libp2p.getMultiaddrs() },
    addrs: made_.libp2p.getMultiaddrs()
  })
}

/** Waits until `happened` is true, looking again after every turn of the loop, at most 10 s. */
export async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  const limit = AbortSignal.timeout(10_000)
  while (!(await happened())) {
    limit.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
