/**
 * The demo's story: clinics, a patient and a hospital live through publish, request, approve,
 * release, update, revoke and refusal, each told over its own daemon's interface.
 * @module
 */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { auditVerify } from '../verbs/audit-verify.ts'
import type {
  AuditExportResult,
  GrantResult,
  GrantsResult,
  HistoryResult,
  IdResult,
  InboxResult,
  RecordAddResult,
  RecordGetResult,
  RequestResult,
  RevokeResult
} from '../verbs/results.ts'
import type { VerbProgress } from '../verbs/verb.ts'
import { startMembers } from './cast.ts'
import { KeywardDemoError } from './demo-error.ts'
import type { DemoRecord, DemoResult } from './result.ts'
import type { Member, SampleNetwork } from './sample-network.ts'
import { sha256 } from './scene.ts'
import type { Told } from './stage.ts'

export interface StoryPlan {
  readonly custodians: number
  readonly threshold: number
  readonly kill: number
  readonly lie: number
  /** Files; the first is a FHIR Bundle and gets a second version. */
  readonly records: readonly string[]
}

interface Options {
  readonly signal: AbortSignal
  progress(event: VerbProgress): void
}

/** Who takes part, and the ways to ask and to tell. */
interface Stage extends Options {
  readonly plan: StoryPlan
  readonly custodians: readonly Member[]
  readonly hospital: Member
  readonly patient: Member
  /** Folders of the patient's and the hospital's own files. */
  readonly own: string
  readonly opened: string
  ask<R>(member: Member, verb: string, args?: unknown): Promise<R>
  tell(step: string, detail: string): void
}

interface Published {
  readonly path: string
  readonly added: RecordAddResult
}

const GRANT_WAIT_MS = 20_000
const GRANT_STEP_MS = 250

export async function playStory(
  network: SampleNetwork,
  plan: StoryPlan,
  options: Options
): Promise<Told<DemoResult>> {
  const stage = await setStage(network, plan, options)
  const { custodians, own, opened, tell } = stage
  const alive = custodians.slice(0, custodians.length - plan.kill)
  const liars = alive.slice(alive.length - plan.lie)

  const published = await publishAll(stage)
  const granted = await askAndApprove(stage)
  for (const member of custodians.slice(alive.length)) {
    tell('kill', `${member.name} dies without a word`)
    await network.kill(member)
  }
  const read = await openAll(stage, published)
  const first = await amendFirst(stage, published)
  const ended = await revokeAndRefuse(stage, published, granted)
  const receipts = await verifyReceipts(stage)

  const records = read.records.map((record, i) =>
    i === 0 ? { ...record, versions: first.versions } : record
  )
  const blamed = [...read.blamed.values()]
  const result: DemoResult = {
    ok:
      records.every((each) => each.sha256 === each.openedSha256) &&
      first.openedSha256 === records[0]?.sha256 &&
      first.secondIsClosed &&
      ended.refused &&
      read.released.size >= plan.threshold &&
      liars.length === blamed.length &&
      liars.every(({ peer }) => read.blamed.has(peer)) &&
      alive.every(({ peer }) => ended.afterRevoke.some((each) => each.custodian === peer)) &&
      receipts.verified,
    elapsedMs: 0,
    nodes: network.members.length,
    records,
    threshold: { t: plan.threshold, n: plan.custodians },
    released: [...read.released.values()],
    blamed,
    afterRevoke: ended.afterRevoke,
    receipts,
    gas: {
      grant: granted.gas ?? 0,
      revoke: ended.gas,
      register: published[0]?.added.gas ?? 0
    },
    leaks: 0
  }
  return { result, ownFolders: [own, opened] }
}

async function setStage(
  network: SampleNetwork,
  plan: StoryPlan,
  { signal, progress }: Options
): Promise<Stage> {
  const tell = (step: string, detail: string): void => progress({ step, detail })
  tell('network', `${plan.custodians} clinics, a hospital and a patient start`)
  const { clinics, hospital, patient } = await startMembers(network, plan)
  const own = join(network.folder, 'files-of-the-patient')
  const opened = join(network.folder, 'files-of-the-hospital')
  await mkdir(own, { recursive: true })
  await mkdir(opened, { recursive: true })
  return {
    plan,
    custodians: clinics,
    hospital,
    patient,
    own,
    opened,
    signal,
    progress,
    tell,
    ask: <R>(member: Member, verb: string, args: unknown = {}) =>
      member.client.call(verb, args, { signal, onProgress: progress }) as Promise<R>
  }
}

async function publishAll({ plan, patient, ask, tell }: Stage): Promise<readonly Published[]> {
  const published: Published[] = []
  for (const path of plan.records) {
    tell('publish', `${basename(path)}: sealed, split among ${plan.custodians} clinics, anchored`)
    published.push({ path, added: await ask<RecordAddResult>(patient, 'record.add', { path }) })
  }
  return published
}

async function askAndApprove(stage: Stage): Promise<GrantResult> {
  const { hospital, patient, ask, tell } = stage
  tell('request', 'the hospital asks for them, for treatment, for 90 days')
  const { contact } = await ask<IdResult>(patient, 'id')
  const { wish } = await ask<RequestResult>(hospital, 'request', {
    patient: contact,
    purpose: 'TREAT',
    until: '90d',
    reason: 'admission after a fall'
  })
  const { wishes } = await ask<InboxResult>(patient, 'inbox')
  if (!wishes.some((each) => each.wish === wish)) throw new KeywardDemoError('no wish came')

  tell('approve', 'the patient narrows it to one hour and the first versions, and signs')
  const granted = await ask<GrantResult>(patient, 'approve', { wish, until: '1h', versions: '1' })
  await ask(hospital, 'inbox')
  await confirmed(stage)
  return granted
}

async function openAll(
  { plan, hospital, opened, ask, tell }: Stage,
  published: readonly Published[]
) {
  tell('release', `each custodian proves the grant; ${plan.threshold} shares open a record`)
  const released = new Map<string, DemoResult['released'][number]>()
  const blamed = new Map<string, DemoResult['blamed'][number]>()
  const records: DemoRecord[] = []
  for (const [i, { path, added }] of published.entries()) {
    const got = await ask<RecordGetResult>(hospital, 'record.get', {
      recordId: added.recordId,
      out: join(opened, `${i} ${basename(path)}`),
      via: 'dht'
    })
    for (const each of got.released) released.set(each.custodian, each)
    for (const each of got.blamed) blamed.set(each.custodian, each)
    records.push({
      name: basename(path),
      bytes: (await stat(path)).size,
      sha256: await sha256(path),
      cid: added.cid,
      openedSha256: await sha256(got.path),
      versions: 1
    })
  }
  return { released, blamed, records }
}

/** The first version still opens under its grant; the second is not in it. */
async function amendFirst(
  { hospital, patient, own, opened, ask, tell }: Stage,
  [first]: readonly Published[]
) {
  tell('update', 'the first record gets a second version; the grant still opens the first alone')
  const { path, added } = first as Published
  const { recordId } = added
  const second = join(own, 'second version.json')
  await writeFile(second, await amended(path))
  const updated = await ask<RecordAddResult>(patient, 'record.update', { recordId, path: second })
  const again = await ask<RecordGetResult>(hospital, 'record.get', {
    recordId,
    ver: 1,
    out: join(opened, 'first version again')
  })
  return {
    versions: updated.ver,
    openedSha256: await sha256(again.path),
    secondIsClosed: await fails(ask(hospital, 'record.get', { recordId, ver: 2 }))
  }
}

async function revokeAndRefuse(
  { hospital, patient, ask, tell }: Stage,
  [first]: readonly Published[],
  { grant }: GrantResult
) {
  tell('revoke', 'the patient revokes; custodians hear it at once, the chain a block later')
  const since = Math.floor(Date.now() / 1_000)
  const revoked = await ask<RevokeResult>(patient, 'revoke', { grant })
  const recordId = first?.added.recordId
  const refused = await fails(ask(hospital, 'record.get', { recordId, ver: 1 }))
  tell('history', 'the patient fetches all receipts and verifies them offline')
  const { entries } = await ask<HistoryResult>(patient, 'history')
  return { refused, gas: revoked.gas ?? 0, afterRevoke: lastRefusals(entries, since) }
}

/** A grant works once a confirmed block holds it. */
async function confirmed({ hospital, signal, ask, tell }: Stage): Promise<void> {
  tell('confirm', 'waits for the block that holds the grant to be confirmed')
  for (let waited = 0; waited < GRANT_WAIT_MS; waited += GRANT_STEP_MS) {
    const { grants } = await ask<GrantsResult>(hospital, 'grants')
    if (grants.some(({ state }) => state === 'active')) return
    await delay(GRANT_STEP_MS, undefined, { signal })
  }
  throw new KeywardDemoError('the grant was not confirmed in time')
}

/** Another valid version of a FHIR Bundle: a later time stamp. */
async function amended(path: string): Promise<string> {
  const bundle = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  return JSON.stringify({ ...bundle, timestamp: new Date().toISOString() })
}

/** Each custodian's last refusal since then. */
function lastRefusals(entries: HistoryResult['entries'], since: number): DemoResult['afterRevoke'] {
  const codes = new Map<string, number>()
  for (const { at, kind, custodian, code } of entries) {
    if (kind === 'refuse' && at >= since) codes.set(custodian, Number.parseInt(code ?? '', 10))
  }
  return [...codes].map(([custodian, code]) => ({ custodian, code }))
}

/** Exports what each custodian's chain says and checks the files with nothing else at hand. */
async function verifyReceipts({
  custodians,
  patient,
  own,
  signal,
  ask
}: Stage): Promise<DemoResult['receipts']> {
  let count = 0
  let verified = true
  for (const { peer, name } of custodians) {
    const out = join(own, `receipts of ${name}.cbor`)
    const exported = await ask<AuditExportResult>(patient, 'audit.export', { out, peer }).catch(
      () => undefined // killed before it gave any
    )
    if (exported == null) continue
    const checked = await auditVerify.run({ file: out }, { signal, progress() {} })
    count += checked.entries
    verified &&= checked.valid && checked.peer === peer
  }
  return { count, verified: verified && count > 0 }
}

const fails = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => false,
    () => true
  )
