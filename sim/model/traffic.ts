/**
 * Messages between the model's nodes: how long they are on their way (place, bandwidth, loss as
 * retransmission, a relay for who cannot be dialled), whether they arrive (away, parted), and what
 * is counted of them, by node and by purpose. A node has one thread and one line out: what needs
 * either waits for its turn.
 * @module
 */
import { RELAY_RESERVATIONS } from '../../core/limits.ts'
import { RETRANSMITS_MAX } from '../limits.ts'
import type { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import { bytes, type Costs, TrafficKind } from './costs.ts'
import { type Process, type Processes, ticks } from './process.ts'

/** What one operation has cost so far. */
export interface Meter {
  messages: number
  bytes: number
  /** DHT requests. */
  requests: number
}

export const meter = (): Meter => ({ messages: 0, bytes: 0, requests: 0 })

export interface TrafficInit {
  readonly scenario: Scenario
  /** Clinics first, then patients, then whatever an adversary adds. */
  readonly nodes: number
  readonly oneWayMs: (from: number, to: number) => number
  /** 1 for each node that is on. */
  readonly online: Uint8Array
  readonly processes: Processes
  readonly costs: Costs
  readonly rng: Rng
  /** Ticks before the measured part begins; partitions count from there. */
  readonly startTick: number
}

export interface Connection {
  usedTick: number
  readonly relayed: boolean
  /** When a stream of each kind was last used. */
  readonly streams: Float64Array
}

/** Streams that rest this long are closed by who opened them (access/SPEC.md). */
const STREAM_KEPT_MS = 30_000
/** A frame of more takes its turn on the line. */
const LARGE_BYTES = 16_384
/** Connections remembered; a run of 10^6 nodes has few of them open. */
const CONNECTIONS_MAX = 1_000_000

export class Traffic {
  readonly #init: TrafficInit
  readonly sentMessages: Float64Array
  readonly receivedMessages: Float64Array
  readonly sentBytes: Float64Array
  readonly receivedBytes: Float64Array
  /** Bytes of each TrafficKind so far. */
  readonly kindBytes = new Float64Array(TrafficKind.length)
  totalMessages = 0
  totalBytes = 0
  dials = 0
  deadDials = 0
  /** Where a peer is: asked of the DHT after a dial failed. Set by routing. */
  findPeer: ((meter: Meter, from: number, to: number) => Process) | undefined
  readonly #cpuFreeTick: Float64Array
  readonly #lineFreeTick: Float64Array
  readonly #connections = new Map<number, Connection>()
  readonly #partitions: readonly { from: number; until: number; share: number; salt: number }[]
  readonly #hiddenSalt: number
  readonly #slotShare: number

  constructor(init: TrafficInit) {
    this.#init = init
    const { nodes, scenario, rng, startTick } = init
    this.sentMessages = new Float64Array(nodes)
    this.receivedMessages = new Float64Array(nodes)
    this.sentBytes = new Float64Array(nodes)
    this.receivedBytes = new Float64Array(nodes)
    this.#cpuFreeTick = new Float64Array(nodes)
    this.#lineFreeTick = new Float64Array(nodes)
    const salts = rng.derive('salts')
    this.#hiddenSalt = salts.u32()
    this.#partitions = scenario.network.partitions.map((each) => ({
      from: startTick + ticks(each.atSeconds * 1_000),
      until: startTick + ticks(each.healSeconds * 1_000),
      share: each.share,
      salt: salts.u32()
    }))
    const hidden = scenario.network.patients * scenario.network.natShare
    const slots = scenario.network.relays * RELAY_RESERVATIONS
    this.#slotShare = hidden > 0 ? Math.min(1, slots / hidden) : 1
  }

  /** Whether they stand on different sides of a partition now. */
  isParted(a: number, b: number): boolean {
    const now = this.#init.processes.nowTick
    for (const { from, until, share, salt } of this.#partitions) {
      if (now < from || now >= until) continue
      if (unitHash(a, salt) < share !== unitHash(b, salt) < share) return true
    }
    return false
  }

  isOnline(node: number): boolean {
    return this.#init.online[node] !== 0
  }

  /** A patient whom nobody can dial. */
  isHidden(node: number): boolean {
    const { clinics, patients, natShare } = this.#init.scenario.network
    if (node < clinics || node >= clinics + patients) return false
    return unitHash(node, this.#hiddenSalt) < natShare
  }

  /** Of those, one that found room at a relay. */
  hasRelay(node: number): boolean {
    return (
      this.#init.scenario.network.relays > 0 &&
      unitHash(node, this.#hiddenSalt ^ 0x5bd1e995) < this.#slotShare
    )
  }

  /** Counts a message without sending it: those that the lookups carry. */
  count(meter: Meter | undefined, from: number, to: number, size: number, kind: TrafficKind): void {
    this.sentMessages[from] = (this.sentMessages[from] as number) + 1
    this.receivedMessages[to] = (this.receivedMessages[to] as number) + 1
    this.totalMessages++
    if (meter != null) meter.messages++
    this.#weigh(meter, from, to, size, kind)
  }

  /** Sends one message; whether it arrived, once it did or its sender gave up. */
  *hop(
    meter: Meter,
    from: number,
    to: number,
    size: number,
    kind: TrafficKind,
    connection?: Connection
  ): Process<boolean> {
    if (from === to) return true
    const { processes } = this.#init
    this.count(meter, from, to, size, kind)
    const delay = this.#delayTicks(from, to, size, connection?.relayed === true)
    yield* processes.sleep(delay)
    return delay >= 0 && this.isOnline(to) && !this.isParted(from, to)
  }

  /**
   * A connection with a stream for this protocol, dialled if there is none.
   * `fresh`: the stream was just opened. `away`: nobody answered.
   */
  *reach(
    meter: Meter,
    from: number,
    to: number,
    kind: TrafficKind
  ): Process<{ readonly state: 'open' | 'fresh' | 'away'; readonly connection?: Connection }> {
    if (from === to) return { state: 'open' }
    const { processes, costs } = this.#init
    let connection = this.#open(from, to)
    if (connection == null) {
      connection = yield* this.#dial(meter, from, to)
      if (connection == null) return { state: 'away' }
    }
    connection.usedTick = processes.nowTick
    const at = TrafficKind.indexOf(kind)
    const used = connection.streams[at] as number
    connection.streams[at] = processes.nowTick
    if (processes.nowTick - used < ticks(STREAM_KEPT_MS)) return { state: 'open', connection }
    yield* processes.sleep(costs.streamTrips * this.#tripTicks(from, to, connection.relayed))
    return { state: 'fresh', connection }
  }

  /** Many frames one after another, as one transfer. */
  *stream(
    meter: Meter,
    from: number,
    to: number,
    frames: number,
    size: number,
    kind: TrafficKind,
    connection?: Connection
  ): Process<boolean> {
    if (from === to) return true
    const { processes } = this.#init
    for (let i = 0; i < frames; i++) this.count(meter, from, to, size / frames, kind)
    const delay = this.#delayTicks(from, to, size, connection?.relayed === true)
    yield* processes.sleep(delay)
    return delay >= 0 && this.isOnline(to) && !this.isParted(from, to)
  }

  /** Request and answer on a stream, with the other's CPU in between. */
  *exchange(
    meter: Meter,
    from: number,
    to: number,
    kind: TrafficKind,
    askBytes: number,
    answerBytes: number,
    cpuMs = this.#init.costs.requestCpuMs
  ): Process<boolean> {
    const { state, connection } = yield* this.reach(meter, from, to, kind)
    if (state === 'away') return false
    if (!(yield* this.hop(meter, from, to, askBytes, kind, connection))) return false
    yield* this.work(to, cpuMs)
    return yield* this.hop(meter, to, from, answerBytes, kind, connection)
  }

  /** Uses a node's thread, after what it does already. */
  *work(node: number, cpuMs: number): Process {
    const { processes } = this.#init
    const from = Math.max(processes.nowTick, this.#cpuFreeTick[node] as number)
    const until = from + ticks(cpuMs)
    this.#cpuFreeTick[node] = until
    yield* processes.sleepUntil(until)
  }

  /** How long what comes now would wait for the node's thread. */
  queueMs(node: number): number {
    return Math.max(0, (this.#cpuFreeTick[node] as number) - this.#init.processes.nowTick) / 16
  }

  *#dial(meter: Meter, from: number, to: number): Process<Connection | undefined> {
    const { processes, costs } = this.#init
    this.dials++
    const hidden = this.isHidden(to)
    const reachable =
      this.isOnline(to) && !this.isParted(from, to) && (!hidden || this.hasRelay(to))
    if (!reachable) {
      this.deadDials++
      yield* processes.sleep(ticks(costs.deadDialMs))
      if (this.findPeer != null) yield* this.findPeer(meter, from, to)
      return undefined
    }
    this.#weigh(meter, from, to, costs.dialBytes / 2, 'dial')
    this.#weigh(meter, to, from, costs.dialBytes / 2, 'dial')
    yield* processes.sleep(costs.dialTrips * this.#tripTicks(from, to, hidden))
    yield* this.work(to, costs.dialCpuMs)
    const connection = {
      usedTick: processes.nowTick,
      relayed: hidden,
      streams: new Float64Array(TrafficKind.length).fill(Number.NEGATIVE_INFINITY)
    }
    this.#keep(this.#pair(from, to), connection)
    return connection
  }

  #open(from: number, to: number): Connection | undefined {
    const connection = this.#connections.get(this.#pair(from, to))
    if (connection == null) return undefined
    const { processes, costs } = this.#init
    const alive =
      processes.nowTick - connection.usedTick < ticks(costs.connectionKeptMs) &&
      this.isOnline(to) &&
      !this.isParted(from, to)
    if (alive) return connection
    this.#connections.delete(this.#pair(from, to))
    return undefined
  }

  #keep(pair: number, connection: Connection): void {
    if (this.#connections.size >= CONNECTIONS_MAX) {
      for (const oldest of this.#connections.keys()) {
        this.#connections.delete(oldest)
        break
      }
    }
    this.#connections.set(pair, connection)
  }

  #pair(a: number, b: number): number {
    const { nodes } = this.#init
    return a < b ? a * nodes + b : b * nodes + a
  }

  /** On its way, without loss and size. */
  #tripTicks(from: number, to: number, relayed: boolean): number {
    const { oneWayMs, scenario } = this.#init
    if (!relayed) return ticks(oneWayMs(from, to))
    const relay = Math.max(from, to) % scenario.network.relays
    return ticks(oneWayMs(from, relay) + oneWayMs(relay, to))
  }

  /** -1: lost again and again. */
  #delayTicks(from: number, to: number, size: number, relayed: boolean): number {
    const { scenario, rng, costs, processes } = this.#init
    const { loss, upMbps, downMbps } = scenario.network
    let delay = this.#tripTicks(from, to, relayed)
    if (loss > 0) {
      let again = costs.retransmitMs
      for (let lost = 0; rng.chance(loss); lost++) {
        delay += ticks(again)
        again *= 2
        if (lost === RETRANSMITS_MAX) return -1
      }
    }
    const transfer = ticks((size * 8) / (Math.min(upMbps, downMbps) * 1_000))
    if (size < LARGE_BYTES) return delay + transfer
    const begins = Math.max(processes.nowTick, this.#lineFreeTick[from] as number)
    this.#lineFreeTick[from] = begins + transfer
    return begins - processes.nowTick + transfer + delay
  }

  #weigh(meter: Meter | undefined, from: number, to: number, size: number, kind: TrafficKind) {
    this.sentBytes[from] = (this.sentBytes[from] as number) + size
    this.receivedBytes[to] = (this.receivedBytes[to] as number) + size
    const at = TrafficKind.indexOf(kind)
    this.kindBytes[at] = (this.kindBytes[at] as number) + size
    this.totalBytes += size
    if (meter != null) meter.bytes += size
  }
}

/** Size of an answer that names k peers. */
export const peersBytes = (k: number): number => k * bytes.dhtPeer + 20

/** Uniform in [0, 1) for a node: the same whenever it is asked. */
export function unitHash(node: number, salt: number): number {
  let h = Math.imul(node ^ salt, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) ^ salt
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return ((h ^ (h >>> 16)) >>> 0) / 0x100000000
}
