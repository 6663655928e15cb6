/**
 * A scenario for one engine: without the expectations that are about the other's figures.
 * @module
 */
import type { EngineName } from '../engine.ts'
import type { Scenario } from './shape.ts'

export const forEngine = (scenario: Scenario, engine: EngineName): Scenario => ({
  ...scenario,
  expect: scenario.expect.filter((each) => each.engine == null || each.engine === engine)
})

/** What the scenario has and real nodes have no verb for yet; live counts it and does nothing. */
export function leftOutLive({ workload, churn }: Scenario): string[] {
  const { emergenciesPerHour, vitals, bursts } = workload
  const emergencies = emergenciesPerHour > 0 || bursts.some(({ kind }) => kind === 'emergency')
  return [
    ...(emergencies ? ['emergencies'] : []),
    ...(vitals == null ? [] : ['vital signs']),
    ...(churn.departures > 0 && churn.repair ? ['repair'] : [])
  ]
}
