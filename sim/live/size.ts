/**
 * The scenario as `live` runs it: its own overrides for network and duration put in place, so that
 * the plan, the chain and the world all see one size. Where it is shorter, what happens at a time
 * (bursts, partitions, congestion, adversaries) happens at the same share of it, and the warm-up is
 * shorter, too; how long a block or a session takes stays.
 * @module
 */
import type { Adversary, Scenario } from '../scenario/shape.ts'

export function liveSized(scenario: Scenario): Scenario {
  const { live, network, workload, chain, adversaries } = scenario
  const clinics = live.clinics ?? network.clinics
  const durationSeconds = live.durationSeconds ?? scenario.durationSeconds
  const scale = timeScale(scenario)
  return {
    ...scenario,
    durationSeconds,
    warmupSeconds: scenario.warmupSeconds * scale,
    intervalSeconds: Math.min(scenario.intervalSeconds, durationSeconds),
    network: {
      ...network,
      clinics,
      patients: live.patients ?? network.patients,
      requesters: Math.min(network.requesters, clinics),
      bootstrap: Math.min(network.bootstrap, clinics),
      relays: Math.min(network.relays, clinics),
      partitions: network.partitions.map((each) => ({
        ...each,
        atSeconds: each.atSeconds * scale,
        healSeconds: each.healSeconds * scale
      }))
    },
    workload: {
      ...workload,
      bursts: workload.bursts.map((each) => ({
        ...each,
        atSeconds: each.atSeconds * scale,
        overSeconds: each.overSeconds * scale
      }))
    },
    chain: {
      ...chain,
      congestion: chain.congestion.map((each) => ({
        ...each,
        atSeconds: each.atSeconds * scale,
        untilSeconds: each.untilSeconds * scale
      }))
    },
    adversaries: adversaries.map((each) => scaled(each, scale))
  }
}

/** Live time to the scenario's, at most 1. */
export const timeScale = ({ live, durationSeconds }: Scenario): number =>
  Math.min(1, (live.durationSeconds ?? durationSeconds) / durationSeconds)

const scaled = (adversary: Adversary, scale: number): Adversary =>
  adversary.kind === 'bulk-reader'
    ? {
        ...adversary,
        atSeconds: adversary.atSeconds * scale,
        noticedAfterSeconds: adversary.noticedAfterSeconds * scale
      }
    : adversary
