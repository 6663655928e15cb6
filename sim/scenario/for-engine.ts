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
