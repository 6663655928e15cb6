/**
 * A custodian's log as its operator and an auditor meet it: anchored on a real chain, checked by
 * somebody else, and put back from an older copy, which the daemon notices at its start (SECURITY.md
 * §11, §14 F16 in small).
 * @module
 */
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toDeploymentJson } from '../../node/deployment-file.ts'
import type { AuditAnchorResult, AuditStatusResult } from '../../node/verbs/audit-shapes.ts'
import type { AuditVerifyResult, RecordAddResult } from '../../node/verbs/results.ts'
import { type Daemon, Daemons, keyward } from '../fixtures/daemons.ts'

let net: Daemons
let clinic: Daemon
let hospital: Daemon
let patient: string
let record: RecordAddResult

beforeAll(async () => {
  net = await Daemons.create()
  const started = await net.startClinics(['clinic-1', 'clinic-2', 'hospital'])
  const [first, second, third] = started.clinics as [Daemon, Daemon, Daemon]
  clinic = first
  hospital = third
  const custody = { custodians: [first.peer, second.peer], threshold: 2, replicas: 2 }
  const { bootstrap } = started
  patient = await net.init('patient', { profile: 'patient', config: { bootstrap, custody } })
  record = await add('note.txt')
  await json(patient, 'grant', third.peer, record.recordId, '--purpose', 'TREAT', '--until', '1h')
})
afterAll(() => net?.[Symbol.asyncDispose]())

async function json<R>(folder: string, ...args: string[]): Promise<R> {
  const { code, out, err } = await keyward([...args, '--repo', folder, '--json'])
  expect({ code, err }, args.join(' ')).toMatchObject({ code: 0 })
  return JSON.parse(out) as R
}

const add = async (name: string): Promise<RecordAddResult> =>
  json(patient, 'record', 'add', await net.file(name, `content of ${name}`))

const log = (): string => join(clinic.folder, 'receipts', 'log')
const status = async () => {
  const { code, out } = await keyward(['audit', 'status', '--repo', clinic.folder, '--json'])
  return { code, ...(JSON.parse(out) as AuditStatusResult) }
}

describe('a log of receipts', () => {
  let anchored: AuditAnchorResult

  it('is anchored when its operator says so, and not twice', async () => {
    await copyFile(log(), net.at('an older copy'))
    await add('another.txt') // so that the copy is older than the anchor

    anchored = await json(clinic.folder, 'audit', 'anchor')
    const again = await json<AuditAnchorResult>(clinic.folder, 'audit', 'anchor')

    expect(anchored).toMatchObject({
      anchored: true,
      root: expect.stringMatching(/^[0-9a-f]{64}$/)
    })
    expect(again).toEqual({ anchored: false, toSeq: anchored.toSeq, root: anchored.root })
    expect(await status()).toMatchObject({ code: 0, state: 'held', toSeq: anchored.toSeq })
  })

  it('is held to its anchor by an auditor who has a file, a chain and two names', async () => {
    const file = net.at('receipts.cbor')
    await json(clinic.folder, 'audit', 'export', file)
    const { writer, salt } = await status()
    const deployment = await net.file(
      'deployment.json',
      JSON.stringify(toDeploymentJson(net.chain.deployment))
    )
    const verify = async (...names: string[]) => {
      const chain = ['--rpc', net.chain.url, '--deployment', deployment, ...names]
      const { code, out } = await keyward(['audit', 'verify', file, ...chain, '--json'])
      return { code, ...(JSON.parse(out) as AuditVerifyResult) }
    }

    expect(await verify('--writer', writer, '--salt', salt)).toMatchObject({
      code: 0,
      valid: true,
      anchor: { toSeq: anchored.toSeq, root: anchored.root }
    })
    expect(await verify('--writer', hospital.account, '--salt', salt)).toMatchObject({
      code: 7,
      valid: false,
      faults: ['nothing is anchored under these names']
    })
  })

  it('that was put back from an older copy serves nobody, and says what helps', async () => {
    await hospital.ask('inbox')
    const newest = net.at('the newest copy')
    await clinic.stop()
    await copyFile(log(), newest)
    await copyFile(net.at('an older copy'), log())
    for (const ending of ['', '-wal', '-shm']) {
      await rm(join(clinic.folder, `index.db${ending}`), { force: true })
    }

    clinic = await net.start('clinic-1')

    expect(await status()).toMatchObject({ code: 7, whole: true, state: 'behind' })
    const ready = await fetch(`${clinic.api}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.text()).toContain('restore the newest copy of receipts/')
    const out = net.at('read.txt')
    const asked = hospital.ask('record.get', { recordId: record.recordId, out })
    await expect(asked).rejects.toThrow()
    const { code, err } = await keyward(['audit', 'anchor', '--repo', clinic.folder])
    expect({ code, err }).toMatchObject({ code: 7, err: expect.stringContaining('shorter than') })

    await clinic.stop()
    await copyFile(newest, log())
    clinic = await net.start('clinic-1')

    expect(await status()).toMatchObject({ code: 0, state: 'held' })
    await hospital.ask('record.get', { recordId: record.recordId, out })
  })
})
