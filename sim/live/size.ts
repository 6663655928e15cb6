/**
 * The scenario as `live` runs it: its own overrides for network and duration put in place, so that
 * the plan, the chain and the world all see one size.
 * @module
 */
import type { Scenario } from '../scenario/shape.ts'

export function liveSized(scenario: Scenario): Scenario {
  const { live, network } = scenario
  const clinics = live.clinics ?? network.clinics
  return {
    ...scenario,
    durationSeconds: live.durationSeconds ?? scenario.durationSeconds,
    network: {
      ...network,
      clinics,
      patients: live.patients ?? network.patients,
      requesters: Math.min(network.requesters, clinics),
      bootstrap: Math.min(network.bootstrap, clinics),
      relays: Math.min(network.relays, clinics)
    }
  }
}
