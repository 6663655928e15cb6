/**
 * All adversaries of a scenario: what each does while a run goes on, and the tables and figures that
 * answer its question. Withholding clinics and lying endpoints act where blocks are given and heads
 * are read (blocks.ts, chain.ts); here only their figures are made.
 * @module
 */
import type { Table } from '../../table.ts'
import type { Domain } from '../domain.ts'
import { BulkReader } from './bulk-reader.ts'
import {
  disclosedPatients,
  disclosureTable,
  hypergeometric,
  hypergeometricAtLeast
} from './disclosure.ts'
import { spam } from './gossip-spam.ts'
import { type Attack, Takeover } from './takeover.ts'

export class Adversaries {
  readonly #domain: Domain
  readonly #takeover: Takeover | undefined
  readonly #bulk: BulkReader | undefined
  readonly #tables: Table[] = []
  readonly #facts: Record<string, number> = {}

  constructor(domain: Domain, attack: Attack) {
    this.#domain = domain
    const { adversaries } = domain.scenario
    if (attack.nodes > 0) this.#takeover = new Takeover(domain, attack)
    const thief = adversaries.find((each) => each.kind === 'bulk-reader')
    if (thief != null) this.#bulk = new BulkReader(domain, thief)
  }

  /** The measured part begins. */
  start(): void {
    this.#takeover?.start()
    this.#bulk?.start()
    this.#collude()
    this.#withhold()
    this.#spam()
  }

  /** An interval has passed. */
  note(atMs: number): void {
    this.#bulk?.note(atMs)
  }

  tables(): readonly Table[] {
    const found = [this.#takeover?.table(), this.#bulk?.table()]
    return [...this.#tables, ...found.filter((table) => table != null)]
  }

  facts(): Readonly<Record<string, number>> {
    return { ...this.#facts, ...this.#takeover?.facts(), ...this.#bulk?.facts() }
  }

  #collude(): void {
    const { scenario, custody, rng, presence } = this.#domain
    const found = scenario.adversaries.find((each) => each.kind === 'colluding-custodians')
    if (found == null) return
    const { clinics } = scenario.network
    const colluding = Math.round(found.share * clinics)
    const order = Uint32Array.from({ length: clinics }, (_, i) => i)
    rng.derive('colluding').shuffle(order)
    const members = new Uint8Array(clinics)
    for (const clinic of order.subarray(0, colluding)) members[clinic] = 1
    this.#tables.push(
      disclosureTable({
        clinics,
        colluding,
        online: presence.clinicSessions?.availability ?? 1,
        n: custody.n,
        rng: rng.derive('disclosure')
      })
    )
    this.#facts['colludingClinics'] = colluding
    this.#facts['disclosedPatientsShare'] = disclosedPatients(
      scenario,
      custody,
      (clinic) => members[clinic] === 1
    )
    this.#facts['expectedDisclosedShare'] = hypergeometricAtLeast(
      clinics,
      colluding,
      custody.n,
      custody.t
    )
  }

  /** Patients all of whose replicas keep nothing: no act of theirs brings the bytes back. */
  #withhold(): void {
    const { scenario, custody, withholds } = this.#domain
    if (!scenario.adversaries.some((each) => each.kind === 'withholding')) return
    const { clinics, patients } = scenario.network
    let withholding = 0
    for (let clinic = 0; clinic < clinics; clinic++) if (withholds(clinic)) withholding++
    let lost = 0
    for (let patient = 0; patient < patients; patient++) {
      if (custody.replicasOf(clinics + patient).every(withholds)) lost++
    }
    this.#facts['withholdingClinics'] = withholding
    this.#facts['withheldPatientsShare'] = lost / patients
    const { replicas } = custody
    const all = hypergeometric(clinics, withholding, replicas, replicas)
    this.#facts['expectedWithheldShare'] = all
  }

  #spam(): void {
    const { scenario, gossip, rng, oneWayMs } = this.#domain
    const found = scenario.adversaries.find((each) => each.kind === 'gossip-spam')
    if (found == null) return
    const { nodes, messagesPerSecond } = found
    const common = { mesh: gossip.mesh, oneWayMs, rng: rng.derive('spam') }
    const calm = spam({ ...common, spammers: 0, messagesPerSecond: 0 })
    const flooded = spam({ ...common, spammers: nodes, messagesPerSecond })
    this.#facts['calmHintDeliveredShare'] = calm.hintDeliveredShare
    this.#facts['hintDeliveredShare'] = flooded.hintDeliveredShare
    this.#facts['calmReceivedPerNodeSecond'] = calm.receivedPerNodeSecond
    this.#facts['receivedPerNodeSecond'] = flooded.receivedPerNodeSecond
    this.#facts['acceptedPerNodeSecond'] = flooded.acceptedPerNodeSecond
    this.#facts['spamSimulatedSeconds'] = flooded.seconds
  }
}
