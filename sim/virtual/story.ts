/**
 * What people do in a virtual run: a seeded string of verbs by patients and hospitals, whatever
 * befalls them meanwhile (befall.ts). Everything is told to the trace; what checks need is noted as
 * it happens.
 * @module
 */
import { verbs } from '../../node/index.ts'
import type { AcknowledgedSeen, GrantSeen } from '../checks/observations.ts'
import type { Rng } from '../random.ts'
import { befall, type Faults } from './befall.ts'
import type { VirtualTime } from './time.ts'
import type { Resident, Town } from './town.ts'

interface Held {
  readonly record: number
  readonly recordId: string
  readonly owner: number
}

interface Given {
  readonly record: number
  readonly requester: number
  readonly fromMs: number
  readonly untilMs: number
  revokedMs: number
  grant: string | undefined
}

/** How long a person waits for a verb. */
const VERB_MAX_MS = 40_000
const GRANT_MS = 10 * 60_000
const RECORD_BYTES = 3_000

export class Story {
  readonly records: Held[] = []
  readonly given: Given[] = []
  readonly #town: Town
  readonly #time: VirtualTime
  readonly #rng: Rng
  readonly #tell: (line: string) => void
  readonly #requesters: readonly Resident[]
  readonly #patients: readonly Resident[]
  #ended = false
  #failure: unknown

  constructor(
    town: Town,
    time: VirtualTime,
    rng: Rng,
    requesters: number,
    tell: (line: string) => void
  ) {
    this.#town = town
    this.#time = time
    this.#rng = rng
    this.#tell = tell
    const clinics = town.residents.filter(({ index }) => town.isClinic(index))
    this.#requesters = clinics.slice(clinics.length - requesters)
    this.#patients = town.residents.filter(({ index }) => !town.isClinic(index))
  }

  /** What broke a promise of ours rather than a wish of a person. */
  get failure(): unknown {
    return this.#failure
  }

  /** Blocks come regularly from now on. */
  mine(blockMs: number): void {
    this.#loop(
      'chain',
      () => blockMs,
      async () => {
        await this.#town.chain.mine()
      }
    )
  }

  /** Everybody begins; resolves once each patient has a record in safe keeping, or tried. */
  async begin(faults: Faults): Promise<void> {
    await Promise.all(this.#patients.map((patient) => this.#publish(patient)))
    for (const patient of this.#patients) {
      const rng = this.#rng.derive(`patient-${patient.index}`)
      this.#loop(
        `patient-${patient.index}`,
        () => rng.exponential(9_000),
        () => this.#patientActs(patient, rng)
      )
    }
    for (const hospital of this.#requesters) {
      const rng = this.#rng.derive(`hospital-${hospital.index}`)
      this.#loop(
        `hospital-${hospital.index}`,
        () => rng.exponential(5_000),
        () => this.#hospitalActs(hospital, rng)
      )
    }
    befall(this.#town, this.#time, this.#rng, faults, {
      tell: this.#tell,
      again: (name, pauseMs, act) => this.#loop(name, pauseMs, act)
    })
  }

  /** No more acts and faults; what is down starts. */
  async heal(): Promise<void> {
    this.#ended = true
    this.#town.post.apart = new Set()
    this.#town.post.faults.lossShare = 0
    for (const resident of this.#town.residents) {
      resident.skewMs = 0
      if (resident.node == null) await this.#town.start(resident.index)
    }
    this.#tell('healed')
  }

  /** Each record is granted anew to a hospital, which opens it. */
  async reopen(): Promise<readonly AcknowledgedSeen[]> {
    const hospital = this.#requesters[0] as Resident
    const seen: AcknowledgedSeen[] = []
    for (const held of this.records) {
      const owner = this.#town.residents[held.owner] as Resident
      const given = await this.#grant(owner, hospital, held)
      if (given !== '') {
        seen.push({ record: held.record, opened: false, reason: `grant: ${given}` })
        continue
      }
      await this.#time.wait(20_000) // until it is confirmed
      await this.#verb(hospital, 'inbox', {})
      const reason = await this.#get(hospital, held)
      seen.push({ record: held.record, opened: reason === '', reason })
    }
    return seen
  }

  grants(): readonly GrantSeen[] {
    return this.given
  }

  // ---- people

  async #publish(patient: Resident): Promise<void> {
    const content = this.#rng.derive(`record-${patient.index}-${this.records.length}`)
    const path = await this.#town.file(
      `record-${patient.index}-${this.records.length}.bin`,
      content.bytes(RECORD_BYTES)
    )
    const done = await this.#verb<{ recordId: string; state: string }>(patient, 'record.add', {
      path
    })
    if (!done.ok || done.value.state !== 'acknowledged') return
    const { recordId } = done.value
    this.records.push({ record: this.records.length, recordId, owner: patient.index })
  }

  async #patientActs(patient: Resident, rng: Rng): Promise<void> {
    const act = rng.unit()
    if (act < 0.5) return await this.#answer(patient, rng)
    if (act < 0.75) return await this.#revoke(patient, rng)
    if (act < 0.85) return await this.#publish(patient)
    await this.#verb(patient, 'history', {})
  }

  async #answer(patient: Resident, rng: Rng): Promise<void> {
    type Inbox = { wishes: { wish: string; peer: string; records: string[]; state: string }[] }
    const inbox = await this.#verb<Inbox>(patient, 'inbox', {})
    if (!inbox.ok) return
    const wish = inbox.value.wishes.find(({ state }) => state === 'waiting')
    if (wish == null) return
    if (rng.chance(0.2)) {
      await this.#verb(patient, 'deny', { wish: wish.wish })
      return
    }
    const requester = this.#requesters.find(({ node }) => node?.addrs[0]?.endsWith(wish.peer))
    const wanted = this.records.filter(({ recordId }) => wish.records.includes(recordId))
    const noted = wanted.map(({ record }) => this.#note(record, requester?.index ?? -1))
    const done = await this.#verb<{ grant: string }>(patient, 'approve', { wish: wish.wish })
    if (done.ok) for (const each of noted) each.grant = done.value.grant
  }

  async #grant(owner: Resident, to: Resident, held: Held): Promise<string> {
    const noted = this.#note(held.record, to.index)
    const peer = to.node?.addrs[0]?.split('/p2p/')[1] ?? ''
    const done = await this.#verb<{ grant: string }>(owner, 'grant', {
      to: peer,
      records: [held.recordId],
      purpose: 'TREAT',
      until: '10m'
    })
    if (done.ok) noted.grant = done.value.grant
    return done.ok ? '' : done.reason
  }

  /** Before it is sent: a grant may be mined though its verb fails. */
  #note(record: number, requester: number): Given {
    const fromMs = this.#time.nowMs
    const given: Given = {
      record,
      requester,
      fromMs,
      untilMs: fromMs + GRANT_MS + VERB_MAX_MS,
      revokedMs: Number.POSITIVE_INFINITY,
      grant: undefined
    }
    this.given.push(given)
    return given
  }

  async #revoke(patient: Resident, rng: Rng): Promise<void> {
    type Grants = { grants: { grant: string; direction: string; state: string }[] }
    const listed = await this.#verb<Grants>(patient, 'grants', {})
    if (!listed.ok) return
    const standing = listed.value.grants.filter(
      ({ direction, state }) => direction === 'given' && state === 'active'
    )
    if (standing.length === 0) return
    const { grant } = rng.pick(standing)
    const done = await this.#verb<{ revoked: string[]; block: number }>(patient, 'revoke', {
      grant
    })
    if (!done.ok) return
    for (const each of this.given) if (each.grant === grant) each.revokedMs = this.#time.nowMs
  }

  async #hospitalActs(hospital: Resident, rng: Rng): Promise<void> {
    if (this.records.length === 0) return
    const held = rng.pick(this.records)
    const owner = this.#town.residents[held.owner] as Resident
    if (rng.chance(0.4)) {
      const account = owner.identity.account
      const peers = this.#town.residents
        .filter(({ index, node }) => this.#town.isClinic(index) && node != null)
        .slice(0, 3)
        .map(({ node }) => node?.addrs[0]?.split('/p2p/')[1])
      await this.#verb(hospital, 'request', {
        patient: `${hex(account)}@${peers.join(',')}`,
        purpose: 'TREAT',
        records: [held.recordId],
        until: '10m',
        reason: 'a seeded one'
      })
      return
    }
    await this.#verb(hospital, 'inbox', {})
    await this.#get(hospital, held)
  }

  async #get(hospital: Resident, held: Held): Promise<string> {
    const done = await this.#verb(hospital, 'record.get', {
      recordId: held.recordId,
      out: `${this.#town.folder}/got-${hospital.index}-${this.#time.fired}`
    })
    return done.ok ? '' : done.reason
  }

  /** A verb as a person calls it; what it says is part of the trace. */
  async #verb<T>(
    who: Resident,
    name: string,
    args: Record<string, unknown>
  ): Promise<{ readonly ok: true; readonly value: T } | { ok: false; reason: string }> {
    const { node } = who
    if (node == null) return { ok: false, reason: 'down' }
    const patience = new AbortController()
    const cancel = this.#time.after(VERB_MAX_MS, () =>
      patience.abort(new DOMException('out of patience', 'TimeoutError'))
    )
    const verb = verbs.get(name)
    if (verb == null) throw new Error(`no verb ${name}`)
    try {
      const value = await verb.run(node, verb.args.parse(args), {
        signal: patience.signal,
        progress() {}
      })
      this.#tell(`${who.index} ${name} ok`)
      return { ok: true, value: value as T }
    } catch (err) {
      const { name: kind, code } = err as Error & { code?: number | string }
      const reason = code == null ? kind : `${kind} ${code}`
      this.#tell(`${who.index} ${name} ${reason}`)
      return { ok: false, reason }
    } finally {
      cancel()
    }
  }

  /** Acts again and again until the end; the first failure that nobody foresaw ends the run. */
  #loop(name: string, pauseMs: () => number, act: () => Promise<void>): void {
    const again = async (): Promise<void> => {
      for (;;) {
        await this.#time.wait(pauseMs())
        if (this.#ended && name !== 'chain') return
        await act()
      }
    }
    again().catch((err: unknown) => {
      this.#failure ??= err
    })
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
