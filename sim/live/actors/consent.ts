/**
 * What follows from a wish of the plan: she answers, the grant is confirmed, the record is opened.
 * And what follows from a revocation: it is tried again and again until it is denied.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Planned } from '../../workload.ts'
import type { LiveGrant, Stage } from '../stage.ts'
import { act, type Outcome } from './act.ts'
import { reasonOf } from './failure.ts'
import { approve, deny, revoke } from './owner.ts'
import { granted, openOnce, retrieve, wish } from './requester.ts'

export async function consent(stage: Stage, planned: Planned): Promise<void> {
  const course = runCourse(stage, planned)
  stage.courses.set(
    planned.wish,
    course.catch(() => {})
  )
  await course
}

async function runCourse(stage: Stage, planned: Planned): Promise<void> {
  const asked = await wish(stage, planned)
  if (asked == null) return
  if (!planned.approved) {
    await deny(stage, planned, asked).catch((err: unknown) => {
      stage.signal.throwIfAborted()
      stage.count(`deny${reasonOf(err)}`)
    })
    return
  }
  const given = await approve(stage, planned, asked)
  if (given == null) return
  if (!(await granted(stage, given))) {
    stage.count('unconfirmedGrants')
    return
  }
  stage.ready(planned.wish)
  await newestIsReady(stage, given)
  await retrieve(stage, given)
}

/**
 * A node reads by the newest grant that it was sent, though it may not be confirmed yet while an
 * older one stands; whoever asked twice for one record waits for the second answer, too.
 */
async function newestIsReady(stage: Stage, given: LiveGrant): Promise<void> {
  for (let polls = 0; polls < NEWEST_POLLS; polls++) {
    if (stage.newerThan(given).every(({ wish }) => stage.isReady(wish))) return
    await delay(PROBE_MS, undefined, { signal: stage.signal })
  }
}

const NEWEST_POLLS = 120

/** Between two attempts of the requester, while the revocation spreads. */
const PROBE_MS = 250

export async function takeBack(stage: Stage, planned: Planned): Promise<void> {
  // the plan takes back what has been read by then; a busy machine may be late
  await stage.courses.get(planned.wish)
  const given = stage.grants.get(planned.wish)
  if (given == null || !stage.isReady(planned.wish) || given.revokedBlock != null) {
    await act(stage, { kind: 'revoke', actor: planned.owner }, async () => ({
      ok: false,
      reason: 'no-grant'
    }))
    return
  }
  await stage.present(planned.owner)
  const atMs = stage.atMs()
  const told = new AbortController()
  const probing = stage.newerThan(given).length > 0 ? undefined : probe(stage, given, told.signal)
  const revoked = await revoke(stage, given, planned.owner)
  told.abort()
  const probed = await probing
  if (revoked == null) return
  stage.revocations.push({
    wish: planned.wish,
    atMs,
    windowMs: probed == null ? Number.NaN : Math.max(0, probed.lastOpenedMs - atMs),
    deniedMs: probed == null ? Number.NaN : probed.deniedMs - atMs,
    openedAfter: probed?.opened ?? Number.NaN,
    ...revoked
  })
}

/** The requester goes on reading: until it is denied after the patient was told that it is done. */
async function probe(
  stage: Stage,
  given: LiveGrant,
  told: AbortSignal
): Promise<{
  readonly lastOpenedMs: number
  readonly deniedMs: number
  readonly opened: number
}> {
  const { record, requester, untilMs } = given
  let opened = 0
  let lastOpenedMs = Number.NEGATIVE_INFINITY
  const lastMs = Math.min(untilMs, stage.atMs() + 2 * stage.boundMs)
  // another grant that comes meanwhile would open the record by right
  while (stage.atMs() < lastMs && stage.newerThan(given).length === 0) {
    const wasTold = told.aborted
    const beganMs = stage.atMs()
    const outcome = await openOnce(stage, record, requester).catch((err: unknown): Outcome => {
      stage.signal.throwIfAborted()
      return { ok: false, reason: reasonOf(err) }
    })
    const { reason, keyMs, shares = 0 } = outcome
    if (shares > 0) {
      opened++
      lastOpenedMs = keyMs == null || Number.isNaN(keyMs) ? stage.atMs() : beganMs + keyMs
    } else if (wasTold && reason !== '') {
      return { lastOpenedMs, deniedMs: beganMs, opened }
    }
    await delay(PROBE_MS, undefined, { signal: stage.signal })
  }
  return { lastOpenedMs, deniedMs: Number.NaN, opened }
}
