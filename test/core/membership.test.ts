/**
 * Consents to join on their way: the golden bytes of one, and whose they may be.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Card, makeBinding } from '../../core/binding.ts'
import { toHex } from '../../core/bytes.ts'
import { encode } from '../../core/codec.ts'
import { type Address, address, kemPublicKey, peerIdOf } from '../../core/ids.ts'
import {
  type Consent,
  decodeConsent,
  encodeConsent,
  encodeConsentMail,
  openConsentMail
} from '../../core/membership.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { type Membership, signTyped } from '../../core/typed-data.ts'
import { addressOf, deployment, fill } from '../fixtures/messages.ts'

const NOW = 1_800_000_000
const reader = { deployment, nowSeconds: NOW }
const KEY = fill(0x40)
const OTHER_KEY = fill(0x50)
const accountOf = (key: Uint8Array): Address => address(p.secp256k1Address(key))

function consent(changes: Partial<Membership> = {}, key = KEY): Consent {
  const message: Membership = {
    account: accountOf(KEY),
    organisation: 3,
    roles: 6,
    version: 1,
    deadline: NOW + 86_400,
    ...changes
  }
  return { message, sig: signTyped(deployment, 'Membership', message, key, p) }
}

function cardOf(key: Uint8Array): Card {
  const kem = kemPublicKey(fill(0x41, 1_216))
  const peerId = peerIdOf(fill(0x42))
  const init = { account: accountOf(key), peerId, kem, bindingEpoch: 1, nowSeconds: NOW }
  const bound = makeBinding(init, deployment, key, p)
  return { ...bound, kem, addrs: [], name: 'nurse' }
}

describe('a consent', () => {
  it('has the golden bytes, and comes back', () => {
    const bytes = encodeConsent(consent())

    expect(toHex(bytes)).toBe(GOLDEN)
    expect(decodeConsent(bytes, deployment, p)).toEqual(consent())
  })

  it('opens in no other form, and with no byte flipped', () => {
    const bytes = encodeConsent(consent())

    fc.assert(
      fc.property(fc.nat(bytes.byteLength - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const other = Uint8Array.from(bytes)
        other[at] = (other[at] as number) ^ flip
        expect(() => decodeConsent(other, deployment, p)).toThrow()
      }),
      { numRuns: 200 }
    )
    for (let length = 0; length < bytes.byteLength; length++) {
      expect(() => decodeConsent(bytes.slice(0, length), deployment, p), `${length}`).toThrow()
    }
  })

  it.each<[string, () => unknown, string]>([
    [
      'of another key',
      () => decodeConsent(encodeConsent(consent({}, OTHER_KEY)), deployment, p),
      '"consent.sig" expected'
    ],
    [
      'for other contracts',
      () =>
        decodeConsent(encodeConsent(consent()), { ...deployment, directory: addressOf(0x77) }, p),
      '"consent.sig" expected'
    ],
    [
      'that is another message',
      () => {
        const message = { account: accountOf(KEY), bindingEpoch: 2 }
        const sig = signTyped(deployment, 'BindingEpoch', message, KEY, p)
        return decodeConsent(encode({ type: 'BindingEpoch', message, sig }), deployment, p)
      },
      '"consent" expected a Membership'
    ],
    [
      'in the mail of another account',
      () => openConsentMail(encodeConsentMail(consent(), cardOf(OTHER_KEY)), reader, p),
      'the consent of the card’s account'
    ],
    [
      'in mail with a card that is over',
      () =>
        openConsentMail(
          encodeConsentMail(consent(), cardOf(KEY)),
          { deployment, nowSeconds: NOW + 31 * 86_400 },
          p
        ),
      'a wrong period'
    ],
    [
      'in mail, by another key',
      () => openConsentMail(encodeConsentMail(consent({}, OTHER_KEY), cardOf(KEY)), reader, p),
      '"consent.sig" expected'
    ]
  ])('%s is refused', (_what, open, says) => {
    expect(open).toThrow(says)
  })

  it('comes by mail with the card of its account', () => {
    const card = cardOf(KEY)

    expect(openConsentMail(encodeConsentMail(consent(), card), reader, p)).toEqual({
      consent: consent(),
      card
    })
  })
})

/** Made once: text that people have in hand must stay readable. */
const GOLDEN =
  'a36373696758410565ee7abdc7c52df4200373f77a3c8cb3f6651681c078ef62b04b61e638f18778de463fedff' +
  '60b8206c6119c0ec6e000a62ea7a666db1dc244fe5a89ffe3fa01b64747970656a4d656d62657273686970676d' +
  '657373616765a565726f6c657306676163636f756e7454ee7e767e049143712099f92bc8a3b6b7f1b403356776' +
  '657273696f6e0168646561646c696e651a6b4b23806c6f7267616e69736174696f6e03'
