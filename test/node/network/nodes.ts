/**
 * Real nodes in one process, over loopback TCP or in memory, which serve blocks to one another: for
 * the tests of network and storage.
 * @module
 */
import type { PeerId } from '@libp2p/interface'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import type { CID } from 'multiformats/cid'
import { nativePrimitives } from '../../../node/crypto/native.ts'
import { libp2pOptions, type NetworkInit } from '../../../node/network/libp2p.ts'
import { inProcess } from '../../../node/network/memory.ts'
import { Routing } from '../../../node/network/routing.ts'
import type { NetworkServices } from '../../../node/network/services.ts'
import type { Provider } from '../../../node/storage/block-session.ts'
import { blocksBroker } from '../../../node/storage/broker.ts'
import { createStorage, type Storage, type StorageInit } from '../../../node/storage/helia.ts'
import { type Blocks, blocks } from '../../../protocols/blocks/index.ts'

export const clock = { nowMs: () => Date.now() }

export interface TestServices extends NetworkServices {
  blocks: Blocks
}

export interface TestNode extends Storage<TestServices> {
  readonly routing: Routing
  /** PeerId and addresses, as a manifest would carry them. */
  readonly self: Provider
  /** CIDs that others asked this node for, in order. */
  readonly asked: readonly string[]
}

export type TestInit = Partial<NetworkInit<Pick<TestServices, 'blocks'>>> &
  Partial<Pick<StorageInit<TestServices>, 'blockstore' | 'datastore' | 'pins'>> & {
    /** Changes what is served: a damaged disk, a liar. */
    readonly serving?: (cid: CID, bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>
    readonly authorise?: (peer: PeerId | unknown, root: CID) => boolean
  }

let made = 0

/** A node that listens on loopback TCP. */
export const tcpNode = (init: TestInit = {}): Promise<TestNode> =>
  start({ listen: ['/ip4/127.0.0.1/tcp/0'], inboundPerSecond: 1_000, inboundPending: 100, ...init })

/** A node that lives on the memory transport. */
export const memoryNode = (init: TestInit = {}): Promise<TestNode> =>
  start({ ...inProcess(`test-${process.pid}-${++made}`), ...init })

async function start(init: TestInit & Pick<NetworkInit<never>, 'listen'>): Promise<TestNode> {
  const { blockstore, datastore, pins, serving, authorise, ...network } = init
  const asked: string[] = []
  const source = {
    authorise: async (peer: unknown, root: CID) => authorise?.(peer, root) ?? true,
    async get(cid: CID, options: { signal?: AbortSignal }) {
      asked.push(cid.toString())
      const bytes = await storage.vault.block(cid, options)
      return (await serving?.(cid, bytes)) ?? bytes
    }
  }
  const libp2p = await libp2pOptions<Pick<TestServices, 'blocks'>>({
    seed: crypto.getRandomValues(new Uint8Array(32)),
    profile: 'clinic',
    clock,
    topics: [],
    monitor: false,
    services: { blocks: blocks({ source, sha256: nativePrimitives.sha256, clock }) },
    ...network
  })
  const broker = blocksBroker({
    fetch: (peer, root, options) => storage.libp2p.services.blocks.fetch(peer, root, options),
    connect: async (provider, options) => {
      await routing.connect(provider, options)
    }
  })
  const storage: Storage<TestServices> = await createStorage({
    libp2p,
    broker,
    blockstore: blockstore ?? new MemoryBlockstore(),
    datastore: datastore ?? new MemoryDatastore(),
    ...(pins != null && { pins })
  })
  const routing = new Routing({ libp2p: storage.libp2p, clock })
  const self = { peer: storage.libp2p.peerId, addrs: storage.libp2p.getMultiaddrs() }
  return { ...storage, routing, self, asked }
}

/** Connects all to the first, and waits until each has it in its DHT. */
export async function star(hub: TestNode, ...others: readonly TestNode[]): Promise<void> {
  for (const node of others) await node.routing.connect(hub.self)
  await until(() => others.every((node) => node.libp2p.services.dht.routingTable.size > 0))
  await until(() => hub.libp2p.services.dht.routingTable.size >= others.length)
}

/** Waits until it is so, looking again every few ms, at most 10 s. */
export async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  const limit = AbortSignal.timeout(10_000)
  while (!(await so())) {
    limit.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
