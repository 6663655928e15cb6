/**
 * Thrown when the demo's own network does not come up; the story itself reports failures.
 * @module
 */
import { KeywardError } from '../../core/errors.ts'

/** Thrown when a process of the demo did not do its part. */
export class KeywardDemoError extends KeywardError {
  static override readonly name = 'KeywardDemoError'
  override readonly name = 'KeywardDemoError'
}
