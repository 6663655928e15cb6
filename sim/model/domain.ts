/**
 * What every operation of the model has at hand.
 * @module
 */
import type { TraceEvent } from '../engine.ts'
import type { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import type { Chain } from './chain.ts'
import type { Costs } from './costs.ts'
import type { Custody } from './custody.ts'
import type { Gossip } from './gossip.ts'
import type { Laws } from './laws.ts'
import type { Operation, Operations } from './operations.ts'
import type { Presence } from './presence.ts'
import type { Bell, Process, Processes } from './process.ts'
import type { Gate } from './release.ts'
import type { Routing } from './routing.ts'
import type { Traffic } from './traffic.ts'

export interface Domain {
  readonly scenario: Scenario
  readonly costs: Costs
  readonly oneWayMs: (from: number, to: number) => number
  readonly rng: Rng
  readonly processes: Processes
  readonly traffic: Traffic
  readonly routing: Routing
  readonly chain: Chain
  readonly custody: Custody
  readonly gate: Gate
  readonly gossip: Gossip
  readonly operations: Operations
  readonly laws: Laws
  readonly startTick: number
  /** When the run ends, whatever is still under way. */
  readonly untilTick: number
  readonly presence: Presence
  /** Rung whenever a node comes online. */
  readonly cameOnline: Bell
  /** Clinics that acknowledge and then give no block. */
  readonly withholds: (node: number) => boolean
  readonly revocations: RevocationRow[]
  readonly consents: ConsentRow[]
  /** Nodes have names in traces: "clinic-3". */
  nameOf(node: number): string
  trace(operation: Operation, actor: number, step: string, fromTick: number, detail: string): void
  /** Whether one more retrieval is to be traced. */
  wantsTrace(): boolean
  readonly traced: TraceEvent[]
  /** From when on nobody grants to an account any more: its key was stolen, and it was noticed. */
  readonly distrusted: Map<number, number>
}

/** How long a grant outlived its revocation. Ticks; NaN where it did not happen. */
export interface RevocationRow {
  readonly operation: number
  readonly sentTick: number
  /** When the last custodian that heard the direct notice had it on disk. */
  noticedTick: number
  noticed: number
  minedTick: number
  /** Of the shares given after the revocation was sent. */
  releases: number
  lastReleaseTick: number
}

/** From wish to first use. Ticks; NaN where it did not come to that. */
export interface ConsentRow {
  readonly wish: number
  readonly wishedTick: number
  readTick: number
  minedTick: number
  usableTick: number
}

/** Until this node is on. */
export function* untilOnline(domain: Domain, node: number): Process {
  while (!domain.traffic.isOnline(node)) yield* domain.cameOnline.heard()
}
