/**
 * A thief with a requester's key, who acts through that requester's own node: reads whatever its
 * grants cover, one record after the other, until the patients have noticed and revoked. As the
 * model's does, with the same figures.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Adversary } from '../scenario/shape.ts'
import type { Column, Table } from '../table.ts'
import { requesterAt } from '../workload.ts'
import { reasonOf } from './actors/failure.ts'
import { openOnce } from './actors/requester.ts'
import { inTurn } from './quiesce.ts'
import type { LiveGrant, Stage } from './stage.ts'

type Thief = Extract<Adversary, { kind: 'bulk-reader' }>

/** Whoever found nothing to read looks again. */
const IDLE_MS = 500
const REVOKED_AT_ONCE = 4
/** What a custodian says to whom it refuses. */
const DENIED = '400'

interface Progress {
  readonly atMs: number
  readonly read: number
  readonly refused: number
  readonly open: number
}

export class BulkReader {
  readonly #stage: Stage
  readonly #thief: Thief
  readonly #account: number
  /** Wishes whose grants were read, or refused for good. */
  readonly #done = new Set<number>()
  readonly #progress: Progress[] = []
  #read = 0
  #refused = 0
  #asked = 0
  #lastReleaseMs = Number.NaN

  constructor(stage: Stage, thief: Thief) {
    this.#stage = stage
    this.#thief = thief
    this.#account = requesterAt(stage.scenario, 0)
  }

  /** Until `signal` aborts. */
  async steal(signal: AbortSignal): Promise<void> {
    const { atSeconds, noticedAfterSeconds, requestsPerSecond } = this.#thief
    if (!(await this.#stage.until(atSeconds, signal))) return
    const noticed = this.#stage
      .until(atSeconds + noticedAfterSeconds, signal)
      .then((inTime) => (inTime ? this.#revokeAll() : undefined))
    // a record takes a request to each of its custodians
    const paceMs = (1_000 * this.#stage.scenario.records.custodians) / requestsPerSecond
    while (!signal.aborted) {
      const [next] = this.#open()
      const pause = delay(next == null ? IDLE_MS : paceMs, undefined, { signal }).catch(() => {})
      if (next != null) await this.#readOne(next)
      this.#note()
      await pause
    }
    await noticed
  }

  table(repeat: number): Table {
    const rows = this.#progress
    const number = (name: string, unit: string, of: (row: Progress) => number): Column => ({
      name,
      unit,
      values: Float64Array.from(rows, of)
    })
    return {
      name: 'bulkReader',
      rows: rows.length,
      columns: [
        number('repeat', 'count', () => repeat),
        number('atMs', 'ms', ({ atMs }) => atMs),
        number('recordsRead', 'count', ({ read }) => read),
        number('refused', 'count', ({ refused }) => refused),
        number('openGrants', 'count', ({ open }) => open)
      ]
    }
  }

  facts(): Readonly<Record<string, number>> {
    const { atSeconds, noticedAfterSeconds } = this.#thief
    const afterMs = this.#lastReleaseMs - atSeconds * 1_000
    return {
      stolenGrants: this.#own().length,
      stolenReadableRecords: this.#own().length,
      stolenRecordsRead: this.#read,
      stolenRequests: this.#asked,
      stolenRequestsRefused: this.#refused,
      stolenLastReleaseAfterMs: afterMs,
      stolenLastReleaseAfterNoticeMs: afterMs - noticedAfterSeconds * 1_000
    }
  }

  #own(): readonly LiveGrant[] {
    return [...this.#stage.grants.values()].filter(
      ({ requester, wish }) => requester === this.#account && this.#stage.isReady(wish)
    )
  }

  #open(): readonly LiveGrant[] {
    return this.#own().filter(({ wish }) => !this.#done.has(wish))
  }

  async #readOne({ record, requester, wish }: LiveGrant): Promise<void> {
    const { custodians } = this.#stage.scenario.records
    this.#asked += custodians
    const reason = await openOnce(this.#stage, record, requester).then(
      (outcome) => outcome.reason,
      reasonOf
    )
    if (reason === '') {
      this.#read++
      this.#lastReleaseMs = this.#stage.atMs()
    } else if (reason === DENIED) this.#refused += custodians
    if (reason === '' || reason === DENIED) this.#done.add(wish)
  }

  async #revokeAll(): Promise<void> {
    await inTurn(this.#own(), REVOKED_AT_ONCE, async (grant) => {
      const owner = this.#stage.records.get(grant.record)?.owner
      if (owner == null || grant.revokedBlock != null) return
      try {
        const { block } = await this.#stage.call<{ readonly block: number }>(owner, 'revoke', {
          grant: grant.grant
        })
        grant.revokedBlock = block
        grant.revokedMs = this.#stage.atMs()
      } catch (err) {
        this.#stage.count(`revokeThief${reasonOf(err)}`)
      }
    })
  }

  #note(): void {
    const { scenario } = this.#stage
    const atMs = this.#stage.atMs()
    const last = this.#progress.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY
    if (atMs - last < scenario.intervalSeconds * 1_000) return
    const open = this.#open().length
    this.#progress.push({ atMs, read: this.#read, refused: this.#refused, open })
  }
}
