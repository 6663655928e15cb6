/**
 * `keyward demo --emergency`: an unconscious patient, two clinicians of two organisations, and what
 * is left behind: a notice on chain, mail to her, receipts, a review. And what two clinicians cannot
 * do: read what she kept out, read alone, or read against her wish.
 * @module
 */
import { join } from 'node:path'
import { auditVerify } from '../../verbs/audit-verify.ts'
import type {
  EmergencyAskResult,
  EmergencyLsResult,
  EmergencyOpenResult,
  EmergencySummary
} from '../../verbs/emergency-shapes.ts'
import type { HistoryResult, IdResult, InboxResult, RecordAddResult } from '../../verbs/results.ts'
import type { Member } from '../sample-network.ts'
import type { Scene, Seen, Story } from '../scene.ts'

const REASON = 'brought in unconscious, no relatives'
/** "Within a block or two" of the block at which a custodian gave its share. */
const NOTICE_BLOCKS = 2

export const emergency: Story = async (scene) => {
  const { patient, record } = scene
  scene.tell('publish', 'a record that emergencies find, and a sensitive one that they do not')
  const open = await scene.ask<RecordAddResult>(patient, 'record.add', { path: record })
  const kept = await scene.ask<RecordAddResult>(patient, 'record.add', {
    path: record,
    name: 'kept out.json',
    tags: { level: 'R' }
  })
  const { contact } = await scene.ask<IdResult>(patient, 'id')
  const unserved = await neverChosen(scene, contact)
  const { notice, alone } = await wishAndSign(scene, contact)
  const read = await openAll(scene, notice)
  return [
    unserved,
    alone,
    await whatWasRead(scene, read, open, kept),
    ...(await whatIsLeft(scene, notice, read)),
    await review(scene, notice),
    await never(scene, notice, contact)
  ]
}

const colleagueOf = ({ clinics }: Scene): Member => clinics[1] as Member

const askFor = ({ ask, hospital, ...scene }: Scene, patient: string) =>
  ask<EmergencyAskResult>(hospital, 'emergency.ask', {
    patient,
    reason: REASON,
    cosigners: [colleagueOf({ ask, hospital, ...scene }).peer]
  })

async function neverChosen(scene: Scene, contact: string): Promise<Seen> {
  const error = await scene.fails(askFor(scene, contact))
  return {
    what: 'A patient who never chose is not served.',
    ok: error === 'InvalidParametersError',
    detail: error ?? 'served'
  }
}

/** She wishes; one clinician asks, alone at first; the other signs. */
async function wishAndSign(
  scene: Scene,
  contact: string
): Promise<{ readonly notice: string; readonly alone: Seen }> {
  const { ask, hospital, patient } = scene
  const colleague = colleagueOf(scene)
  scene.tell('wish', 'the patient wishes to be helped in an emergency')
  await ask(patient, 'wish', { wish: 'emergency' })
  scene.tell('ask', `a clinician of the ${hospital.name} asks one of ${colleague.name} to sign`)
  const { notice } = await askFor(scene, contact)
  const error = await scene.fails(ask(hospital, 'emergency.open', { notice }))
  await scene.until("the colleague's mail", async () => {
    const { emergencies } = await ask<InboxResult>(colleague, 'inbox')
    return emergencies.find((each) => each.notice === notice)
  })
  scene.tell('sign', `${colleague.name} reads why, and signs`)
  await ask(colleague, 'emergency.sign', { notice })
  return {
    notice,
    alone: {
      what: 'One clinician alone opens nothing.',
      ok: error === 'InvalidParametersError',
      detail: error ?? 'opened'
    }
  }
}

interface Read {
  readonly result: EmergencyOpenResult
  readonly ms: number
}

/** Her wish is seconds old here, and custodians serve it once a confirmed block holds it. */
async function openAll(scene: Scene, notice: string): Promise<Read> {
  const { ask, hospital, opened } = scene
  scene.tell('open', 'the hospital opens what she marked; no grant, no block to wait for')
  return scene.until('her wish to be confirmed', async () => {
    const began = performance.now()
    const result = await ask<EmergencyOpenResult>(hospital, 'emergency.open', {
      notice,
      out: opened
    }).catch((err: Error): undefined => {
      if (err.name !== 'AccessDeniedError') throw err
      return undefined
    })
    return result && { result, ms: Math.round(performance.now() - began) }
  })
}

async function whatWasRead(
  scene: Scene,
  { result, ms }: Read,
  open: RecordAddResult,
  kept: RecordAddResult
): Promise<Seen> {
  const found = result.records.find(({ recordId }) => recordId === open.recordId)
  const same = found != null && (await scene.sha256(found.path)) === open.sha256
  const out = !result.records.some(({ recordId }) => recordId === kept.recordId)
  return {
    what: 'Two clinicians of two organisations read at once, and only what she marked.',
    ok: same && out && result.failed.length === 0,
    detail: `${result.records.length} of 2 records in ${ms} ms, signed by ${result.signers.length}`
  }
}

async function whatIsLeft(
  scene: Scene,
  notice: string,
  { result }: Read
): Promise<readonly Seen[]> {
  const { ask, hospital, patient } = scene
  const noticed = await scene.until('the notice', async () => {
    const found = await onlyOf(scene, hospital, notice)
    return found?.noticeBlock == null ? undefined : found
  })
  const blocks = result.records.flatMap(({ released }) => released.map((each) => each.blockNumber))
  const late = (noticed.noticeBlock ?? Number.POSITIVE_INFINITY) - Math.max(...blocks)
  const heard = await scene.until("the patient's mail", async () => {
    const { emergencies } = await ask<InboxResult>(patient, 'inbox')
    return emergencies.find((each) => each.notice === notice)
  })
  const { entries } = await ask<HistoryResult>(patient, 'history')
  const told = entries.filter((each) => each.emergency === true && each.kind === 'release')
  const given = result.records.reduce((sum, { released }) => sum + released.length, 0)
  const { count, verified } = await verifyReceipts(scene)
  return [
    {
      what: 'The chain holds the notice within a block or two.',
      ok: late <= NOTICE_BLOCKS,
      detail: `block ${noticed.noticeBlock}, ${Math.max(late, 0)} after the last share; organisations ${noticed.orgs?.join(', ')}`
    },
    {
      what: 'The patient hears who read, and why.',
      ok: heard.reason === REASON,
      detail: `${heard.from}: ${heard.reason}`
    },
    {
      what: 'Every share that was given is in her history, by receipts that stand.',
      ok: verified && given > 0 && told.length >= given,
      detail: `${told.length} shares, ${count} receipts verified offline`
    }
  ]
}

async function onlyOf(
  { ask }: Scene,
  member: Member,
  notice: string
): Promise<EmergencySummary | undefined> {
  const { emergencies } = await ask<EmergencyLsResult>(member, 'emergency.ls', { notice })
  return emergencies[0]
}

async function verifyReceipts({ clinics, patient, own, signal, ask }: Scene) {
  let count = 0
  let verified = true
  for (const { peer, name } of clinics) {
    const out = join(own, `receipts of ${name}.cbor`)
    await ask(patient, 'audit.export', { out, peer })
    const checked = await auditVerify.run({ file: out }, { signal, progress() {} })
    count += checked.entries
    verified &&= checked.valid && checked.peer === peer
  }
  return { count, verified: verified && count > 0 }
}

async function review(scene: Scene, notice: string): Promise<Seen> {
  const { ask, hospital, patient } = scene
  scene.tell('review', 'the patient closes the review')
  const before = await onlyOf(scene, patient, notice)
  await ask(patient, 'emergency.review', { notice, outcome: 'it was right' })
  const after = await scene.until('the review', async () => {
    const found = await onlyOf(scene, hospital, notice)
    return found?.review === 'done' ? found : undefined
  })
  return {
    what: 'The review is open until the patient closes it, for all to see.',
    ok: before?.review === 'open' && after.review === 'done',
    detail: `${before?.review}, then ${after.review}`
  }
}

/** The glass of before still has hours to run: her word ends it. */
async function never(scene: Scene, notice: string, contact: string): Promise<Seen> {
  const { ask, hospital, patient, opened: out } = scene
  scene.tell('never', 'the patient wishes that nobody reads, whatever happens')
  await ask(patient, 'wish', { wish: 'never' })
  const again = await scene.fails(ask(hospital, 'emergency.open', { notice, out }))
  const anew = await scene.fails(askFor(scene, contact))
  return {
    what: 'A wish against it ends even a glass that is broken.',
    ok: again === 'AccessDeniedError' && anew === 'InvalidParametersError',
    detail: `again: ${again ?? 'opened'}; anew: ${anew ?? 'asked'}`
  }
}
