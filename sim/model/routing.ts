/**
 * The DHT of the model: bare lookups, telling and asking who has a record, where a peer is. Clinics
 * (and an adversary's nodes) are servers, patients ask only. Nodes of a scenario are numbered by
 * role; here they have a second number, the rank of their id.
 * @module
 */
import type { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import { bytes, type Costs } from './costs.ts'
import { type Ids, trueClosest } from './ids.ts'
import { type LookupResult, Lookups } from './lookup.ts'
import { Maintenance } from './maintenance.ts'
import type { Placement } from './placement.ts'
import type { Presence } from './presence.ts'
import { type Process, type Processes, ticks, wait } from './process.ts'
import { buildTables, type Tables } from './tables.ts'
import { type Meter, peersBytes, type Traffic, unitHash } from './traffic.ts'
import type { Wheel } from './wheel.ts'

export interface RoutingInit {
  readonly scenario: Scenario
  readonly nodes: number
  readonly placement: Placement
  readonly presence: Presence
  readonly costs: Costs
  readonly wheel: Wheel
  readonly processes: Processes
  readonly traffic: Traffic
  readonly oneWayMs: (from: number, to: number) => number
  readonly rng: Rng
  /** The first of six free kinds of events. */
  readonly kinds: number
}

export interface Found {
  readonly requests: number
  readonly failed: number
  readonly hops: number
  readonly latencyMs: number
  /** Of the true k closest that are on, the asker left out. */
  readonly share: number
  /** Nodes, nearest first. */
  readonly closest: readonly number[]
}

/** Lookups that a run follows of all that its network makes for its tables; the rest is weighed. */
const MAINTENANCE_LOOKUPS = 4_000

/** Lookups of one node under way; further ones wait (core/limits.ts, LOOKUPS_AT_ONCE, in the node). */
export class Routing {
  readonly #init: RoutingInit
  readonly ids: Ids
  readonly tables: Tables
  readonly maintenance: Maintenance
  readonly #lookups: Lookups
  readonly #rankOf: Uint32Array
  readonly #nodeAt: Uint32Array
  /** By rank: a server that is on. */
  readonly #serving: Uint8Array
  readonly #waiting: (((result: LookupResult) => void) | undefined)[] = []
  readonly #free: number[] = []
  /** Who was told that a record is where, until when; by node and record. */
  readonly #provided = new Map<number, { readonly holders: number[]; untilTick: number }>()
  /** Of the lookups so far: for what maintenance costs (engine.ts). */
  requests = 0
  ended = 0
  readonly #keySalt: readonly [number, number]

  constructor(init: RoutingInit) {
    this.#init = init
    const { scenario, nodes, rng, placement, wheel, kinds, presence } = init
    const { dht } = scenario
    this.ids = placement.ids
    this.#rankOf = placement.rankOf
    this.#nodeAt = placement.nodeAt
    const servers = new Uint8Array(nodes)
    this.#serving = new Uint8Array(nodes)
    for (let node = 0; node < nodes; node++) {
      if (!this.isServer(node)) continue
      servers[placement.rankOf[node] as number] = 1
      this.#serving[placement.rankOf[node] as number] = presence.online[node] as number
    }
    presence.onChange = (node, on) => {
      if (this.isServer(node)) this.#serving[this.#rankOf[node] as number] = on ? 1 : 0
    }
    const policy = { table: dht.table, k: dht.k, prefixLength: dht.prefixLength }
    const { stale } = presence
    this.tables = buildTables(this.ids, policy, rng.derive('tables'), {
      servers,
      ...(stale == null ? {} : { stale })
    })
    this.#keySalt = keySalts(rng)
    const shared = {
      ids: this.ids,
      tables: this.tables,
      online: this.#serving,
      policy: {
        k: dht.k,
        alpha: dht.alpha,
        paths: dht.paths,
        timeoutTicks: ticks(dht.timeoutMs)
      },
      wheel,
      oneWayTicks: this.#delays(rng.derive('losses'))
    }
    this.#lookups = new Lookups({
      ...shared,
      rng: rng.derive('lookups'),
      kinds,
      onDone: (result) => {
        const resume = this.#waiting[result.tag]
        this.#waiting[result.tag] = undefined
        this.#free.push(result.tag)
        resume?.(result)
      },
      onMessage: (from, to) => this.#count(from, to)
    })
    const seconds = scenario.warmupSeconds + scenario.durationSeconds
    this.maintenance = new Maintenance({
      ...shared,
      rng: rng.derive('maintenance'),
      kinds: kinds + 2,
      refreshSeconds: dht.refreshSeconds,
      selfQuerySeconds: dht.selfQuerySeconds,
      lookupsPerSecondMax: MAINTENANCE_LOOKUPS / seconds
    })
  }

  /** What a request of the network's own costs on the way there and back. */
  get requestBytes(): number {
    return bytes.dhtRequest + peersBytes(this.#k)
  }

  /** Mean requests of a lookup, of those that maintenance made. */
  get requestsPerLookup(): number {
    const { requests, lookups } = this.maintenance
    return lookups === 0 ? 0 : requests / lookups
  }

  isServer(node: number): boolean {
    const { clinics, patients } = this.#init.scenario.network
    return node < clinics || node >= clinics + patients
  }

  tableSizeOf(node: number): number {
    return this.tables.sizeOf(this.#rankOf[node] as number)
  }

  get active(): number {
    return this.#lookups.active
  }

  /** Where a record's key lies. */
  keyOf(record: number): readonly [hi: number, lo: number] {
    return keyOf(record, this.#keySalt)
  }

  /** Walks towards a key; latency, peers and the share of the true ones. */
  *find(meter: Meter, from: number, hi: number, lo: number): Process<Found> {
    const { scenario } = this.#init
    const { k } = scenario.dht
    const source = this.#rankOf[from] as number
    const result = yield* this.#walk(meter, source, hi, lo)
    const truth = trueClosest(this.ids, hi, lo, k, source, this.#serving)
    const reached = new Set(result.closest)
    const right = truth.reduce(
      (sum, rank) => sum + (reached.has(this.#nodeAt[rank] as number) ? 1 : 0),
      0
    )
    return { ...result, share: truth.length === 0 ? Number.NaN : right / truth.length }
  }

  /** Tells the k nearest that `from` has a record; gives how many heard it, and who. */
  *provide(meter: Meter, from: number, record: number): Process<readonly number[]> {
    const { processes, scenario } = this.#init
    const [hi, lo] = this.keyOf(record)
    const { closest } = yield* this.#nodes(meter, from, hi, lo)
    const told = yield* processes.all(closest.map((to) => this.#tell(meter, from, to)))
    const heard = closest.filter((_, i) => told[i])
    const untilTick = processes.nowTick + ticks(scenario.dht.providerValiditySeconds * 1_000)
    const before = this.#provided.get(record)
    const fresh = before != null && before.untilTick > processes.nowTick ? before.holders : []
    this.#provided.set(record, { holders: [...new Set([...fresh, ...heard])], untilTick })
    return heard
  }

  /** Asks who has a record: whether one of those who were told was met and answers honestly. */
  *findProviders(
    meter: Meter,
    from: number,
    record: number,
    isHonest: (node: number) => boolean
  ): Process<{ readonly found: boolean; readonly known: boolean; readonly walk: Found }> {
    const { processes } = this.#init
    const [hi, lo] = this.keyOf(record)
    const provided = this.#provided.get(record)
    const known = provided != null && provided.untilTick > processes.nowTick
    const holders = new Set(known ? provided.holders : [])
    const walk = yield* this.#nodes(meter, from, hi, lo)
    // whoever is asked on the way answers with what it was told
    const found = walk.closest.some((node) => holders.has(node) && isHonest(node))
    return { found, known, walk }
  }

  /** Those who were told of a record and whose word has not run out. */
  holdersOf(record: number): readonly number[] {
    const provided = this.#provided.get(record)
    if (provided == null || provided.untilTick <= this.#init.processes.nowTick) return []
    return provided.holders
  }

  /** Where a peer is: a walk to its id. */
  *findPeer(meter: Meter, from: number, to: number): Process {
    const rank = this.#rankOf[to] as number
    yield* this.#walk(
      meter,
      this.#rankOf[from] as number,
      this.ids.hi[rank] as number,
      this.ids.lo[rank] as number
    )
  }

  *#tell(meter: Meter, from: number, to: number): Process<boolean> {
    const { traffic } = this.#init
    meter.requests++
    return yield* traffic.hop(meter, from, to, bytes.addProvider, 'dht')
  }

  *#nodes(meter: Meter, from: number, hi: number, lo: number): Process<Found> {
    const result = yield* this.#walk(meter, this.#rankOf[from] as number, hi, lo)
    return { ...result, share: Number.NaN }
  }

  *#walk(meter: Meter, source: number, hi: number, lo: number): Process<Omit<Found, 'share'>> {
    const { requests, failed, hops, latencyTicks, closest } = yield* wait<LookupCopy>((resume) => {
      const tag = this.#free.pop() ?? this.#waiting.length
      this.#waiting[tag] = (result) => {
        const copy = { ...result, closest: Array.from(result.closest) }
        resume(copy)
      }
      this.#lookups.start(tag, source, hi, lo)
    })
    this.requests += requests
    this.ended++
    meter.requests += requests
    meter.messages += 2 * requests - failed
    meter.bytes += requests * bytes.dhtRequest + (requests - failed) * peersBytes(this.#k)
    return {
      requests,
      failed,
      hops,
      latencyMs: latencyTicks / 16,
      closest: closest.map((rank) => this.#nodeAt[rank] as number)
    }
  }

  /**
   * A request opens a stream of its own (kad-dht's network.ts), and a connection first where there is
   * none: a node holds so many of all. Half of that is charged on the way there, half on the way back.
   * Lost ones are sent again, as a stream does; none cross a partition.
   */
  #delays(losses: Rng): (from: number, to: number) => number {
    const { scenario, costs, traffic, oneWayMs, rng } = this.#init
    const { loss, partitions, clinics, maxConnections } = scenario.network
    const nodeAt = this.#nodeAt
    const salt = rng.derive('connections').u32()
    const open = maxConnections / clinics
    const warm = 1 + costs.streamTrips / 2
    const cold = warm + costs.dialTrips / 2
    return (from, to) => {
      const a = nodeAt[from] as number
      const b = nodeAt[to] as number
      if (partitions.length > 0 && traffic.isParted(a, b)) return -1
      const connected = open >= 1 || unitHash(a < b ? a ^ (b << 9) : b ^ (a << 9), salt) < open
      let ms = oneWayMs(a, b) * (connected ? warm : cold)
      if (loss > 0) for (let r = costs.retransmitMs; losses.chance(loss); r *= 2) ms += r
      return ticks(ms)
    }
  }

  get #k(): number {
    return this.#init.scenario.dht.k
  }

  #count(from: number, to: number): void {
    const { traffic } = this.#init
    traffic.count(
      undefined,
      this.#nodeAt[from] as number,
      this.#nodeAt[to] as number,
      (bytes.dhtRequest + peersBytes(this.#k)) / 2, // a request or its answer
      'dht'
    )
  }
}

interface LookupCopy extends Omit<LookupResult, 'closest'> {
  readonly closest: readonly number[]
}

/** Of routing's generator: where keys lie is known before it is made. */
export function keySalts(rng: Rng): readonly [number, number] {
  const salts = rng.derive('keys')
  return [salts.u32(), salts.u32()]
}

export const keyOf = (
  record: number,
  [a, b]: readonly [number, number]
): readonly [hi: number, lo: number] => [mixed(record, a), mixed(record, b)]

/** 32 mixed bits of a record and a salt (the finaliser of MurmurHash3). */
export function mixed(record: number, salt: number): number {
  let h = (record ^ salt) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  h ^= h >>> 16
  h = Math.imul(h + salt, 0x9e3779b1)
  return (h ^ (h >>> 15)) >>> 0
}
