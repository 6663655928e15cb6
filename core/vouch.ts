/**
 * The signature of an account whose code is WardAccount: a guardian's or a successor's, with what
 * Guardians needs to know what was signed (IGuardians.vouches, docs/decisions/0022). It goes where
 * the owner's own 65 bytes would, and a contract or gate that cannot recover it asks the account.
 * @module
 */
import { concat, toBigInt, u32be } from './bytes.ts'
import type { Deployment } from './deployment.ts'
import { leftPad, structWords } from './eip712.ts'
import type { Address } from './ids.ts'
import { address } from './ids.ts'
import type { Primitives } from './primitives.ts'
import { type Messages, type MessageType, signTyped } from './typed-data.ts'

const SUCCESSOR = 0
/** What a guardian may sign at all. */
const KINDS = { Grants: 1, Revocations: 2, OptOut: 3, Wish: 4 } as const satisfies Partial<
  Record<MessageType, number>
>
export type GuardedType = keyof typeof KINDS

/** At most 480 bytes. @throws InvalidParametersError as signTyped */
export function signAsGuardian<T extends GuardedType>(
  deployment: Deployment,
  type: T,
  message: Messages[T],
  guardianKey: Uint8Array,
  p: Primitives
): Uint8Array {
  const [, ...fields] = structWords(type, message, p) // without the owner, whom the contract knows
  const sig = signTyped(deployment, type, message, guardianKey, p)
  return proof(signerOf(guardianKey, p), KINDS[type], concat(...fields), sig)
}

/** Of any message of the account that it succeeded. @throws InvalidParametersError as signTyped */
export function signAsSuccessor<T extends MessageType>(
  deployment: Deployment,
  type: T,
  message: Messages[T],
  successorKey: Uint8Array,
  p: Primitives
): Uint8Array {
  const sig = signTyped(deployment, type, message, successorKey, p)
  return proof(signerOf(successorKey, p), SUCCESSOR, new Uint8Array(), sig)
}

const signerOf = (key: Uint8Array, p: Primitives): Address => address(p.secp256k1Address(key))

/** What `abi.decode` makes of a proof; undefined for bytes that it would refuse. */
export function readProof(bytes: Uint8Array):
  | {
      readonly signer: Address
      readonly kind: number
      readonly fields: Uint8Array
      readonly sig: Uint8Array
    }
  | undefined {
  const number = (at: number): number => {
    const value = bytes.byteLength < at + 32 ? -1n : toBigInt(bytes.subarray(at, at + 32))
    return value < 0n || value > BigInt(bytes.byteLength) ? -1 : Number(value)
  }
  const part = (at: number): Uint8Array | undefined => {
    const length = at < 0 ? -1 : number(at)
    const whole = length >= 0 && at + 32 + length <= bytes.byteLength
    return whole ? bytes.subarray(at + 32, at + 32 + length) : undefined
  }
  if (bytes.byteLength < 4 * 32 || bytes.subarray(0, 12).some((byte) => byte !== 0))
    return undefined
  const kind = number(32)
  const fields = part(number(64))
  const sig = part(number(96))
  if (kind < 0 || kind > 0xff || fields == null || sig == null) return undefined
  return { signer: address(bytes.slice(12, 32)), kind, fields, sig }
}

/** A successor's proof around a signature that was recovered already. */
export const successorProof = (signer: Address, sig: Uint8Array): Uint8Array =>
  proof(signer, SUCCESSOR, new Uint8Array(), sig)

/** abi.encode(signer, kind, fields, sig). */
function proof(signer: Address, kind: number, fields: Uint8Array, sig: Uint8Array): Uint8Array {
  const first = tail(fields)
  const head = 4 * 32
  return concat(
    leftPad(signer),
    word(kind),
    word(head),
    word(head + first.byteLength),
    first,
    tail(sig)
  )
}

const word = (value: number): Uint8Array => leftPad(u32be(value))

/** Length, bytes, zeros up to whole words. */
const tail = (bytes: Uint8Array): Uint8Array =>
  concat(word(bytes.byteLength), bytes, new Uint8Array(-bytes.byteLength & 31))
