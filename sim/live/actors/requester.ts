/**
 * The requesting clinic's acts, by the verbs of its node: ask for consent, fetch the answer, open
 * the record, and try again once consent is gone.
 * @module
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Planned } from '../../workload.ts'
import type { Step } from '../operations.ts'
import type { LiveGrant, LiveRecord, Stage } from '../stage.ts'
import { act, type Outcome } from './act.ts'
import { reasonOf } from './failure.ts'
import { WISH_DAYS } from './owner.ts'

/** Of `record.get`, as far as it is used. */
interface Got {
  readonly ver: number
  readonly sha256: string
  readonly released: readonly { readonly custodian: string }[]
  readonly blamed: readonly { readonly custodian: string; readonly reason: string }[]
}

const GRANT_POLL_MS = 500
const GRANT_POLLS = 60

/** Leaves the wish at the record's custodians; gives its id. */
export async function wish(stage: Stage, planned: Planned): Promise<string | undefined> {
  let asked: string | undefined
  await act(stage, { kind: 'wish', actor: planned.requester }, async () => {
    const record = stage.records.get(planned.record)
    if (record == null) return { ok: false, reason: 'no-record' }
    asked = await askFor(stage, record, planned.requester)
    return { ok: true, reason: '' }
  })
  return asked
}

export async function askFor(stage: Stage, record: LiveRecord, requester: number): Promise<string> {
  const result = await stage.call<{ readonly wish: string }>(requester, 'request', {
    patient: contactOf(stage, record),
    purpose: 'TREAT',
    records: [record.recordId],
    until: `${WISH_DAYS}d`,
    reason: 'simulated'
  })
  return result.wish
}

/** How the patient would give her address to a clinic: her account, and who keeps her mail. */
function contactOf({ world }: Stage, { owner, custodians }: LiveRecord): string {
  const keepers = custodians.map((node) => world.nodes[node]?.peer)
  return `${world.nodes[owner]?.account}@${keepers.join(',')}`
}

/** Waits until the chain proves the grant to this requester. False: it did not in time. */
export async function granted(stage: Stage, given: LiveGrant): Promise<boolean> {
  const { requester, grant, block } = given
  await stage.chain.confirmed(block, stage.signal)
  for (let polls = 0; polls < GRANT_POLLS; polls++) {
    await stage.present(requester)
    try {
      await stage.call(requester, 'inbox', {})
      const { grants } = await stage.call<{
        readonly grants: readonly { readonly grant: string; readonly state: string }[]
      }>(requester, 'grants', {})
      const state = grants.find((each) => each.grant === grant)?.state
      if (state === 'active') return true
      if (state === 'revoked' || state === 'expired') return false
    } catch (err) {
      stage.signal.throwIfAborted()
      stage.count(`grants${reasonOf(err)}`)
    }
    await delay(GRANT_POLL_MS, undefined, { signal: stage.signal })
  }
  return false
}

export async function retrieve(stage: Stage, given: LiveGrant): Promise<boolean> {
  const { requester, record } = given
  return await act(stage, { kind: 'retrieve', actor: requester }, async () => {
    const { steps = [], ...outcome } = await openOnce(stage, record, requester)
    return stage.isTraced() ? { ...outcome, steps } : outcome
  })
}

/** A verb's progress, in the words of traces. */
const STEP_NAMES: Readonly<Record<string, string>> = {
  shares: 'release',
  locate: 'prove blocks',
  open: 'fetch and open'
}

interface VerbProgress {
  readonly step: string
  readonly done?: number
  readonly total?: number
}

let openings = 0

/** One `record.get`: the shares that came are observed whatever becomes of it. */
export async function openOnce(stage: Stage, record: number, requester: number): Promise<Outcome> {
  const known = stage.records.get(record)
  if (known == null) return { ok: false, reason: 'no-record' }
  const beganMs = stage.atMs()
  const out = join(stage.folder, `opened-${++openings}.bin`)
  let keyMs = Number.NaN
  let openMs = Number.NaN
  const steps: Step[] = []
  const progress = (event: unknown): void => {
    const { step, done, total } = event as VerbProgress
    const nowMs = stage.atMs()
    // the key is in hand before blocks are located
    if (step === 'locate') keyMs = nowMs - beganMs
    else if (step === 'open') openMs = nowMs - beganMs
    const name = STEP_NAMES[step] ?? step
    const detail = total == null ? '' : `${done} of ${total}`
    const last = steps.at(-1)
    if (step === 'shares') {
      // asked for all at once
      steps.push({ atMs: beganMs, untilMs: nowMs, step: name, detail })
    } else if (last?.step === name) {
      // piece by piece: one step in all
      steps[steps.length - 1] = { ...last, untilMs: nowMs, detail }
    } else {
      steps.push({ atMs: last?.untilMs ?? beganMs, untilMs: nowMs, step: name, detail })
    }
  }
  try {
    const { recordId } = known
    const got = await stage.call<Got>(requester, 'record.get', { recordId, out }, { progress })
    const atMs = stage.atMs()
    for (const { custodian } of got.released) {
      const node = stage.nodeOf(custodian)
      if (node != null) stage.releases.push({ record, requester, custodian: node, atMs })
    }
    if (got.blamed.length > 0) stage.count('blamed', got.blamed.length)
    const right = got.sha256 === known.sha256[got.ver - 1]
    return {
      ok: right,
      reason: right ? '' : 'wrong-bytes',
      keyMs,
      shares: got.released.length,
      steps,
      // stragglers are waited for after the record is open
      ...(Number.isNaN(openMs) ? {} : { latencyMs: openMs })
    }
  } finally {
    await rm(out, { force: true })
  }
}
