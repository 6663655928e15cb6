/**
 * EIP-7702: an account points its code at WardAccount, so that guardians and successors may sign for
 * it (docs/decisions/0022). Its own key signs chain, code and nonce; whoever pays sends it.
 * @module
 */
import { concat } from './bytes.ts'
import type { Deployment } from './deployment.ts'
import { InvalidParametersError } from './errors.ts'
import { type Address, address, type Hash, hash } from './ids.ts'
import type { Primitives } from './primitives.ts'
import type { Delegation } from './typed-data.ts'

const MAGIC = 0x05
const DESIGNATOR = Uint8Array.of(0xef, 0x01, 0x00)

/** keccak256(0x05 ‖ rlp([chainId, code, nonce])). */
export function delegationDigest(
  { chainId }: Pick<Deployment, 'chainId'>,
  { code, nonce }: Pick<Delegation, 'code' | 'nonce'>,
  p: Primitives
): Hash {
  const items = concat(
    rlpInteger(chainId),
    Uint8Array.of(0x80 + code.byteLength),
    code,
    rlpInteger(nonce)
  )
  return hash(p.keccak256(Uint8Array.of(MAGIC, 0xc0 + items.byteLength), items))
}

/** 65 bytes r‖s‖v. */
export const signDelegation = (
  deployment: Deployment,
  delegation: Delegation,
  accountKey: Uint8Array,
  p: Primitives
): Uint8Array => p.secp256k1Sign(accountKey, delegationDigest(deployment, delegation, p))

/** Whose account would be delegated, if anybody's. */
export function recoverDelegation(
  deployment: Deployment,
  delegation: Delegation,
  sig: Uint8Array,
  p: Primitives
): Address | undefined {
  const signer = p.secp256k1Recover(delegationDigest(deployment, delegation, p), sig)
  return signer == null ? undefined : address(signer)
}

/** The code that an account has once it is delegated: 0xef0100 ‖ address. */
export const delegatedCode = (code: Address): Uint8Array => concat(DESIGNATOR, code)

/** keccak256 of that code, as a proof of the account shows it. */
export const delegatedCodeHash = (code: Address, p: Primitives): Hash =>
  hash(p.keccak256(delegatedCode(code)))

/** @throws InvalidParametersError where nobody acts for others */
export function wardCode({ wardAccount }: Deployment): Address {
  if (wardAccount != null) return wardAccount
  throw new InvalidParametersError('"deployment" expected the code of wards, got none')
}

/** Minimal big-endian, as RLP writes numbers below 2^53. */
function rlpInteger(value: number): Uint8Array {
  const hex = value.toString(16)
  if (value < 0x80) return Uint8Array.of(value === 0 ? 0x80 : value)
  const digits = hex.length % 2 === 0 ? hex : `0${hex}`
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  return concat(Uint8Array.of(0x80 + bytes.byteLength), bytes)
}
