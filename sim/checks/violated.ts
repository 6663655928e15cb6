/**
 * A violated check ends a run: a simulator that goes on after "a share left without a grant" has
 * nothing more to say.
 * @module
 */
import { KeywardError } from '../../core/errors.ts'
import type { CheckResult } from '../engine.ts'

/** Thrown when a law of the system did not hold in a run; `seed` and `repeat` bring it back. */
export class CheckViolatedError extends KeywardError {
  static override readonly name = 'CheckViolatedError'
  override readonly name = 'CheckViolatedError'
  readonly check: string
  readonly seed: number
  readonly repeat: number
  constructor({ name, violations, first }: CheckResult, seed: number, repeat: number) {
    super(
      `check ${name} violated ${violations} times (seed ${seed}, repeat ${repeat}); ` +
        `first: ${first ?? 'not told'}`
    )
    this.check = name
    this.seed = seed
    this.repeat = repeat
  }
}

/** @throws CheckViolatedError of the first check that does not hold */
export function assertAllHold(
  checks: readonly CheckResult[],
  { seed, repeat }: { readonly seed: number; readonly repeat: number }
): void {
  const broken = checks.find(({ violations }) => violations > 0)
  if (broken != null) throw new CheckViolatedError(broken, seed, repeat)
}
