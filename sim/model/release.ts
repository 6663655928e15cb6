/**
 * A custodian's gate in the model: the checks of SECURITY.md §9.2 that depend on load, chain, grant
 * and share, in their order, with what each costs. Forms and signatures are right here; a release
 * leaves only after its receipt is on disk, and is looked at once more before.
 * @module
 */
import { Code } from '../../core/codes.ts'
import {
  BUSY_RETRY_MS,
  DENIED_STEP_MS,
  EXCHANGE_MAX_MS,
  REQUESTS_BURST,
  REQUESTS_PER_SECOND
} from '../../core/limits.ts'
import type { Scenario } from '../scenario/shape.ts'
import type { Chain } from './chain.ts'
import type { Costs } from './costs.ts'
import { type Grant, isIn, type RecordState } from './custody.ts'
import type { Laws } from './laws.ts'
import { type Process, type Processes, ticks } from './process.ts'
import type { Traffic } from './traffic.ts'

export interface GateInit {
  readonly scenario: Scenario
  readonly nodes: number
  readonly processes: Processes
  readonly costs: Costs
  readonly traffic: Traffic
  readonly chain: Chain
  readonly laws: Laws
}

export interface Asking {
  readonly requester: number
  readonly want: 'share' | 'blocks'
  readonly record: RecordState
  /** The custodian's place among the record's. */
  readonly place: number
  /** None: an emergency, authorised by clinicians' signatures (ARCHITECTURE.md §8). */
  readonly grant: Grant | undefined
  /** Confirmed block that the requester saw. */
  readonly conf: number
}

export interface Answer {
  /** 0 or the true code; the requester hears 400 for those from 401 on. */
  readonly code: number
  readonly retryMs: number
}

/** Blocks that a request's confirmed block may lag (node/chain/parameters.ts, W). */
const CONF_LAG = { l1: 32, l2: 450, consortium: 16, dev: 16, memory: 16 } as const
/** REQUESTS_QUEUED requests of this node's CPU: the rest hear BUSY. */
const QUEUE_MS = 64

interface Bucket {
  tokens: number
  atTick: number
}
/** Of peers whose rate is remembered, over all custodians. */
const BUCKETS_MAX = 200_000

export class Gate {
  readonly #init: GateInit
  readonly releases: Uint32Array
  readonly refusals: Uint32Array
  readonly receipts: Uint32Array
  readonly #buckets = new Map<number, Bucket>()
  /** Of shares that left, by reason that they did not. */
  readonly codes = new Map<number, number>()

  constructor(init: GateInit) {
    this.#init = init
    this.releases = new Uint32Array(init.nodes)
    this.refusals = new Uint32Array(init.nodes)
    this.receipts = new Uint32Array(init.nodes)
  }

  /** One request, from its arrival until its answer may leave. */
  *serve(custodian: number, asking: Asking): Process<Answer> {
    const { processes, traffic, costs } = this.#init
    const arrivedTick = processes.nowTick
    const waitMs = this.#overRateMs(custodian, asking.requester)
    if (waitMs > 0) return this.#early(custodian, Code.BUSY, Math.max(waitMs, BUSY_RETRY_MS))
    const full = traffic.queueMs(custodian) > QUEUE_MS * costs.releaseCpuMs
    if (full) return this.#early(custodian, Code.BUSY, BUSY_RETRY_MS)
    yield* traffic.work(custodian, costs.refuseCpuMs)
    const proven = yield* this.#prove(custodian, asking)
    if (proven.code !== 0) return yield* this.#refuse(custodian, proven.code, arrivedTick)
    yield* traffic.work(custodian, Math.max(0, costs.releaseCpuMs - costs.refuseCpuMs))
    yield* processes.sleep(ticks(costs.fsyncMs))
    this.#count(this.receipts, custodian)
    const late = this.#changed(asking, proven.headTick, arrivedTick)
    if (late !== 0) return yield* this.#refuse(custodian, late, arrivedTick)
    if (asking.want === 'share') this.#released(custodian, asking, proven.head, proven.conf)
    return { code: 0, retryMs: 0 }
  }

  /** Checks 12 to 45: heads, what is held, and the grant at both blocks. */
  *#prove(
    custodian: number,
    { record, place, grant, conf, want }: Asking
  ): Process<{ code: number; head: number; conf: number; headTick: number }> {
    const { chain, processes, scenario } = this.#init
    const no = (code: number) => ({ code, head: 0, conf: 0, headTick: 0 })
    const view = yield* chain.view(custodian, conf)
    if (!view.ok) return no(view.code)
    if (this.#isOld(view.headTick)) return no(Code.HEAD_STALE)
    const lag = view.conf - conf
    if (lag < 0 || lag > CONF_LAG[scenario.chain.kind]) return no(Code.CONF_MISMATCH)
    const held = want === 'share' ? record.shares[place] : record.blocks[place]
    if (held !== 1) return no(Code.UNKNOWN_RECORD)
    if (!record.anchored) return no(Code.PROOF_UNAVAILABLE)
    yield* chain.prove()
    const found = { code: 0, head: view.head, conf, headTick: view.headTick }
    if (grant == null) return found
    if (!isIn(grant.tx, conf) || !isIn(grant.tx, view.head)) return no(Code.NO_GRANT)
    if (isIn(grant.revocation, conf) || isIn(grant.revocation, view.head)) return no(Code.REVOKED)
    const noticed = (grant.noticedTick[place] as number) <= processes.nowTick
    return noticed ? no(Code.REVOKED_DIRECT) : found
  }

  /** Check 49: the head still young, the exchange short, no notice since. */
  #changed({ grant, place }: Asking, headTick: number, arrivedTick: number): number {
    const { nowTick } = this.#init.processes
    if ((grant?.noticedTick[place] ?? Number.POSITIVE_INFINITY) <= nowTick) {
      return Code.REVOKED_DIRECT
    }
    if (this.#isOld(headTick)) return Code.HEAD_STALE
    return nowTick - arrivedTick > ticks(EXCHANGE_MAX_MS) ? Code.TIMEOUT : 0
  }

  #isOld(headTick: number): boolean {
    const { scenario, processes } = this.#init
    return processes.nowTick - headTick > ticks(scenario.chain.headMaxAgeSeconds * 1_000)
  }

  #released(custodian: number, { grant }: Asking, head: number, conf: number): void {
    const { laws, processes } = this.#init
    this.#count(this.releases, custodian)
    if (grant == null) return
    grant.releases++
    grant.lastReleaseTick = processes.nowTick
    laws.released(grant, custodian, head, conf, processes.nowTick)
  }

  /** 101 to 307: said as they are and at once. */
  #early(custodian: number, code: number, retryMs: number): Answer {
    this.#note(custodian, code)
    return { code, retryMs }
  }

  /** From 400 on: a receipt first, and out at one of few moments, so that it tells nothing. */
  *#refuse(custodian: number, code: number, arrivedTick: number): Process<Answer> {
    if (code < Code.DENIED) return this.#early(custodian, code, 0)
    const { processes, costs } = this.#init
    yield* processes.sleep(ticks(costs.fsyncMs))
    this.#count(this.receipts, custodian)
    const step = ticks(DENIED_STEP_MS)
    const steps = Math.max(1, Math.ceil((processes.nowTick - arrivedTick) / step))
    yield* processes.sleepUntil(arrivedTick + steps * step)
    this.#note(custodian, code)
    return { code, retryMs: 0 }
  }

  #note(custodian: number, code: number): void {
    this.#count(this.refusals, custodian)
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
  }

  #count(column: Uint32Array, node: number): void {
    column[node] = (column[node] as number) + 1
  }

  /** 10 requests a second of one peer, 20 at once (core/limits.ts). */
  #overRateMs(custodian: number, peer: number): number {
    const { processes, nodes } = this.#init
    const key = custodian * nodes + peer
    let bucket = this.#buckets.get(key)
    if (bucket == null) {
      if (this.#buckets.size >= BUCKETS_MAX) this.#buckets.clear()
      bucket = { tokens: REQUESTS_BURST, atTick: processes.nowTick }
      this.#buckets.set(key, bucket)
    }
    const seconds = (processes.nowTick - bucket.atTick) / ticks(1_000)
    bucket.tokens = Math.min(REQUESTS_BURST, bucket.tokens + seconds * REQUESTS_PER_SECOND)
    bucket.atTick = processes.nowTick
    if (bucket.tokens < 1) return ((1 - bucket.tokens) / REQUESTS_PER_SECOND) * 1_000
    bucket.tokens--
    return 0
  }
}
