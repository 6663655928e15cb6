/**
 * A thousand real nodes on this machine: TCP, noise, kad-dht servers, over a few worker processes.
 * How long they take to join by themselves and what that costs, how many of them a gibibyte holds
 * once each has few connections, what a lookup costs then, and how soon a world with filled tables
 * stands. One run, since it is minutes long; wall time is the host's, processor time its own.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createWorld, type World, type WorldInit } from '../../sim/live/world.ts'
import {
  type BenchOptions,
  countRow,
  median,
  percentile,
  plainRow,
  type Row,
  seededBytes
} from './measure.ts'

export const name = 'live'

const GIB = 1_024 ** 3
const REST_CONNECTIONS = 16
/** A joining node has some 30 sockets; 20,000 files are what many a machine allows a process. */
const WORKERS = 3
const BOOTSTRAP = 8
const RUN_MAX_MS = 1_800_000
const REST_MAX_MS = 120_000
const POLL_MS = 1_000
/**
 * Small buckets: a table asks every peer that it might hold, and dials it for that. Lost connections
 * stay lost, since kad-dht wants to keep more of them than the limit allows.
 */
const OPTIONS = {
  kind: 'dht',
  transport: 'tcp',
  dht: { k: 5, alpha: 3, disjointPaths: 1 },
  reconnects: 0,
  bootstrap: BOOTSTRAP
} as const satisfies Partial<WorldInit>

export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const [count, workers, lookups] = options.quick ? [24, 2, 8] : [1_000, WORKERS, 100]
  const init = (changes: Partial<WorldInit>): WorldInit => ({
    ...OPTIONS,
    seed: 1,
    workers,
    nodes: Array.from({ length: count }, () => ({ role: 'clinic' as const })),
    signal: AbortSignal.timeout(RUN_MAX_MS),
    ...changes
  })
  const joined = await measureJoined(init({}), lookups, options.seed)
  const warm = await measureWarm(init({ joining: { by: 'warm-start' } }))
  return [...joined, ...warm]
}

async function measureJoined(init: WorldInit, lookups: number, seed: string): Promise<Row[]> {
  await using world = await createWorld(init)
  const count = init.nodes.length
  const { join } = world
  const grown = await world.counters()
  await comeToRest(world)
  const usage = await world.workers()
  const nodes = await world.counters()
  const asked = await lookUp(world, lookups, seed)
  const after = await world.workers()
  const rssBytes = usage.reduce((sum, each) => sum + each.rssBytes, 0)
  const rejections = after.reduce((sum, each) => sum + each.unhandledRejections, 0)
  const named = (what: string, unit: string) => ({ what: `${what}, ${count} nodes`, unit })
  return [
    countRow({ ...named('joined by themselves', ''), goal: { atLeast: count } }, join.joined),
    countRow({ ...named('join', 's'), goal: { atMost: 300 } }, join.wallSeconds),
    plainRow(named('join, each', 'cpu-ms'), [(1_000 * join.cpuSeconds) / count]),
    countRow({ ...named('found by lookups', ''), goal: { atLeast: 0.99 } }, join.foundShare),
    plainRow(named('connections after the join, mean', ''), [mean(grown, (n) => n.connections)]),
    plainRow(named('table, mean', 'peers'), [mean(nodes, (n) => n.tableSize)]),
    countRow(
      { ...named('connections at rest, p99', ''), goal: { atMost: REST_CONNECTIONS } },
      percentile(
        nodes.map((n) => n.connections),
        0.99
      )
    ),
    countRow(
      { ...named('nodes at rest', 'a GiB'), goal: { atLeast: 250 }, target: 500 },
      (count * GIB) / rssBytes
    ),
    plainRow(named('lookup, requests', ''), [median(asked.map((a) => a.requests))]),
    plainRow(named('lookup p50', 'ms'), [median(asked.map((a) => a.latencyMs))]),
    plainRow(named('most files of a worker', ''), [Math.max(...after.map((w) => w.descriptors))]),
    plainRow(named('event loop p99, worst worker', 'ms'), [
      Math.max(...usage.map((w) => w.eventLoopP99Ms))
    ]),
    countRow({ ...named('rejections unhandled', ''), goal: { atMost: 0 } }, rejections)
  ]
}

async function measureWarm(init: WorldInit): Promise<Row[]> {
  const begun = performance.now()
  await using world = await createWorld(init)
  const wallSeconds = (performance.now() - begun) / 1_000
  const workers = await world.workers()
  const named = (what: string, unit: string) => ({
    what: `${what}, ${init.nodes.length} nodes`,
    unit
  })
  return [
    countRow({ ...named('warm start', 's'), goal: { atMost: 60 } }, wallSeconds),
    plainRow(named('warm start', 'cpu-s'), [workers.reduce((sum, w) => sum + w.cpuSeconds, 0)]),
    countRow({ ...named('found, warm', ''), goal: { atLeast: 0.99 } }, world.join.foundShare)
  ]
}

/** Few connections each; what is in use when the limit is set is closed when it no longer is. */
async function comeToRest(world: World): Promise<void> {
  const end = performance.now() + REST_MAX_MS
  await world.freeze()
  for (let round = 0; performance.now() < end; round++) {
    // a limit that does not fall closes nothing
    await world.limitConnections(REST_CONNECTIONS + (round % 2))
    await delay(POLL_MS)
    const nodes = await world.counters()
    if (nodes.every(({ connections }) => connections <= REST_CONNECTIONS)) return
  }
}

async function lookUp(world: World, lookups: number, seed: string) {
  const keys = [...seededBytes(seed, 32)][0] as Uint8Array
  const asked: { readonly requests: number; readonly latencyMs: number }[] = []
  for (let i = 0; i < lookups; i++) {
    const key = Uint8Array.from(keys, (byte) => byte ^ (i & 0xff))
    const node = (i * 7) % world.nodes.length
    asked.push(await world.lookup(node, key, { signal: AbortSignal.timeout(RUN_MAX_MS) }))
  }
  return asked
}

const mean = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.reduce((sum, value) => sum + of(value), 0) / values.length
