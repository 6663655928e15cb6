/**
 * What nodes sent, by kind of traffic, and the two tables made of it: a row a node, a row an interval.
 * Counters are read once an interval; what stands in a table is the difference to the reading before.
 * @module
 */
import type { Column, Table } from '../table.ts'
import type { NodeCounters } from './counters.ts'
import type { Stage } from './stage.ts'

/** Kinds by what a protocol's name begins with; all else is "other": identify, ping, relays. */
const KINDS = [
  ['dht', '/keyward/kad/'],
  ['release', '/keyward/access/'],
  ['custody', '/keyward/custody/'],
  ['inbox', '/keyward/inbox/'],
  ['blocks', '/keyward/blocks/'],
  ['gossip', '/meshsub/']
] as const
const OTHER = KINDS.length

interface Interval {
  readonly atSeconds: number
  readonly online: number
  readonly operations: number
  readonly successes: number
  readonly sentBytes: readonly number[]
}

export class Traffic {
  readonly #stage: Stage
  readonly #first = new Map<number, NodeCounters>()
  readonly #intervals: Interval[] = []
  #before: readonly number[] = []
  #rowsBefore = 0
  #last: readonly NodeCounters[] = []

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** The measured part begins. */
  async begin(): Promise<void> {
    const counters = await this.#stage.world.counters()
    for (const each of counters) this.#first.set(each.node, each)
    this.#before = sentByKind(counters)
    this.#rowsBefore = this.#stage.operations.rows.length
    this.#last = counters
  }

  /** An interval ends. */
  async read(atSeconds: number): Promise<void> {
    const { world, operations, away } = this.#stage
    const counters = await world.counters()
    const sent = sentByKind(counters)
    const ended = operations.rows.slice(this.#rowsBefore)
    this.#intervals.push({
      atSeconds,
      online: world.nodes.length - away.length,
      operations: ended.length,
      successes: ended.filter(({ ok }) => ok).length,
      sentBytes: sent.map((bytes, kind) => bytes - (this.#before[kind] ?? 0))
    })
    this.#before = sent
    this.#rowsBefore += ended.length
    this.#last = counters
  }

  series(repeat: number): Table {
    const rows = this.#intervals
    const number = (name: string, unit: string, of: (row: Interval) => number): Column => ({
      name,
      unit,
      values: Float64Array.from(rows, of)
    })
    return {
      name: 'series',
      rows: rows.length,
      columns: [
        number('repeat', 'count', () => repeat),
        number('atSeconds', 's', (row) => row.atSeconds),
        number('online', 'count', (row) => row.online),
        number('operations', 'count', (row) => row.operations),
        number('successes', 'count', (row) => row.successes),
        ...[...KINDS.map(([kind]) => kind), 'other'].map((kind, i) =>
          number(`${kind}Bytes`, 'bytes', (row) => row.sentBytes[i] ?? 0)
        )
      ]
    }
  }

  nodes(repeat: number): Table {
    const { world, onlineShare } = this.#stage
    const rows = this.#last.toSorted((a, b) => a.node - b.node)
    const since = (row: NodeCounters, of: (counters: NodeCounters) => number): number => {
      const first = this.#first.get(row.node)
      return of(row) - (first == null ? 0 : of(first))
    }
    const number = (name: string, unit: string, of: (row: NodeCounters) => number): Column => ({
      name,
      unit,
      values: Float64Array.from(rows, of)
    })
    return {
      name: 'nodes',
      rows: rows.length,
      columns: [
        number('repeat', 'count', () => repeat),
        number('node', 'count', ({ node }) => node),
        { name: 'role', unit: '', values: rows.map(({ node }) => world.nodes[node]?.role ?? '') },
        number('load', 'count', (row) => since(row, answered)),
        number('sentBytes', 'bytes', (row) => since(row, ({ sentBytes }) => sentBytes)),
        number('receivedBytes', 'bytes', (row) => since(row, (each) => each.receivedBytes)),
        number('tableSize', 'count', ({ tableSize }) => tableSize),
        number('connections', 'count', ({ connections }) => connections),
        number('onlineShare', 'share', ({ node }) => onlineShare(node))
      ]
    }
  }
}

const answered = ({ answered: by }: NodeCounters): number =>
  Object.values(by).reduce((sum, count) => sum + count, 0)

function sentByKind(counters: readonly NodeCounters[]): readonly number[] {
  const sums = new Array<number>(OTHER + 1).fill(0)
  for (const { protocols } of counters) {
    for (const [name, { sentBytes }] of Object.entries(protocols)) {
      const kind = KINDS.findIndex(([, prefix]) => name.startsWith(prefix))
      const at = kind < 0 ? OTHER : kind
      sums[at] = (sums[at] ?? 0) + sentBytes
    }
  }
  return sums
}
