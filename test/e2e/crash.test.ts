/**
 * Power failures: SIGKILL at the worst moments, with real processes, disks and a chain. What was
 * acknowledged is there after the restart, what was not is finished or was never there
 * (SECURITY.md §14 F3; PEERS.md §5 H1, H2, H4).
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigLayer } from '../../node/config.ts'
import { openBlockStore } from '../../node/storage/block-store.ts'
import { openJournal } from '../../node/storage/journal.ts'
import { Vault } from '../../node/storage/vault.ts'
import type {
  AuditExportResult,
  AuditVerifyResult,
  GrantResult,
  HistoryResult,
  RecordAddResult,
  RecordGetResult,
  RecordListResult,
  RecordShowResult,
  RecordVerifyResult
} from '../../node/verbs/results.ts'
import {
  type Daemon,
  Daemons,
  type KeywardProcess,
  keyward,
  spawnKeyward,
  until
} from '../fixtures/daemons.ts'

const CLINICS = ['clinic-1', 'clinic-2', 'clinic-3']
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let net: Daemons
let settings: ConfigLayer
let clinics: Daemon[]
let hospital: Daemon
let patient: Daemon

beforeAll(async () => {
  net = await Daemons.create()
  const started = await net.startClinics([...CLINICS, 'hospital'])
  const { bootstrap } = started
  clinics = started.clinics.slice(0, 3)
  hospital = started.clinics[3] as Daemon
  settings = {
    bootstrap,
    custody: { custodians: clinics.map(({ peer }) => peer), threshold: 2, replicas: 2 }
  }
  await net.init('patient', { profile: 'patient', config: settings })
  patient = await net.start('patient')
})
afterAll(() => net?.[Symbol.asyncDispose]())

/** Waits until the hospital may read: a grant works once a confirmed block holds it. */
async function granted(recordId: string): Promise<GrantResult> {
  const grant = await patient.ask<GrantResult>('grant', {
    to: hospital.peer,
    records: [recordId],
    purpose: 'TREAT',
    until: '1h'
  })
  await hospital.ask('inbox')
  await until('the grant is confirmed', async () => {
    const { grants } = await hospital.ask<{ grants: { grant: string; state: string }[] }>('grants')
    return grants.some((each) => each.grant === grant.grant && each.state === 'active')
  })
  return grant
}

const read = (recordId: string, out: string, via = 'manifest'): Promise<RecordGetResult> =>
  hospital.ask<RecordGetResult>('record.get', { recordId, via, out: net.at(out) })

/** Exports a custodian's chain for the patient, and checks it with nothing else at hand. */
async function chainOf({ name, peer }: Daemon): Promise<AuditVerifyResult & { file: string }> {
  const file = net.at(`receipts of ${name}`)
  await until('its receipts are here', async () => {
    await patient.ask('history') // fetches from whoever is back
    return patient.ask<AuditExportResult>('audit.export', { out: file, peer }).then(
      () => true,
      () => false
    )
  })
  const { out, code } = await keyward(['audit', 'verify', file, '--json'])
  expect({ code, out }).toMatchObject({ code: 0 })
  return { ...(JSON.parse(out) as AuditVerifyResult), file }
}

/** What lies on the disk of a node that does not run. */
async function vaultOf(folder: string): Promise<AsyncDisposable & { readonly vault: Vault }> {
  const pins = await openJournal(join(folder, 'blocks', 'pins'), { maxEntryBytes: 256 })
  const blockstore = await openBlockStore(join(folder, 'blocks', 'segments'), {
    quotaBytes: 2 ** 30
  })
  return {
    vault: await Vault.open({ blockstore, pins }),
    async [Symbol.asyncDispose]() {
      await pins.close()
      await blockstore.close()
    }
  }
}

/** What `record add` says at each of its steps. */
const STEPS = {
  'killed while it seals': /^seal \d/m,
  'killed while pieces are dealt': /^deal /m,
  'killed while blocks are copied': /^replicate /m,
  'killed before the anchor': /^anchor/m
}

describe('a power failure', () => {
  it('of everybody loses nothing that was acknowledged, whoever is back first', async () => {
    const content = randomBytes(1_500_000)
    const path = await net.file('scan.bin', content)
    const added = await patient.ask<RecordAddResult>('record.add', { path })
    expect(added.state).toBe('acknowledged')
    const { recordId } = added
    await granted(recordId)
    await read(recordId, 'before')
    const before = await patient.ask<HistoryResult>('history')
    const chains = await Promise.all(clinics.map(chainOf))

    const killed = [...clinics, hospital, patient]
    await Promise.all(killed.map((daemon) => daemon.kill()))
    for (const { folder } of killed) {
      await access(join(folder, 'api'))
      await access(join(folder, 'repo.lock'))
    }
    // the one that all know is back last, and two have another address than before
    const back = await Promise.all(killed.slice(1).map(({ name }) => net.start(name)))
    back.unshift(await net.start('clinic-1'))

    for (const [i, { pid, peer }] of killed.entries()) {
      expect(back[i]?.err()).toContain(`process ${pid} died without closing`)
      expect(back[i]?.peer).toBe(peer)
    }
    clinics = back.slice(0, 3)
    hospital = back[3] as Daemon
    patient = back[4] as Daemon
    expect(clinics.map(({ addrs }, i) => addrs[0] === killed[i]?.addrs[0])).toEqual([
      true,
      false,
      false
    ])
    await until('all are in one network again', async () => {
      const ready = await Promise.all(back.map(({ api }) => fetch(`${api}/readyz`)))
      return ready.every(({ ok }) => ok)
    })
    await until('all three give their pieces', async () => {
      const got = await read(recordId, 'after')
      expect(got).toMatchObject({ sha256: added.sha256, blamed: [] })
      return got.released.length === 3 // the third may be slow; two are enough
    })
    expect(sha256(await readFile(net.at('after')))).toBe(sha256(content))
    expect((await read(recordId, 'by dht', 'dht')).sha256).toBe(added.sha256)

    const after = await patient.ask<HistoryResult>('history')
    expect(after.entries).toEqual(expect.arrayContaining([...before.entries]))
    for (const [i, clinic] of clinics.entries()) {
      const chain = await chainOf(clinic)
      expect(chain).toMatchObject({ valid: true, peer: clinic.peer, faults: [] })
      expect(chain.entries).toBeGreaterThan(chains[i]?.entries as number)
    }
    expect((await patient.ask<RecordVerifyResult>('record.verify', { recordId })).valid).toBe(true)
  })

  it('of a patient at any step of adding a record leaves no half of one', async () => {
    const folder = await net.init('phone', { profile: 'patient', config: settings })
    const killed: KeywardProcess[] = []
    const hashes = new Map<string, string>()
    // no daemon: each command has the folder to itself, and takes it over from the one before
    for (const [name, step] of Object.entries(STEPS)) {
      const content = randomBytes(20_000_000)
      const path = await net.file(name, content)
      hashes.set(name, sha256(content))
      const adding = spawnKeyward(['record', 'add', path, '--repo', folder])
      await until(`it is at ${step}`, () => step.test(adding.err()), 30_000, 2)
      adding.child.kill('SIGKILL')
      expect((await adding.ended).signal).toBe('SIGKILL')
      const before = killed.at(-1)
      if (before != null) expect(adding.err()).toContain(`process ${before.child.pid} died`)
      killed.push(adding)
    }

    const phone = await net.start('phone')
    expect(phone.err()).toContain(`process ${killed.at(-1)?.child.pid} died without closing`)
    const mine = async () => (await phone.ask<RecordListResult>('record.ls')).records
    const found = await mine()
    const missing = [...hashes.keys()].filter((name) => found.every((each) => each.name !== name))
    expect(new Set(found.map(({ name }) => name)).size).toBe(found.length)
    for (const name of missing) await phone.ask('record.add', { path: net.at(name) })
    await until('all are whole', async () => {
      return (await mine()).every(({ state }) => state === 'acknowledged')
    })
    const whole = await mine()
    expect(whole).toHaveLength(hashes.size)
    for (const { recordId, name } of whole) {
      const { valid } = await phone.ask<RecordVerifyResult>('record.verify', { recordId })
      const own = await phone.ask<RecordGetResult>('record.get', { recordId, out: net.at('own') })
      expect({ name, valid, sha256: own.sha256 }).toEqual({
        name,
        valid: true,
        sha256: hashes.get(name)
      })
    }
    expect((await phone.stop()).code).toBe(0)
    await using left = await vaultOf(folder)
    expect(await left.vault.sweep()).toBe(0) // nothing lies there that nobody names
  })

  it('of a custodian in the middle of a copy costs a retry and nothing else', async () => {
    const path = await net.file('study.bin', randomBytes(60_000_000))
    const doomed = clinics[1] as Daemon
    const killing: Promise<unknown>[] = []

    const added = await patient.ask<RecordAddResult>('record.add', { path }, ({ step }) => {
      if (step === 'replicate' && killing.length === 0) {
        killing.push(doomed.kill())
      }
    })

    expect(killing).toHaveLength(1)
    await Promise.all(killing)
    const { recordId, cid } = added
    expect(added.state).toBe('degraded')
    expect(added.custodians.find(({ peer }) => peer === doomed.peer)).toMatchObject({
      acked: true,
      pinned: false,
      reason: expect.any(String)
    })
    const back = await net.start('clinic-2')
    clinics = clinics.map((clinic) => (clinic === doomed ? back : clinic))
    await until('the copy is made', async () => {
      const { state } = await patient.ask<RecordShowResult>('record.show', { recordId })
      return state === 'acknowledged'
    })

    await back.stop()
    {
      await using left = await vaultOf(back.folder)
      expect(left.vault.pins().map(String)).toContain(cid)
      for await (const root of left.vault.incomplete()) expect.unreachable(`${root} lacks blocks`)
    }
    const again = await net.start('clinic-2')
    clinics = clinics.map((clinic) => (clinic === back ? again : clinic))
    expect(await chainOf(again)).toMatchObject({ valid: true })
  })
})
