import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { RunningNode } from '../../../node/index.ts'
import { verbs } from '../../../node/index.ts'
import type {
  EmergencyAskResult,
  EmergencyLsResult,
  EmergencyOpenResult,
  EmergencyRequestsResult,
  EmergencyReviewResult,
  WishResult
} from '../../../node/verbs/emergency-shapes.ts'
import type { HistoryResult, IdResult, RecordAddResult } from '../../../node/verbs/results.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'

const run = async <R>(node: RunningNode, name: string, args: unknown = {}): Promise<R> => {
  const verb = verbs.get(name)
  if (verb == null) throw new Error(`no verb ${name}`)
  return (await verb.run(node, verb.args.parse(args), quiet())) as R
}

const reason = 'unconscious'

/** A patient with a record, and who she is to others. */
async function withRecord(net: Network, args: object = {}): Promise<string> {
  const path = await net.file('allergies.txt', 'penicillin')
  await run<RecordAddResult>(net.patient, 'record.add', { path, mime: 'text/plain', ...args })
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
    const { emergencies } = await run<EmergencyLsResult>(hospital, 'emergency.ls')
    expect(emergencies).toMatchObject([{ notice, role: 'requester', review: 'done' }])
  })
})
