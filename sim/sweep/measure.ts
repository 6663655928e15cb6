/**
 * Runs a point on an engine and keeps what a sweep compares: figures, checks, digest.
 * @module
 */
import type { Engine } from '../engine.ts'
import { digestOf } from '../results/digest.ts'
import { summarise } from '../results/summarise.ts'
import type { PointOutcome } from './outcome.ts'
import type { SweepPoint } from './plan.ts'
import type { PointOptions } from './point-process.ts'

export async function measure(
  engine: Engine,
  point: SweepPoint,
  options: PointOptions
): Promise<PointOutcome> {
  const { id, scenario, seed } = point
  // a point is one repeat of a run that has one; the seed alone tells it from the others
  const result = await engine.run(scenario, { seed, repeat: 0, ...options })
  const { figures, checks, asExpected } = summarise(scenario, [result])
  const all = Object.entries(figures).filter(([, value]) => Number.isFinite(value))
  const isFact = ([name]: readonly [string, number]) => Object.hasOwn(result.facts, name)
  return {
    id,
    digest: await digestOf([result]),
    figures: Object.fromEntries(all.filter((each) => !isFact(each))),
    facts: Object.fromEntries(all.filter(isFact)),
    checks: [...checks],
    asExpected
  }
}
