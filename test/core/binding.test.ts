import { describe, expect, it } from 'vitest'
import {
  bindingStands,
  type Card,
  cardShape,
  checkBinding,
  checkCard,
  isBindingSigned,
  makeBinding
} from '../../core/binding.ts'
import { decode, encode } from '../../core/codec.ts'
import { address, kemPublicKey } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { ACCOUNT, addressOf, deployment, fill, peerOf } from '../fixtures/messages.ts'

const NOW = 1_800_000_000
const DAY = 86_400
const KEY = fill(0x42)
const account = address(p.secp256k1Address(KEY))
const kem = kemPublicKey(fill(3, 1_216))
const made = (seconds?: number) =>
  makeBinding(
    {
      account,
      peerId: peerOf(1),
      kem,
      bindingEpoch: 1,
      nowSeconds: NOW,
      ...(seconds == null ? {} : { seconds })
    },
    deployment,
    KEY,
    p
  )
const card = (changes: Partial<Card> = {}): Card => ({
  ...made(),
  kem,
  addrs: [fill(4, 8)],
  name: 'Clinic of the Lake',
  ...changes
})

describe('node bindings', () => {
  it("stand for 30 days from now, by the account's signature", () => {
    const { binding, bindingSig } = made()

    expect(binding.validUntil - binding.validFrom).toBe(30 * DAY)
    expect(isBindingSigned(binding, bindingSig, deployment, p)).toBe(true)
    expect(checkBinding(binding, bindingSig, deployment, NOW, p)).toBeUndefined()
  })

  it.each([
    ['121 s early', NOW - 121, false],
    ['120 s early', NOW - 120, true],
    ['at its last second', NOW + 30 * DAY - 1, true],
    ['at its end', NOW + 30 * DAY, false]
  ])('are judged %s', (_name, now, stands) => {
    const { binding, bindingSig } = made()

    expect(bindingStands(binding, now)).toBe(stands)
    expect(checkBinding(binding, bindingSig, deployment, now, p)).toBe(
      stands ? undefined : 'period'
    )
  })

  it('span 30 days at most', () => {
    expect(bindingStands(made(30 * DAY + 1).binding, NOW)).toBe(false)
    expect(bindingStands(made(60).binding, NOW, 59)).toBe(false)
  })

  it.each([
    ['account', { account: ACCOUNT }],
    ['peer', { peerId: peerOf(2) }],
    ['epoch', { bindingEpoch: 2 }],
    ['start', { validFrom: NOW + 1 }]
  ])('fail with another %s', (_name, changes) => {
    const { binding, bindingSig } = made()

    expect(checkBinding({ ...binding, ...changes }, bindingSig, deployment, NOW, p)).toBe(
      'signature'
    )
  })

  it('fail on another deployment, or unsigned', () => {
    const { binding, bindingSig } = made()
    const other = { ...deployment, directory: addressOf(9) }

    expect(isBindingSigned(binding, bindingSig, other, p)).toBe(false)
    expect(isBindingSigned(binding, new Uint8Array(0), deployment, p)).toBe(false)
  })
})

describe('cards', () => {
  it('carry a binding and the key that it names', () => {
    const sent = card()

    expect(checkCard(sent, deployment, NOW, p)).toBeUndefined()
    expect(decode(cardShape, encode(sent), 'card')).toEqual(sent)
  })

  it('fail with another key, or with what fails a binding', () => {
    const other = card({ kem: kemPublicKey(fill(5, 1_216)) })

    expect(checkCard(other, deployment, NOW, p)).toBe('kem')
    expect(checkCard(card({ bindingSig: fill(1, 65) }), deployment, NOW, p)).toBe('signature')
    expect(checkCard(card(), deployment, NOW + 31 * DAY, p)).toBe('period')
  })

  it.each<[string, Partial<Card>]>([
    ['9 addresses', { addrs: Array.from({ length: 9 }, () => fill(4, 8)) }],
    ['an address of 257 bytes', { addrs: [fill(4, 257)] }],
    ['a name of 129 characters', { name: 'x'.repeat(129) }],
    ['a signature of 2,049 bytes', { bindingSig: fill(1, 2_049) }]
  ])('refuse %s', (_name, changes) => {
    expect(() => decode(cardShape, encode(card(changes)), 'card')).toThrow('"card.')
  })
})
