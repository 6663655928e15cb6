/**
 * What a run leaves beside its operations and its series: a row for each node, how long grants
 * outlived their revocations, how long consents took, and single figures.
 * @module
 */
import type { Column, Table } from '../table.ts'
import type { Domain } from './domain.ts'
import { TICKS_PER_MS } from './wheel.ts'

/** Table sizes are counted for so many nodes; for others the column has NaN. */
const SIZED_NODES_MAX = 200_000

export function nodesTable(domain: Domain, nodes: number): Table {
  const { scenario, traffic, gate, routing } = domain
  const { clinics, patients } = scenario.network
  const role = (node: number): string =>
    node < clinics ? 'clinic' : node < clinics + patients ? 'patient' : 'adversary'
  const step = Math.max(1, Math.ceil(nodes / SIZED_NODES_MAX))
  const tableSize = Float64Array.from({ length: nodes }, (_, node) =>
    node % step === 0 && routing.isServer(node) ? routing.tableSizeOf(node) : Number.NaN
  )
  return {
    name: 'nodes',
    rows: nodes,
    columns: [
      { name: 'node', unit: 'count', values: Int32Array.from({ length: nodes }, (_, i) => i) },
      { name: 'role', unit: '', values: Array.from({ length: nodes }, (_, node) => role(node)) },
      { name: 'receivedMessages', unit: 'count', values: traffic.receivedMessages },
      { name: 'sentMessages', unit: 'count', values: traffic.sentMessages },
      { name: 'sentBytes', unit: 'bytes', values: traffic.sentBytes },
      { name: 'receivedBytes', unit: 'bytes', values: traffic.receivedBytes },
      { name: 'tableSize', unit: 'count', values: tableSize },
      { name: 'releases', unit: 'count', values: Int32Array.from(gate.releases) },
      { name: 'refusals', unit: 'count', values: Int32Array.from(gate.refusals) }
    ]
  }
}

/** A row for each revocation that was tried out; times from when it was sent, or from its block. */
export function revocationsTable({ revocations, laws, startTick }: Domain): Table {
  type Row = (typeof revocations)[number]
  const column = (name: string, unit: string, of: (row: Row) => number): Column => ({
    name,
    unit,
    values: Float64Array.from(revocations, of)
  })
  return {
    name: 'revocations',
    rows: revocations.length,
    columns: [
      {
        name: 'operation',
        unit: 'count',
        values: Int32Array.from(revocations, ({ operation }) => operation)
      },
      column('atMs', 'ms', (row) => ms(row.sentTick - startTick)),
      column('noticed', 'count', (row) => row.noticed),
      column('noticedAfterMs', 'ms', (row) => ms(row.noticedTick - row.sentTick)),
      column('minedAfterMs', 'ms', (row) => ms(row.minedTick - row.sentTick)),
      column('releases', 'count', (row) => row.releases),
      // 0: nothing left after it was sent
      column('lastAfterSentMs', 'ms', (row) =>
        row.releases === 0 ? 0 : ms(row.lastReleaseTick - row.sentTick)
      ),
      column('lastAfterMinedMs', 'ms', (row) =>
        row.releases === 0 ? 0 : Math.max(0, ms(row.lastReleaseTick - row.minedTick))
      ),
      column('boundMs', 'ms', () => ms(laws.boundTicks))
    ]
  }
}

/** From a wish to its first use. */
export function consentsTable({ consents, startTick }: Domain): Table {
  type Row = (typeof consents)[number]
  const column = (name: string, unit: string, of: (row: Row) => number): Column => ({
    name,
    unit,
    values: Float64Array.from(consents, of)
  })
  return {
    name: 'consents',
    rows: consents.length,
    columns: [
      { name: 'wish', unit: 'count', values: Int32Array.from(consents, ({ wish }) => wish) },
      column('atMs', 'ms', (row) => ms(row.wishedTick - startTick)),
      column('readAfterMs', 'ms', (row) => ms(row.readTick - row.wishedTick)),
      column('grantedAfterMs', 'ms', (row) => ms(row.minedTick - row.wishedTick)),
      column('usableAfterMs', 'ms', (row) => ms(row.usableTick - row.wishedTick))
    ]
  }
}

/** Single figures, the unit last in the name. */
export function factsOf(domain: Domain, nodes: number): Record<string, number | string> {
  const { traffic, chain, gate, gossip, laws, scenario, routing, operations } = domain
  const facts: Record<string, number | string> = {
    nodes,
    clinics: scenario.network.clinics,
    patients: scenario.network.patients,
    operations: operations.rows,
    unfinishedOperations: operations.active,
    totalMessages: traffic.totalMessages,
    totalBytes: traffic.totalBytes,
    dials: traffic.dials,
    deadDials: traffic.deadDials,
    lookups: routing.ended,
    chainBlocks: chain.head - chain.firstBlock,
    chainTxs: chain.sent,
    chainGas: chain.gasUsed,
    chainReorgs: chain.reorgs,
    chainPoolMax: chain.poolMax,
    rpcQuestions: chain.rpcs,
    hints: gossip.hints,
    lateReleases: laws.lateReleases
  }
  for (const [code, count] of [...gate.codes].sort(([a], [b]) => a - b)) {
    facts[`refused${code}Count`] = count
  }
  return facts
}

const ms = (ticks: number): number => ticks / TICKS_PER_MS
