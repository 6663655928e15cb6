/**
 * The demo's story: clinics, a patient and a hospital live through publish, request, approve,
 * release, update, revoke and refusal, each told over its own daemon's interface.
 * @module
 */
import { createReadStream } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { toHex } from '../../core/bytes.ts'
import { nativePrimitives } from '../crypto/native.ts'
import { auditVerify } from '../verbs/audit-verify.ts'
import type {
  AuditExportResult,
  GrantResult,
  HistoryResult,
  IdResult,
  InboxResult,
  RecordAddResult,
  RecordGetResult,
  RequestResult,
  RevokeResult
} from '../verbs/results.ts'
import type { VerbProgress } from '../verbs/verb.ts'
import { KeywardDemoError } from './demo-error.ts'
import type { Member, SampleNetwork } from './sample-network.ts'

export interface StoryPlan {
  readonly custodians: number
  readonly threshold: number
  readonly kill: number
  readonly lie: number
  /** Files; the first is a FHIR Bundle and gets a second version. */
  readonly records: readonly string[]
}

export interface DemoRecord {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  readonly cid: string
  /** Of what the hospital opened. */
  readonly openedSha256: string
  readonly versions: number
}

export interface DemoResult {
  readonly ok: boolean
  readonly elapsedMs: number
  readonly nodes: number
  readonly records: readonly DemoRecord[]
  readonly threshold: { readonly t: number; readonly n: number }
  readonly released: readonly {
    readonly custodian: string
    readonly blockNumber: number
    readonly blockHash: string
  }[]
  readonly blamed: readonly { readonly custodian: string; readonly reason: string }[]
  /** The code as in the custodian's receipt; the requester itself sees 400. */
  readonly afterRevoke: readonly { readonly custodian: string; readonly code: number }[]
  readonly receipts: { readonly count: number; readonly verified: boolean }
  readonly gas: { readonly grant: number; readonly revoke: number; readonly register: number }
  /** Places outside the owner's and the grantee's own memory where plaintext was found. */
  readonly leaks: number
}

export interface Told {
  readonly result: DemoResult
  /** Folders that hold the owner's and the grantee's own plaintext. */
  readonly ownFolders: readonly string[]
}

interface Options {
  readonly signal: AbortSignal
  progress(event: VerbProgress): void
}

/** Copies of the ciphertext; the killed are the last custodians, so replicas stay. */
const REPLICAS = 3
const GRANT_WAIT_MS = 20_000
const GRANT_STEP_MS = 250

/** Sensitivity is in the file's kind here: nothing of it is named on chain or to custodians. */
export async function playStory(
  network: SampleNetwork,
  plan: StoryPlan,
  { signal, progress }: Options
): Promise<Told> {
  const ask = <R>(member: Member, verb: string, args: unknown = {}): Promise<R> =>
    member.client.call(verb, args, { signal, onProgress: progress }) as Promise<R>
  const tell = (step: string, detail: string): void => progress({ step, detail })

  tell('network', `${plan.custodians} clinics, a hospital and a patient start`)
  const { clinics, hospital, patient } = await startMembers(network, plan)
  const { custodians, doomed, liars } = roles(clinics, plan)

  const own = join(network.folder, 'files-of-the-patient')
  const opened = join(network.folder, 'files-of-the-hospital')
  await mkdir(own, { recursive: true })
  await mkdir(opened, { recursive: true })

  const published: { path: string; added: RecordAddResult }[] = []
  for (const path of plan.records) {
    tell('publish', `${basename(path)}: sealed, split among ${plan.custodians} clinics, anchored`)
    published.push({ path, added: await ask<RecordAddResult>(patient, 'record.add', { path }) })
  }

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
  await confirmed(hospital, granted.block ?? 0, { signal, progress })

  for (const member of doomed) {
    tell('kill', `${member.name} dies without a word`)
    await network.kill(member)
  }
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
      sha256: await hashFile(path),
      cid: added.cid,
      openedSha256: await hashFile(got.path),
      versions: 1
    })
  }

  tell('update', 'the first record gets a second version; the grant still opens the first alone')
  const [first] = published as [(typeof published)[number]]
  const second = join(own, 'second version.json')
  await writeFile(second, await amended(first.path))
  const { recordId } = first.added
  const updated = await ask<RecordAddResult>(patient, 'record.update', { recordId, path: second })
  const again = await ask<RecordGetResult>(hospital, 'record.get', {
    recordId,
    ver: 1,
    out: join(opened, 'first version again')
  })
  const firstStands = (await hashFile(again.path)) === records[0]?.sha256
  const secondClosed = await fails(ask(hospital, 'record.get', { recordId, ver: 2 }))
  records[0] = { ...(records[0] as DemoRecord), versions: updated.ver }

  tell('revoke', 'the patient revokes; custodians hear it at once, the chain a block later')
  const since = Math.floor(Date.now() / 1_000)
  const revoked = await ask<RevokeResult>(patient, 'revoke', { grant: granted.grant })
  const refused = await fails(ask(hospital, 'record.get', { recordId, ver: 1 }))

  tell('history', 'the patient fetches all receipts and verifies them offline')
  const { entries } = await ask<HistoryResult>(patient, 'history')
  const afterRevoke = lastRefusals(entries, since)
  const receipts = await verifyReceipts(ask, patient, custodians, own, signal)

  const reachable = custodians.filter((each) => !doomed.includes(each)).map(({ peer }) => peer)
  const result: DemoResult = {
    ok:
      records.every((each) => each.sha256 === each.openedSha256) &&
      firstStands &&
      secondClosed &&
      refused &&
      released.size >= plan.threshold &&
      liars.every(({ peer }) => blamed.has(peer)) &&
      blamed.size === liars.length &&
      reachable.every((peer) => afterRevoke.some((each) => each.custodian === peer)) &&
      receipts.verified,
    elapsedMs: 0,
    nodes: network.members.length,
    records,
    threshold: { t: plan.threshold, n: plan.custodians },
    released: [...released.values()],
    blamed: [...blamed.values()],
    afterRevoke,
    receipts,
    gas: {
      grant: granted.gas ?? 0,
      revoke: revoked.gas ?? 0,
      register: first.added.gas ?? 0
    },
    leaks: 0
  }
  return { result, ownFolders: [own, opened] }
}

/** One clinic first: all others know nothing but its address. */
async function startMembers(network: SampleNetwork, plan: StoryPlan) {
  const clinicName = (i: number): string => `clinic-${i + 1}`
  const lies = (i: number): boolean => {
    const honest = plan.custodians - plan.kill - plan.lie
    return i >= honest && i < honest + plan.lie
  }
  const bootstrapper = await network.start({
    name: clinicName(0),
    profile: 'clinic',
    config: { org: 1 },
    lies: lies(0)
  })
  const bootstrap = bootstrapper.addrs.slice(0, 1)
  const [hospital, ...rest] = await Promise.all([
    network.start({
      name: 'hospital',
      profile: 'clinic',
      config: { org: plan.custodians + 1, bootstrap }
    }),
    ...Array.from({ length: plan.custodians - 1 }, (_, i) =>
      network.start({
        name: clinicName(i + 1),
        profile: 'clinic',
        config: { org: i + 2, bootstrap },
        lies: lies(i + 1)
      })
    )
  ])
  const clinics = [bootstrapper, ...rest]
  const patient = await network.start({
    name: 'patient',
    profile: 'patient',
    config: {
      bootstrap,
      custody: {
        custodians: clinics.map(({ peer }) => peer),
        threshold: plan.threshold,
        replicas: Math.min(REPLICAS, plan.custodians - plan.kill)
      }
    }
  })
  return { clinics, hospital: hospital as Member, patient }
}

/** The last are killed, those before them lie. */
function roles(clinics: readonly Member[], { kill, lie }: StoryPlan) {
  const alive = clinics.length - kill
  return {
    custodians: clinics,
    doomed: clinics.slice(alive),
    liars: clinics.slice(alive - lie, alive)
  }
}

/** A grant works once a confirmed block holds it. */
async function confirmed(
  hospital: Member,
  _block: number,
  { signal, progress }: Options
): Promise<void> {
  for (let waited = 0; waited < GRANT_WAIT_MS; waited += GRANT_STEP_MS) {
    const { grants } = (await hospital.client.call('grants', {}, { signal })) as {
      grants: { state: string }[]
    }
    if (grants.some(({ state }) => state === 'active')) return
    progress({
      step: 'confirm',
      detail: 'waits for the block that holds the grant to be confirmed'
    })
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
async function verifyReceipts(
  ask: <R>(member: Member, verb: string, args?: unknown) => Promise<R>,
  patient: Member,
  custodians: readonly Member[],
  folder: string,
  signal: AbortSignal
): Promise<DemoResult['receipts']> {
  let count = 0
  let verified = true
  for (const { peer, name } of custodians) {
    const out = join(folder, `receipts of ${name}.cbor`)
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

async function hashFile(path: string): Promise<string> {
  const hashing = nativePrimitives.sha256Stream()
  for await (const piece of createReadStream(path)) hashing.update(piece as Uint8Array)
  return toHex(hashing.digest())
}

const fails = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => false,
    () => true
  )
