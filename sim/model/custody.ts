/**
 * Who keeps what: each patient's custodians, what became of each record's shares and replicas, and
 * the grants. A patient's custodians are the same for all her records (node/settings.ts: she chooses
 * once), and replicas are the first of them. Records as they were at the start take no memory.
 * @module
 */
import type { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import type { Tx } from './chain.ts'
import { mixed } from './routing.ts'

/** A record that something happened to. */
export interface RecordState {
  readonly record: number
  readonly owner: number
  ver: number
  bytes: number
  /** 1 for each custodian, by place, whose share is on disk. */
  readonly shares: Uint8Array
  /** 1 for each replica, by place, that has all blocks. */
  readonly blocks: Uint8Array
  anchored: boolean
  acknowledged: boolean
}

export interface Grant {
  readonly wish: number
  readonly record: number
  readonly owner: number
  readonly requester: number
  /** When the patient sent it. */
  readonly sentTick: number
  /** Replicas that its manifest names, by place. */
  readonly named: readonly number[]
  /** The chain's word; missing while it waits for a block. */
  tx: Tx | undefined
  revocation: Tx | undefined
  revokedTick: number
  /** When each custodian, by place, had the direct notice on disk; Infinity: never. */
  readonly noticedTick: Float64Array
  /** Times that its shares were given, by custodian's place: reads of the same version are one. */
  releases: number
  lastReleaseTick: number
}

/** FHIR bundle, ECG, MR slice: node/demo/data, in the proportion of a year's record. */
const CLINICAL_BYTES = [97_647, 97_647, 97_647, 291_088, 50_684] as const

export class Custody {
  readonly #scenario: Scenario
  readonly #custodians: Uint32Array
  readonly #changed = new Map<number, RecordState>()
  readonly #sizes: Rng
  readonly #sizeSalt: number
  readonly grants: Grant[] = []
  readonly #byWish = new Map<number, Grant>()
  readonly replicas: number

  constructor(scenario: Scenario, rng: Rng) {
    this.#scenario = scenario
    const { clinics, patients } = scenario.network
    const { custodians: n, replicas } = scenario.records
    this.replicas = Math.min(replicas, n)
    this.#sizes = rng.derive('sizes')
    this.#sizeSalt = this.#sizes.u32()
    this.#custodians = new Uint32Array(patients * n)
    const choose = rng.derive('custodians')
    for (let patient = 0; patient < patients; patient++) {
      for (let place = 0; place < n; place++) {
        this.#custodians[patient * n + place] = this.#another(patient, place, clinics, choose)
      }
    }
  }

  get n(): number {
    return this.#scenario.records.custodians
  }

  get t(): number {
    return this.#scenario.records.threshold
  }

  /** Of a patient, by place. */
  custodianOf(owner: number, place: number): number {
    return this.#custodians[(owner - this.#scenario.network.clinics) * this.n + place] as number
  }

  custodiansOf(owner: number): readonly number[] {
    return Array.from({ length: this.n }, (_, place) => this.custodianOf(owner, place))
  }

  replicasOf(owner: number): readonly number[] {
    return Array.from({ length: this.replicas }, (_, place) => this.custodianOf(owner, place))
  }

  /** Another clinic takes a place over. */
  replace(owner: number, place: number, clinic: number): void {
    this.#custodians[(owner - this.#scenario.network.clinics) * this.n + place] = clinic
  }

  /** Places, of all patients, that a clinic holds. Walks them all: for departures. */
  placesOf(clinic: number): readonly { readonly owner: number; readonly place: number }[] {
    const found: { owner: number; place: number }[] = []
    for (let i = 0; i < this.#custodians.length; i++) {
      if (this.#custodians[i] !== clinic) continue
      const place = i % this.n
      found.push({ owner: this.#scenario.network.clinics + (i - place) / this.n, place })
    }
    return found
  }

  /** A record as it is now; one of the start is whole. */
  record(record: number, owner: number): RecordState {
    const known = this.#changed.get(record)
    if (known != null) return known
    return this.#make(record, owner, true)
  }

  /** A new one: nothing of it is anywhere yet. */
  create(record: number, owner: number): RecordState {
    const made = this.#make(record, owner, false)
    this.#changed.set(record, made)
    return made
  }

  /** From now on this record's state is kept. */
  keep(state: RecordState): RecordState {
    this.#changed.set(state.record, state)
    return state
  }

  /** Records whose state is kept, in the order in which that began. */
  kept(): IterableIterator<RecordState> {
    return this.#changed.values()
  }

  bytesOf(record: number): number {
    const { sizes } = this.#scenario.records
    switch (sizes.model) {
      case 'fixed':
        return sizes.bytes
      case 'lognormal':
        return Math.max(
          1,
          Math.round(this.#sizes.derive(String(record)).lognormal(sizes.medianBytes, sizes.sigma))
        )
      case 'clinical':
        return CLINICAL_BYTES[mixed(record, this.#sizeSalt) % CLINICAL_BYTES.length] as number
    }
  }

  grant(init: Pick<Grant, 'wish' | 'record' | 'owner' | 'requester' | 'sentTick'>): Grant {
    const grant: Grant = {
      ...init,
      named: this.replicasOf(init.owner),
      tx: undefined,
      revocation: undefined,
      revokedTick: Number.POSITIVE_INFINITY,
      noticedTick: new Float64Array(this.n).fill(Number.POSITIVE_INFINITY),
      releases: 0,
      lastReleaseTick: Number.NaN
    }
    this.grants.push(grant)
    if (init.wish >= 0) this.#byWish.set(init.wish, grant)
    return grant
  }

  grantOf(wish: number): Grant | undefined {
    return this.#byWish.get(wish)
  }

  #make(record: number, owner: number, whole: boolean): RecordState {
    return {
      record,
      owner,
      ver: 1,
      bytes: this.bytesOf(record),
      shares: new Uint8Array(this.n).fill(whole ? 1 : 0),
      blocks: new Uint8Array(this.replicas).fill(whole ? 1 : 0),
      anchored: whole,
      acknowledged: whole
    }
  }

  /** A clinic that is none of those chosen before; the same one only if there are too few. */
  #another(patient: number, place: number, clinics: number, rng: Rng): number {
    for (;;) {
      const clinic = rng.below(clinics)
      if (place >= clinics) return clinic
      let again = false
      for (let other = 0; other < place; other++) {
        if (this.#custodians[patient * this.n + other] === clinic) again = true
      }
      if (!again) return clinic
    }
  }
}

/** Whether a transaction was mined at or before a block, and is not taken back. */
export const isIn = (tx: Tx | undefined, block: number): boolean =>
  tx != null && tx.block >= 0 && tx.block <= block
