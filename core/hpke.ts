/**
 * HPKE base mode as SECURITY.md §6 fixes it: KEM 0x647a (MLKEM768-X25519), KDF 0x0001, AEAD 0x0003.
 * The key schedule is `hpke`'s, KDF and AEAD are noble's: a sealing hashes a few hundred bytes,
 * where each hop into WebCrypto costs more than it saves. The KEM, which bounds a release, is an
 * argument. Randomness is drawn inside these libraries (HOUSE.md F12).
 * @module
 */
import { MLKEM768X25519 } from '@noble/post-quantum/hybrid.js'
import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256 } from '@panva/hpke-noble'
import { CipherSuite, type KEMFactory } from 'hpke'
import { assertBytes } from './bytes.ts'
import { DecryptionFailedError, InvalidParametersError } from './errors.ts'
import { KEM_PUBLIC_KEY_BYTES } from './ids.ts'
import type { Primitives } from './primitives.ts'

export const KEM_SEED_BYTES = 32
export const KEM_ENC_BYTES = 1_120
export const KEM_SECRET_BYTES = 32

/** X-Wing: bytes in, bytes out. Both implementations give the same secret for the same enc. */
export interface Kem {
  publicKey(seed: Uint8Array): Uint8Array
  /** Fresh randomness inside. Throws if `to` is no public key. */
  encap(to: Uint8Array): { readonly enc: Uint8Array; readonly secret: Uint8Array }
  /** Throws if `enc` has another length or a small order. */
  decap(seed: Uint8Array, enc: Uint8Array): Uint8Array
}

const ML_KEM_COEFFICIENT_BYTES = 1_152
const ML_KEM_Q = 3_329

/**
 * FIPS 203 §7.2: each 12-bit coefficient of the key is below q. OpenSSL looks; noble 0.5.4 does not
 * notice, and would seal to a key that a daemon refuses.
 */
function assertModulus(to: Uint8Array): void {
  for (let i = 0; i < ML_KEM_COEFFICIENT_BYTES; i += 3) {
    const [a, b, c] = [to[i] as number, to[i + 1] as number, to[i + 2] as number]
    if ((a | ((b & 15) << 8)) >= ML_KEM_Q || ((b >> 4) | (c << 4)) >= ML_KEM_Q) {
      throw new InvalidParametersError('"kem" expected coefficients below q')
    }
  }
}

export const nobleKem: Kem = {
  publicKey: (seed) => MLKEM768X25519.keygen(seed).publicKey,
  encap(to) {
    assertModulus(to)
    const { cipherText, sharedSecret } = MLKEM768X25519.encapsulate(to)
    return { enc: cipherText, secret: sharedSecret }
  },
  decap: (seed, enc) => MLKEM768X25519.decapsulate(enc, seed)
}

/** What `hpke` passes around as a key: here always the serialized bytes. */
interface RawKey {
  readonly algorithm: { readonly name: string }
  readonly type: 'public' | 'private'
  readonly extractable: boolean
  readonly bytes: Uint8Array
}

const NAME = 'MLKEM768-X25519'
const rawKey = (type: RawKey['type'], bytes: Uint8Array): RawKey => ({
  algorithm: { name: NAME },
  type,
  extractable: false,
  bytes
})

/** Keys are made by core/keys.ts from seeds, and travel as bytes. */
const notHere = (): never => {
  throw new InvalidParametersError('keys are made and written elsewhere')
}

const asHpkeKem =
  (kem: Kem): KEMFactory<RawKey> =>
  () => ({
    id: 0x647a,
    type: 'KEM',
    name: NAME,
    Nsecret: KEM_SECRET_BYTES,
    Nenc: KEM_ENC_BYTES,
    Npk: KEM_PUBLIC_KEY_BYTES,
    Nsk: KEM_SEED_BYTES,
    DeriveKeyPair: notHere,
    GenerateKeyPair: notHere,
    SerializePublicKey: notHere,
    SerializePrivateKey: notHere,
    DeserializePublicKey: async (bytes) => rawKey('public', bytes),
    DeserializePrivateKey: async (bytes) => rawKey('private', bytes),
    async Encap(to) {
      const { enc, secret } = kem.encap(to.bytes)
      return { enc, shared_secret: secret }
    },
    async Decap(enc, own) {
      return kem.decap(own.bytes, enc)
    }
  })

type Hpke = Pick<
  Primitives,
  'kemPublicKey' | 'hpkeSeal' | 'hpkeOpen' | 'hpkeExportTo' | 'hpkeExportFrom'
>

/** The HPKE part of the primitives, over one implementation of the KEM. */
export function hpkeOver(kem: Kem): Hpke {
  const suite = new CipherSuite(asHpkeKem(kem), KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305)
  const recipient = (to: Uint8Array) =>
    rawKey('public', assertBytes(to, KEM_PUBLIC_KEY_BYTES, 'kem'))
  const own = (seed: Uint8Array) => rawKey('private', assertBytes(seed, KEM_SEED_BYTES, 'seed'))
  return {
    kemPublicKey: async (seed) => kem.publicKey(assertBytes(seed, KEM_SEED_BYTES, 'seed')),
    async hpkeSeal(to, info, aad, plain) {
      const key = recipient(to)
      const sealed = await sending(() => suite.Seal(key, plain, { info, aad }))
      return { enc: sealed.encapsulatedSecret, ct: sealed.ciphertext }
    },
    async hpkeOpen(seed, info, aad, { enc, ct }) {
      const key = own(seed)
      return await receiving(() => suite.Open(key, enc, ct, { info, aad }))
    },
    async hpkeExportTo(to, info, exporterContext, length) {
      const key = recipient(to)
      const sent = await sending(() => suite.SendExport(key, exporterContext, length, { info }))
      return { enc: sent.encapsulatedSecret, secret: sent.exportedSecret }
    },
    async hpkeExportFrom(seed, info, enc, exporterContext, length) {
      const key = own(seed)
      return await receiving(() => suite.ReceiveExport(key, enc, exporterContext, length, { info }))
    }
  }
}

/** A requester may send any 1,216 bytes as its key. */
async function sending<T>(seal: () => Promise<T>): Promise<T> {
  try {
    return await seal()
  } catch (err) {
    throw new InvalidParametersError('"kem" expected an X-Wing public key', { cause: err })
  }
}

async function receiving<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (err) {
    throw new DecryptionFailedError({ cause: err })
  }
}
