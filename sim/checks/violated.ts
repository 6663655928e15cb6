/**
 * A violated check ends a run: a simulator that goes on after "a share left without a grant" has
 * nothing more to say.
 * @module
 */
import { KeywardError } from '../../core/errors.ts'
import type { CheckResult, RunResult } from '../engine.ts'

/** Thrown when a law of the system did not hold in a run; `seed` and `repeat` bring it back. */
export class CheckViolatedError extends KeywardError {
  static override readonly name = 'CheckViolatedError'
  override readonly name = 'CheckViolatedError'
  readonly check: string
  readonly seed: number
  readonly repeat: number
  /** What was measured until then, to find out why; of engines that have it. */
  readonly result: RunResult | undefined
  constructor(
    { name, violations, first }: CheckResult,
    seed: number,
    repeat: number,
    result?: RunResult
  ) {
    super(
      `check ${name} violated ${violations} times (seed ${seed}, repeat ${repeat}); ` +
        `first: ${first ?? 'not told'}`
    )
    this.check = name
    this.seed = seed
    this.repeat = repeat
    this.result = result
  }
}

/** @throws CheckViolatedError of the first check that does not hold */
export function assertAllHold(
  checks: readonly CheckResult[],
  {
    seed,
    repeat,
    result
  }: { readonly seed: number; readonly repeat: number; readonly result?: RunResult }
): void {
  const broken = checks.find(({ violations }) => violations > 0)
  if (broken != null) throw new CheckViolatedError(broken, seed, repeat, result)
}
