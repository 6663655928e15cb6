/**
 * Letters that somebody else writes for an owner, and plans that name a helper: what the chain says
 * makes them true, never who brought them.
 */
import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../../core/bytes.ts'
import { encode } from '../../../core/codec.ts'
import { capsuleInfo, kemKeyHash, seal } from '../../../core/envelope.ts'
import { encodeGivenMail } from '../../../core/given.ts'
import { grantId, openingHash } from '../../../core/grant.ts'
import { hash } from '../../../core/ids.ts'
import type { Capsule } from '../../../core/manifest.ts'
import { encodePlanMail, planHash } from '../../../core/recovery.ts'
import { signTyped } from '../../../core/typed-data.ts'
import { signReply, type WishReply } from '../../../core/wish.ts'
import { nativePrimitives as p } from '../../../node/crypto/native.ts'
import type { RunningNode } from '../../../node/index.ts'
import { systemRandom } from '../../../node/system.ts'
import { inbox } from '../../../node/verbs/answer.ts'
import { sealMail } from '../../../node/verbs/mail.ts'
import { consented } from '../../fixtures/consented.ts'
import { named } from '../../fixtures/gate.ts'
import { createNetwork, quiet } from '../../fixtures/network.ts'

const NONE = new Uint8Array(0)

async function leave(to: RunningNode, plain: Uint8Array): Promise<void> {
  await to.clinic?.mailbox.put(to.identity.account, await sealMail(to, to.card(), plain))
}

/** A letter of `from`, which brings a capsule of anybody's records. */
async function letterOf(
  from: RunningNode,
  to: RunningNode,
  capsule: Capsule,
  changes: Partial<WishReply> = {}
): Promise<Uint8Array> {
  const id = grantId(capsule.owner, openingHash(capsule.opening, p), p)
  const info = capsuleInfo({
    deployment: from.deployment,
    owner: from.identity.account,
    grantId: id,
    kemKeyHash: kemKeyHash(to.identity.kem.publicKey, p)
  })
  const key = to.identity.kem.publicKey
  const reply: WishReply = {
    v: 1,
    wish: hash(systemRandom(32)),
    verdict: 'granted',
    reason: '',
    capsule: await seal('capsule', info, key, encode(capsule), NONE, p),
    grantId: id,
    at: 1,
    ...changes
  }
  return signReply(reply, from.card(), from.identity.peerSeed, p)
}

describe('a letter for somebody else', () => {
  it('brings a capsule once its grant stands on chain, whoever wrote it', async () => {
    await using net = await consented()
    const { patient, hospital } = net
    const [given] = hospital.ledger.capsules()
    if (given == null) throw new Error('no capsule')
    const stranger = net.clinics[2] as RunningNode
    const opening = { ...given.capsule.opening, salt: hash(systemRandom(32)) }
    const capsule = { ...given.capsule, opening }
    const before = hospital.ledger.capsules().length

    await leave(hospital, await letterOf(stranger, hospital, capsule))
    await inbox(hospital, quiet())
    expect(hospital.ledger.capsules()).toHaveLength(before)

    const deadline = Math.floor(Date.now() / 1_000) + 60
    const owner = patient.identity.account
    const message = { owner, items: [{ opening, version: 1 }], epoch: 1, deadline }
    const key = patient.identity.accountKey
    const sig = signTyped(patient.deployment, 'Grants', message, key, p)
    await net.chain.send({ type: 'Grants', message, sig }, stranger.identity.account)
    await net.confirm()
    await leave(hospital, await letterOf(stranger, hospital, capsule))
    await inbox(hospital, quiet())
    expect(hospital.ledger.capsules()).toHaveLength(before + 1)
  })

  it('waits where it lies while nobody can ask the chain', async () => {
    await using net = await consented()
    const { hospital } = net
    const [given] = hospital.ledger.capsules()
    if (given == null) throw new Error('no capsule')
    const plain = await letterOf(net.clinics[2] as RunningNode, hospital, given.capsule)
    const away = { current: async () => ({ ok: false, code: 301 }) as const }
    const blind = { ...hospital, heads: { ...hospital.heads, ...away } } as RunningNode
    await leave(hospital, plain)

    await expect(inbox(blind, quiet())).rejects.toMatchObject({ name: 'ChainUnavailableError' })
    const { account } = hospital.identity
    expect(hospital.clinic?.mailbox.list(account, 0).items).toHaveLength(1)
  })
})

describe('a recovery plan by mail', () => {
  it('counts for its helper if it is what the hash on chain hides, and only then', async () => {
    await using net = await createNetwork()
    const { patient, hospital } = net
    const helpers = [hospital.identity.account, net.clinics[0]?.identity.account as never]
    const plan = { salt: named('salt'), threshold: 1, helpers: helpers.sort(compareBytes) }
    const { account, accountKey } = patient.identity
    const message = { account, planHash: planHash(plan, p), delaySeconds: 86_400, version: 1 }
    const sig = signTyped(patient.deployment, 'RecoveryPlan', message, accountKey, p)
    await net.chain.send({ type: 'RecoveryPlan', message, sig }, hospital.identity.account)
    await net.confirm()
    const others = { ...plan, helpers: plan.helpers.filter((each) => each !== helpers[0]) }
    const card = patient.card()

    await leave(hospital, encodePlanMail({ ...plan, salt: named('guessed') }, card))
    await leave(hospital, encodePlanMail(others, card))
    await leave(hospital, encodePlanMail(plan, net.clinics[1]?.card() as never))
    await inbox(hospital, quiet())
    expect(hospital.ledger.guardianships.helped()).toEqual([])

    await leave(hospital, encodePlanMail(plan, card))
    await inbox(hospital, quiet())
    expect(hospital.ledger.guardianships.helping(account)).toMatchObject({ name: 'Ana', plan })
  })
})

describe('a letter about a grant in one’s name', () => {
  it('counts if that grant is one’s own on chain, and changes none that is known', async () => {
    await using net = await consented()
    const { patient, hospital } = net
    const [known] = patient.ledger.grants()
    const [held] = hospital.ledger.capsules()
    if (known == null || held == null) throw new Error('no grant')
    const { tags, except, records, grantee, account, hl7 } = known.entry
    const about = { tags, except, records, grantee, account, name: 'nobody', hl7 }
    const opening = { ...known.entry.opening, salt: hash(systemRandom(32)) }
    const keeper = net.clinics[0]
    const tell = async (plain: Uint8Array): Promise<void> => {
      const mail = await sealMail(patient, patient.card(), plain)
      await keeper?.clinic?.mailbox.put(patient.identity.account, mail)
    }

    await tell(encodeGivenMail({ ...about, opening }, hospital.card())) // never granted
    await tell(encodeGivenMail({ ...about, opening: known.entry.opening }, hospital.card()))
    await tell(
      encodeGivenMail({ ...about, opening: known.entry.opening, tags: [] }, hospital.card())
    )
    await inbox(patient, quiet())

    expect(patient.ledger.grants()).toEqual([known])
  })
})
