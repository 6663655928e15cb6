/**
 * Seals small things to one recipient by HPKE and opens them (hops 5, 8, 10c and 11a of 12). The
 * info string says what is sealed, for whom and under which consent, so that nothing sealed for one
 * purpose opens as another (SECURITY.md §6).
 * @module
 */
import { concat, domain, equalBytes, u8, u32be, u64be } from './bytes.ts'
import { bytes, bytesUpTo, map, oneOf, type Shape } from './codec.ts'
import { type Deployment, sealingContext } from './deployment.ts'
import { DecryptionFailedError, InvalidParametersError } from './errors.ts'
import { KEM_ENC_BYTES } from './hpke.ts'
import {
  type Address,
  type CustodyKey,
  custodyKey,
  type GrantId,
  type Hash,
  hash,
  type KemPublicKey,
  type KemSeed,
  type PeerIdBytes
} from './ids.ts'
import type { Primitives } from './primitives.ts'
import type { ShareIds } from './shares.ts'

export type SealLabel = 'share' | 'custody' | 'capsule' | 'inbox'

/** A sealed thing as it travels (SECURITY.md §15). */
export interface Sealed {
  readonly v: 1
  /** Names KEM, KDF and AEAD, since the HPKE draft may still move. */
  readonly suite: 1
  readonly enc: Uint8Array
  readonly ct: Uint8Array
}

/** AEAD tag. */
export const SEAL_TAG_BYTES = 16

/** A `Sealed` whose ct has at most `maxCt` bytes. */
export const sealedShape = (maxCt: number): Shape<Sealed> =>
  map({
    v: oneOf(1),
    suite: oneOf(1),
    enc: bytes(KEM_ENC_BYTES),
    ct: bytesUpTo(maxCt, SEAL_TAG_BYTES)
  })

const labelled = (label: SealLabel): Uint8Array => domain(`keyward/v1/${label}`)

/** H(X-Wing public key): names a key in bindings and info strings. */
export const kemKeyHash = (key: KemPublicKey, p: Primitives): Hash => hash(p.sha256(key))

/** Custodian → requester; whole 254 B. */
export const shareInfo = (of: {
  readonly deployment: Deployment
  readonly owner: Address
  readonly ids: ShareIds
  readonly grantId: GrantId
  readonly custodian: PeerIdBytes
  readonly requester: PeerIdBytes
  readonly challenge: Uint8Array
  readonly seq: number
}): Uint8Array =>
  concat(
    labelled('share'),
    sealingContext(of.deployment, of.owner),
    of.ids.recordId,
    u32be(of.ids.ver),
    of.grantId,
    u32be(of.ids.shareEpoch),
    u8(of.ids.idx),
    of.custodian,
    of.requester,
    hash(of.challenge, 'challenge'),
    u64be(of.seq)
  )

/** Owner → custodian, once per key epoch; whole 109 B. */
export const custodyInfo = (of: {
  readonly deployment: Deployment
  readonly owner: Address
  readonly custodian: PeerIdBytes
  readonly ckEpoch: number
}): Uint8Array =>
  concat(
    labelled('custody'),
    sealingContext(of.deployment, of.owner),
    of.custodian,
    u32be(of.ckEpoch)
  )

/** Owner → grantee; whole 131 B. */
export const capsuleInfo = (of: {
  readonly deployment: Deployment
  readonly owner: Address
  readonly grantId: GrantId
  readonly kemKeyHash: Hash
}): Uint8Array =>
  concat(labelled('capsule'), sealingContext(of.deployment, of.owner), of.grantId, of.kemKeyHash)

/** Anyone → owner; whole 97 B. */
export const inboxInfo = (of: {
  readonly deployment: Deployment
  readonly owner: Address
  readonly kemKeyHash: Hash
}): Uint8Array => concat(labelled('inbox'), sealingContext(of.deployment, of.owner), of.kemKeyHash)

function assertLabel(label: SealLabel, info: Uint8Array): void {
  const prefix = labelled(label)
  if (!equalBytes(info.subarray(0, prefix.byteLength), prefix)) {
    throw new InvalidParametersError(`"info" expected the info string of "${label}"`)
  }
}

/** Seals for one recipient: enc 1,120 B, ct 16 B longer than `plain`; `info` by a maker above. */
export async function seal(
  label: SealLabel,
  info: Uint8Array,
  to: KemPublicKey,
  plain: Uint8Array,
  aad: Uint8Array,
  p: Primitives
): Promise<Sealed> {
  assertLabel(label, info)
  return { v: 1, suite: 1, ...(await p.hpkeSeal(to, info, aad, plain)) }
}

/** @throws DecryptionFailedError if anything differs from what was sealed */
export async function open(
  label: SealLabel,
  info: Uint8Array,
  seed: KemSeed,
  sealed: Sealed,
  aad: Uint8Array,
  p: Primitives
): Promise<Uint8Array> {
  assertLabel(label, info)
  if (sealed.v !== 1 || sealed.suite !== 1) throw new DecryptionFailedError()
  return await p.hpkeOpen(seed, info, aad, sealed)
}

/** A fresh CK towards a custodian (owner's side): enc 1,120 B travels once, then CK wraps shares. */
export async function exportCustodyKey(
  to: KemPublicKey,
  info: Uint8Array,
  p: Primitives
): Promise<{ readonly enc: Uint8Array; readonly ck: CustodyKey }> {
  assertLabel('custody', info)
  const { enc, secret } = await p.hpkeExportTo(to, info, CUSTODY_KEY, 32)
  return { enc, ck: custodyKey(secret) }
}

/** The same CK on the custodian's side. @throws DecryptionFailedError */
export async function importCustodyKey(
  seed: KemSeed,
  info: Uint8Array,
  enc: Uint8Array,
  p: Primitives
): Promise<CustodyKey> {
  assertLabel('custody', info)
  return custodyKey(await p.hpkeExportFrom(seed, info, enc, CUSTODY_KEY, 32))
}

const CUSTODY_KEY = domain('keyward/v1/custody-key')
