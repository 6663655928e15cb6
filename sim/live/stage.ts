/**
 * What the actors of a live run share: the world and its chain, the plan's numbers made real
 * (records, wishes, grants), what was observed, and the time.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { GrantSeen, ReleaseSeen } from '../checks/observations.ts'
import type { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import type { ChainHost } from './chain-host.ts'
import type { Spent } from './inspect.ts'
import { Operations } from './operations.ts'
import type { CallOptions, World } from './world.ts'

/** A record of the plan that is in the world. */
export interface LiveRecord {
  readonly record: number
  readonly owner: number
  readonly recordId: string
  readonly cid: string
  /** Node indices. */
  readonly custodians: readonly number[]
  acknowledged: boolean
  /** SHA-256 of each version, hex; version 1 is at 0. */
  readonly sha256: string[]
}

/** A grant of the plan's wish `wish`. */
export interface LiveGrant {
  readonly wish: number
  readonly grant: string
  readonly record: number
  readonly requester: number
  readonly block: number
  readonly fromMs: number
  readonly untilMs: number
  revokedBlock: number | undefined
  revokedMs: number
}

export interface RevocationRow {
  readonly wish: number
  readonly atMs: number
  /** How long after the act began the requester still got a share; 0: it got none. */
  readonly windowMs: number
  /** Until the verb returned: all that could be reached obey, and a block holds it. */
  readonly toldMs: number
  /** Custodians that confirmed the direct notice, of all. */
  readonly noticedShare: number
  /** Until an attempt was made that was refused after she was told. */
  readonly deniedMs: number
  /** Attempts since the act began that gave a share. */
  readonly openedAfter: number
}

/** What an exchange may take after its head was read, and what clocks may be off (§10: 5 s + δ). */
const EXCHANGE_SECONDS = 5
const CLOCK_SECONDS = 2

export interface StageInit {
  readonly scenario: Scenario
  readonly world: World
  readonly chain: ChainHost
  readonly rng: Rng
  /** Holds files of records, in clear: the patients' own. */
  readonly folder: string
  /** That the scenario's files are named from. */
  readonly baseFolder: string
  /** Messages pass through faults, which may be changed. */
  readonly hasFaults: boolean
  /** Retrievals whose steps are kept. */
  readonly trace: number
  readonly signal: AbortSignal
}

interface Bill {
  alone: boolean
}

export class Stage {
  readonly scenario: Scenario
  readonly world: World
  readonly chain: ChainHost
  readonly rng: Rng
  readonly folder: string
  readonly baseFolder: string
  readonly hasFaults: boolean
  readonly signal: AbortSignal
  readonly operations = new Operations()
  readonly records = new Map<number, LiveRecord>()
  /** By wish. */
  readonly grants = new Map<number, LiveGrant>()
  /** What became of each wish: resolves when its record was opened, or it came to nothing. */
  readonly courses = new Map<number, Promise<void>>()
  readonly releases: ReleaseSeen[] = []
  readonly revocations: RevocationRow[] = []
  readonly counts = new Map<string, number>()
  /** Clinics that left for good. */
  readonly departed = new Set<number>()
  latestMs = 0
  /** R of SECURITY.md §10: after a revocation no share leaves later than that. */
  readonly boundMs: number
  readonly #trace: number
  #traced = 0
  readonly #ready = new Set<number>()
  readonly #bills = new Map<number, Set<Bill>>()
  readonly #away = new Map<number, PromiseWithResolvers<void>>()
  readonly #leftMs = new Map<number, number>()
  readonly #awayMs = new Map<number, number>()
  readonly #byPeer: ReadonlyMap<string, number>
  /** Domain time of the start of the measured part. */
  #startMs: number

  constructor(init: StageInit) {
    this.scenario = init.scenario
    this.world = init.world
    this.chain = init.chain
    this.rng = init.rng
    this.folder = init.folder
    this.#trace = init.trace
    this.baseFolder = init.baseFolder
    this.hasFaults = init.hasFaults
    this.signal = init.signal
    this.#byPeer = new Map(
      init.world.nodes.flatMap(({ peer, name, index }) => [
        [peer, index],
        [name, index]
      ])
    )
    this.#startMs = init.world.nowMs()
    const { headMaxAgeSeconds } = init.chain.plan.parameters
    this.boundMs = 1_000 * (headMaxAgeSeconds + EXCHANGE_SECONDS + CLOCK_SECONDS)
  }

  /** The measured part begins now. */
  begin(): void {
    this.#startMs = this.world.nowMs()
  }

  /** ms since the measured part began. */
  atMs(): number {
    return this.world.nowMs() - this.#startMs
  }

  /** Unix seconds as ms since the measured part began. */
  fromUnixSeconds(seconds: number): number {
    return seconds * 1_000 - this.#startMs
  }

  /** Whether that time of the measured part came before `signal`. */
  until(atSeconds: number, signal: AbortSignal): Promise<boolean> {
    return delay(Math.max(0, atSeconds * 1_000 - this.atMs()), undefined, { signal }).then(
      () => true,
      () => false
    )
  }

  /** By its peer id or its name; undefined for strangers. */
  nodeOf(text: string): number | undefined {
    return this.#byPeer.get(text)
  }

  async call<R>(
    node: number,
    verb: string,
    args: unknown,
    options: Partial<CallOptions> = {}
  ): Promise<R> {
    return (await this.world.call(node, verb, args, { signal: this.signal, ...options })) as R
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by)
  }

  /** An act began so long after its time. */
  late(ms: number): void {
    this.latestMs = Math.max(this.latestMs, ms)
  }

  /** Whether one more is: the first that end are. */
  isTraced(): boolean {
    return this.#traced++ < this.#trace
  }

  // ---- grants

  /** Before it is sent: a custodian may release as soon as a block holds it. */
  sending(grant: {
    readonly wish: number
    readonly record: number
    readonly requester: number
    readonly forMs: number
  }): LiveGrant {
    const { wish, record, requester, forMs } = grant
    const fromMs = this.atMs()
    const sent: LiveGrant = {
      wish,
      grant: '',
      record,
      requester,
      block: 0,
      fromMs,
      untilMs: fromMs + forMs,
      revokedBlock: undefined,
      revokedMs: Number.POSITIVE_INFINITY
    }
    this.grants.set(wish, sent)
    return sent
  }

  /** A block holds it. */
  sent(grant: LiveGrant, id: string, block = 0): LiveGrant {
    const given = { ...grant, grant: id, block }
    this.grants.set(grant.wish, given)
    return given
  }

  // ---- what acts cost

  /**
   * Counts what a node sends and receives on our protocols from now on. Of acts of one node that
   * overlap nobody can say which of them a message was for: they get no number.
   */
  async open(node: number): Promise<{ close(): Promise<Spent | undefined> }> {
    const others = this.#bills.get(node) ?? new Set<Bill>()
    this.#bills.set(node, others)
    const bill: Bill = { alone: others.size === 0 }
    for (const other of others) other.alone = false
    others.add(bill)
    const before = bill.alone ? await this.#spent(node) : undefined
    return {
      close: async () => {
        const after = bill.alone && before != null ? await this.#spent(node) : undefined
        others.delete(bill)
        if (!bill.alone || before == null || after == null) return undefined
        return { messages: after.messages - before.messages, bytes: after.bytes - before.bytes }
      }
    }
  }

  async #spent(node: number): Promise<Spent | undefined> {
    try {
      const { signal } = this
      return (await this.world.run(node, 'spent', undefined, { signal })) as Spent
    } catch {
      return undefined
    }
  }

  // ---- who is there

  leave(node: number): void {
    if (this.#away.has(node)) return
    this.#away.set(node, Promise.withResolvers<void>())
    this.#leftMs.set(node, this.atMs())
  }

  comeBack(node: number): void {
    const left = this.#leftMs.get(node)
    if (left == null) return
    this.#awayMs.set(node, (this.#awayMs.get(node) ?? 0) + this.atMs() - left)
    this.#leftMs.delete(node)
    this.#away.get(node)?.resolve()
    this.#away.delete(node)
  }

  /** Of the measured part until now. */
  readonly onlineShare = (node: number): number => {
    const left = this.#leftMs.get(node)
    const awayMs = (this.#awayMs.get(node) ?? 0) + (left == null ? 0 : this.atMs() - left)
    return 1 - awayMs / Math.max(1, this.atMs())
  }

  isAway(node: number): boolean {
    return this.#away.has(node)
  }

  get away(): readonly number[] {
    return [...this.#away.keys()]
  }

  /** Resolves when the node is there. @throws the signal's reason */
  async present(node: number): Promise<void> {
    const away = this.#away.get(node)
    if (away == null) return
    const { promise, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(this.signal.reason)
    this.signal.addEventListener('abort', abort, { once: true })
    try {
      await Promise.race([away.promise, promise])
    } finally {
      this.signal.removeEventListener('abort', abort)
    }
  }

  /** The wish's grant is confirmed, and its requester has it. */
  ready(wish: number): void {
    this.#ready.add(wish)
  }

  isReady(wish: number): boolean {
    return this.#ready.has(wish)
  }

  /** Grants of a pair that were sent after this one and not taken back: a node reads by the newest. */
  newerThan({ record, requester, fromMs, wish }: LiveGrant): readonly LiveGrant[] {
    return [...this.grants.values()].filter(
      (other) =>
        other.record === record &&
        other.requester === requester &&
        other.wish !== wish &&
        other.fromMs >= fromMs &&
        other.revokedBlock == null
    )
  }

  // ---- what the checks see

  grantsSeen(): readonly GrantSeen[] {
    return [...this.grants.values()]
  }

  /** Blocks from this on were replaced: their revocations count from now. */
  reorged(from: number): void {
    for (const grant of this.grants.values()) {
      if (grant.revokedBlock != null && grant.revokedBlock >= from) grant.revokedMs = this.atMs()
    }
  }
}
