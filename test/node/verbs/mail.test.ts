import { describe, expect, it } from 'vitest'
import { encode } from '../../../core/codec.ts'
import { capsuleInfo, kemKeyHash, seal } from '../../../core/envelope.ts'
import { grantId as grantIdOf, openingHash } from '../../../core/grant.ts'
import { type GrantId, hash, recordId } from '../../../core/ids.ts'
import { signReply, signWish, type WishReply } from '../../../core/wish.ts'
import { nativePrimitives as p } from '../../../node/crypto/native.ts'
import type { RunningNode } from '../../../node/index.ts'
import { systemRandom } from '../../../node/system.ts'
import { inbox } from '../../../node/verbs/answer.ts'
import { sealMail } from '../../../node/verbs/mail.ts'
import { publish } from '../../../node/verbs/publish.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { consented } from '../../fixtures/consented.ts'
import { named } from '../../fixtures/gate.ts'
import { wish } from '../../fixtures/messages.ts'
import { createNetwork, quiet } from '../../fixtures/network.ts'

/** Leaves mail for a node at a clinic that keeps its mail. */
async function leave(at: RunningNode | undefined, to: RunningNode, plain: Uint8Array) {
  const mail = await sealMail(to, to.card(), plain)
  await at?.clinic?.mailbox.put(to.identity.account, mail)
}

const wishOf = (from: RunningNode, to: RunningNode, changes: object = {}) => ({
  ...wish({ account: from.identity.account, owner: to.identity.account }),
  id: hash(systemRandom(32)),
  ...changes
})

describe('mail', () => {
  it('that is forged, damaged or for others changes nothing, and is gone', async () => {
    await using net = await createNetwork()
    const { patient, hospital, clinics } = net
    const [keeper] = clinics
    await publish(patient, { path: await net.file('a.txt', 'a') }, quiet()) // registers her
    const card = hospital.card()
    const seed = hospital.identity.peerSeed
    const bad = [
      Uint8Array.of(1, 2, 3),
      signWish(wishOf(hospital, hospital), card, seed, p), // for somebody else
      signWish(wishOf(patient, patient), card, seed, p), // of somebody else's account
      signWish(wishOf(hospital, patient), card, named('another'), p), // by another peer
      signWish(wishOf(hospital, patient), { ...card, kem: patient.identity.kem.publicKey }, seed, p)
    ]
    for (const plain of bad) await leave(keeper, patient, plain)
    await keeper?.clinic?.mailbox.put(patient.identity.account, Uint8Array.of(9, 9, 9))
    const good = wishOf(hospital, patient)
    await leave(keeper, patient, signWish(good, card, seed, p))

    const { wishes } = await inbox(patient, quiet())

    expect(wishes.map((each) => each.wish)).toEqual([Buffer.from(good.id).toString('hex')])
    const waiting = clinics.flatMap(({ clinic }) => [
      ...(clinic?.mailbox.list(patient.identity.account, 0).items ?? [])
    ])
    expect(waiting).toEqual([])
    expect((await inbox(patient, quiet())).wishes).toHaveLength(1)
  })

  it('that answers a wish counts only from whom it was asked of', async () => {
    await using net = await createNetwork()
    const { patient, hospital, clinics } = net
    const asked = wishOf(hospital, patient)
    await hospital.ledger.record({ t: 'asked', id: asked.id, wish: asked, keepers: [] })
    const denial: WishReply = {
      v: 1,
      wish: asked.id,
      verdict: 'denied',
      reason: '',
      capsule: undefined,
      grantId: undefined,
      at: 1
    }
    const other = clinics[0] as RunningNode
    await leave(hospital, hospital, signReply(denial, other.card(), other.identity.peerSeed, p))
    expect((await inbox(hospital, quiet())).replies).toEqual([])

    await leave(hospital, hospital, signReply(denial, patient.card(), patient.identity.peerSeed, p))
    expect((await inbox(hospital, quiet())).replies).toMatchObject([{ verdict: 'denied' }])
  })

  it('brings no capsule that is not what it says', async () => {
    await using net = await consented()
    const { patient, hospital } = net
    const [given] = hospital.ledger.capsules()
    if (given == null) throw new Error('no capsule')
    const { capsule } = given
    const stranger = net.clinics[2] as RunningNode
    const [record] = capsule.records
    const own = (owner: RunningNode): GrantId =>
      grantIdOf(owner.identity.account, openingHash(capsule.opening, p), p)
    const cases = [
      // her manifest under somebody else's grant
      {
        from: stranger,
        id: own(stranger),
        capsule: { ...capsule, owner: stranger.identity.account }
      },
      // another opening than the grant's
      {
        from: patient,
        id: own(patient),
        capsule: { ...capsule, opening: { ...capsule.opening, budget: 9 } }
      },
      // another record than the manifest's
      {
        from: patient,
        id: own(patient),
        capsule: { ...capsule, records: [{ ...record, recordId: recordId(named('other')) }] }
      },
      { from: patient, id: own(patient), capsule: { ...capsule, records: [{ ...record, ver: 2 }] } }
    ]

    for (const each of cases) {
      const info = capsuleInfo({
        deployment: patient.deployment,
        owner: each.from.identity.account,
        grantId: each.id,
        kemKeyHash: kemKeyHash(hospital.identity.kem.publicKey, p)
      })
      const none = new Uint8Array(0)
      const key = hospital.identity.kem.publicKey
      const sealed = await seal('capsule', info, key, encode(each.capsule), none, p)
      const reply: WishReply = {
        v: 1,
        wish: hash(systemRandom(32)),
        verdict: 'granted',
        reason: '',
        capsule: sealed,
        grantId: each.id,
        at: 1
      }
      const { identity } = each.from
      await leave(hospital, hospital, signReply(reply, each.from.card(), identity.peerSeed, p))
    }
    await inbox(hospital, quiet())

    expect(hospital.ledger.capsules()).toEqual([given])
  })

  it('brings a manifest that is read only if its owner registered it', async () => {
    await using net = await consented()
    const { hospital, recordId: id } = net
    const [given] = hospital.ledger.capsules()
    if (given == null) throw new Error('no capsule')
    const [record] = given.capsule.records
    const records = [{ ...record, anchorSalt: hash(named('another salt')) }]
    const capsule = { ...given.capsule, records: records as typeof given.capsule.records }
    await hospital.ledger.record({ ...given, capsule })

    await expect(retrieve(hospital, { recordId: id }, quiet())).rejects.toMatchObject({
      name: 'InvalidMessageError',
      message: expect.stringMatching(/registered/)
    })
  })
})
