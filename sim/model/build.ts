/**
 * Puts the parts of a model run together; each has a generator of its own.
 * @module
 */
import type { RunOptions, TraceEvent } from '../engine.ts'
import type { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import { latencyOf } from '../topologies/latency.ts'
import { Chain } from './chain.ts'
import { defaultCosts } from './costs.ts'
import { Custody } from './custody.ts'
import type { Domain } from './domain.ts'
import { Gossip } from './gossip.ts'
import { Laws } from './laws.ts'
import { type Operation, Operations } from './operations.ts'
import { placed } from './placement.ts'
import { Presence } from './presence.ts'
import { Processes } from './process.ts'
import { Gate } from './release.ts'
import { Routing } from './routing.ts'
import { Traffic, unitHash } from './traffic.ts'
import { TICKS_PER_MS, type Wheel } from './wheel.ts'

export interface BuildInit {
  readonly scenario: Scenario
  readonly options: RunOptions
  readonly rng: Rng
  readonly nodes: number
  readonly wheel: Wheel
  readonly startTick: number
  readonly untilTick: number
  /** Ids that an adversary chose for the last nodes. @default none */
  readonly ground?: readonly (readonly [hi: number, lo: number])[]
}

/** Kinds of events: what waits; two of churn; six of lookups and maintenance. */
const WAITING = 0
const CHURN = 1
const LOOKUPS = 3

export function buildDomain(init: BuildInit): Domain {
  const { scenario, options, rng, nodes, wheel, startTick, untilTick, ground } = init
  const { seed, repeat, baseFolder } = options
  const { clinics } = scenario.network
  const costs = defaultCosts
  const processes = new Processes(wheel, WAITING)
  const latency = latencyOf(scenario.network.latency, nodes, rng.derive('latency'), baseFolder)
  const oneWayMs = (from: number, to: number): number => latency.oneWayMs(from, to)
  const placement = placed(nodes, rng.derive('ids'), ground)
  const presence = new Presence({
    scenario,
    nodes,
    placement,
    wheel,
    processes,
    rng: rng.derive('presence'),
    kinds: CHURN,
    startTick,
    baseFolder
  })
  const { online, cameOnline } = presence
  const shared = { scenario, nodes, processes, costs, startTick, untilTick, oneWayMs, online }
  const traffic = new Traffic({ ...shared, rng: rng.derive('traffic') })
  const chain = new Chain({ ...shared, rng: rng.derive('chain') })
  const routing = new Routing({
    ...shared,
    placement,
    presence,
    wheel,
    traffic,
    rng: rng.derive('routing'),
    kinds: LOOKUPS
  })
  traffic.findPeer = (meter, from, to) => routing.findPeer(meter, from, to)
  const operations = new Operations({ startTick, nowTick: () => processes.nowTick })
  const laws = new Laws({ scenario, seed, repeat, chain })
  const gossip = new Gossip({
    ...shared,
    clinics,
    clinicsOnline: () => presence.count.clinics,
    rng: rng.derive('gossip'),
    traffic,
    operations
  })
  return {
    scenario,
    costs,
    oneWayMs,
    rng: rng.derive('domain'),
    processes,
    traffic,
    routing,
    chain,
    custody: new Custody(scenario, rng.derive('custody')),
    gate: new Gate({ ...shared, traffic, chain, laws }),
    gossip,
    operations,
    laws,
    startTick,
    untilTick,
    presence,
    cameOnline,
    withholds: withholders(scenario, rng),
    revocations: [],
    consents: [],
    distrusted: new Map(),
    ...tracing(init, () => processes.nowTick)
  }
}

/** The first `trace` retrievals, step by step. */
function tracing(
  { scenario, options, startTick }: BuildInit,
  nowTick: () => number
): Pick<Domain, 'nameOf' | 'trace' | 'wantsTrace' | 'traced'> {
  const { clinics, patients } = scenario.network
  const traced: TraceEvent[] = []
  let left = options.trace ?? 0
  const nameOf = (node: number): string => {
    if (node < clinics) return `clinic-${node}`
    const other = node - clinics
    return other < patients ? `patient-${other}` : `adversary-${other - patients}`
  }
  return {
    nameOf,
    trace({ traced: wanted, row }: Operation, actor, step, fromTick, detail) {
      if (!wanted) return
      const atMs = (fromTick - startTick) / TICKS_PER_MS
      const untilMs = (nowTick() - startTick) / TICKS_PER_MS
      traced.push({ operation: row, atMs, untilMs, actor: nameOf(actor), step, detail })
    },
    wantsTrace: () => left-- > 0,
    traced
  }
}

function withholders(scenario: Scenario, rng: Rng): (node: number) => boolean {
  const found = scenario.adversaries.find((each) => each.kind === 'withholding')
  if (found == null) return () => false
  const salt = rng.derive('withholding').u32()
  return (node) => unitHash(node, salt) < found.share
}
