/**
 * A root secret under a passphrase, as it lies in a keystore: scrypt, then XChaCha20-Poly1305
 * (SECURITY.md T7). Its parameters are bound as associated data and bounded on reading, so that a
 * swapped file can neither weaken the next wrapping nor exhaust memory.
 * @module
 */
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { concat, domain, utf8, wipe } from './bytes.ts'
import { bytes, decode, encode, map, oneOf, uint } from './codec.ts'
import { InvalidParametersError } from './errors.ts'
import { type RootSecret, rootSecret } from './ids.ts'
import type { Primitives } from './primitives.ts'

export const PASSPHRASE_SALT_BYTES = 16
export const PASSPHRASE_NONCE_BYTES = 24
/** N = 2^17: 128 MiB and about a second, what OWASP asks of scrypt with r = 8, p = 1. */
const COST_LOG2 = 17
/** 1 GiB: the most that a file may ask of the one who reads it. */
const COST_LOG2_MAX = 20

const header = {
  v: oneOf(1),
  kdf: oneOf('scrypt'),
  costLog2: uint(COST_LOG2_MAX, 1),
  salt: bytes(PASSPHRASE_SALT_BYTES),
  nonce: bytes(PASSPHRASE_NONCE_BYTES)
}
const wrappedShape = map({ ...header, ct: bytes(32 + 16) })

/** Costs for tests: the real one takes a second. */
export interface WrapOptions {
  /** @default 17 */
  readonly costLog2?: number
}

/**
 * Wraps a root secret; `salt` 16 B and `nonce` 24 B are fresh random bytes.
 * @throws InvalidParametersError if the passphrase is empty
 */
export async function wrapRoot(
  root: RootSecret,
  passphrase: string,
  salt: Uint8Array,
  nonce: Uint8Array,
  p: Primitives,
  options: WrapOptions = {}
): Promise<Uint8Array<ArrayBuffer>> {
  const costLog2 = options.costLog2 ?? COST_LOG2
  const head = { v: 1, kdf: 'scrypt', costLog2, salt, nonce } as const
  const key = await stretch(passphrase, salt, costLog2)
  try {
    return encode({ ...head, ct: p.xchachaSeal(key, nonce, bound(head), root) })
  } finally {
    wipe(key)
  }
}

/**
 * @throws InvalidMessageError if it is no wrapped root
 * @throws DecryptionFailedError if the passphrase is another
 */
export async function unwrapRoot(
  wrapped: Uint8Array,
  passphrase: string,
  p: Primitives
): Promise<RootSecret> {
  const { ct, ...head } = decode(wrappedShape, wrapped, 'root')
  const key = await stretch(passphrase, head.salt, head.costLog2)
  try {
    return rootSecret(p.xchachaOpen(key, head.nonce, bound(head), ct))
  } finally {
    wipe(key)
  }
}

const bound = (head: object): Uint8Array => concat(domain('keyward/v1/passphrase'), encode(head))

/** Typed alike on every keyboard: Unicode NFKC first. */
function stretch(passphrase: string, salt: Uint8Array, costLog2: number): Promise<Uint8Array> {
  const typed = passphrase.normalize('NFKC')
  if (typed === '') throw new InvalidParametersError('"passphrase" expected at least one character')
  const N = 2 ** costLog2
  return scryptAsync(utf8(typed), salt, { N, r: 8, p: 1, dkLen: 32, maxmem: 2 ** 31 })
}
