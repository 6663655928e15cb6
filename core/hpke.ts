/**
 * HPKE base mode as SECURITY.md §6 fixes it: KEM 0x647a (MLKEM768-X25519), KDF 0x0001, AEAD 0x0003,
 * over any implementation of that KEM. The key schedule is `hpke`'s, KDF and AEAD are noble's: a
 * sealing hashes a few hundred bytes, where a hop into WebCrypto costs more than it saves.
 * Randomness is drawn inside these libraries (HOUSE.md F12).
 * @module
 */
import { MLKEM768X25519 } from '@noble/post-quantum/hybrid.js'
import {
  AEAD_ChaCha20Poly1305,
  KDF_HKDF_SHA256,
  KEM_MLKEM768_X25519 as NOBLE_KEM
} from '@panva/hpke-noble'
import { CipherSuite, KEM_MLKEM768_X25519 as WEB_KEM } from 'hpke'
import { assertBytes, equalBytes } from './bytes.ts'
import { DecryptionFailedError } from './errors.ts'
import { KEM_PUBLIC_KEY_BYTES } from './ids.ts'
import type { Primitives } from './primitives.ts'

export const KEM_SEED_BYTES = 32
export const KEM_ENC_BYTES = 1_120

type Hpke = Pick<
  Primitives,
  'kemPublicKey' | 'hpkeSeal' | 'hpkeOpen' | 'hpkeExportTo' | 'hpkeExportFrom'
>

async function kemPublicKey(seed: Uint8Array): Promise<Uint8Array> {
  return MLKEM768X25519.keygen(assertBytes(seed, KEM_SEED_BYTES, 'seed')).publicKey
}

function over(suite: CipherSuite): Hpke {
  const recipient = (to: Uint8Array) =>
    suite.DeserializePublicKey(assertBytes(to, KEM_PUBLIC_KEY_BYTES, 'kem'))
  const own = (seed: Uint8Array) =>
    suite.DeserializePrivateKey(assertBytes(seed, KEM_SEED_BYTES, 'seed'))
  return {
    kemPublicKey,
    async hpkeSeal(to, info, aad, plain) {
      const sealed = await suite.Seal(await recipient(to), plain, { info, aad })
      return { enc: sealed.encapsulatedSecret, ct: sealed.ciphertext }
    },
    async hpkeOpen(seed, info, aad, { enc, ct }) {
      const key = await own(seed)
      return await refusing(() => suite.Open(key, enc, ct, { info, aad }))
    },
    async hpkeExportTo(to, info, exporterContext, length) {
      const sent = await suite.SendExport(await recipient(to), exporterContext, length, { info })
      return { enc: sent.encapsulatedSecret, secret: sent.exportedSecret }
    },
    async hpkeExportFrom(seed, info, enc, exporterContext, length) {
      const key = await own(seed)
      return await refusing(() => suite.ReceiveExport(key, enc, exporterContext, length, { info }))
    }
  }
}

async function refusing<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (err) {
    throw new DecryptionFailedError({ cause: err })
  }
}

export const nobleHpke: Hpke = over(
  new CipherSuite(NOBLE_KEM, KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305)
)

/**
 * The same over the host's own ML-KEM, or undefined where it has none: Node 24 counts it as
 * experimental, so it must first open what noble sealed, and the other way round.
 */
export async function webHpke(): Promise<Hpke | undefined> {
  const seed = new Uint8Array(KEM_SEED_BYTES)
  const [info, aad, plain] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]
  try {
    const web = over(new CipherSuite(WEB_KEM, KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305))
    const to = await kemPublicKey(seed)
    const there = await web.hpkeOpen(
      seed,
      info,
      aad,
      await nobleHpke.hpkeSeal(to, info, aad, plain)
    )
    const back = await nobleHpke.hpkeOpen(seed, info, aad, await web.hpkeSeal(to, info, aad, plain))
    return equalBytes(there, plain) && equalBytes(back, plain) ? web : undefined
  } catch {
    return undefined
  }
}
