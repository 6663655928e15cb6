/**
 * Splits a record secret among custodians and joins it again (hops 4 and 11a of 12); commits to
 * each share and wraps it for the deal. SECURITY.md §5; Shamir over GF(2^8) modulo 0x11b by
 * `shamir-secret-sharing`, which draws its randomness itself (HOUSE.md F12) and returns a wrong
 * secret *without error* for bad or too few shares: filter by commitment, then compare `kcom`.
 * @module
 */
import { combine as libCombine, split as libSplit } from 'shamir-secret-sharing'
import { assertBytes, concat, domain, u8, u32be, wipe } from './bytes.ts'
import { DecryptionFailedError, InvalidParametersError } from './errors.ts'
import {
  share as asShare,
  type CustodyKey,
  type Hash,
  hash,
  type RecordId,
  type RecordSecret,
  recordSecret,
  SHARE_BYTES,
  type Share
} from './ids.ts'
import { CUSTODIANS_MAX, THRESHOLD_MIN } from './limits.ts'
import type { Primitives } from './primitives.ts'

/** The place of one share: the record version, the epoch of the split, the custodian's number. */
export interface ShareIds {
  readonly recordId: RecordId
  readonly ver: number
  readonly shareEpoch: number
  /** 1..n: the custodian's place, not Shamir's x. */
  readonly idx: number
}

export const SALT_SEED_BYTES = 32
const NONCE_BYTES = 24
const TAG_BYTES = 16
/** env_i: nonce ‖ saltSeed ‖ share ‖ tag. */
export const SHARE_ENVELOPE_BYTES = NONCE_BYTES + SALT_SEED_BYTES + SHARE_BYTES + TAG_BYTES

/** Shamir's x of a share: its last byte. */
export const shareX = (share: Share): number => share[SHARE_BYTES - 1] as number

/** n shares, any t of which give the secret back. @throws InvalidParametersError */
export async function split(secret: RecordSecret, t: number, n: number): Promise<Share[]> {
  if (!Number.isInteger(t) || !Number.isInteger(n) || t < THRESHOLD_MIN || t > n) {
    throw new InvalidParametersError(`shares expected ${THRESHOLD_MIN} <= t <= n, got ${t} of ${n}`)
  }
  if (n > CUSTODIANS_MAX) {
    throw new InvalidParametersError(`"n" expected at most ${CUSTODIANS_MAX}, got ${n}`)
  }
  const copy = new Uint8Array(secret) // the library refuses subclasses of Uint8Array
  try {
    return (await libSplit(copy, n, t)).map(asShare)
  } finally {
    wipe(copy)
  }
}

/**
 * The secret, if these are t or more good shares of one split; else other 32 bytes, without error.
 * @throws InvalidParametersError unless there are 2..16 shares with distinct, non-zero x
 */
export async function combine(shares: readonly Share[]): Promise<RecordSecret> {
  if (shares.length < THRESHOLD_MIN || shares.length > CUSTODIANS_MAX) {
    throw new InvalidParametersError(
      `shares expected ${THRESHOLD_MIN}..${CUSTODIANS_MAX}, got ${shares.length}`
    )
  }
  const seen = new Set<number>()
  for (const share of shares) {
    const x = shareX(asShare(share))
    if (x === 0) throw new InvalidParametersError('"x" of a share expected 1..255, got 0')
    if (seen.has(x)) throw new InvalidParametersError('"x" of shares expected all distinct')
    seen.add(x)
  }
  const copies = shares.map((share) => new Uint8Array(share))
  try {
    return recordSecret(await libCombine(copies))
  } finally {
    wipe(...copies)
  }
}

const numbers = (ids: ShareIds): Uint8Array =>
  concat(ids.recordId, u32be(ids.ver), u32be(ids.shareEpoch), u8(ids.idx))

/** salt_i, 32 bytes: one seed per epoch serves all commitments. */
export const shareSalt = (saltSeed: Uint8Array, idx: number, p: Primitives): Uint8Array =>
  p.hmac(
    assertBytes(saltSeed, SALT_SEED_BYTES, 'saltSeed'),
    domain('keyward/v1/share-salt'),
    u8(idx)
  )

/** com_i: what the signed custody map says about a share, so that a wrong one names its custodian. */
export const shareCommitment = (
  of: ShareIds & { readonly salt: Uint8Array; readonly share: Share },
  p: Primitives
): Hash =>
  hash(
    p.sha256(
      domain('keyward/v1/share-commit'),
      numbers(of),
      assertBytes(of.salt, 32, 'salt'),
      asShare(of.share)
    )
  )

/** env_i, 105 bytes: a share as it is dealt, under the custody key. */
export function sealShare(
  ck: CustodyKey,
  ids: ShareIds,
  saltSeed: Uint8Array,
  share: Share,
  nonce: Uint8Array,
  p: Primitives
): Uint8Array {
  assertBytes(saltSeed, SALT_SEED_BYTES, 'saltSeed')
  assertBytes(nonce, NONCE_BYTES, 'nonce')
  const plain = concat(saltSeed, asShare(share))
  try {
    return concat(nonce, p.xchachaSeal(ck, nonce, numbers(ids), plain))
  } finally {
    wipe(plain)
  }
}

/** @throws DecryptionFailedError for another key, place or length */
export function openShare(
  ck: CustodyKey,
  ids: ShareIds,
  env: Uint8Array,
  p: Primitives
): { readonly saltSeed: Uint8Array; readonly share: Share } {
  if (env.byteLength !== SHARE_ENVELOPE_BYTES) throw new DecryptionFailedError()
  const nonce = env.subarray(0, NONCE_BYTES)
  const plain = p.xchachaOpen(ck, nonce, numbers(ids), env.subarray(NONCE_BYTES))
  try {
    return {
      saltSeed: plain.slice(0, SALT_SEED_BYTES),
      share: asShare(plain.slice(SALT_SEED_BYTES))
    }
  } finally {
    wipe(plain)
  }
}
