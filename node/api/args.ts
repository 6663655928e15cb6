/**
 * Arguments of a verb as they came in, checked by its own schema at the door.
 * @module
 */
import type { ZodType } from 'zod'
import { InvalidParametersError } from '../../core/errors.ts'
import { issueText } from '../issue-text.ts'

/** @throws InvalidParametersError naming the field, what was expected, and what kind was found */
export function checkArgs<A>(verb: { readonly args: ZodType<A> }, value: unknown): A {
  const parsed = verb.args.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  if (issue?.code === 'unrecognized_keys') {
    throw new InvalidParametersError(`unknown field "${issue.keys[0]?.slice(0, 64)}"`)
  }
  const field = issue?.path.join('.') ?? ''
  const reason = issue == null ? 'expected other arguments' : issueText(issue)
  throw new InvalidParametersError(field === '' ? reason : `"${field}" ${reason}`)
}
