/**
 * Who is there: nodes come and go by their session models (churn.ts), and some clinics leave for
 * good. Kept by node here and by rank there.
 * @module
 */
import type { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import type { Sessions } from '../sessions.ts'
import { sessionsFrom } from '../topologies/session-lengths.ts'
import { Churn } from './churn.ts'
import type { Stale } from './drawn-tables.ts'
import type { Placement } from './placement.ts'
import { Bell, type Processes, ticks } from './process.ts'
import type { Wheel } from './wheel.ts'

export interface PresenceInit {
  readonly scenario: Scenario
  readonly nodes: number
  readonly placement: Placement
  readonly wheel: Wheel
  readonly processes: Processes
  readonly rng: Rng
  /** The first of two free kinds of events. */
  readonly kinds: number
  readonly startTick: number
  /** That files of session lengths are named from. */
  readonly baseFolder?: string | undefined
}

const MONTH_SECONDS = 30 * 86_400

export class Presence {
  /** By node: 1 for each that is on. */
  readonly online: Uint8Array
  /** Rung whenever a node comes online. */
  readonly cameOnline = new Bell()
  /** Undefined: nobody ever leaves, and tables need not know. */
  readonly stale: Stale | undefined
  /** 1 for each clinic that left for good. */
  readonly gone: Uint8Array
  /** Set by the engine: what a departure leads to. */
  onDeparture: (clinic: number) => void = () => {}
  /** Set by routing. */
  onChange: (node: number, online: boolean) => void = () => {}
  readonly clinicSessions: Sessions | undefined
  readonly #init: PresenceInit
  readonly #churn: Churn | undefined
  #online: number
  #clinics: number

  constructor(init: PresenceInit) {
    this.#init = init
    const { scenario, nodes, placement } = init
    const { clinics, patients } = scenario.network
    this.online = new Uint8Array(nodes).fill(1)
    this.gone = new Uint8Array(nodes)
    this.clinicSessions = sessionsFrom(scenario.churn.clinics, init.baseFolder)
    const patientSessions = sessionsFrom(scenario.churn.patients, init.baseFolder)
    if (this.clinicSessions != null || patientSessions != null) {
      this.#churn = new Churn({
        nodes,
        wheel: init.wheel,
        rng: init.rng.derive('sessions'),
        kinds: init.kinds,
        sessionsOf: (rank) => {
          const node = placement.nodeAt[rank] as number
          if (node < clinics) return this.clinicSessions
          return node < clinics + patients ? patientSessions : undefined
        },
        tables: {
          policy: scenario.dht,
          sessions: this.clinicSessions,
          refreshSeconds: scenario.dht.refreshSeconds
        },
        onChange: (rank, on) => this.#change(placement.nodeAt[rank] as number, on)
      })
      for (let node = 0; node < nodes; node++) {
        this.online[node] = this.#churn.online[placement.rankOf[node] as number] as number
      }
    }
    this.stale = this.#churn?.stale
    this.#online = this.online.reduce((sum, each) => sum + each, 0)
    this.#clinics = this.online.subarray(0, clinics).reduce((sum, each) => sum + each, 0)
    this.#planDepartures(init.rng.derive('departures'))
  }

  get count(): { readonly nodes: number; readonly clinics: number } {
    return { nodes: this.#online, clinics: this.#clinics }
  }

  #change(node: number, on: boolean): void {
    if (this.gone[node] === 1) {
      // its sessions go on, but nobody is there
      const { rankOf } = this.#init.placement
      if (this.#churn != null) this.#churn.online[rankOf[node] as number] = 0
      return
    }
    this.#set(node, on)
  }

  #set(node: number, on: boolean): void {
    if (this.online[node] === (on ? 1 : 0)) return
    this.online[node] = on ? 1 : 0
    this.#online += on ? 1 : -1
    if (node < this.#init.scenario.network.clinics) this.#clinics += on ? 1 : -1
    this.onChange(node, on)
    if (on) this.cameOnline.ring()
  }

  /** Each clinic leaves with the month's chance, at any moment of the measured part. */
  #planDepartures(rng: Rng): void {
    const { scenario, processes, startTick } = this.#init
    const { departures } = scenario.churn
    if (departures <= 0) return
    const chance = Math.min(1, (departures * scenario.durationSeconds) / MONTH_SECONDS)
    for (let clinic = 0; clinic < scenario.network.clinics; clinic++) {
      const at = rng.unit() * scenario.durationSeconds * 1_000
      if (!rng.chance(chance)) continue
      processes.at(startTick + ticks(at), () => {
        this.#set(clinic, false)
        this.gone[clinic] = 1
        this.onDeparture(clinic)
      })
    }
  }
}
