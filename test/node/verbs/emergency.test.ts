import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../../core/bytes.ts'
import { TransactionFailedError } from '../../../core/errors.ts'
import { noticeSlot, Role } from '../../../core/words.ts'
import { nativePrimitives } from '../../../node/crypto/native.ts'
import type { RunningNode } from '../../../node/index.ts'
import { verbs } from '../../../node/index.ts'
import { giveOwedNotices } from '../../../node/verbs/emergency-notice.ts'
import type {
  EmergencyAskResult,
  EmergencyLsResult,
  EmergencyOpenResult,
  EmergencyRequestsResult,
  EmergencyReviewResult,
  WishResult,
  WishText
} from '../../../node/verbs/emergency-shapes.ts'
import type { HistoryResult, IdResult, RecordAddResult } from '../../../node/verbs/results.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'

const run = async <R>(node: RunningNode, name: string, args: unknown = {}): Promise<R> => {
  const verb = verbs.get(name)
  if (verb == null) throw new Error(`no verb ${name}`)
  return (await verb.run(node, verb.args.parse(args), quiet())) as R
}

const reason = 'unconscious'

type Args = { readonly wish?: WishText; readonly emergency?: boolean }

/** The node, but for some of it. */
const with_ = (node: RunningNode, changes: Partial<RunningNode>): RunningNode =>
  Object.create(node, Object.getOwnPropertyDescriptors(changes)) as RunningNode

/** Asked for by the hospital and signed by a colleague. */
async function signed(net: Network, contact: string): Promise<string> {
  await net.confirm()
  const { notice } = await askAt(net, contact)
  await run(net.clinics[1] as RunningNode, 'emergency.sign', { notice })
  return notice
}

/** A patient with a record, and who she is to others. */
async function withRecord(net: Network, args: Args = {}): Promise<string> {
  const path = await net.file('allergies.txt', 'penicillin')
  const { wish, ...others } = args
  const patient = with_(net.patient, { choice: { ...net.patient.choice, wish } })
  await run<RecordAddResult>(patient, 'record.add', { path, mime: 'text/plain', ...others })
  return (await run<IdResult>(net.patient, 'id')).contact
}

const askAt = (net: Network, patient: string, place = 1) =>
  run<EmergencyAskResult>(net.hospital, 'emergency.ask', {
    patient,
    reason,
    cosigners: [net.clinics[place]?.addrs[0]]
  })

describe('an emergency', () => {
  it('is opened by two clinicians, noticed on chain and reviewed by the patient', async () => {
    await using net = await createNetwork()
    const { hospital, patient, clinics } = net
    const contact = await withRecord(net)
    expect(await run<WishResult>(patient, 'wish')).toEqual({ wish: 'none', version: 0 })
    await expect(askAt(net, contact)).rejects.toThrow('never chose')

    const wished = await run<WishResult>(patient, 'wish', { wish: 'emergency' })
    expect(wished).toMatchObject({ wish: 'emergency', version: 1 })
    expect(wished.noticed).toHaveLength(3)
    expect(await run<IdResult>(patient, 'id')).toMatchObject({ wish: 'emergency' })
    await net.confirm()
    const { notice } = await askAt(net, contact)
    await expect(run(hospital, 'emergency.open', { notice })).rejects.toThrow('got 1')

    const colleague = clinics[1] as RunningNode
    const { requests } = await run<EmergencyRequestsResult>(colleague, 'emergency.requests')
    expect(requests).toMatchObject([{ notice, reason, from: 'hospital', state: 'waiting' }])
    await run(colleague, 'emergency.sign', { notice })

    const opened = await run<EmergencyOpenResult>(hospital, 'emergency.open', { notice })
    expect(opened.failed).toEqual([])
    expect(opened.records).toHaveLength(1)
    expect(await readFile(opened.records[0]?.path ?? '', 'utf8')).toBe('penicillin')

    await expect
      .poll(async () => (await run<EmergencyLsResult>(patient, 'emergency.ls')).emergencies)
      .toMatchObject([{ notice, role: 'patient', reason, state: 'noticed', review: 'open' }])
    const { entries } = await run<HistoryResult>(patient, 'history')
    const inEmergency = entries.filter((each) => each.emergency === true).map(({ kind }) => kind)
    expect(new Set(inEmergency)).toEqual(new Set(['release pack', 'release', 'release blocks']))
    await run<EmergencyReviewResult>(patient, 'emergency.review', { notice, outcome: 'thank you' })
    await net.confirm()
    const { emergencies } = await run<EmergencyLsResult>(hospital, 'emergency.ls')
    expect(emergencies).toMatchObject([{ notice, role: 'requester', review: 'done' }])
  })

  it('gives a notice that failed later, and once', async () => {
    await using net = await createNetwork()
    const { hospital, chain } = net
    const notice = await signed(net, await withRecord(net, { wish: 'yes' }))
    const broken = with_(hospital, {
      writer: {
        account: hospital.identity.account,
        submit: () => Promise.reject(new TransactionFailedError('no gas'))
      }
    })

    const opened = await run<EmergencyOpenResult>(broken, 'emergency.open', { notice })

    expect(opened.records).toHaveLength(1)
    expect(opened).not.toHaveProperty('noticeBlock')
    expect(opened.patientTold).toBe(true)
    const word = () => chain.word(noticeSlot(fromHex(notice), nativePrimitives))
    expect(word()).toBe(0n)
    const { emergencies } = await run<EmergencyLsResult>(hospital, 'emergency.ls')
    expect(emergencies).toMatchObject([
      { notice, state: 'opened', review: 'none', owed: ['notice'] }
    ])
    const failures: string[] = []
    const owed = (node: RunningNode) =>
      giveOwedNotices(node, quiet().signal, ({ message }) => failures.push(message))
    expect(await owed(broken)).toBe(false)
    expect(failures).toEqual(['no gas'])
    expect(await owed(hospital)).toBe(true)
    expect(word()).not.toBe(0n)
    const [asked] = hospital.ledger.glasses.asked()
    expect(asked?.noticed).toBeDefined()
    expect(await owed(broken)).toBe(true)
  })

  it('is opened while a custodian is away, and finds only what was marked', async () => {
    await using net = await createNetwork()
    const { hospital, patient, clinics } = net
    const contact = await withRecord(net, { wish: 'yes' })
    for (const args of [{ emergency: false }, { tags: { labels: ['HIV'] } }]) {
      const path = await net.file('private.txt', 'private')
      await run(patient, 'record.add', { path, mime: 'text/plain', ...args })
    }
    const notice = await signed(net, contact)
    await (clinics[2] as RunningNode).stop()

    const opened = await run<EmergencyOpenResult>(hospital, 'emergency.open', { notice })

    expect(opened.records.map(({ path }) => basename(path))).toEqual(['allergies.txt'])
    expect(opened.failed).toEqual([])
  })

  it('ends with a wish against it, and is reviewed by an organisation that did not sign', async () => {
    await using net = await createNetwork()
    const { hospital, patient, clinics, chain } = net
    const notice = await signed(net, await withRecord(net, { wish: 'yes' }))
    await run(hospital, 'emergency.open', { notice })

    await run(patient, 'wish', { wish: 'never' })
    await net.confirm()

    await expect(run(hospital, 'emergency.open', { notice })).rejects.toThrow('access denied')
    await expect(askAt(net, (await run<IdResult>(patient, 'id')).contact)).rejects.toThrow(
      'wished for no emergency access'
    )
    const outcome = 'the wish was unknown'
    const review = (place: number) =>
      run<EmergencyReviewResult>(clinics[place] as RunningNode, 'emergency.review', {
        notice,
        outcome
      })
    for (const place of [1, 2]) {
      const { account } = (clinics[place] as RunningNode).identity
      await chain.enrol({ account, org: place + 1, roles: Role.ADMIN })
    }
    await expect(review(1)).rejects.toThrow('EmergencyNotReviewer')
    expect((await review(2)).notice).toBe(notice)
    await expect(review(2)).rejects.toThrow('review is open')
    const { emergencies } = await run<EmergencyLsResult>(
      clinics[2] as RunningNode,
      'emergency.ls',
      {
        notice
      }
    )
    expect(emergencies).toMatchObject([{ role: 'other', review: 'done', orgs: [2, 4], outcome }])
  })

  it('is asked of clinicians, and signed by them alone', async () => {
    await using net = await createNetwork()
    const { hospital, patient, clinics, chain } = net
    const contact = await withRecord(net, { wish: 'yes' })
    await net.confirm()
    const ask = (cosigner: RunningNode) =>
      run(hospital, 'emergency.ask', { patient: contact, reason, cosigners: [cosigner.addrs[0]] })
    await expect(ask(hospital)).rejects.toThrow('no colleague could be asked')
    const clerk = clinics[2] as RunningNode
    await chain.enrol({ account: clerk.identity.account, org: 3, roles: Role.CUSTODIAN })
    await net.confirm()
    await expect(ask(clerk)).rejects.toThrow('expected a clinician')
    await chain.enrol({ account: hospital.identity.account, org: 4, roles: Role.RELAYER })
    await net.confirm()
    await expect(ask(clinics[1] as RunningNode)).rejects.toThrow('expected a clinician')
    expect(await run(patient, 'inbox')).toMatchObject({ emergencies: [] })
  })
})
