/**
 * The primitives over node:crypto, for daemons: the same bytes as core/noble.ts, ten times as fast
 * where it matters (test/compliance/primitives.test.ts). What node:crypto lacks or does no faster
 * stays noble's: XChaCha20 on small things, secp256k1, keccak256.
 * @module
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  sign,
  verify
} from 'node:crypto'
import { assertBytes, concat, equalBytes, fromHex, release, u8, wipe } from '../../core/bytes.ts'
import { isStrictEd25519Key, isStrictEd25519Signature, remembering } from '../../core/ed25519.ts'
import { DecryptionFailedError, InvalidParametersError } from '../../core/errors.ts'
import { hpkeOver, type Kem, nobleKem } from '../../core/hpke.ts'
import { ED25519_KEYS_CHECKED } from '../../core/limits.ts'
import { noblePrimitives } from '../../core/noble.ts'
import type { ChunkCipher, Primitives } from '../../core/primitives.ts'
import { nativeKem } from './native-kem.ts'

const SHA256 = 'sha256'
const SHA256_BYTES = 32
const TAG_BYTES = 16
const CHACHA = 'chacha20-poly1305'
const TAGGED = { authTagLength: TAG_BYTES }

/** RFC 8410: what stands before the 32 bytes of an Ed25519 key in DER. */
const PKCS8 = fromHex('302e020100300506032b657004220420')
const SPKI = fromHex('302a300506032b6570032100')

/** A Buffer's bytes as the plain Uint8Array that noble would give. */
const plain = (b: Buffer): Uint8Array<ArrayBuffer> =>
  new Uint8Array(b.buffer as ArrayBuffer, b.byteOffset, b.byteLength)

function fed(
  digest: { update(part: Uint8Array): unknown; digest(): Buffer },
  parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  for (const part of parts) digest.update(part)
  return plain(digest.digest())
}

// Given bytes, Node looks first whether they are a KeyObject, which costs more than the hash.
const secretKey = (key: Uint8Array): KeyObject => createSecretKey(key)

function hkdfExpand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (length > 255 * SHA256_BYTES) {
    throw new InvalidParametersError(`"length" expected at most 8160, got ${length}`)
  }
  const out = new Uint8Array(length)
  const key = secretKey(prk)
  let block = new Uint8Array(0)
  for (let i = 0; i * SHA256_BYTES < length; i++) {
    block = fed(createHmac(SHA256, key), [block, info, u8(i + 1)])
    out.set(block.subarray(0, length - i * SHA256_BYTES), i * SHA256_BYTES)
  }
  return out
}

function chunksUnder(key: KeyObject, aad?: Uint8Array): ChunkCipher {
  return {
    sealInto(nonce, given, out) {
      const cipher = createCipheriv(CHACHA, key, assertBytes(nonce, 12, 'nonce'), TAGGED)
      if (aad != null) cipher.setAAD(aad, { plaintextLength: given.byteLength })
      const sealed = cipher.update(given)
      assertBytes(out, given.byteLength + TAG_BYTES, 'out').set(sealed)
      release(sealed) // or the collector takes a quarter of the time that sealing takes
      cipher.final()
      out.set(cipher.getAuthTag(), given.byteLength)
    },
    open(nonce, sealed) {
      const length = sealed.byteLength - TAG_BYTES
      if (length < 0) throw new DecryptionFailedError()
      const decipher = createDecipheriv(CHACHA, key, assertBytes(nonce, 12, 'nonce'), TAGGED)
      if (aad != null) decipher.setAAD(aad, { plaintextLength: length })
      decipher.setAuthTag(sealed.subarray(length))
      const opened = decipher.update(sealed.subarray(0, length))
      try {
        decipher.final()
      } catch (err) {
        wipe(opened) // nobody sees what no tag vouches for
        throw new DecryptionFailedError({ cause: err })
      }
      return plain(opened)
    }
  }
}

const chachaKey = (key: Uint8Array): KeyObject => createSecretKey(assertBytes(key, 32, 'key'))

// Making a key object costs more than signing. It lives as long as the seed that it was made of.
const signers = new WeakMap<Uint8Array, { readonly seed: Uint8Array; readonly key: KeyObject }>()

function signerOf(seed: Uint8Array): KeyObject {
  const known = signers.get(seed)
  if (known != null && equalBytes(known.seed, seed)) return known.key
  const der = concat(PKCS8, assertBytes(seed, 32, 'seed'))
  try {
    const key = createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' })
    signers.set(seed, { seed: seed.slice(), key })
    return key
  } finally {
    wipe(der)
  }
}

/** OpenSSL takes keys of mixed order and other encodings; ours are checked first, once per key. */
const verifierOf = remembering((publicKey: Uint8Array): KeyObject | undefined => {
  if (!isStrictEd25519Key(publicKey)) return undefined
  const key = Buffer.from(concat(SPKI, publicKey).buffer)
  return createPublicKey({ key, format: 'der', type: 'spki' })
}, ED25519_KEYS_CHECKED)

/** HPKE over node's KEM, or noble's where node has none; the name tells which. */
export const hpkeAndName = (
  kem: Kem | undefined
): ReturnType<typeof hpkeOver> & { name: string } => ({
  ...hpkeOver(kem ?? nobleKem),
  name: `node, KEM ${kem == null ? 'noble' : 'node'}`
})

export const nativePrimitives: Primitives = {
  ...noblePrimitives,
  ...hpkeAndName(nativeKem()),

  sha256: (...parts) =>
    parts.length === 1
      ? plain(hash(SHA256, parts[0] as Uint8Array, 'buffer'))
      : fed(createHash(SHA256), parts),
  sha256Stream() {
    const digest = createHash(SHA256)
    return {
      update: (part) => {
        digest.update(part)
      },
      digest: () => plain(digest.digest())
    }
  },
  hmac: (key, ...parts) => fed(createHmac(SHA256, secretKey(key)), parts),
  hkdf: (ikm, salt, info, length) =>
    new Uint8Array(hkdfSync(SHA256, secretKey(ikm), salt, info, length)),
  hkdfExpand,

  chachaSeal(key, nonce, aad, given) {
    const out = new Uint8Array(given.byteLength + TAG_BYTES)
    chunksUnder(chachaKey(key), aad).sealInto(nonce, given, out)
    return out
  },
  chachaOpen: (key, nonce, aad, sealed) => chunksUnder(chachaKey(key), aad).open(nonce, sealed),
  chachaChunks: (key) => chunksUnder(chachaKey(key)),

  ed25519PublicKey: (seed) =>
    plain(createPublicKey(signerOf(seed)).export({ format: 'der', type: 'spki' })).slice(-32),
  ed25519Sign: (seed, message) => plain(sign(null, message, signerOf(seed))),
  ed25519Verify(publicKey, message, signature) {
    if (publicKey.byteLength !== 32 || !isStrictEd25519Signature(signature)) return false
    const key = verifierOf(publicKey)
    return key != null && verify(null, message, key, signature)
  }
}
