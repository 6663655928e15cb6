/**
 * What calibrate compares: a network's tables, and what lookups over them cost. A real network and
 * the model give the same form, so that one comparison reads both and a file keeps either.
 * @module
 */

/** What a network is grown with; kad-dht's names are kBucketSize and prefixLength. */
export interface Growth {
  readonly nodes: number
  readonly k: number
  readonly prefixLength: number
  /** kad-dht's own table, or ours (node/network/near-table.ts). @default trie */
  readonly table?: 'trie' | 'near'
  /** Of the lookups by which it grows. */
  readonly alpha: number
  readonly paths: number
}

/** How a node asks; kad-dht's names are alpha and disjointPaths. */
export interface Policy {
  readonly alpha: number
  readonly paths: number
}

/** One lookup of the peers closest to a key. */
export interface Observation {
  /** Index of the node that asked. */
  readonly source: number
  /** The key's bytes in hex: a multihash, as provider records have. */
  readonly key: string
  readonly requests: number
  readonly failed: number
  /** Answers in a row that led to the nearest peer found; 1 if it stood in the own table. */
  readonly hops: number
  /** Of the true k closest, the asker left out. */
  readonly found: number
  /** From the start to the last answer. */
  readonly latencyMs: number
  /** Of DHT messages on their streams, without what multistream, yamux and noise add. */
  readonly bytes: number
  /** Indices of the nodes asked: the load that it put on each. */
  readonly asked: readonly number[]
}

/** Lookups of one policy over tables that stand still. */
export interface Measured {
  readonly policy: Policy
  /** Mean of the injected round trips, in ms (delays.ts); 0: none. */
  readonly roundTripMs: number
  readonly lookups: readonly Observation[]
  /** Share of table entries that came or went meanwhile. */
  readonly movedShare: number
  readonly seconds: number
}

export interface RealTables {
  /** Kademlia ids in hex: SHA-256 of the peer ids. */
  readonly kadIds: readonly string[]
  /** Every node's table as indices into kadIds, in no order. */
  readonly tables: readonly (readonly number[])[]
  /** Entries that their node holds no address of: it asks them but names them to nobody. */
  readonly untold: readonly (readonly number[])[]
}

export interface RealNetworkData extends RealTables {
  /** Of a group of networks that are alike: "n120-k5-p3". */
  readonly name: string
  readonly growth: Growth
  /** Tables come from joining, or were filled by hand to leave joining out. */
  readonly from: 'joining' | 'filling'
  readonly seed: number
  /** Open connections of each node. */
  readonly connections: readonly number[]
  /** Entries that a table held twice; kad-dht's splitting of buckets can do that. */
  readonly doubled: number
  readonly measured: readonly Measured[]
  readonly versions: Readonly<Record<string, string>>
  readonly growSeconds: number
}
