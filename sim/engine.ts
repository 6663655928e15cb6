/**
 * What both engines are to the rest of the simulator: a scenario and a seed in, tables, checks and a
 * digest out. `live` runs the node's own code, `model` its calibrated image; a report, a comparison
 * and a sweep do not care which.
 * @module
 */
import type { Scenario } from './scenario/shape.ts'
import type { Table } from './table.ts'

export type EngineName = 'live' | 'model'

export interface SimProgress {
  /** "joining", "running" … */
  readonly step: string
  readonly done: number
  readonly total: number
  readonly detail?: string
}

export interface RunOptions {
  /** Unsigned 32-bit. With the scenario it decides everything that the engine lets it decide. */
  readonly seed: number
  /** From 0: which of the scenario's repeats. Engines derive their generators from it. */
  readonly repeat: number
  readonly signal: AbortSignal
  progress(event: SimProgress): void
  /** That files are named from in the scenario. @default the working directory */
  readonly baseFolder?: string
  /** Worker processes of `live`. @default chosen from the size of the network */
  readonly workers?: number
  /** Record every step of the first `trace` key requests. @default 0 */
  readonly trace?: number
}

/** One step of one operation, for `sim trace`. Times count from the start of the run. */
export interface TraceEvent {
  readonly operation: number
  readonly atMs: number
  readonly untilMs: number
  /** "clinic-12" */
  readonly actor: string
  /** "find-node", "challenge", "prove", "release", "fetch-block" … */
  readonly step: string
  readonly detail: string
}

/** A law that was checked while the run went on, or over what it left. */
export interface CheckResult {
  /** "no-share-without-grant" … (checks/) */
  readonly name: string
  readonly checked: number
  readonly violations: number
  /** Of the first violation; no content, no keys. */
  readonly first?: string
}

export interface RunResult {
  /** A row for each operation: OPERATION_COLUMNS. */
  readonly operations: Table
  /** A row for each node: load, traffic, table size. */
  readonly nodes: Table
  /** A row for each interval: who is online, traffic by kind, successes. */
  readonly series: Table
  /** What else a scenario measures: revocation windows, disclosure over t and n … */
  readonly more: readonly Table[]
  readonly checks: readonly CheckResult[]
  readonly trace: readonly TraceEvent[]
  /** Single figures with the unit last in the name: "joinSeconds", "rssBytes", "nodes". */
  readonly facts: Readonly<Record<string, number | string>>
}

export interface Engine {
  readonly name: EngineName
  run(scenario: Scenario, options: RunOptions): Promise<RunResult>
}

/** What one operation was. `lookup` is a bare FIND_NODE walk, `find` one for providers. */
export const OperationKind = [
  'lookup',
  'provide',
  'find',
  'publish',
  'wish',
  'grant',
  'retrieve',
  'revoke',
  'emergency',
  'update',
  'repair',
  'hint',
  'vital'
] as const
export type OperationKind = (typeof OperationKind)[number]

/** Columns of the operations table, in order; both engines fill all of them. */
export const OPERATION_COLUMNS = [
  ['repeat', 'count'],
  ['operation', 'count'],
  ['kind', ''],
  /** When it began, from the start of the measured part. */
  ['atMs', 'ms'],
  /** Index of the node that asked. */
  ['actor', 'count'],
  /** 1 or 0. */
  ['ok', ''],
  /** Refuse code (core/codes.ts) or a word such as "timeout"; "" when ok. */
  ['reason', ''],
  ['latencyMs', 'ms'],
  /** From the request to the record's key in hand; `retrieve` and `emergency` only. */
  ['keyMs', 'ms'],
  /** DHT requests sent. */
  ['requests', 'count'],
  /** Length of the chain of answers that led to the last peer found. */
  ['hops', 'count'],
  /** Messages of all kinds, answers included. */
  ['messages', 'count'],
  ['bytes', 'bytes'],
  /** Of the true k closest (the asker left out), or of the providers that exist. */
  ['found', 'share'],
  ['gas', 'gas'],
  /** Good shares got. */
  ['shares', 'count']
] as const satisfies readonly (readonly [name: string, unit: string])[]

/**
 * Columns of the nodes table that reports know; an engine leaves out what it does not measure and
 * may add others, their units last in the name.
 */
export const NODE_COLUMNS = [
  ['repeat', 'count'],
  ['node', 'count'],
  /** "clinic", "patient". */
  ['role', ''],
  /** DHT requests answered: what Lorenz's curve is drawn of. */
  ['load', 'count'],
  ['sentBytes', 'bytes'],
  ['receivedBytes', 'bytes'],
  /** Entries of the routing table. */
  ['tableSize', 'count'],
  ['onlineShare', 'share']
] as const satisfies readonly (readonly [name: string, unit: string])[]

/**
 * Columns of the series table that reports know, a row an interval. Beside them one column of sent
 * bytes for each kind of traffic, named "dhtBytes", "releaseBytes", "gossipBytes" …, unit "bytes": of
 * all nodes in this interval; a report divides them by `online` and time.
 */
export const SERIES_COLUMNS = [
  ['repeat', 'count'],
  /** Start of the interval, from the start of the measured part. */
  ['atSeconds', 's'],
  /** Nodes online at its end. */
  ['online', 'count'],
  /** Operations that ended in it. */
  ['operations', 'count'],
  ['successes', 'count']
] as const satisfies readonly (readonly [name: string, unit: string])[]

/**
 * Tables of `RunResult.more` that reports know, by name.
 * `revocations`: a row a revocation; the window is how long after the act somebody could still get a
 * share. `disclosure`: a row for each t and n, from custodians that collude or are away.
 */
export const MORE_TABLES = {
  revocations: [
    ['atMs', 'ms'],
    ['windowMs', 'ms']
  ],
  disclosure: [
    ['t', 'count'],
    ['n', 'count'],
    ['disclosure', 'share'],
    ['availability', 'share']
  ]
} as const satisfies Record<string, readonly (readonly [name: string, unit: string])[]>
