import { describe, expect, it } from 'vitest'
import { purposeMask } from '../../../core/purposes.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { approve, deny, inbox } from '../../../node/verbs/answer.ts'
import { grant } from '../../../node/verbs/grant.ts'
import { listGrants } from '../../../node/verbs/grants.ts'
import { history } from '../../../node/verbs/history.ts'
import { showIdentity } from '../../../node/verbs/identity.ts'
import { publish } from '../../../node/verbs/publish.ts'
import { request } from '../../../node/verbs/request.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { revoke } from '../../../node/verbs/revoke.ts'
import { consented } from '../../fixtures/consented.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'

async function stored(net: Network, name: string): Promise<string> {
  const path = await net.file(name, `content of ${name}`)
  return (await publish(net.patient, { path }, quiet())).recordId
}

/** A wish of the hospital for these records, as it lies in the patient's inbox. */
async function wished(
  net: Network,
  records: readonly string[],
  more: object = {}
): Promise<string> {
  const { contact } = showIdentity(net.patient)
  const { wish } = await request(
    net.hospital,
    {
      patient: contact,
      purpose: 'TREAT',
      until: '7d',
      reason: 'admission',
      ...(records.length > 0 ? { records: [...records] } : {}),
      ...more
    },
    quiet()
  )
  await inbox(net.patient, quiet())
  return wish
}

describe('approving', () => {
  it('never gives more than was asked for', async () => {
    await using net = await createNetwork()
    const asked = await stored(net, 'asked.txt')
    const other = await stored(net, 'other.txt')
    const wish = await wished(net, [asked], { versions: '1-2' })
    const wider = [
      [{ records: [other] }, /records/],
      [{ records: [asked, other] }, /records/],
      [{ until: '8d' }, /until/],
      [{ versions: '1-3' }, /versions/],
      [{ versions: '1-' }, /versions/]
    ] as const

    for (const [more, message] of wider) {
      await expect(
        approve(net.patient, { wish, ...more } as never, quiet()),
        JSON.stringify(more)
      ).rejects.toMatchObject({
        name: 'InvalidParametersError',
        message: expect.stringMatching(message)
      })
    }

    expect(net.patient.ledger.grants()).toEqual([])
    expect((await inbox(net.patient, quiet())).wishes).toMatchObject([{ state: 'waiting' }])
    const { grants } = await listGrants(net.patient, quiet())
    expect(grants).toEqual([])
  })

  it('gives what was asked for, narrower if she says so, and once', async () => {
    await using net = await createNetwork()
    const one = await stored(net, 'one.txt')
    const two = await stored(net, 'two.txt')
    const wish = await wished(net, [one, two])

    const given = await approve(
      net.patient,
      { wish, records: [two], until: '1h', versions: '1' },
      quiet()
    )

    expect(given.records).toEqual([two])
    expect(net.patient.ledger.grants()).toMatchObject([
      {
        entry: {
          opening: { verFrom: 1, verTo: 1, purposes: purposeMask(0), notAfter: given.until },
          hl7: 'TREAT'
        }
      }
    ])
    await expect(approve(net.patient, { wish }, quiet())).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })
    await net.confirm()
    await inbox(net.hospital, quiet())
    expect((await retrieve(net.hospital, { recordId: two }, quiet())).bytes).toBe(18)
    await expect(retrieve(net.hospital, { recordId: one }, quiet())).rejects.toMatchObject({
      name: 'RecordNotFoundError'
    })
  })

  it('gives nothing for a wish for what she does not have', async () => {
    await using net = await createNetwork()
    await stored(net, 'one.txt')
    const wish = await wished(net, [], { classes: ['Observation'] })

    await expect(approve(net.patient, { wish }, quiet())).rejects.toMatchObject({
      name: 'RecordNotFoundError'
    })
    expect(net.patient.ledger.grants()).toEqual([])
  })

  it('may be tried again when no clinic brought it to the chain', async () => {
    await using net = await createNetwork()
    const record = await stored(net, 'one.txt')
    const wish = await wished(net, [record])
    await Promise.all(net.clinics.map((clinic) => clinic.stop()))
    await expect(approve(net.patient, { wish }, quiet())).rejects.toMatchObject({
      name: 'TransactionFailedError'
    })

    for (const place of net.clinics.keys()) await net.restart(place)
    const given = await approve(net.patient, { wish }, quiet())

    expect(given.records).toEqual([record])
    expect((await inbox(net.patient, quiet())).wishes).toMatchObject([{ state: 'granted' }])
  })
})

describe('denying', () => {
  it('is told to whoever asked, with the reason, and stands', async () => {
    await using net = await createNetwork()
    const record = await stored(net, 'one.txt')
    const wish = await wished(net, [record])

    const denied = await deny(net.patient, { wish, reason: 'not now' }, quiet())

    expect(denied).toEqual({ wish, delivered: true })
    const { replies } = await inbox(net.hospital, quiet())
    expect(replies).toMatchObject([{ wish, verdict: 'denied', reason: 'not now', records: [] }])
    expect((await inbox(net.patient, quiet())).wishes).toMatchObject([{ state: 'denied' }])
    await expect(approve(net.patient, { wish }, quiet())).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })
    await expect(retrieve(net.hospital, { recordId: record }, quiet())).rejects.toMatchObject({
      name: 'RecordNotFoundError'
    })
  })

  it('reaches one who is away, at a keeper where it asked', async () => {
    await using net = await createNetwork()
    const record = await stored(net, 'one.txt')
    const wish = await wished(net, [record])
    await net.hospital.stop()

    expect(await deny(net.patient, { wish }, quiet())).toEqual({ wish, delivered: true })

    const { account } = net.hospital.identity
    const waiting = net.clinics.map(({ clinic }) => clinic?.mailbox.list(account, 0).items.length)
    expect(waiting.toSorted()).toEqual([0, 0, 1])
  })
})

describe('a second grant', () => {
  it('takes nothing away while it waits for its confirmed block', async () => {
    await using net = await consented()
    const { patient, hospital, recordId, sha256 } = net
    const to = peerText(hospital.identity.peer)
    await grant(patient, { to, records: [recordId], purpose: 'TREAT', until: '2h' }, quiet())
    await inbox(hospital, quiet())

    expect((await retrieve(hospital, { recordId }, quiet())).sha256).toBe(sha256)

    const refusals = (await history(patient, {}, quiet())).entries.filter(
      ({ kind }) => kind === 'refuse'
    )
    expect(refusals).not.toHaveLength(0) // the newest was asked under first
  })
})

describe('revoking', () => {
  it('ends one grant at every custodian before any block does', async () => {
    await using net = await consented()
    const { patient, hospital, recordId } = net

    const revoked = await revoke(patient, { grant: net.grant }, quiet())

    expect(revoked.revoked).toEqual([net.grant])
    expect(revoked.noticed.toSorted()).toEqual(
      net.clinics.map(({ identity }) => peerText(identity.peer)).toSorted()
    )
    await expect(retrieve(hospital, { recordId }, quiet())).rejects.toMatchObject({
      name: 'AccessDeniedError',
      code: 400
    })
    await net.confirm()
    expect((await listGrants(hospital, quiet())).grants).toMatchObject([{ state: 'revoked' }])
    await expect(revoke(patient, { grant: net.grant }, quiet())).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })
  })

  it('ends all grants at once, and lets new ones be given', async () => {
    await using net = await consented()
    const { patient, hospital, recordId } = net
    const to = peerText(hospital.identity.peer)
    const terms = { to, records: [recordId], purpose: 'TREAT', until: '1h' }
    const second = await grant(patient, terms, quiet())

    const { revoked } = await revoke(patient, { all: true }, quiet())

    expect(revoked.toSorted()).toEqual([net.grant, second.grant].toSorted())
    await expect(retrieve(hospital, { recordId }, quiet())).rejects.toMatchObject({ code: 400 })
    await net.confirm()
    await grant(patient, terms, quiet())
    await net.confirm()
    await inbox(hospital, quiet())
    expect((await retrieve(hospital, { recordId }, quiet())).sha256).toBe(net.sha256)
    const { entries } = await history(patient, { record: recordId }, quiet())
    expect(entries.filter(({ code }) => code?.startsWith('509'))).toHaveLength(3)
  })

  it('says at once when nobody is left to bring it to the chain', async () => {
    await using net = await consented()
    await Promise.all(net.clinics.map((clinic) => clinic.stop()))
    const soon = { ...quiet(), signal: AbortSignal.timeout(15_000) }

    await expect(revoke(net.patient, { grant: net.grant }, soon)).rejects.toMatchObject({
      name: 'TransactionFailedError'
    })

    expect(net.patient.ledger.grants()[0]?.revoked).toBeUndefined()
  })
})
