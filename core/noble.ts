/**
 * The primitives over noble: JavaScript that runs anywhere, so the page's only ones and the
 * yardstick for node/crypto/native.ts (test/compliance/primitives.test.ts).
 * @module
 */
import { chacha20poly1305, xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expand, hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { assertBytes } from './bytes.ts'
import { verifyStrictEd25519 } from './ed25519.ts'
import { DecryptionFailedError } from './errors.ts'
import { hpkeOver, nobleKem } from './hpke.ts'
import type { Primitives } from './primitives.ts'

const V_BASE = 27 // Ethereum's v: 27 + the parity of R.y
const HALF_ORDER = secp256k1.Point.Fn.ORDER >> 1n

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>

/** Feeds parts in turn: joining them first would copy a record once more. */
function fed<H extends { update(part: Uint8Array): unknown; digest(): Uint8Array }>(
  hash: H,
  parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  for (const part of parts) hash.update(part)
  return owned(hash.digest())
}

function refusing<T>(open: () => T): T {
  try {
    return open()
  } catch (err) {
    throw new DecryptionFailedError({ cause: err })
  }
}

const chacha = (key: Uint8Array, nonce: Uint8Array, aad?: Uint8Array) =>
  chacha20poly1305(assertBytes(key, 32, 'key'), assertBytes(nonce, 12, 'nonce'), aad)

const addressOf = (publicKey: Uint8Array): Uint8Array => keccak_256(publicKey.subarray(1)).slice(12)

export const noblePrimitives: Primitives = {
  name: 'noble, KEM noble',
  ...hpkeOver(nobleKem),

  sha256: (...parts) => fed(sha256.create(), parts),
  sha256Stream: () => sha256.create(),
  hmac: (key, ...parts) => fed(hmac.create(sha256, key), parts),
  hkdf: (ikm, salt, info, length) => hkdf(sha256, ikm, salt, info, length),
  hkdfExpand: (prk, info, length) => expand(sha256, prk, info, length),
  keccak256: (...parts) => fed(keccak_256.create(), parts),

  chachaSeal: (key, nonce, aad, plain) => chacha(key, nonce, aad).encrypt(plain),
  chachaOpen(key, nonce, aad, sealed) {
    const cipher = chacha(key, nonce, aad)
    return refusing(() => cipher.decrypt(sealed))
  },
  chachaChunks(key) {
    const own = assertBytes(key, 32, 'key').slice() // the caller may wipe its own in mid-stream
    return {
      sealInto(nonce, plain, out) {
        chacha(own, nonce).encrypt(plain, assertBytes(out, plain.byteLength + 16, 'out'))
      },
      open(nonce, sealed) {
        const cipher = chacha(own, nonce)
        return refusing(() => cipher.decrypt(sealed))
      }
    }
  },
  xchachaSeal: (key, nonce, aad, plain) => xchacha20poly1305(key, nonce, aad).encrypt(plain),
  xchachaOpen: (key, nonce, aad, sealed) =>
    refusing(() => xchacha20poly1305(key, nonce, aad).decrypt(sealed)),

  ed25519PublicKey: (seed) => ed25519.getPublicKey(seed),
  ed25519Sign: (seed, message) => ed25519.sign(message, seed),
  ed25519Verify: verifyStrictEd25519,

  secp256k1Address: (privateKey) => addressOf(secp256k1.getPublicKey(privateKey, false)),
  secp256k1Sign(privateKey, digest) {
    assertBytes(digest, 32, 'digest')
    const signed = secp256k1.sign(digest, privateKey, { prehash: false, format: 'recovered' })
    const out = new Uint8Array(65)
    out.set(signed.subarray(1))
    out[64] = V_BASE + (signed[0] as number)
    return out
  },
  secp256k1Recover(digest, signature) {
    const parity = (signature[64] ?? 0) - V_BASE
    if (signature.byteLength !== 65 || digest.byteLength !== 32) return undefined
    if (parity !== 0 && parity !== 1) return undefined
    try {
      const rs = secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact')
      if (rs.s > HALF_ORDER) return undefined
      const point = rs.addRecoveryBit(parity).recoverPublicKey(digest)
      return addressOf(point.toBytes(false))
    } catch {
      return undefined // r is on no point, or the key would be the point at infinity
    }
  }
}
