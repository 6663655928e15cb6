/**
 * The patient's acts, by the verbs of her node: publish, update, approve or deny, revoke.
 * @module
 */
import { rm } from 'node:fs/promises'
import type { Planned } from '../../workload.ts'
import type { LiveGrant, RevocationRow, Stage } from '../stage.ts'
import { act } from './act.ts'
import { writeRecordFile } from './record-files.ts'

/** Of `record.add` and `record.update` (node/verbs/results.ts), as far as it is used. */
interface Added {
  readonly recordId: string
  readonly ver: number
  readonly cid: string
  readonly sha256: string
  readonly state: string
  readonly custodians: readonly { readonly peer: string; readonly acked: boolean }[]
  readonly gas?: number
}

const DAY_MS = 86_400_000
/** Of every wish: longer than any run. */
export const WISH_DAYS = 30

/** A new record goes to n clinics of different organisations. */
export async function publish(stage: Stage, record: number, owner: number): Promise<void> {
  const { custodians: n, threshold, replicas } = stage.scenario.records
  await act(stage, { kind: 'publish', actor: owner }, async () => {
    const path = await writeRecordFile(stage, record, 1)
    const chosen = chooseCustodians(stage, record, n)
    try {
      const added = await stage.call<Added>(owner, 'record.add', {
        path,
        custodians: chosen.map((node) => addressOf(stage, node)),
        threshold,
        replicas: Math.min(replicas, n)
      })
      const acked = added.custodians.filter((each) => each.acked)
      const acknowledged = added.state === 'acknowledged'
      stage.records.set(record, {
        record,
        owner,
        recordId: added.recordId,
        cid: added.cid,
        custodians: chosen,
        acknowledged,
        sha256: [added.sha256]
      })
      return {
        ok: acknowledged,
        reason: acknowledged ? '' : 'degraded',
        shares: acked.length,
        ...(added.gas == null ? {} : { gas: added.gas })
      }
    } finally {
      await rm(path, { force: true })
    }
  })
}

export async function update(stage: Stage, { record, owner }: Planned): Promise<void> {
  await act(stage, { kind: 'update', actor: owner }, async () => {
    const known = stage.records.get(record)
    if (known == null) return { ok: false, reason: 'no-record' }
    const version = known.sha256.length + 1
    const path = await writeRecordFile(stage, record, version)
    try {
      const { recordId } = known
      const added = await stage.call<Added>(owner, 'record.update', { recordId, path })
      known.sha256[added.ver - 1] = added.sha256
      const ok = added.state === 'acknowledged'
      return {
        ok,
        reason: ok ? '' : 'degraded',
        ...(added.gas == null ? {} : { gas: added.gas })
      }
    } finally {
      await rm(path, { force: true })
    }
  })
}

/** She fetches her mail, sees the wish and agrees. Undefined: no grant came of it. */
export async function approve(
  stage: Stage,
  planned: Planned,
  wish: string
): Promise<LiveGrant | undefined> {
  await stage.present(planned.owner)
  let given: LiveGrant | undefined
  await act(stage, { kind: 'grant', actor: planned.owner }, async () => {
    const { delivered, gas, ...grant } = await agree(stage, planned, wish)
    given = grant.given
    return {
      ok: delivered,
      reason: delivered ? '' : 'undelivered',
      ...(gas == null ? {} : { gas })
    }
  })
  return given
}

/** The wish numbers the grant from then on. */
export async function agree(
  stage: Stage,
  {
    wish: number,
    owner,
    record,
    requester
  }: Pick<Planned, 'wish' | 'owner' | 'record' | 'requester'>,
  wish: string
): Promise<{ readonly given: LiveGrant; readonly delivered: boolean; readonly gas?: number }> {
  const sent = stage.sending({ wish: number, record, requester, forMs: WISH_DAYS * DAY_MS })
  const { grant, block, gas, delivered } = await stage.call<{
    readonly grant: string
    readonly block?: number
    readonly gas?: number
    readonly delivered: boolean
  }>(owner, 'approve', { wish })
  const given = stage.sent(sent, grant, block)
  return { given, delivered, ...(gas == null ? {} : { gas }) }
}

export async function deny(stage: Stage, { owner }: Planned, wish: string): Promise<void> {
  await stage.present(owner)
  await stage.call(owner, 'deny', { wish })
  stage.count('denied')
}

/** What her node told her of it; undefined if it came to nothing. */
export async function revoke(
  stage: Stage,
  grant: LiveGrant,
  owner: number
): Promise<Pick<RevocationRow, 'toldMs' | 'noticedShare'> | undefined> {
  let told: Pick<RevocationRow, 'toldMs' | 'noticedShare'> | undefined
  await act(stage, { kind: 'revoke', actor: owner }, async () => {
    const beganMs = stage.atMs()
    const result = await stage.call<{
      readonly block: number
      readonly noticed: readonly string[]
      readonly gas?: number
    }>(owner, 'revoke', { grant: grant.grant })
    grant.revokedBlock = result.block
    grant.revokedMs = stage.atMs()
    const custodians = stage.records.get(grant.record)?.custodians.length ?? 1
    told = {
      toldMs: grant.revokedMs - beganMs,
      noticedShare: result.noticed.length / custodians
    }
    return { ok: true, reason: '', ...(result.gas == null ? {} : { gas: result.gas }) }
  })
  return told
}

/** The same for the same seed; away or not, since she cannot know. */
function chooseCustodians({ scenario, chain, rng }: Stage, record: number, n: number): number[] {
  const { clinics } = scenario.network
  const choose = rng.derive(`record-${record}/custodians`)
  const order = choose.shuffle(Array.from({ length: clinics }, (_, i) => i))
  const orgs = new Set<number>()
  return order
    .filter((clinic) => {
      const org = chain.orgOf(clinic)
      if (orgs.has(org)) return false
      orgs.add(org)
      return true
    })
    .slice(0, n)
}

/** Its first address; a node that is away has none, and is named by its peer id. */
function addressOf({ world }: Stage, node: number): string {
  const { addrs, peer } = world.nodes[node] as (typeof world.nodes)[number]
  return addrs[0] ?? peer
}
