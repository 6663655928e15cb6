/**
 * What can go wrong with a virtual run besides a law that does not hold.
 * @module
 */
import { KeywardError } from '../../core/errors.ts'

/** Thrown when a seed did not play the same story twice. */
export class NotDeterministicError extends KeywardError {
  static override readonly name = 'NotDeterministicError'
  override readonly name = 'NotDeterministicError'
  readonly seed: number
  constructor(seed: number) {
    super(`seed ${seed} gave two traces; compare them with: keyward sim seeds --replay ${seed}`)
    this.seed = seed
  }
}

/** Thrown when a run broke off with an error that nobody foresaw. */
export class RunFailedError extends KeywardError {
  static override readonly name = 'RunFailedError'
  override readonly name = 'RunFailedError'
  readonly seed: number
  constructor(seed: number, said: string) {
    super(`seed ${seed} broke off: ${said.trim().slice(-2_000)}`)
    this.seed = seed
  }
}
