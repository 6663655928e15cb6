/**
 * What lookups of random keys cost and find in a settled network of a given size: the cell of
 * PERFORMANCE.md §4's table, and what the growth with log N is measured from.
 * @module
 */
import { Rng } from '../random.ts'
import { type Ids, randomIds, trueClosest } from './ids.ts'
import { type LookupPolicy, type LookupResult, Lookups } from './lookup.ts'
import { buildTables, type TablePolicy, type Tables } from './tables.ts'
import { TICKS_PER_MS, Wheel } from './wheel.ts'

export interface ReachInit {
  readonly nodes: number
  readonly table: TablePolicy
  readonly policy: LookupPolicy
  readonly lookups: number
  readonly seed: number
  /** Of the nodes that are in tables but do not answer. @default 0 */
  readonly deadShare?: number
  /** Lookups at once. @default 64 */
  readonly width?: number
  /** Of this network and no other. @default a settled one of `nodes` */
  readonly network?: { readonly ids: Ids; readonly tables: Tables }
  /** Each lookup's result, as it ends. */
  onResult?(result: LookupResult, foundShare: number): void
}

export interface Reach {
  readonly nodes: number
  readonly lookups: number
  readonly requestsMean: number
  readonly requestsP50: number
  readonly requestsP95: number
  readonly failedMean: number
  readonly hopsMean: number
  readonly hopsP95: number
  /** Of the k true nearest that are online, the asker left out. */
  readonly foundShare: number
  readonly latencyMsP50: number
  readonly latencyMsP95: number
  readonly tablesMean: number
}

const KIND = 0

/** Runs the lookups; the same arguments give the same numbers everywhere. */
export function reach(init: ReachInit): Reach {
  const { nodes, policy, lookups, width = 64 } = init
  const rng = new Rng(init.seed, 'reach')
  const { ids, tables } = init.network ?? settled(init, rng)
  const online = onlineOf(nodes, init.deadShare ?? 0, rng.derive('dead'))
  const keys = rng.derive('keys')
  const wheel = new Wheel()
  const requests: number[] = []
  const hops: number[] = []
  const latencies: number[] = []
  const words = new Uint32Array(2 * lookups)
  for (let i = 0; i < words.length; i++) words[i] = keys.u32()
  let failed = 0
  let found = 0
  let started = 0
  const next = (): void => {
    if (started === lookups) return
    let source = keys.below(nodes)
    while (online[source] === 0) source = keys.below(nodes)
    const i = started++
    running.start(i, source, words[2 * i] as number, words[2 * i + 1] as number)
  }
  const onDone = (result: LookupResult): void => {
    const { tag, source, closest } = result
    const hi = words[2 * tag] as number
    const truth = trueClosest(ids, hi, words[2 * tag + 1] as number, policy.k, source, online)
    const share =
      truth.reduce((sum, peer) => sum + Number(closest.includes(peer)), 0) / truth.length
    found += share
    failed += result.failed
    requests.push(result.requests)
    hops.push(result.hops)
    latencies.push(result.latencyTicks / TICKS_PER_MS)
    init.onResult?.(result, share)
    next()
  }
  const running = new Lookups({
    ids,
    tables,
    online,
    policy,
    wheel,
    oneWayTicks: pairTicks,
    rng: rng.derive('order'),
    kinds: KIND,
    onDone
  })
  for (let i = 0; i < width; i++) next()
  wheel.run(Number.POSITIVE_INFINITY)

  for (const list of [requests, hops, latencies]) list.sort((a, b) => a - b)
  let sizes = 0
  const looked = Math.min(nodes, 200)
  for (let i = 0; i < looked; i++) sizes += tables.sizeOf(Math.floor((i * nodes) / looked))
  return {
    nodes,
    lookups,
    requestsMean: mean(requests),
    requestsP50: at(requests, 0.5),
    requestsP95: at(requests, 0.95),
    failedMean: failed / lookups,
    hopsMean: mean(hops),
    hopsP95: at(hops, 0.95),
    foundShare: found / lookups,
    latencyMsP50: at(latencies, 0.5),
    latencyMsP95: at(latencies, 0.95),
    tablesMean: sizes / looked
  }
}

function settled({ nodes, table }: ReachInit, rng: Rng): { ids: Ids; tables: Tables } {
  const ids = randomIds(nodes, rng.derive('ids'))
  return { ids, tables: buildTables(ids, table, rng.derive('tables')) }
}

function onlineOf(nodes: number, deadShare: number, rng: Rng): Uint8Array {
  const online = new Uint8Array(nodes).fill(1)
  if (deadShare > 0) for (let i = 0; i < nodes; i++) if (rng.chance(deadShare)) online[i] = 0
  return online
}

/** One way between two nodes: 10 to 90 ms, always the same for the two; only to mix the order of answers. */
export function pairTicks(from: number, to: number): number {
  const [low, high] = from < to ? [from, to] : [to, from]
  let word = Math.imul(low ^ Math.imul(high, 0x9e37_79b1), 0x85eb_ca6b)
  word = Math.imul(word ^ (word >>> 15), 0xc2b2_ae35)
  return (160 + ((word >>> 16) * 1_280) / 65_536) | 0
}

const mean = (sorted: readonly number[]): number =>
  sorted.reduce((sum, value) => sum + value, 0) / sorted.length

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
