/**
 * What owners and accounts sign (EIP-712): the messages of SECURITY.md §7, their shapes on the
 * wire, digest, signature and recovery. `Custody`, `NodeBinding`, `SubGrant` and `HandBack` stay
 * off chain; of `BreakGlass` only the opening does.
 * @module
 */
import { u32be } from './bytes.ts'
import { bytes, bytesUpTo, list, map, type Of, oneOf, type Shape, uint, variant } from './codec.ts'
import type { Deployment } from './deployment.ts'
import { digestFor, hashStruct as hashOf, leftPad, typeHash } from './eip712.ts'
import { InvalidParametersError } from './errors.ts'
import { openingShape, U8_MAX, U32_MAX } from './grant.ts'
import { type Address, address, type Hash, hash, PEER_ID_BYTES, peerIdBytes } from './ids.ts'
import { ITEMS_PER_SIGNATURE, RECOVERY_HELPERS_MAX, SIGNATURE_MAX_BYTES } from './limits.ts'
import type { Primitives } from './primitives.ts'

export const addressShape = bytes(20, address)
export const hashShape: Shape<Hash> = bytes(32, (b) => hash(b))
export const peerIdShape = bytes(PEER_ID_BYTES, peerIdBytes)

const items = <T>(item: Shape<T>): Shape<readonly T[]> => list(item, ITEMS_PER_SIGNATURE, 1)

export const custodyItemsShape = items(
  map({ recordTag: hashShape, shareEpoch: uint(U32_MAX), custodyHash: hashShape })
)

const U16_MAX = 0xffff

/** One shape a message; numbers of 64 bits stop at 2^53-1 (SECURITY.md §15). */
export const messageShapes = {
  Grants: map({
    owner: addressShape,
    items: items(map({ opening: openingShape, version: uint() })),
    epoch: uint(U32_MAX),
    deadline: uint()
  }),
  Revocations: map({
    owner: addressShape,
    items: items(map({ openingHash: hashShape, version: uint() }))
  }),
  RevokeAll: map({ owner: addressShape, epoch: uint(U32_MAX) }),
  OptOut: map({ owner: addressShape, purposes: uint(U32_MAX), version: uint(U32_MAX) }),
  Records: map({
    owner: addressShape,
    items: items(
      map({
        recordTag: hashShape,
        status: uint(U8_MAX),
        shareEpoch: uint(U32_MAX),
        quorum: uint(U8_MAX),
        barredOrg: uint(U32_MAX),
        anchor: hashShape
      })
    ),
    deadline: uint()
  }),
  Custody: map({ owner: addressShape, items: custodyItemsShape }),
  NodeBinding: map({
    account: addressShape,
    peerId: peerIdShape,
    kemKeyHash: hashShape,
    validFrom: uint(),
    validUntil: uint(),
    bindingEpoch: uint(U32_MAX)
  }),
  BindingEpoch: map({ account: addressShape, bindingEpoch: uint(U32_MAX) }),
  /** An account's consent to join an organisation with these roles; organisation 0 leaves. */
  Membership: map({
    account: addressShape,
    organisation: uint(U32_MAX),
    roles: uint(U16_MAX),
    version: uint(U32_MAX),
    deadline: uint()
  }),
  BreakGlass: map({
    owner: addressShape,
    opening: openingShape,
    reasonHash: hashShape,
    epoch: uint(U32_MAX)
  }),
  SubGrant: map({
    owner: addressShape,
    openingHash: hashShape,
    /** Of the grant's word: granted anew, it ends. */
    version: uint(),
    delegate: addressShape,
    scope: hashShape,
    verFrom: uint(U32_MAX),
    verTo: uint(U32_MAX),
    purposes: uint(U32_MAX),
    notBefore: uint(),
    notAfter: uint(),
    budget: uint(U32_MAX),
    salt: hashShape
  }),
  HandBack: map({
    owner: addressShape,
    openingHash: hashShape,
    account: addressShape,
    /** The sub-grant's hash; zeros: this account's access under the whole grant. */
    subGrant: hashShape
  }),
  Wish: map({ owner: addressShape, wish: uint(U8_MAX), version: uint() }),
  Review: map({ owner: addressShape, openingHash: hashShape, outcomeHash: hashShape }),
  Guardianship: map({
    ward: addressShape,
    guardian: addressShape,
    rights: uint(U16_MAX),
    until: uint(),
    epoch: uint(U32_MAX),
    version: uint(U32_MAX)
  }),
  GuardianshipEnd: map({
    ward: addressShape,
    guardian: addressShape,
    version: uint(U32_MAX)
  }),
  RecoveryPlan: map({
    account: addressShape,
    planHash: hashShape,
    delaySeconds: uint(U32_MAX),
    version: uint(U32_MAX)
  }),
  Recovery: map({
    account: addressShape,
    successor: addressShape,
    planVersion: uint(U32_MAX),
    round: uint(U32_MAX)
  }),
  Veto: map({ account: addressShape, round: uint(U32_MAX) }),
  Anchors: map({
    writer: addressShape,
    items: items(map({ logTag: hashShape, root: hashShape, toSeq: uint() }))
  })
} as const

export type MessageType = keyof typeof messageShapes
export type Messages = { readonly [T in MessageType]: Of<(typeof messageShapes)[T]> }

export type Grants = Messages['Grants']
export type Revocations = Messages['Revocations']
export type RevokeAll = Messages['RevokeAll']
export type OptOut = Messages['OptOut']
export type Records = Messages['Records']
export type Custody = Messages['Custody']
export type NodeBinding = Messages['NodeBinding']
export type BindingEpoch = Messages['BindingEpoch']
export type Membership = Messages['Membership']
export type BreakGlass = Messages['BreakGlass']
export type SubGrant = Messages['SubGrant']
export type HandBack = Messages['HandBack']
export type Wish = Messages['Wish']
export type Review = Messages['Review']
export type Anchors = Messages['Anchors']

/** The contract that a message is for: the domain's verifyingContract. */
const CONTRACT = {
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
  Review: 'emergency',
  Guardianship: 'guardians',
  GuardianshipEnd: 'guardians',
  RecoveryPlan: 'guardians',
  Recovery: 'guardians',
  Veto: 'guardians',
  Anchors: 'audit'
} as const satisfies Record<MessageType, string>

/** @throws InvalidParametersError if a field does not fit, passes 2^53-1, or a list has > 64 items */
export const hashStruct = <T extends MessageType>(
  type: T,
  message: Messages[T],
  p: Primitives
): Hash => hashOf(type, message, p)

/** The 32 bytes that are signed. @throws InvalidParametersError as hashStruct, or no such contract */
export function typedDigest<T extends MessageType>(
  deployment: Deployment,
  type: T,
  message: Messages[T],
  p: Primitives
): Hash {
  const contract = contractFor(deployment, type)
  return digestFor(deployment, contract, hashStruct(type, message, p), p)
}

function contractFor(deployment: Deployment, type: MessageType): Address {
  const contract = deployment[CONTRACT[type]]
  if (contract != null) return contract
  throw new InvalidParametersError(`"deployment" expected a contract for ${type}, got none`)
}

/**
 * What clinicians sign, by who has not the opening but its hash, as the contract has.
 * @throws InvalidParametersError if the deployment has no Emergency
 */
export function breakGlassDigest(
  deployment: Deployment,
  glass: {
    readonly owner: Address
    readonly openingHash: Hash
    readonly reasonHash: Hash
    readonly epoch: number
  },
  p: Primitives
): Hash {
  const { owner, openingHash, reasonHash, epoch } = glass
  const words = [leftPad(owner), openingHash, reasonHash, leftPad(u32be(epoch))]
  const struct = hash(p.keccak256(typeHash('BreakGlass', p), ...words))
  return digestFor(deployment, contractFor(deployment, 'BreakGlass'), struct, p)
}

/** 65 bytes r‖s‖v. @throws InvalidParametersError as typedDigest */
export const signTyped = <T extends MessageType>(
  deployment: Deployment,
  type: T,
  message: Messages[T],
  accountKey: Uint8Array,
  p: Primitives
): Uint8Array => p.secp256k1Sign(accountKey, typedDigest(deployment, type, message, p))

/**
 * The account that signed, or undefined if the signature is not 65 bytes of anybody. A contract
 * account's signature may still stand by ERC-1271, which takes a chain to ask.
 */
export function recoverTyped<T extends MessageType>(
  deployment: Deployment,
  type: T,
  message: Messages[T],
  sig: Uint8Array,
  p: Primitives
): Address | undefined {
  const signer = p.secp256k1Recover(typedDigest(deployment, type, message, p), sig)
  return signer == null ? undefined : address(signer)
}

// ---- messages on their way to the chain

const ON_CHAIN = [
  'Grants',
  'Revocations',
  'RevokeAll',
  'OptOut',
  'Records',
  'BindingEpoch',
  'Membership',
  'Wish',
  'Review',
  'Guardianship',
  'GuardianshipEnd',
  'RecoveryPlan',
  'Veto',
  'Anchors'
] as const
export type OnChainType = (typeof ON_CHAIN)[number]

export const sigShape = bytesUpTo(SIGNATURE_MAX_BYTES)

/** Who may recover an account, k together: its hash is on chain until it is used. */
export const recoveryPlanShape = map({
  salt: hashShape,
  threshold: uint(RECOVERY_HELPERS_MAX, 1),
  /** Ascending. */
  helpers: list(addressShape, RECOVERY_HELPERS_MAX, 1)
})
export type RecoveryHelpers = Of<typeof recoveryPlanShape>

/** What relayers bring beside EIP-712 messages (docs/decisions/0024). */
const otherShapes = {
  /** An EIP-7702 authorisation: `sig` is over core/delegation.ts's digest. */
  Delegation: map({ account: addressShape, code: addressShape, nonce: uint() }),
  /** Carries its helpers' `Recovery` signatures, in the plan's order, empty where one is missing. */
  Propose: map({
    account: addressShape,
    successor: addressShape,
    planVersion: uint(U32_MAX),
    round: uint(U32_MAX),
    plan: recoveryPlanShape,
    signatures: list(bytesUpTo(65), RECOVERY_HELPERS_MAX)
  }),
  /** Anybody's act, once the delay has passed. */
  Complete: map({ account: addressShape })
} as const
type Others = { readonly [T in keyof typeof otherShapes]: Of<(typeof otherShapes)[T]> }
export type Delegation = Others['Delegation']
export type Propose = Others['Propose']

type Relayed = Pick<Messages, OnChainType> & Others

/** A message that a contract accepts, with its signature: anyone may relay it. */
export type SignedMessage = {
  [T in keyof Relayed]: {
    readonly type: T
    readonly message: Relayed[T]
    /** Empty when the sender is the owner: every message has a form without signature. */
    readonly sig: Uint8Array
  }
}[keyof Relayed]

const signedForm = <T extends keyof Relayed>(type: T) =>
  map({ type: oneOf(type), message: { ...messageShapes, ...otherShapes }[type], sig: sigShape })

export const signedMessageShape = variant('type', {
  Grants: signedForm('Grants'),
  Revocations: signedForm('Revocations'),
  RevokeAll: signedForm('RevokeAll'),
  OptOut: signedForm('OptOut'),
  Records: signedForm('Records'),
  BindingEpoch: signedForm('BindingEpoch'),
  Membership: signedForm('Membership'),
  Wish: signedForm('Wish'),
  Review: signedForm('Review'),
  Guardianship: signedForm('Guardianship'),
  GuardianshipEnd: signedForm('GuardianshipEnd'),
  RecoveryPlan: signedForm('RecoveryPlan'),
  Veto: signedForm('Veto'),
  Delegation: signedForm('Delegation'),
  Propose: signedForm('Propose'),
  Complete: signedForm('Complete'),
  Anchors: signedForm('Anchors')
}) as Shape<SignedMessage>
