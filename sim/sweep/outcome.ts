/**
 * What a point leaves: the figures of its run and the digest of its tables, small enough to travel
 * through a queue. The tables themselves come back by `sim run` with the point's seed.
 * @module
 */
import { z } from 'zod'
import { InvalidMessageError } from '../../core/errors.ts'

const outcomeShape = z.strictObject({
  /** Of the point. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** SHA-256 over the tables of its run. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the tables: the same whenever and wherever the point runs, if its engine is exact. */
  figures: z.record(z.string().min(1).max(200), z.number()),
  /** What the engine measured about itself, on the machine that was first: "rssBytes". */
  facts: z.record(z.string().min(1).max(200), z.number()),
  checks: z
    .array(
      z.strictObject({
        name: z.string().max(200),
        checked: z.number(),
        violations: z.number(),
        first: z.string().max(2_000).optional()
      })
    )
    .max(100),
  asExpected: z.boolean()
})

export type PointOutcome = z.infer<typeof outcomeShape>

/** @throws InvalidMessageError when it is not a point's outcome */
export function decodeOutcome(value: unknown): PointOutcome {
  const parsed = outcomeShape.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue == null || issue.path.length === 0 ? 'it' : issue.path.join('.')
  throw new InvalidMessageError(`a point’s outcome expected, ${where}: ${issue?.message ?? ''}`)
}
