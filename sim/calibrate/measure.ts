/**
 * Lookups over a real network whose tables stand still: each policy asks for keys of its own, a few
 * lookups at a time from different nodes, and the tables are read again when all are done.
 * @module
 */
import type { Rng } from '../random.ts'
import { pairDelays } from './delays.ts'
import type { RealNetwork } from './grow.ts'
import { randomKey } from './key.ts'
import type { Measured, Observation, Policy, RealTables } from './observation.ts'
import { watch } from './watch.ts'

/** Lookups under way at once; each lane asks from nodes of its own, so bytes have one owner. */
const LANES = 6
/** Where answers are far away there is more time for others than work. */
const LANES_FAR = 12
const FAR_MS = 1_000

export interface MeasureInit {
  readonly network: RealNetwork
  readonly before: RealTables
  readonly k: number
  readonly policy: Policy
  readonly lookups: number
  readonly roundTripMs: number
  /** Of the delays; the model needs it too. */
  readonly seed: number
  readonly rng: Rng
  readonly signal: AbortSignal
  progress?(step: string, done: number, total: number): void
}

export async function measure(init: MeasureInit): Promise<Measured> {
  const { network, before, k, policy, rng, roundTripMs, progress } = init
  const began = performance.now()
  const nodes = before.kadIds.length
  const lanes = Math.min(roundTripMs < FAR_MS ? LANES : LANES_FAR, nodes)
  const asks = Array.from({ length: init.lookups }, (_, i) => {
    const lane = i % lanes
    return {
      source: lane + lanes * rng.below(Math.ceil((nodes - lane) / lanes)),
      key: randomKey(rng)
    }
  })
  if (roundTripMs > 0) network.delayBy(pairDelays(init.seed, roundTripMs))
  network.askBy(policy)
  const lookups: Observation[] = []
  const lane = async (number: number): Promise<void> => {
    for (let i = number; i < asks.length; i += lanes) {
      const { source, key } = asks[i] as (typeof asks)[number]
      const sent = network.bytesOf(source)
      const seen = await watch({
        kadIds: before.kadIds,
        table: before.tables[source] ?? [],
        k,
        source,
        key,
        indexOf: (peer) => network.indexOf(peer),
        events: network.ask(source, key, init.signal)
      })
      lookups[i] = { ...seen, bytes: network.bytesOf(source) - sent }
      if (i % 20 === 0) progress?.(`asking, ${policy.paths} paths`, i, asks.length)
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  const { tables } = await network.tables()
  const seconds = (performance.now() - began) / 1_000
  return { policy, roundTripMs, lookups, movedShare: moved(before.tables, tables), seconds }
}

/** Entries that are in only one of two states of a network's tables, over those of the first. */
export function moved(
  before: readonly (readonly number[])[],
  after: readonly (readonly number[])[]
): number {
  let changed = 0
  let all = 0
  for (const [index, table] of before.entries()) {
    const was = new Set(table)
    const is = new Set(after[index])
    all += was.size
    for (const entry of was) if (!is.has(entry)) changed++
    for (const entry of is) if (!was.has(entry)) changed++
  }
  return all === 0 ? 0 : changed / all
}
