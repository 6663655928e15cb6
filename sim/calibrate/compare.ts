/**
 * Real lookups against the model's, metric by metric, over all networks of a kind.
 * @module
 */
import type { Rng } from '../random.ts'
import { type Agreement, agreement, type Pair } from '../statistics/agreement.ts'
import { gini, maxOverMean } from '../statistics/inequality.ts'
import { modelLookups, type TableSource } from './model-side.ts'
import type { Observation, Policy, RealNetworkData } from './observation.ts'

export const METRICS = ['requests', 'hops', 'found', 'load', 'bytes', 'latencyMs'] as const
export type Metric = (typeof METRICS)[number]
/** Held to the whole distribution; bytes and latency to their medians. */
export const COUNTS: readonly Metric[] = ['requests', 'hops', 'found', 'load']
const MEDIAN_ERROR_MAX = 0.15

/** A network whose tables moved more than this while it was asked is no standing target. */
export const MOVED_MAX = 0.01

export interface Row extends Agreement {
  readonly configuration: string
  readonly policy: Policy
  readonly tables: 'filled' | 'grown' | 'generated' | 'drawn'
  readonly roundTripMs: number
  readonly metric: Metric
}

export interface CompareInit {
  /** Alike in name, and in how their tables came about. */
  readonly networks: readonly RealNetworkData[]
  readonly policy: Policy
  readonly tables: TableSource
  readonly rng: Rng
  /** Of each lookup, in the model. @default 8 */
  readonly repeats?: number
  /** Of bootstrap and permutation. @default 1,000 */
  readonly draws?: number
}

export interface Compared {
  readonly rows: readonly Row[]
  /** How uneven the load was, mean of all networks. */
  readonly uneven: Readonly<Record<'realGini' | 'modelGini' | 'realMax' | 'modelMax', number>>
  readonly discarded: number
}

export function compare(init: CompareInit): Compared {
  const { policy, rng } = init
  const of = init.networks.flatMap((network) => {
    const measured = network.measured.find((one) => samePolicy(one.policy, policy))
    return measured == null ? [] : [{ network, measured }]
  })
  const kept = of.filter(({ measured }) => measured.movedShare <= MOVED_MAX)
  const sides = kept.map(({ network, measured }) => ({
    nodes: network.growth.nodes,
    real: measured.lookups,
    model: modelLookups({
      network,
      measured,
      tables: init.tables,
      repeats: init.repeats ?? 8,
      rng: rng.derive(`${network.name}/${network.seed}`)
    })
  }))
  const [first] = kept
  const draws = init.draws == null ? {} : { repeats: init.draws }
  const rows = METRICS.map((metric): Row => {
    const pairs = sides.map((side) => (metric === 'load' ? loads(side) : values(side, metric)))
    const of = agreement(pairs, rng.derive(metric), draws)
    const near = Math.abs(of.medianErrorShare) <= MEDIAN_ERROR_MAX
    return {
      configuration: first?.network.name ?? '',
      policy,
      tables: tablesName(init.tables, first?.network),
      roundTripMs: first?.measured.roundTripMs ?? 0,
      metric,
      ...of,
      agrees: COUNTS.includes(metric) ? of.agrees : near
    }
  })
  return { rows, uneven: unevenness(sides), discarded: of.length - kept.length }
}

export const samePolicy = (a: Policy, b: Policy): boolean =>
  a.alpha === b.alpha && a.paths === b.paths

interface Side {
  readonly nodes: number
  readonly real: readonly Observation[]
  readonly model: readonly (readonly Observation[])[]
}

function values({ real, model }: Side, metric: Exclude<Metric, 'load'>): Pair[] {
  return real.map((one, i) => ({
    real: one[metric],
    model: (model[i] ?? []).map((other) => other[metric])
  }))
}

/** A pair for each node: requests that it got in reality, and in each repeat of all lookups. */
function loads({ nodes, real, model }: Side): Pair[] {
  const repeats = model[0]?.length ?? 0
  const ofReal = counts(nodes, real)
  const ofModel = Array.from({ length: repeats }, (_, r) =>
    counts(
      nodes,
      model.map((each) => each[r] as Observation)
    )
  )
  return Array.from(ofReal, (count, node) => ({
    real: count,
    model: ofModel.map((each) => each[node] as number)
  }))
}

function counts(nodes: number, lookups: readonly Observation[]): Uint32Array {
  const got = new Uint32Array(nodes)
  for (const { asked } of lookups) for (const node of asked) got[node] = (got[node] as number) + 1
  return got
}

function unevenness(sides: readonly Side[]): Compared['uneven'] {
  const sum = { realGini: 0, modelGini: 0, realMax: 0, modelMax: 0 }
  for (const side of sides) {
    const pairs = loads(side)
    const real = pairs.map((pair) => pair.real)
    const model = pairs.map((pair) => pair.model[0] ?? 0)
    sum.realGini += gini(real) / sides.length
    sum.modelGini += gini(model) / sides.length
    sum.realMax += maxOverMean(real) / sides.length
    sum.modelMax += maxOverMean(model) / sides.length
  }
  return sum
}

function tablesName(side: TableSource, first?: RealNetworkData): Row['tables'] {
  if (side !== 'verbatim') return side
  return first?.from === 'filling' ? 'filled' : 'grown'
}
