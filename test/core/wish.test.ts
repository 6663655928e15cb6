import { describe, expect, it } from 'vitest'
import { type Card, makeBinding } from '../../core/binding.ts'
import { toHex } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import { type Address, address, grantId, kemPublicKey, peerIdOf } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import {
  type ConsentWish,
  openReply,
  openWish,
  signReply,
  signWish,
  wishReplyShape,
  wishShape
} from '../../core/wish.ts'
import { deployment, fill, hashOf, reply, wish } from '../fixtures/messages.ts'
import vectors from '../vectors/messages.json' with { type: 'json' }

const NOW = 1_800_000_000
const reader = { deployment, nowSeconds: NOW }

/** Somebody with an account, a PeerId and a card that binds them. */
function person(byte: number): { account: Address; seed: Uint8Array; card: Card } {
  const key = fill(byte)
  const seed = fill(byte + 1)
  const account = address(p.secp256k1Address(key))
  const kem = kemPublicKey(fill(byte, 1_216))
  const peerId = peerIdOf(p.ed25519PublicKey(seed))
  const init = { account, peerId, kem, bindingEpoch: 1, nowSeconds: NOW }
  const bound = makeBinding(init, deployment, key, p)
  return { account, seed, card: { ...bound, kem, addrs: [], name: `person ${byte}` } }
}

const doctor = person(0x20)
const owner = person(0x30)
const asked = wish({ account: doctor.account, owner: owner.account })

describe('wishes', () => {
  it('encode to the golden bytes, and back', () => {
    expect(toHex(encode(wish()))).toBe(vectors.maps.wish)
    expect(toHex(encode(reply()))).toBe(vectors.maps.reply)
    expect(decode(wishShape, encode(wish()), 'wish')).toEqual(wish())
    expect(decode(wishReplyShape, encode(reply()), 'reply')).toEqual(reply())
  })

  it('open as their requester signed them', () => {
    const mail = signWish(asked, doctor.card, doctor.seed, p)

    expect(openWish(mail, reader, p)).toEqual({ wish: asked, card: doctor.card })
  })

  it.each<[string, () => Uint8Array, string]>([
    [
      'signed by another peer',
      () => signWish(asked, doctor.card, owner.seed, p),
      'the signature of the PeerId'
    ],
    [
      'for another account',
      () => signWish(wish(), doctor.card, doctor.seed, p),
      'the account that is named'
    ],
    [
      'with a card of another key',
      () => signWish(asked, { ...doctor.card, kem: owner.card.kem }, doctor.seed, p),
      'another kem'
    ],
    [
      'with a card that nobody signed',
      () => signWish(asked, { ...doctor.card, bindingSig: fill(1, 65) }, doctor.seed, p),
      'another signature'
    ],
    ['that is a reply', () => signReply(reply(), doctor.card, doctor.seed, p), '"wish mail']
  ])('do not open %s', (_name, mail, why) => {
    expect(() => openWish(mail(), reader, p)).toThrow(why)
  })

  it('do not open by a card whose time is over', () => {
    const mail = signWish(asked, doctor.card, doctor.seed, p)

    expect(() => openWish(mail, { deployment, nowSeconds: NOW + 31 * 86_400 }, p)).toThrow(
      'another period'
    )
  })

  it.each<[string, Partial<ConsentWish>]>([
    ['a reason of 1,025 characters', { reason: 'x'.repeat(1_025) }],
    [
      '65 records',
      {
        scope: {
          records: Array.from({ length: 65 }, () => wish().scope.records[0] as never),
          classes: []
        }
      }
    ],
    ['a class without a name', { scope: { records: [], classes: [''] } }],
    ['version 0', { verFrom: 0 }]
  ])('do not open with %s', (_name, changes) => {
    const mail = signWish({ ...asked, ...changes }, doctor.card, doctor.seed, p)

    expect(() => openWish(mail, reader, p)).toThrow('"wish.')
  })
})

describe('replies', () => {
  it('open as the owner signed them', () => {
    const granted = reply({
      verdict: 'granted',
      grantId: grantId(hashOf(5)),
      capsule: { v: 1, suite: 1, enc: fill(1, 1_120), ct: fill(2, 400) }
    })
    const mail = signReply(granted, owner.card, owner.seed, p)

    expect(openReply(mail, owner.account, reader, p)).toEqual({ reply: granted, card: owner.card })
  })

  it('do not open from anybody else', () => {
    const mail = signReply(reply(), doctor.card, doctor.seed, p)
    const forged = signReply(reply(), owner.card, doctor.seed, p)

    expect(() => openReply(mail, owner.account, reader, p)).toThrow('the account that is named')
    expect(() => openReply(forged, owner.account, reader, p)).toThrow('the signature of the PeerId')
  })
})
