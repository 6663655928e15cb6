/**
 * What happens in a run, from scenario and seed: every act that somebody decides on, sorted by time.
 * Both engines take the same plan. What follows from an act (a grant from an approved wish, a
 * retrieval from a grant, a provide from a publish) is the engine's, since its time depends on it.
 * @module
 */
import { InvalidParametersError } from '../core/errors.ts'
import type { OperationKind } from './engine.ts'
import { PLANNED_MAX, RECORDS_MAX } from './limits.ts'
import type { Rng } from './random.ts'
import type { Scenario } from './scenario/shape.ts'

/** One act. Nodes are numbered: clinics first, then patients. -1 where nothing is meant. */
export interface Planned {
  /** From the start of the measured part. */
  readonly atMs: number
  readonly kind: OperationKind
  /** Who acts: a clinic for `lookup`, `wish` and `emergency`, else the record's owner. */
  readonly actor: number
  readonly record: number
  /** The clinic that asks, or whose grant is taken back. */
  readonly requester: number
  /** The patient whose record it is. */
  readonly owner: number
  /** Number of the wish, from 0 in order of time; of a `revoke`: the wish that its grant answered. */
  readonly wish: number
  /** Of a `wish`: whether she will say yes. */
  readonly approved: boolean
}

interface Context {
  readonly scenario: Scenario
  readonly rng: Rng
  readonly durationMs: number
}

/**
 * The acts of one run, sorted by time. The same for the same scenario and generator.
 * @throws InvalidParametersError if they are too many, or about records that nobody owns
 */
export function plan(scenario: Scenario, rng: Rng): readonly Planned[] {
  assertBounded(scenario)
  const context = { scenario, rng, durationMs: scenario.durationSeconds * 1_000 }
  const published = publishes(context)
  const records = new Records(scenario, published)
  const wishes = wishesOf(context, records)
  const acts = [
    ...lookups(context),
    ...published,
    ...wishes,
    ...revocations(context, wishes),
    ...aboutRecords(context, records, 'emergency', scenario.workload.emergenciesPerHour),
    ...aboutRecords(context, records, 'update', scenario.workload.updatesPerHour),
    ...vitals(context)
  ]
  return acts.sort(byTime)
}

/** Records that exist at the start. */
export const initialRecords = ({ network, records }: Scenario): number =>
  network.patients * records.perPatient

/** Whose an initial record is. */
export const initialOwner = ({ network, records }: Scenario, record: number): number =>
  network.clinics + Math.floor(record / records.perPatient)

/** Clinics that ask: the last ones, so that those that everybody starts from are the others. */
export const requesterAt = ({ network }: Scenario, index: number): number =>
  network.clinics - 1 - (index % network.clinics)

/** When a wish's grant can be counted on: she saw it, and its block is confirmed. */
export const grantSettledMs = ({ chain }: Scenario): number =>
  (chain.confirmBlocks + 3) * chain.blockSeconds * 1_000 + 30_000

/** Acts expected of a scenario; an upper bound for estimates of time and memory. */
export function expectedActs({ workload, durationSeconds }: Scenario): number {
  const perHour =
    workload.lookupsPerHour +
    workload.publishPerHour +
    workload.requestsPerHour +
    workload.revocationsPerHour +
    workload.emergenciesPerHour +
    workload.updatesPerHour
  const { vitals: monitors, bursts } = workload
  const readings =
    monitors == null ? 0 : (monitors.patients * durationSeconds) / monitors.everySeconds
  const burst = bursts.reduce((sum, each) => sum + each.count, 0)
  return (perHour * durationSeconds) / 3_600 + readings + burst
}

function assertBounded(scenario: Scenario): void {
  const { workload: w, network } = scenario
  const expected = expectedActs(scenario)
  if (expected > PLANNED_MAX) {
    throw new InvalidParametersError(
      `"workload" expected at most ${PLANNED_MAX} operations, got ${Math.round(expected)}`
    )
  }
  const records = initialRecords(scenario)
  if (records > RECORDS_MAX) {
    throw new InvalidParametersError(
      `"records.perPatient" expected at most ${RECORDS_MAX} records in all, got ${records}`
    )
  }
  const owned =
    w.publishPerHour + w.requestsPerHour + w.emergenciesPerHour + w.updatesPerHour > 0 ||
    w.bursts.some(({ kind }) => kind !== 'lookup') ||
    (w.vitals?.patients ?? 0) > 0
  if (owned && network.patients === 0) {
    throw new InvalidParametersError(
      '"network.patients" expected at least 1 for a workload about records, got 0'
    )
  }
  if (network.requesters > network.clinics) {
    throw new InvalidParametersError(
      `"network.requesters" expected at most the ${network.clinics} clinics, got ${network.requesters}`
    )
  }
}

/** Times of an arrival process over the measured part, ascending. */
function arrivals({ scenario, durationMs }: Context, rng: Rng, perHour: number): number[] {
  const times: number[] = []
  if (perHour <= 0) return times
  const gapMs = 3_600_000 / perHour
  const regular = scenario.workload.arrival === 'regular'
  let at = regular ? gapMs / 2 : rng.exponential(gapMs)
  while (at < durationMs) {
    times.push(at)
    at += regular ? gapMs : rng.exponential(gapMs)
  }
  return times
}

interface Arrival {
  readonly atMs: number
  /** Index of the burst it belongs to, or -1. */
  readonly burst: number
}

/** Of a kind, with its bursts. */
function arrivalsOf(context: Context, kind: OperationKind, perHour: number): readonly Arrival[] {
  const { scenario, durationMs } = context
  const times: Arrival[] = arrivals(context, context.rng.derive(`${kind}/times`), perHour).map(
    (atMs) => ({ atMs, burst: -1 })
  )
  for (const [burst, each] of scenario.workload.bursts.entries()) {
    if (burstKind(each.kind) !== kind) continue
    const rng = context.rng.derive(`${kind}/burst-${burst}`)
    for (let i = 0; i < each.count; i++) {
      const atMs = (each.atSeconds + rng.unit() * each.overSeconds) * 1_000
      if (atMs < durationMs) times.push({ atMs, burst })
    }
  }
  return times.sort((a, b) => a.atMs - b.atMs || a.burst - b.burst)
}

const burstKind = (kind: Scenario['workload']['bursts'][number]['kind']): OperationKind =>
  kind === 'request' ? 'wish' : kind

const NOTHING = { record: -1, requester: -1, owner: -1, wish: -1, approved: false } as const

function lookups(context: Context): readonly Planned[] {
  const { scenario, rng } = context
  const who = rng.derive('lookup/who')
  return arrivalsOf(context, 'lookup', scenario.workload.lookupsPerHour).map(({ atMs }) => ({
    ...NOTHING,
    atMs,
    kind: 'lookup',
    actor: who.below(scenario.network.clinics)
  }))
}

function publishes(context: Context): readonly Planned[] {
  const { scenario, rng } = context
  const who = rng.derive('publish/who')
  const first = initialRecords(scenario)
  return arrivalsOf(context, 'publish', scenario.workload.publishPerHour).map(({ atMs }, i) => {
    const owner = scenario.network.clinics + who.below(scenario.network.patients)
    return { ...NOTHING, atMs, kind: 'publish', actor: owner, record: first + i, owner }
  })
}

/** Records that exist at a moment: the initial ones, and those published long enough before. */
class Records {
  readonly #scenario: Scenario
  readonly #published: readonly Planned[]
  readonly #settledMs: number
  readonly #initial: number

  constructor(scenario: Scenario, published: readonly Planned[]) {
    this.#scenario = scenario
    this.#published = published
    this.#settledMs = grantSettledMs(scenario)
    this.#initial = initialRecords(scenario)
  }

  countAt(atMs: number): number {
    // published is sorted: the first that is too young ends it
    let low = 0
    let high = this.#published.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const { atMs: born } = this.#published[middle] as Planned
      if (born + this.#settledMs <= atMs) low = middle + 1
      else high = middle
    }
    return this.#initial + low
  }

  ownerOf(record: number): number {
    if (record < this.#initial) return initialOwner(this.#scenario, record)
    return (this.#published[record - this.#initial] as Planned).owner
  }
}

/** The few records that each burst is about, chosen once; empty if it is about any. */
function crowds({ scenario, rng }: Context, records: Records): readonly (readonly number[])[] {
  return scenario.workload.bursts.map((burst, i) => {
    const choose = rng.derive(`crowd-${i}`)
    const there = records.countAt(burst.atSeconds * 1_000)
    if (burst.records === 0 || there === 0) return []
    const chosen = new Set<number>()
    while (chosen.size < Math.min(burst.records, there)) chosen.add(choose.below(there))
    return [...chosen]
  })
}

function wishesOf(context: Context, records: Records): readonly Planned[] {
  const { scenario, rng } = context
  const { requesters } = scenario.network
  const about = rng.derive('wish/record')
  const who = rng.derive('wish/who')
  const answer = rng.derive('wish/answer')
  const few = crowds(context, records)
  const acts: Planned[] = []
  for (const { atMs, burst } of arrivalsOf(context, 'wish', scenario.workload.requestsPerHour)) {
    const there = records.countAt(atMs)
    if (there === 0) continue
    const chosen = few[burst]
    const record = chosen != null && chosen.length > 0 ? about.pick(chosen) : about.below(there)
    const requester = requesterAt(scenario, who.below(Math.max(1, requesters)))
    acts.push({
      atMs,
      kind: 'wish',
      actor: requester,
      record,
      requester,
      owner: records.ownerOf(record),
      wish: acts.length,
      approved: answer.chance(scenario.workload.approvedShare)
    })
  }
  return acts
}

/** Each takes back a grant that stands by then and that no other takes back; else it is left out. */
function revocations(context: Context, wishes: readonly Planned[]): readonly Planned[] {
  const { scenario, rng } = context
  const choose = rng.derive('revoke/which')
  const settledMs = grantSettledMs(scenario)
  const standing: Planned[] = []
  const acts: Planned[] = []
  let next = 0
  for (const { atMs } of arrivalsOf(context, 'revoke', scenario.workload.revocationsPerHour)) {
    for (; next < wishes.length; next++) {
      const wish = wishes[next] as Planned
      if (wish.atMs + settledMs > atMs) break
      if (wish.approved) standing.push(wish)
    }
    if (standing.length === 0) continue
    const at = choose.below(standing.length)
    const taken = standing[at] as Planned
    standing[at] = standing.at(-1) as Planned
    standing.pop()
    acts.push({ ...taken, atMs, kind: 'revoke', actor: taken.owner })
  }
  return acts
}

function aboutRecords(
  context: Context,
  records: Records,
  kind: 'emergency' | 'update',
  perHour: number
): readonly Planned[] {
  const { scenario, rng } = context
  const about = rng.derive(`${kind}/record`)
  const who = rng.derive(`${kind}/who`)
  const few = crowds(context, records)
  return arrivalsOf(context, kind, perHour).flatMap(({ atMs, burst }): Planned[] => {
    const there = records.countAt(atMs)
    if (there === 0) return []
    const chosen = few[burst]
    const record = chosen != null && chosen.length > 0 ? about.pick(chosen) : about.below(there)
    const owner = records.ownerOf(record)
    const clinic = who.below(scenario.network.clinics)
    const actor = kind === 'emergency' ? clinic : owner
    return [
      {
        ...NOTHING,
        atMs,
        kind,
        actor,
        record,
        owner,
        requester: kind === 'emergency' ? clinic : -1
      }
    ]
  })
}

/** The first patients carry monitors; each has its own phase. */
function vitals({ scenario, rng, durationMs }: Context): readonly Planned[] {
  const { vitals: monitors } = scenario.workload
  if (monitors == null) return []
  const phase = rng.derive('vital/phase')
  const everyMs = monitors.everySeconds * 1_000
  const acts: Planned[] = []
  for (let i = 0; i < Math.min(monitors.patients, scenario.network.patients); i++) {
    const actor = scenario.network.clinics + i
    for (let atMs = phase.unit() * everyMs; atMs < durationMs; atMs += everyMs) {
      acts.push({ ...NOTHING, atMs, kind: 'vital', actor, owner: actor })
    }
  }
  return acts
}

const byTime = (a: Planned, b: Planned): number =>
  a.atMs - b.atMs || a.kind.localeCompare(b.kind, 'en') || a.actor - b.actor || a.record - b.record
