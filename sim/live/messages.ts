/**
 * What a world asks of its workers, and they of it: each question with its argument and its answer.
 * Nodes are named by index; keys, ids and tables cross as bytes and numbers.
 * @module
 */
import type { ChainAnswer, ChainCall, ChainPlan } from './chain-link.ts'
import type { Contract } from './channel.ts'
import type { ClockPlan } from './clock.ts'
import type { NodeCounters, WorkerCounters } from './counters.ts'
import type { FaultOptions } from './faults.ts'
import type { NodePlan } from './identities.ts'
import type { DhtChoice, FoundProviders, LookupResult, Provided } from './world.ts'

export interface WorkerInit {
  readonly worker: number
  readonly seed: number
  readonly kind: 'full' | 'dht'
  readonly transport: 'memory' | 'tcp'
  /** Of all nodes. */
  readonly plans: readonly NodePlan[]
  /** Indices of this worker's. */
  readonly own: readonly number[]
  /** For what nodes download; the world removes it. */
  readonly folder: string
  readonly clock: ClockPlan
  readonly dht: DhtChoice
  readonly maxConnections: number | undefined
  readonly reconnects: number | undefined
  readonly faults: Partial<FaultOptions> | undefined
  readonly chain: ChainPlan | undefined
  readonly module: string | undefined
}

export interface Introduced {
  readonly node: number
  readonly peer: string
  readonly account: string
}

export interface Started {
  readonly node: number
  readonly addrs: readonly string[]
}

export interface PlainTable {
  readonly node: number
  /** Indices of nodes. */
  readonly entries: Uint32Array
}

interface NodeAnd<K extends string, T> {
  readonly node: number
  readonly args: { readonly [P in K]: T }
}

/** What a worker understands. */
export interface WorkerContract extends Contract {
  init: readonly [WorkerInit, readonly Introduced[]]
  /** PeerIds of all nodes, by index. */
  roster: readonly [readonly string[], undefined]
  /** Starts nodes, so many at once; reports the index of each that has joined. */
  start: readonly [
    {
      readonly nodes: readonly number[]
      readonly atOnce: number
      /** Addresses of the nodes to join by; each takes some of them. */
      readonly bootstrap: readonly string[]
    },
    readonly Started[]
  ]
  /** Fills the tables of all own nodes; without `tables`, from all servers. */
  warm: readonly [
    { readonly addrs: readonly (readonly string[])[]; readonly tables?: readonly PlainTable[] },
    undefined
  ]
  lookForSelves: readonly [undefined, undefined]
  stop: readonly [number, undefined]
  restart: readonly [{ readonly node: number; readonly bootstrap: readonly string[] }, Started]
  call: readonly [{ readonly node: number; readonly verb: string; readonly args: unknown }, unknown]
  run: readonly [{ readonly node: number; readonly name: string; readonly args: unknown }, unknown]
  lookup: readonly [NodeAnd<'key', Uint8Array>, LookupResult]
  provide: readonly [NodeAnd<'cid', Uint8Array>, Provided]
  findProviders: readonly [NodeAnd<'cid', Uint8Array>, FoundProviders]
  tables: readonly [readonly number[], readonly PlainTable[]]
  counters: readonly [undefined, readonly NodeCounters[]]
  usage: readonly [undefined, WorkerCounters]
  faults: readonly [Partial<FaultOptions>, undefined]
  advance: readonly [number, undefined]
  freeze: readonly [undefined, undefined]
  /** The most connections from now on, of each node. */
  limitConnections: readonly [number, undefined]
}

/** What a world understands. */
export interface ParentContract extends Contract {
  chain: readonly [{ readonly node: number; readonly call: ChainCall }, ChainAnswer]
}
