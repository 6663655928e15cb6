import { describe, expect, it } from 'vitest'
import { type Card, makeBinding } from '../../core/binding.ts'
import { decode, encode } from '../../core/codec.ts'
import { accountGrantee, openingHash, scopeHash } from '../../core/grant.ts'
import { signHandBack, WHOLE_GRANT } from '../../core/hand-back.ts'
import { address, kemPublicKey } from '../../core/ids.ts'
import type { Capsule } from '../../core/manifest.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import {
  openHandBack,
  openPassOn,
  passOnShape,
  writeHandBack,
  writePassOn
} from '../../core/passing.ts'
import { DELEGABLE } from '../../core/purposes.ts'
import { makeSub, type ShownSub, type SubGrant } from '../../core/subgrant.ts'
import {
  COLLEAGUE,
  deployment,
  fill,
  hashOf,
  OWNER,
  opening,
  peerOf
} from '../fixtures/messages.ts'

const KEY = fill(0x99)
const DELEGATOR = address(p.secp256k1Address(KEY))
const OTHER_KEY = fill(0x98)
const NOW = 1_800_000_000
const kem = kemPublicKey(fill(0x54, 1_216))
const cardOf = (key: Uint8Array): Card => {
  const account = address(p.secp256k1Address(key))
  const init = { account, peerId: peerOf(1), kem, bindingEpoch: 1, nowSeconds: NOW }
  return { ...makeBinding(init, deployment, key, p), kem, addrs: [], name: 'Dr. Ruth Ädler' }
}
const tags = [hashOf(0x33)]
const given = opening({
  grantee: accountGrantee(DELEGATOR),
  scope: scopeHash(tags, [], p),
  purposes: DELEGABLE + 3
})
const capsuleOf = (of = given): Capsule => ({
  v: 1,
  owner: OWNER,
  opening: of,
  tags,
  except: [],
  tree: undefined,
  records: [],
  addrs: []
})
const subOf = (changes: Partial<SubGrant> = {}, of = given, key = KEY): ShownSub =>
  makeSub(
    {
      owner: OWNER,
      openingHash: openingHash(of, p),
      version: 1,
      delegate: COLLEAGUE,
      verFrom: 1,
      verTo: 2,
      purposes: 1,
      notBefore: NOW,
      notAfter: NOW + 86_400,
      budget: 3,
      salt: hashOf(0x93),
      tags,
      except: [],
      delegator: DELEGATOR,
      ...changes
    },
    deployment,
    key,
    p
  )
const reader = { deployment, nowSeconds: NOW, account: COLLEAGUE }

describe('a letter that passes access on', () => {
  it('carries the grant’s capsule and the sub-grant to the one it is for', () => {
    const passOn = { capsule: capsuleOf(), sub: subOf() }
    const card = cardOf(KEY)

    expect(decode(passOnShape, encode(passOn), 'passOn')).toEqual(passOn)
    expect(openPassOn(writePassOn(passOn, card), reader, p)).toEqual({ ...passOn, card })
  })

  const ofGroup = opening({ ...given, granteeKind: 3 })
  const ofAnother = opening({ ...given, grantee: accountGrantee(OWNER) })
  const notToPassOn = opening({ ...given, purposes: 3 })

  it.each<[string, Capsule, ShownSub, Card, string]>([
    [
      'of a card that is over',
      capsuleOf(),
      subOf(),
      { ...cardOf(KEY), kem: kemPublicKey(fill(1, 1_216)) },
      '"card"'
    ],
    ['of another card', capsuleOf(), subOf(), cardOf(OTHER_KEY), 'signature'],
    ['that nobody signed', capsuleOf(), { ...subOf(), sig: fill(0, 65) }, cardOf(KEY), 'signature'],
    ['in another name', capsuleOf(), { ...subOf(), delegator: OWNER }, cardOf(KEY), 'who signed'],
    ['for somebody else', capsuleOf(), subOf({ delegate: OWNER }), cardOf(KEY), 'this account'],
    ['of another owner', capsuleOf(), subOf({ owner: COLLEAGUE }), cardOf(KEY), 'own grant'],
    ['of another grant', capsuleOf(), subOf({ openingHash: hashOf(1) }), cardOf(KEY), 'own grant'],
    ['of a group’s grant', capsuleOf(ofGroup), subOf({}, ofGroup), cardOf(KEY), 'to pass on'],
    ['of another’s grant', capsuleOf(ofAnother), subOf({}, ofAnother), cardOf(KEY), 'to pass on'],
    [
      'against the owner',
      capsuleOf(notToPassOn),
      subOf({}, notToPassOn),
      cardOf(KEY),
      'to pass on'
    ],
    ['wider than the grant', capsuleOf(), subOf({ budget: 11 }), cardOf(KEY), 'wider']
  ])('is refused %s', (_name, capsule, sub, card, message) => {
    const mail = writePassOn({ capsule, sub }, card)

    expect(() => openPassOn(mail, reader, p)).toThrow(message)
  })

  it('is narrower only if every term is', () => {
    for (const wide of [
      { verTo: 2 ** 32 - 1, verFrom: 0 },
      { purposes: 5 },
      { notBefore: NOW - 1 }
    ]) {
      const mail = writePassOn({ capsule: capsuleOf(), sub: subOf(wide) }, cardOf(KEY))

      expect(() => openPassOn(mail, reader, p)).toThrow('wider')
    }
  })
})

describe('a letter that hands back', () => {
  const message = {
    owner: OWNER,
    openingHash: openingHash(given, p),
    account: DELEGATOR,
    subGrant: WHOLE_GRANT
  }
  const handBack = signHandBack(message, deployment, KEY, p)

  it('says who hands back what', () => {
    const card = cardOf(KEY)

    expect(openHandBack(writeHandBack(handBack, card), reader, p)).toEqual({ handBack, card })
  })

  it.each([
    ['that another signed', signHandBack(message, deployment, OTHER_KEY, p), cardOf(KEY)],
    ['that nobody signed', { ...handBack, sig: fill(0, 65) }, cardOf(KEY)],
    ['on another’s card', handBack, cardOf(OTHER_KEY)]
  ])('is refused %s', (_name, signed, card) => {
    expect(() => openHandBack(writeHandBack(signed, card), reader, p)).toThrow('signature')
  })
})
