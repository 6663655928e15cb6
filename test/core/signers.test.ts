import { describe, expect, it } from 'vitest'
import { signDelegation } from '../../core/delegation.ts'
import { address } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { authorOf, isSignedByAuthor, signerOf } from '../../core/signers.ts'
import { type SignedMessage, signTyped } from '../../core/typed-data.ts'
import { ACCOUNT, addressOf, deployment, fill, hashOf } from '../fixtures/messages.ts'

const KEY = fill(0x96)
const OTHER = fill(0x95)
const account = address(p.secp256k1Address(KEY))
const guardian = address(p.secp256k1Address(OTHER))
const plan = { salt: hashOf(1), threshold: 1, helpers: [guardian] }

const typed = <T extends 'RevokeAll' | 'Guardianship' | 'GuardianshipEnd' | 'Veto'>(
  type: T,
  message: object,
  key = KEY
): SignedMessage =>
  ({ type, message, sig: signTyped(deployment, type, message as never, key, p) }) as never

const appointed = { ward: account, guardian, rights: 1, until: 9, epoch: 1, version: 1 }
const ended = { ward: account, guardian, version: 2 }

describe('who speaks in a message', () => {
  it.each<[string, SignedMessage, boolean]>([
    ['its owner', typed('RevokeAll', { owner: account, epoch: 2 }), true],
    ['a ward', typed('Guardianship', appointed), true],
    ['an account', typed('Veto', { account, round: 1 }), true],
    ['somebody else', typed('Veto', { account, round: 1 }, OTHER), false],
    ['a ward who ends it', typed('GuardianshipEnd', ended), true],
    ['a guardian who ends it: not the author', typed('GuardianshipEnd', ended, OTHER), false]
  ])('is %s', (_who, message, own) => {
    expect(authorOf(message)).toEqual(account)
    expect(isSignedByAuthor(deployment, message, p)).toBe(own)
  })

  it('is the account that delegates', () => {
    const message = { account, code: ACCOUNT, nonce: 3 }
    const by = (key: Uint8Array): SignedMessage => ({
      type: 'Delegation',
      message,
      sig: signDelegation(deployment, message, key, p)
    })

    expect(isSignedByAuthor(deployment, by(KEY), p)).toBe(true)
    expect(isSignedByAuthor(deployment, by(OTHER), p)).toBe(false)
  })

  it('is nobody by a signature where helpers or time decide', () => {
    const named = { account, successor: addressOf(5), planVersion: 1, round: 1 }
    const propose: SignedMessage = {
      type: 'Propose',
      message: { ...named, plan, signatures: [] },
      sig: new Uint8Array()
    }
    const complete: SignedMessage = {
      type: 'Complete',
      message: { account },
      sig: new Uint8Array()
    }

    for (const message of [propose, complete]) {
      expect(authorOf(message)).toEqual(account)
      expect(signerOf(deployment, message, p)).toBeUndefined()
      expect(isSignedByAuthor(deployment, message, p)).toBe(false)
    }
  })
})
