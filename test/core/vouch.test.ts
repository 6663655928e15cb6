import { AbiCoder, concat, keccak256, TypedDataEncoder } from 'ethers'
import { describe, expect, it } from 'vitest'
import { toHex0x } from '../../core/bytes.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { type Messages, signTyped } from '../../core/typed-data.ts'
import {
  type GuardedType,
  readProof,
  signAsGuardian,
  signAsSuccessor,
  successorProof
} from '../../core/vouch.ts'
import { MESSAGE_TYPES } from '../contracts/typed-data.ts'
import { deployment, fill, hashOf, OWNER, opening } from '../fixtures/messages.ts'

const KEY = fill(0x98)
const GUARDIAN = toHex0x(p.secp256k1Address(KEY))
const abi = AbiCoder.defaultAbiCoder()

const messages: { readonly [T in GuardedType]: Messages[T] } = {
  Grants: { owner: OWNER, items: [{ opening: opening(), version: 1 }], epoch: 1, deadline: 9 },
  Revocations: { owner: OWNER, items: [{ openingHash: hashOf(1), version: 2 }] },
  OptOut: { owner: OWNER, purposes: 1024, version: 3 },
  Wish: { owner: OWNER, wish: 2, version: 4 }
}
const list = (hash: string): string => keccak256(concat([hash]))
const [{ opening: terms }] = messages.Grants.items as [Messages['Grants']['items'][0]]
const openingValues = Object.fromEntries(
  Object.entries(terms).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? toHex0x(value) : value
  ])
)

/** The words after the owner, as Solidity encodes them. */
const fields: Record<GuardedType, string> = {
  Grants: abi.encode(
    ['bytes32', 'uint32', 'uint64'],
    [
      list(
        TypedDataEncoder.hashStruct('GrantItem', MESSAGE_TYPES.GrantItem as never, {
          opening: openingValues,
          version: 1
        })
      ),
      1,
      9
    ]
  ),
  Revocations: list(
    TypedDataEncoder.hashStruct('Revocation', MESSAGE_TYPES.Revocation as never, {
      openingHash: toHex0x(hashOf(1)),
      version: 2
    })
  ),
  OptOut: abi.encode(['uint32', 'uint32'], [1024, 3]),
  Wish: abi.encode(['uint8', 'uint64'], [2, 4])
}
const KINDS: Record<GuardedType, number> = { Grants: 1, Revocations: 2, OptOut: 3, Wish: 4 }

describe('a signature for another account', () => {
  it.each(Object.keys(messages) as GuardedType[])('by a guardian, of %s, is Solidity’s', (type) => {
    const sig = signTyped(deployment, type, messages[type], KEY, p)

    const proof = signAsGuardian(deployment, type, messages[type], KEY, p)

    expect(toHex0x(proof)).toBe(
      abi.encode(
        ['address', 'uint8', 'bytes', 'bytes'],
        [GUARDIAN, KINDS[type], fields[type], toHex0x(sig)]
      )
    )
    expect(proof.byteLength).toBeLessThanOrEqual(480)
  })

  it('by a successor, of anything, carries no fields', () => {
    const message = { account: OWNER, bindingEpoch: 7 }
    const sig = signTyped(deployment, 'BindingEpoch', message, KEY, p)

    expect(toHex0x(signAsSuccessor(deployment, 'BindingEpoch', message, KEY, p))).toBe(
      abi.encode(['address', 'uint8', 'bytes', 'bytes'], [GUARDIAN, 0, '0x', toHex0x(sig)])
    )
  })
})

describe('reading such a signature', () => {
  it('gives back what was put in', () => {
    const { Grants } = messages
    const sig = signTyped(deployment, 'Grants', Grants, KEY, p)
    const read = readProof(signAsGuardian(deployment, 'Grants', Grants, KEY, p))

    expect(read).toMatchObject({ kind: 1, sig })
    expect(toHex0x(read?.signer ?? new Uint8Array())).toBe(GUARDIAN)
    expect(toHex0x(read?.fields ?? new Uint8Array())).toBe(fields.Grants)
  })

  it('knows a successor’s, also around a signature that was there', () => {
    const { Wish } = messages
    const whole = signAsSuccessor(deployment, 'Wish', Wish, KEY, p)
    const sig = signTyped(deployment, 'Wish', Wish, KEY, p)

    expect(successorProof(readProof(whole)?.signer as never, sig)).toEqual(whole)
    expect(readProof(whole)).toMatchObject({ kind: 0, fields: new Uint8Array() })
  })

  it('gives nothing for bytes that abi.decode would refuse', () => {
    const whole = signAsGuardian(deployment, 'Wish', messages.Wish, KEY, p)
    const changed = (at: number, to: number): Uint8Array => {
      const copy = whole.slice()
      copy[at] = to
      return copy
    }

    for (const bytes of [
      new Uint8Array(),
      new Uint8Array(65).fill(7),
      whole.subarray(0, whole.byteLength - 64),
      changed(0, 1), // no address
      changed(32, 1), // a kind beyond a byte
      changed(64, 1), // fields beyond the end
      changed(96, 1)
    ]) {
      expect(readProof(bytes)).toBeUndefined()
    }
  })
})
