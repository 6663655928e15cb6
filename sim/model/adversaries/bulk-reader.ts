/**
 * A thief with a requester's key: reads whatever its grants cover, as fast as it dares, until budgets
 * are used up or the patients, who notice after a while, have revoked. A grant covers its patient's
 * records; a custodian gives as many of them as the grant's budget says (node/release/budget.ts).
 * @module
 */
import { Code } from '../../../core/codes.ts'
import type { Adversary } from '../../scenario/shape.ts'
import type { Table } from '../../table.ts'
import { requesterAt } from '../../workload.ts'
import { bytes } from '../costs.ts'
import { type Grant, isIn } from '../custody.ts'
import type { Domain } from '../domain.ts'
import { type Process, ticks, wait } from '../process.ts'
import { revoke } from '../revoke.ts'
import { meter } from '../traffic.ts'

type Thief = Extract<Adversary, { kind: 'bulk-reader' }>

/** Whoever found nothing to read looks again. */
const IDLE_MS = 1_000

interface Target {
  readonly grant: Grant
  /** Next of the patient's records; those before it were read or refused. */
  next: number
  /** Refused for good. */
  cut: boolean
}

export class BulkReader {
  readonly #domain: Domain
  readonly #thief: Thief
  readonly #account: number
  readonly #targets: Target[] = []
  #seen = 0
  #asked = 0
  #refused = 0
  #busy = 0
  #read = 0
  #lastReleaseTick = Number.NaN
  /** When the thief may ask next. */
  #freeTick = 0
  readonly #progress: { atMs: number; read: number; refused: number; open: number }[] = []

  constructor(domain: Domain, thief: Thief) {
    this.#domain = domain
    this.#thief = thief
    this.#account = requesterAt(domain.scenario, 0)
  }

  start(): void {
    const { processes, startTick } = this.#domain
    const { atSeconds, noticedAfterSeconds } = this.#thief
    processes.at(startTick + ticks(atSeconds * 1_000), () => processes.start(this.#steal()))
    processes.at(startTick + ticks((atSeconds + noticedAfterSeconds) * 1_000), () =>
      this.#revokeAll()
    )
  }

  /** Of an interval that has passed. */
  note(atMs: number): void {
    const open = this.#targets.filter((target) => this.#isOpen(target)).length
    this.#progress.push({ atMs, read: this.#read, refused: this.#refused, open })
  }

  table(): Table {
    const rows = this.#progress
    return {
      name: 'bulkReader',
      rows: rows.length,
      columns: [
        { name: 'atMs', unit: 'ms', values: Float64Array.from(rows, (row) => row.atMs) },
        { name: 'recordsRead', unit: 'count', values: Float64Array.from(rows, (row) => row.read) },
        { name: 'refused', unit: 'count', values: Float64Array.from(rows, (row) => row.refused) },
        { name: 'openGrants', unit: 'count', values: Float64Array.from(rows, (row) => row.open) }
      ]
    }
  }

  facts(): Record<string, number> {
    const { startTick } = this.#domain
    const stolen = startTick + ticks(this.#thief.atSeconds * 1_000)
    const last = (this.#lastReleaseTick - stolen) / 16
    return {
      stolenGrants: this.#targets.length,
      stolenReadableRecords: this.#targets.length * this.#perGrant,
      stolenRecordsRead: this.#read,
      stolenRequests: this.#asked,
      stolenRequestsRefused: this.#refused,
      stolenRequestsBusy: this.#busy,
      stolenLastReleaseAfterMs: last,
      stolenLastReleaseAfterNoticeMs: last - this.#thief.noticedAfterSeconds * 1_000
    }
  }

  /** Distinct records that a budget lets through. */
  get #perGrant(): number {
    return Math.min(this.#domain.scenario.records.perPatient, this.#thief.readBudget)
  }

  /** Grants to the stolen account that came since the last look. */
  #look(): void {
    const { grants } = this.#domain.custody
    for (; this.#seen < grants.length; this.#seen++) {
      const grant = grants[this.#seen] as Grant
      if (grant.requester === this.#account) this.#targets.push({ grant, next: 0, cut: false })
    }
  }

  #isOpen({ grant, next, cut }: Target): boolean {
    return !cut && next < this.#perGrant && isIn(grant.tx, this.#domain.chain.conf)
  }

  /** One record after the other, its requests evenly spaced. */
  *#steal(): Process {
    const { processes, untilTick } = this.#domain
    let at = 0
    while (processes.nowTick < untilTick) {
      this.#look()
      const open = this.#targets.findIndex((_, i) =>
        this.#isOpen(this.#targets[(at + i) % this.#targets.length] as Target)
      )
      if (open < 0) {
        yield* processes.sleep(ticks(IDLE_MS))
        continue
      }
      at = (at + open) % this.#targets.length
      yield* this.#readOne(this.#targets[at] as Target)
      at++
    }
  }

  /** t shares of the next record; a custodian that refuses for good is not asked again. */
  *#readOne(target: Target): Process {
    const { custody, processes, scenario } = this.#domain
    const { grant } = target
    const first = (grant.owner - scenario.network.clinics) * scenario.records.perPatient
    const record = first + target.next
    const gap = ticks(1_000 / this.#thief.requestsPerSecond)
    let good = 0
    let answered = 0
    let asked = 0
    const codes: number[] = []
    yield* processes.sleepUntil(this.#freeTick)
    const done = wait<void>((resume) => {
      const ask = (place: number): void => {
        asked++
        this.#freeTick = processes.nowTick + gap
        processes.start(this.#ask(grant, record, place), (code) => {
          answered++
          codes.push(code)
          if (code === 0) good++
          if (asked === answered && (good >= custody.t || next === custody.n)) resume()
        })
      }
      let next = 0
      const pace = (): void => {
        if (good >= custody.t || next === custody.n) {
          if (asked === answered) resume()
          return
        }
        // no more than are still missing are under way
        if (asked - answered + good < custody.t) ask(next++)
        processes.at(processes.nowTick + gap, pace)
      }
      pace()
    })
    yield* done
    if (good >= custody.t) {
      this.#read++
      target.next++
    } else if (codes.some((code) => code === Code.REVOKED || code === Code.REVOKED_DIRECT)) {
      target.cut = true
    }
  }

  *#ask(grant: Grant, number: number, place: number): Process<number> {
    const { traffic, custody, gate, chain, processes } = this.#domain
    const cost = meter()
    const clinic = custody.custodianOf(grant.owner, place)
    this.#asked++
    const view = yield* chain.view(grant.requester)
    const { state, connection } = yield* traffic.reach(cost, grant.requester, clinic, 'access')
    if (state === 'away' || !view.ok) return -1
    const size = bytes.accessRequest
    const sent = traffic.hop(cost, grant.requester, clinic, size, 'access', connection)
    if (!(yield* sent)) return -1
    const { code } = yield* gate.serve(clinic, {
      requester: grant.requester,
      want: 'share',
      record: custody.record(number, grant.owner),
      place,
      grant,
      conf: view.conf
    })
    if (code === 0) this.#lastReleaseTick = processes.nowTick
    else if (code === Code.BUSY) this.#busy++
    else this.#refused++
    const answer = code === 0 ? bytes.accessAnswer : bytes.accessDenied
    yield* traffic.hop(cost, clinic, grant.requester, answer, 'access', connection)
    return code
  }

  /** Every patient who granted this account anything. */
  #revokeAll(): void {
    const { custody, processes } = this.#domain
    this.#domain.distrusted.set(this.#account, processes.nowTick)
    for (const grant of custody.grants) {
      if (grant.requester !== this.#account || Number.isFinite(grant.revokedTick)) continue
      processes.start(
        revoke(this.#domain, {
          atMs: 0,
          kind: 'revoke',
          actor: grant.owner,
          record: grant.record,
          requester: grant.requester,
          owner: grant.owner,
          wish: grant.wish,
          approved: true
        })
      )
    }
  }
}
