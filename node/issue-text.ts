/**
 * zod's findings in the house's words: expected, got; values are not echoed.
 * @module
 */
import type { z } from 'zod'

/** "expected number, got string" */
export const issueText = (issue: z.core.$ZodIssue): string =>
  issue.message.replace(/^Invalid (input|option): /, '').replace(/, received /, ', got ')
