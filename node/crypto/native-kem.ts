/**
 * X-Wing over node:crypto's ML-KEM-768 and X25519 (draft-connolly-cfrg-xwing-kem §5). Node 24
 * counts ML-KEM as experimental and OpenSSL may lack it, so it has to pass a known answer first.
 * @module
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  type KeyObject
} from 'node:crypto'
import { concat, equalBytes, fromHex, wipe } from '../../core/bytes.ts'
import { KEM_ENC_BYTES, KEM_SEED_BYTES, type Kem } from '../../core/hpke.ts'
import { untraced } from './untraced.ts'

const ML_KEM = 'ml-kem-768'
const ML_KEM_PUBLIC_BYTES = 1_184
const ML_KEM_CT_BYTES = 1_088
const ML_KEM_SEED_BYTES = 64
const X25519 = 'x25519'
/** The last input of the combiner: \.//^\ */
const LABEL = fromHex('5c2e2f2f5e5c')

type Part = typeof ML_KEM | typeof X25519

const publicPart = (type: Part, key: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(key), format: 'raw-public', asymmetricKeyType: type })

const rawPublic = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: 'raw-public' }))

/** expandDecapsulationKey: SHAKE-256 makes 96 bytes, d ‖ z for ML-KEM and a scalar for X25519. */
function expand(seed: Uint8Array): { readonly pq: KeyObject; readonly t: KeyObject } {
  const long = createHash('shake256', { outputLength: 96 }).update(seed).digest()
  try {
    return {
      pq: createPrivateKey({
        key: long.subarray(0, ML_KEM_SEED_BYTES),
        format: 'raw-seed',
        asymmetricKeyType: ML_KEM
      }),
      t: createPrivateKey({
        key: long.subarray(ML_KEM_SEED_BYTES),
        format: 'raw-private',
        asymmetricKeyType: X25519
      })
    }
  } finally {
    wipe(long)
  }
}

/** SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ label). */
function combined(pq: Uint8Array, t: Uint8Array, ct: Uint8Array, pk: Uint8Array): Uint8Array {
  const digest = createHash('sha3-256')
  for (const part of [pq, t, ct, pk, LABEL]) digest.update(part)
  wipe(pq, t)
  return new Uint8Array(digest.digest())
}

const kem: Kem = {
  publicKey(seed) {
    const { pq, t } = expand(seed)
    return concat(rawPublic(pq), rawPublic(t))
  },
  encap: untraced((to) => {
    const pk = to.subarray(ML_KEM_PUBLIC_BYTES)
    const pq = encapsulate(publicPart(ML_KEM, to.subarray(0, ML_KEM_PUBLIC_BYTES)))
    const { privateKey, publicKey } = generateKeyPairSync(X25519)
    const shared = diffieHellman({ privateKey, publicKey: publicPart(X25519, pk) })
    const ct = new Uint8Array(publicKey.export({ format: 'raw-public' }))
    return {
      enc: concat(pq.ciphertext, ct),
      secret: combined(pq.sharedKey, shared, ct, pk)
    }
  }),
  decap: untraced((seed, enc) => {
    const { pq, t } = expand(seed)
    const ct = enc.subarray(ML_KEM_CT_BYTES)
    const secret = decapsulate(pq, enc.subarray(0, ML_KEM_CT_BYTES))
    const shared = diffieHellman({ privateKey: t, publicKey: publicPart(X25519, ct) })
    return combined(secret, shared, ct, rawPublic(t))
  })
}

/** The secret that the zero seed finds in an enc of nines (noble's answer; FIPS 203 rejection). */
const KNOWN = fromHex('c3871903b23d9395ef4db65037f9ce49c547d5d0bd642c15452b8efd078379d6')

/** The KEM, if it gives noble's answers; undefined where it throws or gives other bytes. */
export function proven(candidate: Kem): Kem | undefined {
  const seed = new Uint8Array(KEM_SEED_BYTES)
  const nines = new Uint8Array(KEM_ENC_BYTES).fill(9)
  try {
    if (!equalBytes(candidate.decap(seed, nines), KNOWN)) return undefined
    const { enc, secret } = candidate.encap(candidate.publicKey(seed))
    return equalBytes(candidate.decap(seed, enc), secret) ? candidate : undefined
  } catch {
    return undefined
  }
}

/** Undefined where node:crypto has no ML-KEM-768 that can be trusted. */
export const nativeKem = (): Kem | undefined => proven(kem)
