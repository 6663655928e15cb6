/**
 * `keyward sim calibrate`: grows real networks, asks them, asks the model the same over the same
 * tables, and says how far apart the answers are. Networks are files in a folder; those that are
 * there already are not grown again, so a stopped calibration goes on and a kept one can be judged
 * anew in a minute.
 *
 * The error is split in four. `filled`: real nodes with tables that the model drew, so that only the
 * query policy can differ. `grown`: tables as joining made them, taken over verbatim. For both the
 * verdict is on the policy. `generated`: networks that grew in the model, step by step as the real
 * ones did, against the real ones. `drawn`: the tables that the model draws for sizes that cannot be
 * grown at all; what claims at a million nodes rest on.
 * @module
 */
import { Rng } from '../random.ts'
import { AGREED_D } from '../statistics/agreement.ts'
import { COUNTS, type Compared, compare, type Row } from './compare.ts'
import { type Configuration, configurations, quick } from './configurations.ts'
import { readNetworks, writeNetwork } from './data.ts'
import { drawnLists } from './drawn-lists.ts'
import type { TableSource } from './model-side.ts'
import type { RealNetworkData } from './observation.ts'
import { realNetwork } from './real-network.ts'
import type { CalibrationStamp } from './stamp.ts'

export interface CalibrateInit {
  /** Of the networks' files. */
  readonly folder: string
  /** One small network: that the machinery works, no claim. @default false */
  readonly quick?: boolean
  /** Of the first network of each configuration; the next ones follow. @default 1 */
  readonly seed?: number
  /** Source that is calibrated. */
  readonly commit: string
  /** ISO 8601 day. */
  readonly date: string
  readonly signal: AbortSignal
  progress?(step: string, done: number, total: number): void
}

export interface Calibration {
  readonly rows: readonly Row[]
  readonly uneven: readonly ({ readonly configuration: string } & Compared['uneven'])[]
  /** Networks left out because their tables moved. */
  readonly discarded: number
  readonly stamp: CalibrationStamp
}

/** Of each lookup in the model; of a bootstrap. */
const MODEL_REPEATS = 5
const DRAWS = 400

const SOURCES: readonly TableSource[] = ['verbatim', 'generated', 'drawn']

export async function calibrate(init: CalibrateInit): Promise<Calibration> {
  const wanted = init.quick === true ? [quick] : configurations
  const networks = await gather(init, wanted)
  const rng = new Rng(init.seed ?? 1, 'calibrate/compare')
  const rows: Row[] = []
  const uneven: Calibration['uneven'][number][] = []
  let discarded = 0
  for (const configuration of wanted) {
    for (const from of ['filling', 'joining'] as const) {
      const alike = networks.filter(
        ({ name, from: made }) => name === nameOf(configuration, from) && made === from
      )
      if (alike.length === 0) continue
      for (const policy of configuration.policies) {
        for (const tables of from === 'joining' ? SOURCES : SOURCES.slice(0, 1)) {
          init.signal.throwIfAborted()
          const name = `${configuration.name}, ${policy.paths} × ${policy.alpha}, ${from}, ${tables}`
          init.progress?.(`comparing ${name}`, rows.length, 0)
          const result = compare({
            networks: alike,
            policy,
            tables,
            rng: rng.derive(name),
            repeats: init.quick === true ? 2 : MODEL_REPEATS,
            draws: init.quick === true ? 100 : DRAWS
          })
          rows.push(...result.rows)
          uneven.push({ configuration: name, ...result.uneven })
          discarded += result.discarded
        }
      }
    }
  }
  return { rows, uneven, discarded, stamp: stampOf(init, rows, networks) }
}

/** Reads what the folder has, grows what it lacks. */
async function gather(
  init: CalibrateInit,
  wanted: readonly Configuration[]
): Promise<RealNetworkData[]> {
  const { folder, signal, seed: first = 1 } = init
  const have = await readNetworks(folder)
  const has = (name: string, seed: number): boolean =>
    have.some((one) => one.name === name && one.seed === seed)
  for (const configuration of wanted) {
    for (const from of ['joining', 'filling'] as const) {
      const name = nameOf(configuration, from)
      const count = from === 'joining' ? configuration.networks : configuration.filled
      for (let seed = first; seed < first + count; seed++) {
        if (has(name, seed)) continue
        signal.throwIfAborted()
        const data = await realNetwork({
          ...configuration,
          name,
          seed,
          signal,
          ...(from === 'filling' && { tablesFor: drawnLists(configuration.growth, seed) }),
          ...(init.progress != null && {
            progress: (step, done, total) =>
              init.progress?.(`${name}, network ${seed}: ${step}`, done, total)
          })
        })
        have.push(await writeNetwork(folder, data))
      }
    }
  }
  return have
}

const nameOf = ({ name }: Configuration, from: RealNetworkData['from']): string =>
  from === 'filling' ? `${name}-filled` : name

/** The worst of each metric over all configurations whose tables grew. */
function stampOf(
  { commit, date }: CalibrateInit,
  rows: readonly Row[],
  networks: readonly RealNetworkData[]
): CalibrationStamp {
  const grown = rows.filter(({ tables }) => tables === 'grown')
  const metrics = [...new Set(grown.map(({ metric }) => metric))]
  const worst = metrics.map((metric) => {
    const of = grown.filter((row) => row.metric === metric)
    const { D, upper95 } = of.reduce((a, b) => (b.upper95 > a.upper95 ? b : a))
    const medianErrorShare = of
      .map((row) => row.medianErrorShare)
      .reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a))
    return { metric, D, upper95, medianErrorShare }
  })
  const counted = grown.filter(({ metric }) => COUNTS.includes(metric))
  return {
    date,
    commit,
    agreed: counted.length > 0 && counted.every(({ upper95 }) => upper95 <= AGREED_D),
    networks: networks.filter(({ from }) => from === 'joining').length,
    rows: worst
  }
}
