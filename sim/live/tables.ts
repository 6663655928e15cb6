/**
 * The one place that reaches into kad-dht 16.4.5 (pinned): reading a node's routing table, filling
 * it from outside, and holding it still. Private fields all of them, so test/sim/live/world.test.ts
 * fails first when the version moves.
 *
 * A warm start puts peers into the table by the table's own `add`, with pings of new contacts
 * answered "yes" meanwhile, and their addresses into the peer store. The table therefore has the
 * shape and bounds that it would have grown, near-table.ts's included; which peers of a full region
 * it holds is drawn from the seed. It says nothing of joining, connections, or the tables that
 * joining leaves.
 * @module
 */
import type { PeerId, PeerStore } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import type { Multiaddr } from '@multiformats/multiaddr'

interface Contact {
  readonly kadId: Uint8Array
  readonly peerId: PeerId
}

interface Trie {
  add(peer: PeerId): Promise<void>
  toIterable(): Iterable<Contact>
  ping: (contacts: readonly Contact[]) => AsyncIterable<Contact>
  onAdd: unknown
}

interface PingQueue {
  readonly size: number
  find(peer: PeerId): unknown
  add(ping: unknown): Promise<boolean>
}

const ANSWERED: PingQueue = { size: 0, find: () => undefined, add: async () => true }

/** What is private in a SingleKadDHT. */
interface Inside {
  readonly routingTable: {
    readonly kb: Trie
    pingNewContactQueue: PingQueue
  }
  readonly queryManager: { initialQuerySelfHasRun?: { resolve(): void } }
  readonly querySelf: { stop(): void; initialQuerySelfHasRun?: unknown }
  readonly routingTableRefresh: { stop(): Promise<void>; refreshTable: () => void }
}

const insideOf = (dht: SingleKadDHT): Inside => dht as unknown as Inside

/** PeerIds in a node's table, bucket by bucket. */
export const entriesOf = (dht: SingleKadDHT): PeerId[] =>
  [...insideOf(dht).routingTable.kb.toIterable()].map(({ peerId }) => peerId)

/** Is the first self-query over, whatever came of it? */
export const hasAskedItself = (dht: SingleKadDHT): boolean =>
  insideOf(dht).querySelf.initialQuerySelfHasRun == null

/** No more refreshes and self-queries; lookups still teach the table whom they met. */
export async function holdStill(dht: SingleKadDHT): Promise<void> {
  const inside = insideOf(dht)
  inside.querySelf.stop()
  await inside.routingTableRefresh.stop()
  // one that is under way would set the next
  inside.routingTableRefresh.refreshTable = () => {}
}

export interface Introduction {
  readonly peer: PeerId
  readonly addrs: readonly Multiaddr[]
}

/** Fills the table of a started node that has not looked for itself yet. */
export async function warmStart(
  dht: SingleKadDHT,
  peerStore: PeerStore,
  others: readonly Introduction[],
  protocol: string
): Promise<void> {
  const inside = insideOf(dht)
  const { kb, pingNewContactQueue } = inside.routingTable
  const { ping, onAdd } = kb
  inside.routingTable.pingNewContactQueue = ANSWERED
  kb.ping = async function* () {} // nobody of a full region is thrown out
  kb.onAdd = undefined // it tags each in the peer store, which is done below in one go
  try {
    for (const { peer } of others) await kb.add(peer)
  } finally {
    Object.assign(kb, { ping, onAdd })
    inside.routingTable.pingNewContactQueue = pingNewContactQueue
  }
  const taken = new Set([...kb.toIterable()].map(({ peerId }) => peerId.toString()))
  for (const { peer, addrs } of others) {
    if (!taken.has(peer.toString())) continue
    await peerStore.save(peer, {
      multiaddrs: [...addrs],
      protocols: [protocol],
      tags: { 'kad-peer': { value: 1 } }
    })
  }
  // queries wait for a first self-query, which is not needed here
  inside.queryManager.initialQuerySelfHasRun?.resolve()
}
