/**
 * A point and its outcome as they travel through Redis. Whatever comes out of a queue is checked
 * before it is believed: the point against its id, the outcome against its digest.
 * @module
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { z } from 'zod'
import { InvalidMessageError } from '../../../core/errors.ts'
import { SWEEP_OUTCOME_MAX_BYTES } from '../../limits.ts'
import { scenarioShape } from '../../scenario/shape.ts'
import { type Build, buildShape } from '../build.ts'
import { canonicalJson, sha256Hex } from '../canonical.ts'
import { decodeOutcome, type PointOutcome } from '../outcome.ts'
import { pointId, type SweepPoint } from '../plan.ts'

const FORMAT = 'keyward-sweep-job/1'

/** Data of a job. */
export interface PointJob {
  readonly format: typeof FORMAT
  readonly build: Build
  readonly point: SweepPoint
}

/** What a job returns: gzip of the outcome's JSON, and the SHA-256 of that JSON. */
export interface PackedOutcome {
  readonly sha256: string
  readonly gzip: string
}

const jobShape = z.strictObject({
  format: z.literal(FORMAT),
  build: buildShape,
  point: z.strictObject({
    id: z.string(),
    setting: z.int().min(0),
    at: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    repeat: z.int().min(0),
    seed: z.int().min(0).max(0xffff_ffff),
    engine: z.enum(['live', 'model']),
    scenario: scenarioShape
  })
})

const buildOnlyShape = z.object({ format: z.literal(FORMAT), build: buildShape })

const packedShape = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  gzip: z.base64().max(2 * SWEEP_OUTCOME_MAX_BYTES)
})

/**
 * Stable, so that Redis itself refuses a second copy; of one build, so that nobody gathers what
 * another version made. Letters first: BullMQ takes no bare number.
 */
export async function jobIds(
  points: readonly SweepPoint[],
  build: Build
): Promise<Map<string, SweepPoint>> {
  const made = (await sha256Hex(canonicalJson(build))).slice(0, 16)
  return new Map(points.map((point) => [`point-${point.id}-${made}`, point]))
}

export const makeJob = (point: SweepPoint, build: Build): PointJob => ({
  format: FORMAT,
  build,
  point
})

/** Who put it; undefined if its form is of a version that we do not know. */
export function buildOfJob(value: unknown): Build | undefined {
  return buildOnlyShape.safeParse(value).data?.build
}

/** @throws InvalidMessageError when it is no point, or not the one that its id says */
export async function decodeJob(value: unknown): Promise<PointJob> {
  const parsed = jobShape.safeParse(value)
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new InvalidMessageError(`a point expected, "${where}" is not as this version knows it`)
  }
  const { point } = parsed.data
  const id = await pointId(point)
  if (id !== point.id) throw new InvalidMessageError(`point expected id ${id}, got ${point.id}`)
  return parsed.data
}

/** @throws InvalidMessageError when it is too large to travel */
export async function packOutcome(outcome: PointOutcome): Promise<PackedOutcome> {
  const text = canonicalJson(outcome)
  const bytes = Buffer.byteLength(text)
  if (bytes > SWEEP_OUTCOME_MAX_BYTES) {
    throw new InvalidMessageError(
      `an outcome expected at most ${SWEEP_OUTCOME_MAX_BYTES} bytes, got ${bytes}`
    )
  }
  return { sha256: await sha256Hex(text), gzip: gzipSync(text).toString('base64') }
}

/** @throws InvalidMessageError when it is not what the worker packed for this point */
export async function unpackOutcome(value: unknown, id: string): Promise<PointOutcome> {
  const parsed = packedShape.safeParse(value)
  if (!parsed.success) throw new InvalidMessageError('a packed outcome expected')
  const text = inflate(parsed.data.gzip)
  const got = await sha256Hex(text)
  if (got !== parsed.data.sha256) {
    throw new InvalidMessageError(`an outcome expected SHA-256 ${parsed.data.sha256}, got ${got}`)
  }
  const outcome = decodeOutcome(JSON.parse(text))
  if (outcome.id !== id) {
    throw new InvalidMessageError(`the outcome of ${id} expected, got that of ${outcome.id}`)
  }
  return outcome
}

function inflate(base64: string): string {
  try {
    const limit = { maxOutputLength: SWEEP_OUTCOME_MAX_BYTES }
    return gunzipSync(Buffer.from(base64, 'base64'), limit).toString('utf8')
  } catch (cause) {
    throw new InvalidMessageError('a packed outcome expected, got damaged bytes', { cause })
  }
}
