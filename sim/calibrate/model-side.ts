/**
 * The same questions over the same tables in the model: each real lookup's (source, key) is asked
 * `repeats` times, since real queries do not repeat either (kad-dht shuffles by Math.random).
 * @module
 */
import { fromHex } from '../../core/bytes.ts'
import { type Ids, idsFrom, trueClosest } from '../model/ids.ts'
import { type LookupResult, Lookups } from '../model/lookup.ts'
import { buildTables, loadTables, type Tables } from '../model/tables.ts'
import { TICKS_PER_MS, Wheel } from '../model/wheel.ts'
import type { Rng } from '../random.ts'
import { pairDelays } from './delays.ts'
import { grownTables } from './grown-tables.ts'
import { placeOf, wordsOf } from './key.ts'
import { answerBytes, requestBytes } from './message-bytes.ts'
import type { Measured, Observation, RealNetworkData } from './observation.ts'

/**
 * `verbatim`: as exported. `generated`: the network grows again in the model (grown-tables.ts).
 * `drawn`: as the model draws them for networks too large to be grown, of a settled network.
 */
export type TableSource = 'verbatim' | 'generated' | 'drawn'

export interface ModelSideInit {
  readonly network: RealNetworkData
  readonly measured: Measured
  readonly tables: TableSource
  readonly repeats: number
  readonly rng: Rng
}

/** For each real lookup, in order, what each repeat of it cost. */
export function modelLookups(init: ModelSideInit): Observation[][] {
  const { network, measured, rng } = init
  const { k } = network.growth
  const { ids, order } = idsFrom(network.kadIds.map(wordsOf))
  const rankOf = new Uint32Array(order.length)
  for (const [rank, index] of order.entries()) rankOf[index] = rank
  const tables = tablesOf(init, ids, order, rankOf)
  const delays = pairDelays(network.seed, measured.roundTripMs)
  const wheel = new Wheel()
  let asked: number[] = []
  let bytes = 0
  let done: LookupResult | undefined
  let source = 0
  const running = new Lookups({
    ids,
    tables,
    online: new Uint8Array(ids.count).fill(1),
    policy: { k, ...measured.policy, timeoutTicks: 10_000 * TICKS_PER_MS },
    wheel,
    oneWayTicks: (from, to) =>
      Math.round((delays(order[from] as number, order[to] as number) * TICKS_PER_MS) / 2),
    rng: rng.derive('order'),
    kinds: 0,
    onDone: (result) => {
      done = result
    },
    onMessage: (from, to) => {
      if (from === source) {
        asked.push(order[to] as number)
        bytes += requestBytes()
      } else bytes += answerBytes(entriesTold(tables, from, to, k), network.growth.nodes)
    }
  })
  return measured.lookups.map((real) => {
    source = rankOf[real.source] as number
    const [hi, lo] = wordsOf(placeOf(fromHex(real.key)))
    const best = new Set(trueClosest(ids, hi, lo, k, source))
    return Array.from({ length: init.repeats }, (): Observation => {
      asked = []
      bytes = 0
      running.start(0, source, hi, lo)
      wheel.run(Number.POSITIVE_INFINITY)
      const { requests, failed, hops, closest, latencyTicks } = done as LookupResult
      const found = closest.reduce((sum, peer) => sum + Number(best.has(peer)), 0)
      const latencyMs = latencyTicks / TICKS_PER_MS
      const { key } = real
      return { source: real.source, key, requests, failed, hops, found, latencyMs, bytes, asked }
    })
  })
}

function tablesOf(
  { network, tables, rng }: ModelSideInit,
  ids: Ids,
  order: Uint32Array,
  rankOf: Uint32Array
): Tables {
  const { kadIds, growth } = network
  const table = growth.table === 'near' ? 'near' : 'js'
  const policy = { table, k: growth.k, prefixLength: growth.prefixLength } as const
  const own = rng.derive('tables')
  if (tables === 'drawn') return buildTables(ids, policy, own)
  const given = tables === 'verbatim' ? network.tables : grownTables({ kadIds, growth, rng: own })
  const lists = Array.from(order, (index) =>
    Uint32Array.from(given[index] ?? [], (entry) => rankOf[entry] as number)
  )
  return loadTables(ids, policy, lists)
}

/** An answer names the k nearest of a table, never the asker. */
function entriesTold(tables: Tables, from: number, to: number, k: number): number {
  return tables.closest(from, 0, 0, k, to)
}
