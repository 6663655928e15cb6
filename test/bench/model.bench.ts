/**
 * `npm run bench model`: the model engine at a million nodes. How long settled networks take to make,
 * what a node weighs with churn, how many lookups a second of processor time brings under both
 * settings of PERFORMANCE.md §3, and goals 10, 11 and 15 as the model shows them ("model, not
 * validated" until a calibration says otherwise). Nothing bounds these from outside: goals are plain
 * figures.
 * @module
 */
import { Churn } from '../../sim/model/churn.ts'
import { hopsPerDecade, slopeOf } from '../../sim/model/growth.ts'
import { type Ids, randomIds } from '../../sim/model/ids.ts'
import { JS_POLICY, type LookupPolicy, Lookups } from '../../sim/model/lookup.ts'
import { pairTicks, type Reach, reach } from '../../sim/model/reach.ts'
import { buildTables, type TablePolicy, type Tables } from '../../sim/model/tables.ts'
import { TICKS_PER_MS, Wheel } from '../../sim/model/wheel.ts'
import { Rng } from '../../sim/random.ts'
import { type Sessions, sessionsOf } from '../../sim/sessions.ts'
import {
  type Bench,
  type BenchOptions,
  costOf,
  type Goal,
  inTurns,
  isMet,
  median,
  plainRow,
  type Row,
  repeatsOf,
  spread
} from './measure.ts'

const MILLION = 1_000_000
const GIB = 2 ** 30
const HOUR_SECONDS = 3_600
/** Lookups under way at once. */
const WIDTH = 64

const JS: TablePolicy = { table: 'js', k: 20, prefixLength: 6 }
const CLASSIC: TablePolicy = { table: 'classic', k: 20, prefixLength: 6 }
const onePath = (alpha: number, beta?: number): LookupPolicy => ({
  k: 20,
  alpha,
  paths: 1,
  timeoutTicks: 5_000 * TICKS_PER_MS,
  ...(beta == null ? {} : { beta })
})

interface Network {
  readonly ids: Ids
  readonly tables: Tables
  readonly online: Uint8Array
}

/** A figure with a goal in its own unit. */
function goalRow(
  named: Pick<Row, 'what' | 'unit' | 'target'> & { readonly goal: Goal },
  values: readonly number[]
): Row {
  const ratio = spread(values)
  return { ...named, ours: median(values), ratio, met: isMet(named.goal, ratio) }
}

function network(nodes: number, table: TablePolicy): Network {
  const ids = randomIds(nodes, new Rng(1, 'bench/ids'))
  const tables = buildTables(ids, table, new Rng(1, 'bench/tables'))
  return { ids, tables, online: new Uint8Array(nodes).fill(1) }
}

function lookMany(
  { ids, tables, online }: Network,
  policy: LookupPolicy,
  count: number,
  wheel = new Wheel()
): number {
  const rng = new Rng(2, 'bench/keys')
  let started = 0
  let requests = 0
  const next = (): void => {
    if (started < count) lookups.start(started++, rng.below(ids.count), rng.u32(), rng.u32())
  }
  const lookups: Lookups = new Lookups({
    ids,
    tables,
    online,
    policy,
    wheel,
    oneWayTicks: pairTicks,
    rng: rng.derive('order'),
    kinds: 0,
    onDone: (result) => {
      requests += result.requests
      next()
    }
  })
  for (let i = 0; i < WIDTH; i++) next()
  while (lookups.active > 0) wheel.run(wheel.now + 1_000 * TICKS_PER_MS)
  return requests
}

/** First of all, while the process holds nothing else: what a million nodes with churn weigh. */
function weighed(nodes: number, count: number): Row[] {
  const sessions = sessionsOf({
    model: 'weibull',
    meanSessionSeconds: 8 * HOUR_SECONDS,
    meanAwaySeconds: 2 * HOUR_SECONDS,
    shape: 0.5
  }) as Sessions
  const wheel = new Wheel()
  const ids = randomIds(nodes, new Rng(1, 'bench/ids'))
  const churn = new Churn({
    nodes,
    wheel,
    rng: new Rng(1, 'bench/churn'),
    kinds: 10,
    sessionsOf: () => sessions,
    tables: { policy: JS, sessions, refreshSeconds: 300 }
  })
  const tables = buildTables(ids, JS, new Rng(1, 'bench/tables'), { stale: churn.stale })
  wheel.run(HOUR_SECONDS * 1_000 * TICKS_PER_MS)
  lookMany({ ids, tables, online: churn.online }, onePath(3), count, wheel)
  const rss = process.memoryUsage.rss()
  const bytes = ids.count * 8 + tables.bytes + churn.bytes + wheel.bytes
  return [
    plainRow({ what: 'ids, tables, churn and its events, 1 M nodes', unit: 'B/node' }, [
      bytes / nodes
    ]),
    goalRow(
      { what: 'RSS of 1 M nodes with churn, looking up', unit: 'GiB', goal: { atMost: 1.25 } },
      [rss / GIB]
    ),
    goalRow(
      {
        what: 'simulated nodes a GiB, with churn',
        unit: 'million',
        goal: { atLeast: 0.8 },
        target: 1.2
      },
      [nodes / MILLION / (rss / GIB)]
    )
  ]
}

async function rates(nodes: number, { quick }: BenchOptions): Promise<Row[]> {
  const count = quick ? 2_000 : 50_000
  const classic = network(nodes, CLASSIC)
  const js = network(nodes, JS)
  const timed = (held: Network, policy: LookupPolicy, lookups: number) => async () => {
    let requests = 0
    const { cpuSeconds } = await costOf(() => {
      requests = lookMany(held, policy, lookups)
    })
    return { lookups: lookups / cpuSeconds, requests: requests / cpuSeconds }
  }
  const sides = await inTurns(repeatsOf({ quick }), {
    early10: timed(classic, onePath(10, 3), count),
    early3: timed(classic, onePath(3, 20), count),
    classic: timed(classic, onePath(3), count),
    js: timed(js, JS_POLICY, count / 10)
  })
  const goal = { atLeast: 25_000 }
  const of = (side: readonly { readonly lookups: number }[]): number[] =>
    side.map(({ lookups }) => lookups)
  return [
    goalRow(
      { what: 'lookups, classic, α 10 β 3', unit: '/cpu-s', goal, target: 40_000 },
      of(sides.early10)
    ),
    goalRow(
      { what: 'lookups, classic, α 3 β 20', unit: '/cpu-s', goal, target: 40_000 },
      of(sides.early3)
    ),
    goalRow(
      { what: 'lookups, classic, kad-dht’s rule, 1 path, α 3', unit: '/cpu-s', goal },
      of(sides.classic)
    ),
    plainRow({ what: 'lookups, kad-dht’s defaults (10 paths)', unit: '/cpu-s' }, of(sides.js)),
    plainRow(
      { what: 'requests with their answers, kad-dht’s defaults', unit: '/cpu-s' },
      sides.js.map(({ requests }) => requests)
    )
  ]
}

function goals({ quick }: BenchOptions): Row[] {
  const lookups = quick ? 100 : 1_000
  const seeds = quick ? [1] : [1, 2, 3, 4, 5]
  const cell = (nodes: number, table: TablePolicy, policy: LookupPolicy, deadShare = 0): Reach[] =>
    seeds.map((seed) => reach({ nodes, table, policy, lookups, seed, deadShare }))
  const atTen = cell(10_000, CLASSIC, onePath(3))
  const jsAtTen = cell(10_000, JS, JS_POLICY)
  const large = quick ? 100_000 : MILLION
  const share = (runs: readonly Reach[]): number[] => runs.map(({ foundShare }) => foundShare)
  const cost = (runs: readonly Reach[]): number[] => runs.map(({ requestsMean }) => requestsMean)
  const sizes = quick ? [1_000, 10_000] : [1_000, 3_162, 10_000, 31_623, 100_000, 316_228, MILLION]
  const growth = sizes.flatMap((nodes) => cell(nodes, CLASSIC, onePath(3)))
  const hops = slopeOf(growth.map(({ nodes, hopsMean: value }) => ({ nodes, value })))
  const requests = slopeOf(growth.map(({ nodes, requestsMean: value }) => ({ nodes, value })))
  const theory = hopsPerDecade(20)
  return [
    goalRow(
      {
        what: 'requests a lookup, 10 k, classic, 1 path, α 3',
        unit: 'requests',
        goal: { atMost: 35 },
        target: 29
      },
      cost(atTen)
    ),
    goalRow(
      { what: 'of the true 20 found there', unit: 'share', goal: { atLeast: 0.99 } },
      share(atTen)
    ),
    plainRow(
      { what: 'requests a lookup, 10 k, kad-dht’s defaults', unit: 'requests' },
      cost(jsAtTen)
    ),
    goalRow(
      {
        what: 'of the true 20 found, 1 M, classic, 1 path, α 3',
        unit: 'share',
        goal: { atLeast: 0.99 }
      },
      share(cell(large, CLASSIC, onePath(3)))
    ),
    plainRow(
      { what: 'the same with 10 % dead', unit: 'share' },
      share(cell(large, CLASSIC, onePath(3), 0.1))
    ),
    plainRow(
      { what: 'of the true 20 found, 1 M, kad-dht’s defaults', unit: 'share' },
      share(cell(large, JS, JS_POLICY))
    ),
    goalRow(
      {
        what: `hops a decade of nodes to theory’s ${theory.toFixed(3)}, from`,
        unit: 'ratio',
        goal: { atLeast: 0.9 }
      },
      [hops.low / theory]
    ),
    goalRow({ what: 'and up to (95 % interval)', unit: 'ratio', goal: { atMost: 1.1 } }, [
      hops.high / theory
    ]),
    plainRow({ what: 'requests that a decade of nodes adds', unit: 'requests' }, [
      requests.perDecade
    ])
  ]
}

export const name = 'model'

export const run: Bench['run'] = async (options) => {
  const nodes = options.quick ? MILLION / 10 : MILLION
  const weight = weighed(nodes, options.quick ? 1_000 : 50_000)
  const built: number[] = []
  for (let i = 0; i < repeatsOf(options); i++) {
    const { cpuSeconds } = await costOf(() => [network(nodes, JS), network(nodes, CLASSIC)])
    built.push(cpuSeconds / 2)
  }
  return [
    goalRow(
      { what: 'a settled network of 1 M is made in', unit: 'cpu-s', goal: { atMost: 10 } },
      built
    ),
    ...weight,
    ...(await rates(nodes, options)),
    ...goals(options)
  ]
}
