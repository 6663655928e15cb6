/**
 * A small scenario and sweeps over it, for points that cost nothing.
 * @module
 */
import { type Scenario, scenarioShape } from '../../../sim/scenario/shape.ts'
import { planSweep, type SweepPlan, type SweepPlanInit } from '../../../sim/sweep/plan.ts'

export const smallScenario = (change: Record<string, unknown> = {}): Scenario =>
  scenarioShape.parse({
    name: 'small',
    question: 'How many messages does a lookup take?',
    seed: 7,
    durationSeconds: 60,
    network: { clinics: 20 },
    ...change
  })

export const smallPlan = (change: Partial<SweepPlanInit> = {}): Promise<SweepPlan> =>
  planSweep({ scenario: smallScenario(), over: ['dht.alpha=1..4'], engine: 'model', ...change })
