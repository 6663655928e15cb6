/**
 * What the queue of a sweep is called in Redis, where it may stand beside others.
 * @module
 */
import { InvalidParametersError } from '../../../core/errors.ts'

/** Of all keys. */
export const QUEUE_PREFIX = 'keyward'

export const DEFAULT_SWEEP_NAME = 'sweep'

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** @throws InvalidParametersError */
export function queueName(name: string): string {
  if (NAME.test(name)) return `sweep-${name}`
  throw new InvalidParametersError(
    `--name: expected lower case, digits and hyphens, got ${JSON.stringify(name).slice(0, 80)}`
  )
}
