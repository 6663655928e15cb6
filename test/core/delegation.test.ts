import { hashAuthorization, keccak256, Signature, Wallet } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex0x } from '../../core/bytes.ts'
import {
  delegatedCodeHash,
  delegationDigest,
  recoverDelegation,
  signDelegation,
  wardCode
} from '../../core/delegation.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { address } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { ACCOUNT, addressOf, deployment, fill } from '../fixtures/messages.ts'

const KEY = fill(0x97)
const account = address(p.secp256k1Address(KEY))
const CODE = addressOf(0x61)

describe('a delegation', () => {
  it('is what EIP-7702 says, whatever the chain and the nonce', () => {
    const number = fc.oneof(fc.nat(300), fc.maxSafeNat())
    const code = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => address(bytes))
    fc.assert(
      fc.property(number, code, number, (chainId, to, nonce) => {
        const ours = delegationDigest({ chainId }, { code: to, nonce }, p)

        expect(toHex0x(ours)).toBe(hashAuthorization({ address: toHex0x(to), nonce, chainId }))
      })
    )
  })

  it('is signed as a wallet signs it', async () => {
    const wallet = new Wallet(toHex0x(KEY))
    const { chainId } = deployment
    const theirs = await wallet.authorize({ address: toHex0x(CODE), nonce: 7, chainId })

    const sig = signDelegation(deployment, { account, code: CODE, nonce: 7 }, KEY, p)

    expect(Signature.from(toHex0x(sig)).serialized).toBe(theirs.signature.serialized)
  })

  it('names whose account it is, and nobody else’s for another nonce, code or chain', () => {
    const message = { account, code: CODE, nonce: 1 }
    const sig = signDelegation(deployment, message, KEY, p)
    const by = (changes: object, on = deployment) =>
      recoverDelegation(on, { ...message, ...changes }, sig, p)

    expect(by({})).toEqual(account)
    for (const other of [
      by({ nonce: 2 }),
      by({ code: ACCOUNT }),
      by({}, { ...deployment, chainId: 1 })
    ]) {
      expect(other).not.toEqual(account)
    }
    expect(recoverDelegation(deployment, message, new Uint8Array(65), p)).toBeUndefined()
  })

  it('leaves the account with 0xef0100 and the address for its code', () => {
    const code = fromHex(`ef0100${toHex0x(CODE).slice(2)}`)

    expect(toHex0x(delegatedCodeHash(CODE, p))).toBe(keccak256(code))
  })

  it('needs a deployment with that code', () => {
    expect(wardCode({ ...deployment, wardAccount: CODE })).toEqual(CODE)
    expect(() => wardCode(deployment)).toThrow(InvalidParametersError)
  })
})
