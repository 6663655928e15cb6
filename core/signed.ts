/**
 * `Signed {b, s}`: exact bytes and the Ed25519 signature of a PeerId's key over D(domain) ‖ b
 * (SECURITY.md §3). `b` is kept as it came: what was signed is never encoded a second time.
 * @module
 */
import { concat, domain } from './bytes.ts'
import { bytes, bytesUpTo, map, type Shape } from './codec.ts'
import { type PeerIdBytes, publicKeyOf } from './ids.ts'
import type { Primitives } from './primitives.ts'

/** What a signature is for; a signature under one label says nothing under another. */
export type SignedLabel =
  | 'request'
  | 'answer'
  | 'link'
  | 'wish'
  | 'reply'
  | 'glass'
  | 'cosign'
  | 'broken'

export interface Signed {
  readonly b: Uint8Array
  /** 64 bytes. */
  readonly s: Uint8Array
}

export const signedShape = (maxBytes: number, minBytes = 0): Shape<Signed> =>
  map({ b: bytesUpTo(maxBytes, minBytes), s: bytes(64) })

const signedBytes = (label: SignedLabel, b: Uint8Array): Uint8Array =>
  concat(domain(`keyward/v1/${label}`), b)

/** `seed` is the 32-byte Ed25519 seed of the signer's PeerId. */
export const sign = (
  label: SignedLabel,
  b: Uint8Array,
  seed: Uint8Array,
  p: Primitives
): Signed => ({ b, s: p.ed25519Sign(seed, signedBytes(label, b)) })

export const verify = (
  label: SignedLabel,
  signed: Signed,
  peer: PeerIdBytes,
  p: Primitives
): boolean => p.ed25519Verify(publicKeyOf(peer), signedBytes(label, signed.b), signed.s)
