/**
 * Attestation (the paper's steps 7–9): who may vouch for a record, for what exactly, and how long
 * that holds. Two organisations of a whole network, on a memory chain.
 */
import { describe, expect, it } from 'vitest'
import { Role } from '../../../core/words.ts'
import { attest } from '../../../node/verbs/attest.ts'
import type { AttestArgs } from '../../../node/verbs/attest-shapes.ts'
import { attestLapse, attestStatus } from '../../../node/verbs/attestation.ts'
import { listAttested, showAttested } from '../../../node/verbs/attested.ts'
import { handBack } from '../../../node/verbs/hand-back.ts'
import { publish, update } from '../../../node/verbs/publish.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { revoke } from '../../../node/verbs/revoke.ts'
import { ATTESTER, allow, open, published, seat } from '../../fixtures/attesting.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'

/** The hospital's organisation is 4, the second clinic's 2. */
async function twoAttesters(): Promise<Network> {
  const net = await createNetwork()
  await seat(net, net.hospital, 4)
  await seat(net, net.clinics[1] as never, 2)
  await net.chain.mine(2)
  return net
}

type Reader = Network['hospital']
const says = (by: Reader, recordId: string, verdict: AttestArgs['verdict'], more = {}) =>
  attest(by, { recordId, verdict, ...more }, quiet())

const seen = async (net: Network, recordId: string) => {
  await net.confirm()
  return (await showAttested(net.patient, { recordId }, quiet())).attested
}

describe('an attestation by two organisations', () => {
  it('moves the record once both confirmed what they opened', async () => {
    await using net = await twoAttesters()
    const second = net.clinics[1] as Reader
    const recordId = await published(net, [net.hospital, second], { quorum: 2 })
    for (const reader of [net.hospital, second]) await open(reader, recordId)

    const one = await says(net.hospital, recordId, 'confirm')
    expect(one).toMatchObject({ org: 4, state: 'STORED', ver: 1 })
    expect(await seen(net, recordId)).toEqual({
      state: 'STORED',
      confirmed: 1,
      rejected: 0,
      quorum: 2
    })
    expect(await says(second, recordId, 'confirm')).toMatchObject({ org: 2, state: 'ATTESTED' })

    expect(await seen(net, recordId)).toMatchObject({ state: 'ATTESTED', confirmed: 2 })
    const { records } = await listAttested(net.patient, quiet())
    expect(records.map(({ attested }) => attested?.state)).toEqual(['ATTESTED'])
    for (const reader of [net.patient, net.hospital, second]) {
      const status = await attestStatus(reader, { recordId }, quiet())
      expect(status).toMatchObject({ state: 'ATTESTED', holds: 'ATTESTED', unseen: 0 })
      expect(status.verdicts.map(({ org, verdict }) => [org, verdict])).toEqual([
        [2, 'confirmed'],
        [4, 'confirmed']
      ])
    }
  }, 30_000)

  it('is rejected while one rejects, whatever others confirm', async () => {
    await using net = await twoAttesters()
    const second = net.clinics[1] as Reader
    const recordId = await published(net, [net.hospital, second])
    for (const reader of [net.hospital, second]) await open(reader, recordId)

    expect(await says(net.hospital, recordId, 'reject')).toMatchObject({ state: 'REJECTED' })
    expect(await says(second, recordId, 'confirm')).toMatchObject({ state: 'REJECTED' })
    expect(await says(net.hospital, recordId, 'withdraw')).toMatchObject({ state: 'ATTESTED' })

    await expect(says(net.hospital, recordId, 'withdraw')).rejects.toMatchObject({
      name: 'TransactionFailedError',
      message: expect.stringContaining('RecordRegistryBadVerdict')
    })
  }, 30_000)

  it('is of a version: the next one has to be read and attested anew', async () => {
    await using net = await twoAttesters()
    const recordId = await published(net, [net.hospital], { quorum: 2 })
    await open(net.hospital, recordId)
    await says(net.hospital, recordId, 'confirm')
    const path = await net.file('next.txt', 'what came later')
    await update(net.patient, { recordId, path }, quiet())
    await allow(net, net.hospital, recordId)

    await expect(says(net.hospital, recordId, 'confirm')).rejects.toMatchObject({
      message: expect.stringContaining('version 2 was not')
    })
    expect(await seen(net, recordId)).toMatchObject({ state: 'STORED', confirmed: 0, quorum: 2 })
    await retrieve(net.hospital, { recordId, ver: 2 }, quiet())
    expect(await says(net.hospital, recordId, 'confirm')).toMatchObject({ ver: 2 })
  }, 30_000)
})

describe('who may not attest', () => {
  it('whoever has not opened it, or a part of it only', async () => {
    await using net = await twoAttesters()
    const recordId = await published(net, [net.hospital])

    await expect(says(net.hospital, recordId, 'confirm')).rejects.toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringContaining('opened here')
    })
    await retrieve(net.hospital, { recordId, from: 0, to: 4 }, quiet())
    await expect(says(net.hospital, recordId, 'confirm')).rejects.toMatchObject({
      message: expect.stringContaining('opened here')
    })
  }, 30_000)

  it('whoever opened it for another purpose, or whose grant is over', async () => {
    await using net = await twoAttesters()
    const second = net.clinics[1] as Reader
    const recordId = await published(net, [])
    await allow(net, second, recordId, 'TREAT')
    const granted = await allow(net, net.hospital, recordId)
    for (const reader of [net.hospital, second]) await open(reader, recordId)
    await says(net.hospital, recordId, 'confirm')
    await revoke(net.patient, { grant: granted }, quiet())
    await net.confirm()

    const none = { message: expect.stringContaining('RECORDMGT that stands') }
    await expect(says(second, recordId, 'confirm')).rejects.toMatchObject(none)
    await expect(says(net.hospital, recordId, 'reject')).rejects.toMatchObject(none)
    const back = await allow(net, second, recordId)
    await open(second, recordId)
    await handBack(second, { id: back }, quiet())
    await expect(says(second, recordId, 'confirm')).rejects.toMatchObject(none)
    // what one said one may take back without reading again
    expect(await says(net.hospital, recordId, 'withdraw')).toMatchObject({ state: 'STORED' })
  }, 30_000)

  it('whoever has not the role, or pays for nothing, or knows no such record', async () => {
    await using net = await twoAttesters()
    const first = net.clinics[0] as Reader
    const recordId = await published(net, [first])
    await open(first, recordId)

    await expect(says(first, recordId, 'confirm')).rejects.toMatchObject({
      name: 'TransactionFailedError',
      message: expect.stringContaining('not an attester')
    })
    await expect(says(net.patient, recordId, 'confirm')).rejects.toMatchObject({
      name: 'RecordNotFoundError'
    })
  }, 30_000)

  it('an organisation that the owner barred, be it hers', async () => {
    await using net = await twoAttesters()
    const second = net.clinics[1] as Reader
    const barred = await published(net, [net.hospital, second], { bar: 4 })
    for (const reader of [net.hospital, second]) await open(reader, barred)

    await expect(says(net.hospital, barred, 'confirm')).rejects.toMatchObject({
      message: expect.stringContaining('barred')
    })
    expect(await says(second, barred, 'confirm')).toMatchObject({ state: 'ATTESTED' })
    expect(await attestStatus(net.patient, { recordId: barred }, quiet())).toMatchObject({
      barredOrg: 4
    })
    const path = await net.file('own.txt', 'of a person who works nowhere')
    await expect(publish(net.patient, { path, bar: 'own' }, quiet())).rejects.toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringContaining('"bar"')
    })
  }, 30_000)

  it('a colleague of the author, where the clinic’s settings say so', async () => {
    const choice = {
      custodians: [],
      threshold: 2,
      replicas: 1,
      quorum: 2,
      barOwnOrganisation: true
    }
    await using net = await createNetwork({ clinic: () => ({ choice }) })
    const clinic = net.clinics[0] as Reader
    const custodians = net.clinics.slice(1).map(({ addrs }) => addrs[0] ?? '')
    const path = await net.file('letter.txt', 'discharge letter')

    const policy = await publish(clinic, { path, custodians }, quiet())
    const anybody = await publish(clinic, { path, custodians, quorum: 1, bar: 'none' }, quiet())
    await net.confirm()

    const of = async (recordId: string) => {
      const { quorum, barredOrg } = await attestStatus(clinic, { recordId }, quiet())
      return [quorum, barredOrg]
    }
    expect(await of(policy.recordId)).toEqual([2, 1])
    expect(await of(anybody.recordId)).toEqual([1, undefined])
  }, 30_000)
})

describe('a verdict that holds no more', () => {
  it('lapses with its attester for whoever looks, and on chain for whoever sends it', async () => {
    await using net = await twoAttesters()
    const second = net.clinics[1] as Reader
    const recordId = await published(net, [net.hospital, second], { quorum: 2 })
    for (const reader of [net.hospital, second]) {
      await open(reader, recordId)
      await says(reader, recordId, 'confirm')
    }
    await expect(attestLapse(second, { recordId }, quiet())).rejects.toMatchObject({
      message: expect.stringContaining('holds no more')
    })
    await seat(net, net.hospital, 4, ATTESTER | Role.ADMIN)
    const { account } = net.hospital.identity
    await net.chain.send({ type: 'Suspend', account }, account)
    await net.confirm()

    const before = await attestStatus(net.patient, { recordId }, quiet())
    expect(before).toMatchObject({ state: 'ATTESTED', holds: 'STORED' })
    expect(before.verdicts.map(({ org, lapsed }) => [org, lapsed])).toEqual([
      [2, undefined],
      [4, 'attester suspended']
    ])
    expect(await attestLapse(second, { recordId }, quiet())).toMatchObject({
      lapsed: [4],
      state: 'STORED'
    })

    await net.confirm()
    expect(await attestStatus(net.patient, { recordId }, quiet())).toMatchObject({
      state: 'STORED',
      holds: 'STORED',
      confirmed: 1
    })
  }, 30_000)

  it('lapses with its organisation', async () => {
    await using net = await twoAttesters()
    const recordId = await published(net, [net.hospital])
    await open(net.hospital, recordId)
    await says(net.hospital, recordId, 'confirm')
    const voterSet = net.chain.model.directory.voterSet().number
    const none = new Uint8Array(20) as typeof net.hospital.identity.account
    const proposal = { voterSet, kind: 2, org: 4, account: none, quorum: 2, deadline: 4e9 }
    for (const [i, { identity }] of net.clinics.entries()) {
      await seat(net, net.clinics[i] as Reader, i + 1, ATTESTER | Role.ADMIN)
      await net.chain.send({ type: 'Vote', proposal }, identity.account)
    }
    await net.confirm()

    const status = await attestStatus(net.patient, { recordId }, quiet())
    expect(status).toMatchObject({ state: 'ATTESTED', holds: 'STORED' })
    expect(status.verdicts).toMatchObject([{ org: 4, lapsed: 'organisation not active' }])
  }, 30_000)
})
