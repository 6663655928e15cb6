/**
 * Strict Ed25519 (SECURITY.md §15): A and R canonical, A torsion-free, neither of them the identity,
 * S < L, the cofactorless equation. Libraries differ on keys of mixed order, and two custodians that judge
 * one signature differently could be played against each other; so both implementations of the
 * primitives take their keys from here.
 * @module
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { equalBytes, isZero } from './bytes.ts'
import { ED25519_KEYS_CHECKED } from './limits.ts'

const { Point } = ed25519
type Point = ReturnType<typeof Point.fromBytes>

/** Keeps the last `max` results of `make`, by the bytes of its argument. Never for secrets. */
export function remembering<T>(
  make: (input: Uint8Array) => T,
  max: number
): (input: Uint8Array) => T {
  const made = new Map<string, { readonly value: T }>()
  return (input) => {
    const key = String.fromCharCode(...input)
    let found = made.get(key)
    if (found == null) {
      found = { value: make(input) }
      for (const oldest of made.keys()) {
        if (made.size < max) break
        made.delete(oldest)
      }
      made.set(key, found)
    }
    return found.value
  }
}

function strictPoint(publicKey: Uint8Array): Point | undefined {
  try {
    const point = Point.fromBytes(publicKey, false)
    return point.isSmallOrder() || !point.isTorsionFree() ? undefined : point
  } catch {
    return undefined
  }
}

// The torsion check costs as much as a verification; the peers that one node meets are few.
const checkedPoint = remembering(strictPoint, ED25519_KEYS_CHECKED)

/** Whether 32 bytes are a key that we accept signatures of; checked once per key. */
export const isStrictEd25519Key = (publicKey: Uint8Array): boolean =>
  publicKey.byteLength === 32 && checkedPoint(publicKey) != null

/**
 * Whether 64 bytes may be a signature at all. OpenSSL 3.5 refuses R = identity, noble does not; no
 * honest signer makes one.
 */
export const isStrictEd25519Signature = (signature: Uint8Array): boolean =>
  signature.byteLength === 64 && !(signature[0] === 1 && isZero(signature.subarray(1, 32)))

/** RFC 8032 §5.1.7 without cofactor: R' = [S]B − [k]A must encode to the R of the signature. */
export function verifyStrictEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array
): boolean {
  if (publicKey.byteLength !== 32 || !isStrictEd25519Signature(signature)) return false
  const a = checkedPoint(publicKey)
  const s = littleEndian(signature.subarray(32))
  if (a == null || s >= Point.Fn.ORDER) return false
  const r = signature.subarray(0, 32)
  const digest = sha512.create().update(r).update(publicKey).update(message).digest()
  const k = Point.Fn.create(littleEndian(digest))
  // An encoding that we make is canonical, so comparing bytes refuses any other form of R.
  return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r)
}

function littleEndian(bytes: Uint8Array): bigint {
  let n = 0n
  for (let i = bytes.byteLength - 1; i >= 0; i--) n = (n << 8n) | BigInt(bytes[i] as number)
  return n
}
