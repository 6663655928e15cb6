/**
 * After the measured part: faults end, everybody comes back, and what must hold in the end is looked
 * at: acknowledged records open, and the patients' histories tell of every release.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { AcknowledgedSeen, ReceiptSeen, ReleaseSeen } from '../checks/observations.ts'
import { requesterAt } from '../workload.ts'
import { reasonOf } from './actors/failure.ts'
import { agree } from './actors/owner.ts'
import { askFor, granted, openOnce } from './actors/requester.ts'
import { comeBack } from './sessions.ts'
import type { LiveGrant, LiveRecord, Stage } from './stage.ts'

/** Records that are opened once more at the end: a sample, for each takes some 20 exchanges. */
const AUDITED_RECORDS_MAX = 40
/** Eventually: so long is a record tried, with pauses; a busy machine is slow, not wrong. */
const AUDIT_MAX_MS = 120_000
const AUDIT_PAUSE_MS = 3_000
const AT_ONCE = 4

export async function heal(stage: Stage): Promise<void> {
  const { world, chain, departed } = stage
  if (stage.hasFaults) await world.faults({ groups: undefined, lossShare: 0 })
  chain.heal()
  const back = stage.away.filter((node) => !departed.has(node))
  await inTurn(back, AT_ONCE, (node) => comeBack(stage, node))
}

/** Each acknowledged record of the sample is granted anew to a clinic, which opens it. */
export async function openAcknowledged(stage: Stage): Promise<readonly AcknowledgedSeen[]> {
  const acknowledged = [...stage.records.values()].filter(
    (record) => record.acknowledged && isKept(stage, record)
  )
  const sample = stage.rng.derive('audit').shuffle(acknowledged).slice(0, AUDITED_RECORDS_MAX)
  const seen: AcknowledgedSeen[] = []
  await inTurn(sample, AT_ONCE, async (record) => {
    const reason = await audit(stage, record)
    seen.push({ record: record.record, opened: reason === '', reason })
  })
  return seen
}

/** Not of those whose clinics left for good in such numbers that nobody could open it (§5). */
function isKept({ departed, scenario }: Stage, { custodians }: LiveRecord): boolean {
  const { threshold, replicas } = scenario.records
  const there = (clinic: number): boolean => !departed.has(clinic)
  return custodians.filter(there).length >= threshold && custodians.slice(0, replicas).some(there)
}

/** "" once it was opened; the last reason if it never was. */
async function audit(stage: Stage, { record, owner, ...others }: LiveRecord): Promise<string> {
  const requester = requesterAt(stage.scenario, record)
  const lastMs = stage.atMs() + AUDIT_MAX_MS
  let reason = ''
  let asked: string | undefined
  let given: LiveGrant | undefined
  while (stage.atMs() < lastMs) {
    try {
      asked ??= await askFor(stage, { record, owner, ...others }, requester)
      given ??= (await agree(stage, { wish: -1 - record, owner, record, requester }, asked)).given
      if (await granted(stage, given)) {
        const opened = await openOnce(stage, record, requester)
        if (opened.ok) return ''
        reason = opened.reason
      }
    } catch (err) {
      stage.signal.throwIfAborted()
      reason = reasonOf(err)
    }
    await delay(AUDIT_PAUSE_MS, undefined, { signal: stage.signal })
  }
  return reason
}

export interface Histories {
  /** Releases of shares, as their receipts tell them. */
  readonly releases: readonly ReleaseSeen[]
  readonly receipts: readonly ReceiptSeen[]
  /** Refusals by code. */
  readonly refusals: ReadonlyMap<string, number>
  /** Custodians whose receipts do not hold. */
  readonly faults: number
}

interface HistoryRow {
  readonly at: number
  readonly kind: string
  readonly custodian: string
  readonly who?: string
  readonly recordId: string
  readonly code?: string
}

/** Every patient fetches her receipts from all custodians and checks their chains. */
export async function fetchHistories(stage: Stage): Promise<Histories> {
  const owners = new Set([...stage.records.values()].map(({ owner }) => owner))
  const recordOf = new Map(
    [...stage.records.values()].map(({ recordId, record }) => [recordId, record])
  )
  const releases: ReleaseSeen[] = []
  const refusals = new Map<string, number>()
  let faults = 0
  await inTurn([...owners], AT_ONCE, async (owner) => {
    const told = await stage.call<{
      readonly entries: readonly HistoryRow[]
      readonly faults?: readonly unknown[]
    }>(owner, 'history', {})
    faults += told.faults?.length ?? 0
    for (const { at, kind, custodian, who, recordId, code } of told.entries) {
      if (kind === 'refuse' && code != null) {
        // "506 REVOKED"
        const [number = ''] = code.split(' ')
        refusals.set(number, (refusals.get(number) ?? 0) + 1)
      }
      const record = recordOf.get(recordId)
      const from = stage.nodeOf(custodian)
      const to = stage.nodeOf(who ?? '')
      if (kind !== 'release' || record == null || from == null || to == null) continue
      const atMs = stage.fromUnixSeconds(at)
      releases.push({ record, requester: to, custodian: from, atMs })
    }
  })
  return { releases, receipts: releases, refusals, faults }
}

/** Works on so many at once. */
export async function inTurn<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>
): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: Math.min(atOnce, items.length) }, async () => {
      for (const item of queue) await work(item)
    })
  )
}
