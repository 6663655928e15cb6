/**
 * Made-up results of a run, with the shapes that real ones have (many quick operations, few slow
 * ones, some that fail, loads that differ), from a seed: for tests of what comes after the engines.
 * @module
 */
import {
  type CheckResult,
  MORE_TABLES,
  NODE_COLUMNS,
  OPERATION_COLUMNS,
  type OperationKind,
  type RunResult,
  SERIES_COLUMNS,
  type TraceEvent
} from '../../sim/engine.ts'
import { Rng } from '../../sim/random.ts'
import type { RunManifest } from '../../sim/results/run.ts'
import { type Scenario, type ScenarioFile, scenarioShape } from '../../sim/scenario/shape.ts'
import type { Column, Table } from '../../sim/table.ts'

type Row = Readonly<Record<string, number | string>>

/** A table of these rows; columns whose unit is "count" hold integers. */
export function tableOf(
  name: string,
  columns: readonly (readonly [name: string, unit: string])[],
  rows: readonly Row[]
): Table {
  return {
    name,
    rows: rows.length,
    columns: columns.map(([column, unit]): Column => {
      const values = rows.map((row) => row[column])
      if (values.some((value) => typeof value === 'string')) {
        return { name: column, unit, values: values.map((value) => String(value ?? '')) }
      }
      const numbers = values.map((value) => (typeof value === 'number' ? value : Number.NaN))
      return unit === 'count'
        ? {
            name: column,
            unit,
            values: Int32Array.from(numbers, (n) => (Number.isNaN(n) ? -1 : n))
          }
        : { name: column, unit, values: Float64Array.from(numbers) }
    })
  }
}

export function madeUpScenario(file: Partial<ScenarioFile> = {}): Scenario {
  return scenarioShape.parse({
    name: 'clinic-200',
    question: 'Does a clinic get a key within a second when 200 clinics come and go?',
    seed: 7,
    durationSeconds: 3_600,
    intervalSeconds: 60,
    network: { clinics: 200, requesters: 20 },
    workload: { lookupsPerHour: 1_000, requestsPerHour: 400, revocationsPerHour: 60 },
    expect: [
      { figure: 'retrieve.ok.share', atLeast: 0.95 },
      { figure: 'retrieve.keyMs.p95', atMost: 2_000 }
    ],
    ...file
  })
}

export function madeUpManifest(change: Partial<RunManifest> = {}): RunManifest {
  const scenario = change.scenario ?? madeUpScenario()
  return {
    keyward: '0.4.0',
    commit: '7c343a1f0c9d2b6a5e4d3c2b1a0918273645f0e1',
    engine: 'model',
    seed: scenario.seed,
    repeats: scenario.repeats,
    scenario,
    versions: { node: '24.21.0', libp2p: '3.3.11', '@libp2p/kad-dht': '16.4.5', helia: '7.1.15' },
    host: {
      cpu: 'Some CPU @ 2.00 GHz',
      cores: 2,
      memoryBytes: 25_769_803_776,
      os: 'Linux 6.1.0 x64',
      node: '24.21.0'
    },
    startedAt: '2026-11-24T10:00:00.000Z',
    endedAt: '2026-11-24T10:04:12.000Z',
    digest: '',
    calibration: {
      date: '2026-11-20',
      commit: '1f2e3d4c5b6a79880716253443526170f0e1d2c3',
      agreed: true,
      networks: 6,
      rows: [
        { metric: 'requests', D: 0.031, upper95: 0.062, medianErrorShare: 0.01 },
        { metric: 'hops', D: 0.024, upper95: 0.055, medianErrorShare: 0 },
        { metric: 'latencyMs', D: 0.071, upper95: 0.098, medianErrorShare: 0.09 }
      ]
    },
    complete: false,
    ...change
  }
}

export interface MadeUp {
  readonly seed?: number
  readonly repeat?: number
  /** Operations. @default 1500 */
  readonly count?: number
  /** Nodes. @default 220 */
  readonly nodes?: number
  /** Stretches times, as a larger network would. @default 1 */
  readonly scale?: number
}

export function madeUpResult(init: MadeUp = {}): RunResult {
  const { seed = 7, repeat = 0, count = 1_500, nodes = 220, scale = 1 } = init
  const rng = new Rng(seed, `made-up/${repeat}`)
  const operations = Array.from({ length: count }, (_, i) =>
    operation(rng, i, count, repeat, scale)
  )
  return {
    operations: tableOf('operations', OPERATION_COLUMNS, operations),
    nodes: tableOf('nodes', NODE_COLUMNS, nodeRows(rng, nodes, repeat)),
    series: tableOf('series', [...SERIES_COLUMNS, ...TRAFFIC], seriesRows(rng, nodes, repeat)),
    more: [
      tableOf('revocations', REVOCATIONS, revocationRows(rng, repeat)),
      tableOf('disclosure', DISCLOSURE, disclosureRows(repeat))
    ],
    checks: CHECKS,
    trace: TRACE,
    facts: { nodes, joinSeconds: 41.5 + repeat, rssBytes: 312_475_648 + repeat * 4_096 }
  }
}

const KINDS: readonly OperationKind[] = ['lookup', 'retrieve', 'grant', 'find', 'publish', 'revoke']

function operation(rng: Rng, i: number, count: number, repeat: number, scale: number): Row {
  const kind = rng.chance(0.6) ? rng.pick(KINDS.slice(0, 2)) : rng.pick(KINDS)
  const onChain = kind === 'grant' || kind === 'revoke'
  const ok = rng.chance(kind === 'retrieve' ? 0.975 : 0.995)
  const latencyMs = rng.lognormal(onChain ? 5_200 : 310, onChain ? 0.25 : 0.55) * scale
  const requests = onChain ? 0 : Math.max(3, Math.round(22 * scale + 6 * rng.normal()))
  return {
    repeat,
    operation: i,
    kind,
    atMs: (i * 3_600_000) / count,
    actor: rng.below(20),
    ok: ok ? 1 : 0,
    reason: ok ? '' : rng.chance(0.8) ? 'timeout' : '511',
    latencyMs: ok ? latencyMs : 10_000,
    keyMs: kind === 'retrieve' && ok ? latencyMs * (0.4 + 0.3 * rng.unit()) : Number.NaN,
    requests: onChain ? Number.NaN : requests,
    hops: onChain ? Number.NaN : 1 + rng.below(3) + (rng.chance(0.2) ? 1 : 0),
    messages: onChain ? 4 : requests * 2 + rng.below(6),
    bytes: requests * 900 + Math.round(rng.lognormal(4_000, 1)),
    found: onChain ? Number.NaN : 1 - rng.below(3) / 20,
    gas: onChain ? 61_000 + rng.below(4) * 2_500 : Number.NaN,
    shares: kind === 'retrieve' ? (ok ? 3 : rng.below(3)) : Number.NaN
  }
}

function nodeRows(rng: Rng, nodes: number, repeat: number): Row[] {
  return Array.from({ length: nodes }, (_, node) => {
    const load = Math.round(rng.lognormal(140, 0.8))
    return {
      repeat,
      node,
      role: node < nodes - 20 ? 'clinic' : 'patient',
      load,
      sentBytes: load * 1_900,
      receivedBytes: load * 1_700,
      tableSize: 120 + rng.below(60),
      onlineShare: 0.8 + 0.2 * rng.unit()
    }
  })
}

const TRAFFIC = [
  ['dhtBytes', 'bytes'],
  ['releaseBytes', 'bytes'],
  ['gossipBytes', 'bytes'],
  ['blockBytes', 'bytes']
] as const

function seriesRows(rng: Rng, nodes: number, repeat: number): Row[] {
  return Array.from({ length: 60 }, (_, i) => {
    // an outage in the middle third that heals
    const away = i >= 20 && i < 32 ? 0.3 : 0.05
    const operations = 20 + rng.below(12)
    const failed = Math.round(operations * (away - 0.05) * 0.5 * rng.unit())
    return {
      repeat,
      atSeconds: i * 60,
      online: Math.round(nodes * (1 - away) + 2 * rng.normal()),
      operations,
      successes: operations - failed,
      dhtBytes: Math.round(nodes * 60 * (900 + 120 * rng.unit() + away * 900)),
      releaseBytes: Math.round(nodes * 60 * (60 + 20 * rng.unit())),
      gossipBytes: Math.round(nodes * 60 * (140 + 30 * rng.unit())),
      blockBytes: Math.round(nodes * 60 * rng.lognormal(300, 0.5))
    }
  })
}

const REVOCATIONS = [['repeat', 'count'], ...MORE_TABLES.revocations] as const

const revocationRows = (rng: Rng, repeat: number): Row[] =>
  Array.from({ length: 60 }, (_, i) => ({
    repeat,
    atMs: i * 60_000,
    windowMs: 5_000 * rng.unit() + rng.lognormal(6_000, 0.3)
  }))

const DISCLOSURE = [['repeat', 'count'], ...MORE_TABLES.disclosure] as const

/** Binomial, 10 % of the custodians collude and 10 % are away. */
function disclosureRows(repeat: number): Row[] {
  const rows: Row[] = []
  for (const n of [3, 5, 7, 9]) {
    for (let t = 2; t <= n; t++) {
      rows.push({
        repeat,
        t,
        n,
        disclosure: atLeast(n, t, 0.1),
        availability: atLeast(n, t, 0.9)
      })
    }
  }
  return rows
}

function atLeast(n: number, t: number, p: number): number {
  let sum = 0
  for (let k = t; k <= n; k++) {
    let ways = 1
    for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1)
    sum += ways * p ** k * (1 - p) ** (n - k)
  }
  return Math.min(1, sum)
}

const CHECKS: readonly CheckResult[] = [
  { name: 'no-share-without-grant', checked: 412, violations: 0 },
  { name: 'revoked-is-denied', checked: 60, violations: 0 },
  { name: 'every-release-has-a-receipt', checked: 1_236, violations: 0 }
]

const step = (
  actor: string,
  step: string,
  atMs: number,
  untilMs: number,
  detail: string
): TraceEvent => ({ operation: 12, atMs, untilMs, actor, step, detail })

const TRACE: readonly TraceEvent[] = [
  step('clinic-4', 'find-node', 28_800, 28_955, '22 requests, 3 hops'),
  step('clinic-4', 'challenge', 28_955, 29_020, 'to 5 custodians'),
  step('clinic-9', 'prove', 29_010, 29_052, 'head 5,760, grant word'),
  step('clinic-31', 'prove', 29_014, 29_071, 'head 5,760, grant word'),
  step('clinic-77', 'prove', 29_022, 29_118, 'head 5,760, grant word'),
  step('clinic-9', 'release', 29_052, 29_090, 'share 1'),
  step('clinic-31', 'release', 29_071, 29_104, 'share 2'),
  step('clinic-77', 'release', 29_118, 29_160, 'share 4'),
  step('clinic-4', 'combine', 29_160, 29_161.5, '3 of 5'),
  step('clinic-4', 'fetch-block', 29_161.5, 29_420, '48 KiB from clinic-9')
]
