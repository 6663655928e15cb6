import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../../core/bytes.ts'
import { breakGlassOf, type Glass, noticeOf, reasonHash, writeLetter } from '../../../core/glass.ts'
import { accountGrantee } from '../../../core/grant.ts'
import { hash, rootSecret } from '../../../core/ids.ts'
import { signTyped } from '../../../core/typed-data.ts'
import { MemoryChain } from '../../../node/chain/memory-chain.ts'
import { deriveIdentity, type NodeIdentity } from '../../../node/keys/identity.ts'
import { Ledger } from '../../../node/ledger/ledger.ts'
import type { Node } from '../../../node/node.ts'
import { ownCard } from '../../../node/own-card.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { readLetter } from '../../../node/verbs/letters/index.ts'
import { named, p, TestClock } from '../../fixtures/gate.ts'

const person = (name: string) =>
  deriveIdentity(rootSecret(named(`root of ${name}`)), { profile: 'clinic', name }, p)
const people = Promise.all(['asks', 'signs', 'stranger', 'patient'].map(person)) as Promise<
  [NodeIdentity, NodeIdentity, NodeIdentity, NodeIdentity]
>

async function setting() {
  const [asks, signs, stranger, patient] = await people
  const clock = new TestClock()
  const { deployment } = new MemoryChain({ primitives: p, clock })
  const cardOf = (identity: NodeIdentity, bindingEpoch = 1) =>
    ownCard({
      identity,
      deployment,
      primitives: p,
      clock,
      bindingEpoch: () => bindingEpoch,
      addresses: () => []
    })()
  const ledger = await Ledger.open(memoryJournal())
  const at = (identity: NodeIdentity) =>
    ({ identity, deployment, primitives: p, clock, ledger }) as unknown as Node
  const glass: Glass = {
    v: 1,
    owner: patient.account,
    opening: {
      granteeKind: 1,
      grantee: accountGrantee(asks.account),
      scope: hash(new Uint8Array(32)),
      verFrom: 1,
      verTo: 9,
      purposes: 16,
      notBefore: clock.seconds(),
      notAfter: clock.seconds() + 3_600,
      budget: 9,
      window: 0,
      salt: named('salt')
    },
    epoch: 1,
    reason: 'unconscious',
    salt: named('salt of the reason'),
    at: clock.seconds()
  }
  const signedBy = ({ account, accountKey }: NodeIdentity, of = glass) => ({
    account,
    sig: signTyped(deployment, 'BreakGlass', breakGlassOf(of, p), accountKey, p)
  })
  const signers = (...by: NodeIdentity[]) =>
    by.map((each) => signedBy(each)).sort((a, b) => compareBytes(a.account, b.account))
  const notice = hash(noticeOf(glass, p))
  const letter = <K extends Parameters<typeof writeLetter>[0]>(
    kind: K,
    content: Parameters<typeof writeLetter<K>>[1],
    from: NodeIdentity,
    card = cardOf(from)
  ) => writeLetter(kind, content, card, from.peerSeed, p)
  const askedBefore = () =>
    ledger.record({
      t: 'glassAsked',
      notice,
      glass,
      sig: signedBy(asks).sig,
      keepers: [stranger.peer]
    })
  return {
    asks,
    signs,
    stranger,
    patient,
    clock,
    cardOf,
    at,
    glass,
    signedBy,
    signers,
    notice,
    letter,
    askedBefore
  }
}

describe("a request for a colleague's signature", () => {
  it('counts from the account that asks, with its reason', async () => {
    const { at, signs, asks, glass, letter, notice } = await setting()
    const entries = await readLetter(at(signs), letter('glass', glass, asks))
    expect(entries).toMatchObject([{ t: 'glassReceived', notice, glass }, { t: 'card' }])
  })

  it('counts from nobody else, under no other card', async () => {
    const { at, signs, asks, stranger, glass, letter, cardOf, clock } = await setting()
    const mails = [
      letter('glass', glass, stranger),
      letter('glass', glass, stranger, cardOf(asks)),
      letter('glass', { ...glass, opening: { ...glass.opening, granteeKind: 3 } }, asks)
    ]
    for (const mail of mails) await expect(readLetter(at(signs), mail)).rejects.toThrow()

    const old = letter('glass', glass, asks)
    clock.pass(40 * 86_400_000)
    await expect(readLetter(at(signs), old)).rejects.toThrow('card')
  })
})

describe("a colleague's signature", () => {
  it('counts for the very glass that one asked for', async () => {
    const { at, asks, signs, signedBy, letter, notice, askedBefore } = await setting()
    const { sig } = signedBy(signs)
    const mail = letter('cosign', { v: 1, notice, sig, at: 9 }, signs)
    await expect(readLetter(at(asks), mail)).rejects.toThrow('one that was asked')
    await askedBefore()
    expect(await readLetter(at(asks), mail)).toMatchObject([
      { t: 'cosigned', notice, account: signs.account, sig, at: 9 },
      { t: 'card' }
    ])
  })

  it('counts for no other glass, and of nobody else', async () => {
    const of = await setting()
    const { at, asks, signs, stranger, glass, signedBy, letter, notice } = of
    await of.askedBefore()
    const other = signedBy(signs, { ...glass, reason: 'curious' })
    const mails = [
      letter('cosign', { v: 1, notice, sig: other.sig, at: 9 }, signs),
      letter('cosign', { v: 1, notice, sig: signedBy(signs).sig, at: 9 }, stranger),
      letter('cosign', { v: 1, notice, sig: signedBy(asks).sig, at: 9 }, asks)
    ]
    for (const mail of mails) await expect(readLetter(at(asks), mail)).rejects.toThrow()
  })
})

describe('what a patient is told', () => {
  it('counts with the signatures of all who are named', async () => {
    const { at, asks, signs, patient, glass, signers, letter, notice } = await setting()
    const both = signers(asks, signs)
    const mail = letter('broken', { v: 1, glass, signers: both }, asks)
    expect(await readLetter(at(patient), mail)).toMatchObject([
      { t: 'glassHeard', notice, glass, signers: both },
      { t: 'card' }
    ])
  })

  it('counts for nobody else, and from nobody else', async () => {
    const { at, asks, signs, stranger, patient, glass, signers, letter } = await setting()
    const both = signers(asks, signs)
    const [first, second] = both
    if (first == null || second == null) throw new Error('expected two')
    const forged = [first, { ...second, account: stranger.account }]
    const told = (content: object, from = asks) =>
      letter('broken', { v: 1, glass, signers: both, ...content }, from)
    await expect(readLetter(at(stranger), told({}))).rejects.toThrow('this account')
    const untrue = [
      told({}, stranger),
      told({ signers: forged }),
      told({ signers: signers(signs, stranger) }),
      told({ glass: { ...glass, reason: 'another' } })
    ]
    for (const mail of untrue) await expect(readLetter(at(patient), mail)).rejects.toThrow()
  })
})

describe('the hash of a reason', () => {
  it('is of its words and its salt', () => {
    const of = (salt: string, text: string) => reasonHash(named(salt), text, p)
    expect(of('a', 'x')).not.toEqual(of('a', 'y'))
    expect(of('a', 'x')).not.toEqual(of('b', 'x'))
  })
})
