/**
 * Adversaries that real nodes can play: custodians that pool their shares, replicas that give no
 * block, a reader with a stolen key; lying endpoints are the chain's (chain-host.ts). The others
 * would need a hostile DHT server or gossip peer, which no door of the node gives: they are told
 * as not played.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Adversary } from '../scenario/shape.ts'
import type { Column, Table } from '../table.ts'
import { requesterAt } from '../workload.ts'
import { reasonOf } from './actors/failure.ts'
import { granted, openOnce } from './actors/requester.ts'
import { grantTo, inTurn } from './quiesce.ts'
import type { LiveGrant, Stage } from './stage.ts'

type Of<K extends Adversary['kind']> = Extract<Adversary, { kind: K }>

const NOT_PLAYED: ReadonlySet<Adversary['kind']> = new Set(['sybil', 'eclipse', 'gossip-spam'])
const AT_ONCE = 4
/** Numbers of the grants that the stolen key reads under: far below those of audits. */
const STOLEN_WISHES = -1_000_000

const all = <K extends Adversary['kind']>({ scenario }: Stage, kind: K): readonly Of<K>[] =>
  scenario.adversaries.filter((each): each is Of<K> => each.kind === kind)

/** What must stand before the measured part: grants to the clinic whose key will be stolen. */
export async function prepareAdversaries(stage: Stage): Promise<void> {
  for (const { kind } of stage.scenario.adversaries) {
    if (NOT_PLAYED.has(kind)) stage.count(`not played: ${kind}`)
  }
  const [reader] = all(stage, 'bulk-reader')
  if (reader == null) return
  const thief = requesterAt(stage.scenario, 0)
  await inTurn([...stage.records.values()], AT_ONCE, async (record) => {
    const wish = STOLEN_WISHES - record.record
    const given = await grantTo(stage, record, thief, wish, reader.readBudget)
    if (await granted(stage, given)) stage.ready(wish)
  })
}

/** Until `signal` aborts. */
export async function playAdversaries(stage: Stage, signal: AbortSignal): Promise<void> {
  for (const { share } of all(stage, 'withholding')) {
    const { clinics } = stage.scenario.network
    const order = stage.rng
      .derive('withholding')
      .shuffle(Array.from({ length: clinics }, (_, i) => i))
    const withholding = order.slice(0, Math.round(share * clinics))
    for (const node of withholding) await stage.world.run(node, 'withhold', undefined, { signal })
    stage.count('withholding clinics', withholding.length)
  }
  await Promise.all(all(stage, 'bulk-reader').map((reader) => readInBulk(stage, reader, signal)))
}

async function readInBulk(stage: Stage, reader: Of<'bulk-reader'>, signal: AbortSignal) {
  if (!(await passed(reader.atSeconds * 1_000 - stage.atMs(), signal))) return
  const beganMs = stage.atMs()
  const stolen = [...stage.grants.values()].filter(({ wish }) => wish <= STOLEN_WISHES)
  const noticed = passed(reader.noticedAfterSeconds * 1_000, signal).then(async (inTime) => {
    if (inTime) await inTurn(stolen, AT_ONCE, (grant) => takeBack(stage, grant))
  })
  for (const { record, requester } of stolen) {
    const next = passed(1_000 / reader.requestsPerSecond, signal)
    try {
      const { ok } = await openOnce(stage, record, requester)
      stage.count(ok ? 'bulk reader: opened' : 'bulk reader: failed')
      if (ok) stage.counts.set('bulk reader: last opened after ms', stage.atMs() - beganMs)
    } catch (err) {
      stage.count(`bulk reader: ${reasonOf(err)}`)
    }
    if (!(await next)) break
  }
  await noticed
}

async function takeBack(stage: Stage, grant: LiveGrant): Promise<void> {
  const owner = stage.records.get(grant.record)?.owner
  if (owner == null) return
  try {
    const { block } = await stage.call<{ readonly block: number }>(owner, 'revoke', {
      grant: grant.grant
    })
    grant.revokedBlock = block
    grant.revokedMs = stage.atMs()
    stage.count('bulk reader: grants taken back')
  } catch (err) {
    stage.count(`bulk reader: revoke ${reasonOf(err)}`)
  }
}

const passed = (ms: number, signal: AbortSignal): Promise<boolean> =>
  delay(Math.max(0, ms), undefined, { signal }).then(
    () => true,
    () => false
  )

/**
 * For each threshold up to n: of how many records the colluding custodians hold so many shares, and
 * of how many so many custodians are there to be asked. Counted in the custodians' own stores.
 */
export async function disclosureTable(stage: Stage, repeat: number): Promise<readonly Table[]> {
  const [colluding] = all(stage, 'colluding-custodians')
  if (colluding == null) return []
  const { clinics } = stage.scenario.network
  const order = stage.rng.derive('colluding').shuffle(Array.from({ length: clinics }, (_, i) => i))
  const evil = new Set(order.slice(0, Math.round(colluding.share * clinics)))
  const held = new Map<string, { evil: number; there: number }>()
  await inTurn(order, AT_ONCE, async (clinic) => {
    if (stage.isAway(clinic)) return
    const ids = await stage.world.run(clinic, 'holds', undefined, { signal: stage.signal })
    for (const id of ids as readonly string[]) {
      const counts = held.get(id) ?? { evil: 0, there: 0 }
      held.set(id, counts)
      counts.there++
      if (evil.has(clinic)) counts.evil++
    }
  })
  const records = [...stage.records.values()].filter(({ acknowledged }) => acknowledged)
  const n = stage.scenario.records.custodians
  const share = (t: number, of: 'evil' | 'there'): number =>
    records.filter(({ recordId }) => (held.get(recordId)?.[of] ?? 0) >= t).length /
    Math.max(1, records.length)
  const thresholds = Array.from({ length: n }, (_, i) => i + 1)
  const number = (name: string, unit: string, of: (t: number) => number): Column => ({
    name,
    unit,
    values: Float64Array.from(thresholds, of)
  })
  return [
    {
      name: 'disclosure',
      rows: n,
      columns: [
        number('repeat', 'count', () => repeat),
        number('t', 'count', (t) => t),
        number('n', 'count', () => n),
        number('disclosure', 'share', (t) => share(t, 'evil')),
        number('availability', 'share', (t) => share(t, 'there'))
      ]
    }
  ]
}
