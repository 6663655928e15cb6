/**
 * EIP-712 twice: our hashes against ethers' encoder, and against SECURITY.md §14.
 */
import { TypedDataEncoder, Wallet } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, toHex0x } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import type { Deployment } from '../../core/deployment.ts'
import { type StructName, typeHash } from '../../core/eip712.ts'
import { openingHash } from '../../core/grant.ts'
import { address, hash } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import {
  breakGlassDigest,
  hashStruct,
  type Messages,
  type MessageType,
  recoverTyped,
  type SignedMessage,
  signedMessageShape,
  signTyped,
  typedDigest
} from '../../core/typed-data.ts'
import { MESSAGE_TYPES } from '../contracts/typed-data.ts'
import {
  ACCOUNT,
  addressOf,
  deployment,
  fill,
  hashOf,
  OWNER,
  opening,
  peerOf
} from '../fixtures/messages.ts'
import known from '../vectors/known-answers.json' with { type: 'json' }

const KEY = fill(0x99)
const messages: { readonly [T in MessageType]: Messages[T] } = {
  Grants: {
    owner: OWNER,
    items: [
      { opening: opening(), version: 1 },
      { opening: opening({ granteeKind: 3 }), version: 2 ** 53 - 1 }
    ],
    epoch: 1,
    deadline: 1_800_000_000
  },
  Revocations: { owner: OWNER, items: [{ openingHash: hashOf(1), version: 2 }] },
  RevokeAll: { owner: OWNER, epoch: 2 },
  OptOut: { owner: OWNER, purposes: 1 << 10, version: 1 },
  Records: {
    owner: OWNER,
    items: [
      {
        recordTag: hashOf(1),
        status: 1,
        shareEpoch: 1,
        quorum: 1,
        barredOrg: 0,
        anchor: hashOf(2)
      }
    ],
    deadline: 1_800_000_000
  },
  Custody: {
    owner: OWNER,
    items: [{ recordTag: hashOf(1), shareEpoch: 4_294_967_295, custodyHash: hashOf(3) }]
  },
  NodeBinding: {
    account: ACCOUNT,
    peerId: peerOf(1),
    kemKeyHash: hashOf(4),
    validFrom: 0,
    validUntil: 1,
    bindingEpoch: 1
  },
  BindingEpoch: { account: ACCOUNT, bindingEpoch: 1 },
  Membership: {
    account: ACCOUNT,
    organisation: 4_294_967_295,
    roles: 63,
    version: 1,
    deadline: 1_800_000_000
  },
  BreakGlass: { owner: OWNER, opening: opening(), reasonHash: hashOf(5), epoch: 1 },
  SubGrant: {
    owner: OWNER,
    openingHash: hashOf(1),
    version: 2 ** 53 - 1,
    delegate: ACCOUNT,
    scope: hashOf(2),
    verFrom: 1,
    verTo: 4_294_967_295,
    purposes: 1,
    notBefore: 1_800_000_000,
    notAfter: 1_800_086_400,
    budget: 3,
    salt: hashOf(3)
  },
  HandBack: { owner: OWNER, openingHash: hashOf(1), account: ACCOUNT, subGrant: hashOf(2) },
  Wish: { owner: OWNER, wish: 2, version: 1 },
  Guardianship: {
    ward: OWNER,
    guardian: ACCOUNT,
    rights: 7,
    until: 1_800_000_000,
    epoch: 1,
    version: 4_294_967_295
  },
  GuardianshipEnd: { ward: OWNER, guardian: ACCOUNT, version: 2 },
  RecoveryPlan: { account: OWNER, planHash: hashOf(12), delaySeconds: 86_400, version: 1 },
  Recovery: { account: OWNER, successor: ACCOUNT, planVersion: 1, round: 1 },
  Veto: { account: OWNER, round: 1 },
  Review: { owner: OWNER, openingHash: hashOf(6), outcomeHash: hashOf(7) },
  Anchors: {
    writer: ACCOUNT,
    items: [
      { logTag: hashOf(8), root: hashOf(9), toSeq: 1 },
      { logTag: hashOf(10), root: hashOf(11), toSeq: 2 ** 53 - 1 }
    ]
  }
}
const TYPES = Object.keys(messages) as MessageType[]
const CONTRACT: Readonly<Record<MessageType, Exclude<keyof Deployment, 'chainId' | 'codeHashes'>>> =
  {
    Grants: 'grants',
    Revocations: 'grants',
    RevokeAll: 'grants',
    OptOut: 'grants',
    SubGrant: 'grants',
    HandBack: 'grants',
    Records: 'records',
    Custody: 'records',
    NodeBinding: 'directory',
    BindingEpoch: 'directory',
    Membership: 'directory',
    BreakGlass: 'emergency',
    Wish: 'emergency',
    Guardianship: 'guardians',
    GuardianshipEnd: 'guardians',
    RecoveryPlan: 'guardians',
    Recovery: 'guardians',
    Veto: 'guardians',
    Review: 'emergency',
    Anchors: 'audit'
  }

/** As a wallet takes it: hex for bytes, decimal for numbers. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex0x(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}

const domainOf = (type: MessageType) => ({
  name: 'Keyward',
  version: '1',
  chainId: deployment.chainId,
  verifyingContract: toHex0x(deployment[CONTRACT[type]] as Uint8Array)
})

describe('typed data', () => {
  it.each(Object.entries(known.typeHashes))('gives the known type hash of %s', (name, ends) => {
    const hex = toHex(typeHash(name as StructName, p))

    expect([hex.slice(0, 8), hex.slice(-6)]).toEqual(ends)
  })

  it.each(TYPES)('hashes and signs %s as ethers does', async (type) => {
    const wallet = new Wallet(toHex0x(KEY))
    const types = MESSAGE_TYPES[type]
    const value = plain(messages[type]) as Record<string, unknown>

    expect(toHex0x(typedDigest(deployment, type, messages[type], p))).toBe(
      TypedDataEncoder.hash(domainOf(type), types, value)
    )
    expect(toHex0x(signTyped(deployment, type, messages[type], KEY, p))).toBe(
      await wallet.signTypedData(domainOf(type), types, value)
    )
  })

  it('hashes openings as ethers does, whatever is in them', () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => hash(b))
    const u32 = fc.nat(0xffff_ffff)
    const u53 = fc.maxSafeNat()
    const any = fc.record({
      granteeKind: fc.nat(255),
      grantee: bytes32,
      scope: bytes32,
      verFrom: u32,
      verTo: u32,
      purposes: u32,
      notBefore: u53,
      notAfter: u53,
      budget: u32,
      window: u32,
      salt: bytes32
    })

    fc.assert(
      fc.property(any, u53, (of, version) => {
        const message = { owner: OWNER, items: [{ opening: of, version }], epoch: 1, deadline: 0 }

        expect(toHex0x(hashStruct('Grants', message, p))).toBe(
          TypedDataEncoder.hashStruct(
            'Grants',
            MESSAGE_TYPES.Grants,
            plain(message) as Record<string, unknown>
          )
        )
      }),
      { numRuns: 50 }
    )
  })

  it.each(TYPES)('recovers the signer of %s, on this chain and contract only', (type) => {
    const sig = signTyped(deployment, type, messages[type], KEY, p)
    const signer = address(p.secp256k1Address(KEY))
    const elsewhere = { ...deployment, chainId: 1 }
    const other = { ...deployment, [CONTRACT[type]]: addressOf(0xee) }

    expect(recoverTyped(deployment, type, messages[type], sig, p)).toEqual(signer)
    expect(recoverTyped(elsewhere, type, messages[type], sig, p)).not.toEqual(signer)
    expect(recoverTyped(other, type, messages[type], sig, p)).not.toEqual(signer)
  })

  it('recovers nobody from what is no signature', () => {
    for (const sig of [new Uint8Array(0), new Uint8Array(64), new Uint8Array(65), fill(0xff, 65)]) {
      expect(recoverTyped(deployment, 'RevokeAll', messages.RevokeAll, sig, p)).toBeUndefined()
    }
  })

  it.each([
    ['2^53', { version: 2 ** 53 }],
    ['a negative number', { version: -1 }],
    ['a fraction', { version: 1.5 }]
  ])('refuses to sign %s', (_name, changes) => {
    const items = [{ openingHash: hashOf(1), ...changes }]

    expect(() => signTyped(deployment, 'Revocations', { owner: OWNER, items }, KEY, p)).toThrow(
      'integer expected'
    )
  })

  it('refuses a number wider than its type, and bytes of another length', () => {
    const long = { owner: fill(1, 21) as typeof OWNER, epoch: 1 }

    expect(() => hashStruct('RevokeAll', { owner: OWNER, epoch: 2 ** 32 }, p)).toThrow('4 bytes')
    expect(() => hashStruct('RevokeAll', long, p)).toThrow('"RevokeAll.owner" expected 20 bytes')
  })

  it('refuses more than 64 items', () => {
    const item = { openingHash: hashOf(1), version: 1 }
    const of = (n: number) => ({ owner: OWNER, items: Array.from({ length: n }, () => item) })

    expect(hashStruct('Revocations', of(64), p)).toHaveLength(32)
    expect(() => hashStruct('Revocations', of(65), p)).toThrow('at most 64 items')
  })

  it('gives clinicians and the contract one digest, with the opening or its hash', () => {
    const { opening: terms, ...rest } = messages.BreakGlass
    const hashed = { ...rest, openingHash: openingHash(terms, p) }

    expect(breakGlassDigest(deployment, hashed, p)).toEqual(
      typedDigest(deployment, 'BreakGlass', messages.BreakGlass, p)
    )
  })

  it('refuses a message for a contract that the deployment has not', () => {
    const { emergency: _, ...without } = deployment

    expect(() => typedDigest(without, 'Wish', messages.Wish, p)).toThrow('a contract for Wish')
  })
})

describe('signed messages', () => {
  const onChain = [
    'Grants',
    'Revocations',
    'RevokeAll',
    'OptOut',
    'Records',
    'BindingEpoch',
    'Wish',
    'Review',
    'Guardianship',
    'GuardianshipEnd',
    'RecoveryPlan',
    'Veto',
    'Anchors'
  ] as const

  it.each(onChain)('carries %s over the wire', (type) => {
    const signed = { type, message: messages[type], sig: fill(1, 65) } as SignedMessage

    expect(decode(signedMessageShape, encode(signed), 'message')).toEqual(signed)
  })

  it.each(['Custody', 'NodeBinding', 'Other'])('carries no %s', (type) => {
    const signed = { type, message: messages.Custody, sig: fill(1, 65) }

    expect(() => decode(signedMessageShape, encode(signed), 'message')).toThrow('message.type')
  })

  it('refuses an empty list and a signature beyond its bound', () => {
    const empty = { type: 'Revocations', message: { owner: OWNER, items: [] }, sig: fill(1, 65) }
    const long = { type: 'RevokeAll', message: messages.RevokeAll, sig: fill(1, 2_049) }

    expect(() => decode(signedMessageShape, encode(empty), 'message')).toThrow('message.items')
    expect(() => decode(signedMessageShape, encode(long), 'message')).toThrow('message.sig')
  })
})
