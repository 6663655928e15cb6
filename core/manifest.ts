/**
 * The manifest (hop 4 of 12): `content`, all about the bytes, and `custody`, who keeps the shares
 * under which epoch and tags, signed by the owner (SECURITY.md §5, §8). It goes to custodians,
 * replicas and grantees, never to IPFS or DHT.
 * @module
 */

import { peerAddrsShape } from './binding.ts'
import { domain, equalBytes, isZero, toHex } from './bytes.ts'
import {
  bool,
  bytes,
  bytesUpTo,
  decode,
  encode,
  list,
  map,
  nullable,
  type Of,
  oneOf,
  type Shape,
  uint
} from './codec.ts'
import { HEADER_BYTES, META_SEALED_MAX_BYTES } from './container.ts'
import type { Deployment } from './deployment.ts'
import { InvalidMessageError, InvalidParametersError, InvalidSignatureError } from './errors.ts'
import { openingShape, recordTag, scopeExceptShape, scopeTagsShape, U32_MAX } from './grant.ts'
import { KEM_ENC_BYTES } from './hpke.ts'
import { type Hash, hash, recordId as recordIdOf, recordSecret } from './ids.ts'
import {
  CAPSULE_RECORDS_MAX,
  CUSTODIANS_MAX,
  MANIFEST_MAX_BYTES,
  REPLICAS_MAX,
  STANDBY_MAX,
  THRESHOLD_MIN,
  TREE_MAX_BYTES
} from './limits.ts'
import type { Primitives } from './primitives.ts'
import { recordTagsShape } from './tags.ts'
import {
  addressShape,
  type Custody,
  custodyItemsShape,
  hashShape,
  peerIdShape,
  recoverTyped,
  signTyped,
  sigShape
} from './typed-data.ts'

export const recordIdShape = bytes(32, recordIdOf)
export const versionShape = uint(U32_MAX, 1)

/** CIDv1 of raw or dag-pb with sha2-256, binary, without prefix: 36 bytes. */
const cidShape: Shape<Uint8Array> = bytes(36, (cid) => {
  const [version, codec, hashCode, length] = cid
  if (version !== 1 || (codec !== 0x55 && codec !== 0x70) || hashCode !== 0x12 || length !== 32) {
    throw new InvalidParametersError('"cid" expected CIDv1, raw or dag-pb, sha2-256')
  }
  return cid
})

export const contentShape = map({
  v: oneOf(1),
  owner: addressShape,
  recordId: recordIdShape,
  ver: versionShape,
  /** contentHash of ver − 1. */
  prev: nullable(hashShape),
  hdr: bytes(HEADER_BYTES),
  kcom: hashShape,
  cid: cidShape,
  /** Of the ciphertext. */
  size: uint(),
  meta: bytesUpTo(META_SEALED_MAX_BYTES),
  author: addressShape,
  created: uint()
})
export type Content = Of<typeof contentShape>

const custodianShape = map({
  /** The custodian's place, 1..n; not x. */
  idx: uint(CUSTODIANS_MAX, 1),
  /** Last byte of its share. */
  x: uint(255, 1),
  peer: peerIdShape,
  /** Its organisation; 0: the patient's own device. */
  op: uint(U32_MAX),
  com: hashShape
})
export type CustodianEntry = Of<typeof custodianShape>

export const custodyShape = map({
  v: oneOf(1),
  owner: addressShape,
  recordId: recordIdShape,
  ver: versionShape,
  contentHash: hashShape,
  shareEpoch: versionShape,
  t: uint(CUSTODIANS_MAX, THRESHOLD_MIN),
  n: uint(CUSTODIANS_MAX, THRESHOLD_MIN),
  shares: list(custodianShape, CUSTODIANS_MAX, THRESHOLD_MIN),
  standby: list(peerIdShape, STANDBY_MAX),
  tags: recordTagsShape,
  /** In the owner's emergency subset. */
  emergency: bool,
  replicas: list(peerAddrsShape, REPLICAS_MAX)
})
export type CustodyMap = Of<typeof custodyShape>

const manifestShape = map({
  v: oneOf(1),
  content: bytesUpTo(MANIFEST_MAX_BYTES),
  custody: bytesUpTo(MANIFEST_MAX_BYTES),
  /** All that `sig` covers, this record's among them. */
  items: custodyItemsShape,
  sig: sigShape
})

export interface Manifest {
  readonly content: Content
  readonly custody: CustodyMap
  readonly contentHash: Hash
  readonly custodyHash: Hash
  readonly items: Custody['items']
  readonly sig: Uint8Array
  /** As it came, to be passed on. */
  readonly bytes: Uint8Array
}

export const encodeContent = (content: Content): Uint8Array => encode(content)
export const encodeCustody = (custody: CustodyMap): Uint8Array => encode(custody)

/** `content` as encoded. */
export const contentHash = (content: Uint8Array, p: Primitives): Hash =>
  hash(p.sha256(domain('keyward/v1/content'), content))

/** `custody` as encoded. */
export const custodyHash = (custody: Uint8Array, p: Primitives): Hash =>
  hash(p.sha256(domain('keyward/v1/custody-map'), custody))

/** What the chain keeps of `content`: keccak256(abi(anchorSalt, contentHash)). */
export const anchor = (anchorSalt: Hash, of: Hash, p: Primitives): Hash =>
  hash(p.keccak256(anchorSalt, of))

/** What the owner signs for one custody map. */
export const custodyItem = (custody: CustodyMap, p: Primitives): Custody['items'][number] => ({
  recordTag: recordTag(custody.recordId, custody.ver, p),
  shareEpoch: custody.shareEpoch,
  custodyHash: custodyHash(encodeCustody(custody), p)
})

/** A manifest's bytes from a signature over `items`, which may cover other records too. */
export const encodeManifest = (
  content: Content,
  custody: CustodyMap,
  items: Custody['items'],
  sig: Uint8Array
): Uint8Array =>
  encode({ v: 1, content: encodeContent(content), custody: encodeCustody(custody), items, sig })

/** The manifest of one record, signed for it alone. */
export function signManifest(
  content: Content,
  custody: CustodyMap,
  deployment: Deployment,
  accountKey: Uint8Array,
  p: Primitives
): Uint8Array {
  const items = [custodyItem(custody, p)]
  const message = { owner: custody.owner, items }
  const sig = signTyped(deployment, 'Custody', message, accountKey, p)
  return encodeManifest(content, custody, items, sig)
}

/** Decodes all three layers and hashes them; nothing is verified. @throws InvalidMessageError */
export function decodeManifest(manifest: Uint8Array, p: Primitives): Manifest {
  if (manifest.byteLength > MANIFEST_MAX_BYTES) {
    throw new InvalidMessageError(`"manifest" expected at most ${MANIFEST_MAX_BYTES} bytes`)
  }
  const outer = decode(manifestShape, manifest, 'manifest')
  return {
    content: decode(contentShape, outer.content, 'content'),
    custody: decode(custodyShape, outer.custody, 'custody'),
    contentHash: contentHash(outer.content, p),
    custodyHash: custodyHash(outer.custody, p),
    items: outer.items,
    sig: outer.sig,
    bytes: manifest
  }
}

const distinct = (items: readonly (string | number)[]): boolean =>
  new Set(items).size === items.length

/** What is wrong with a pair of content and custody, or undefined. */
function faultOf({ content, custody, contentHash: hashed }: Manifest): string | undefined {
  const { shares, t, n } = custody
  if (!equalBytes(content.owner, custody.owner)) return 'one owner'
  if (!equalBytes(content.recordId, custody.recordId)) return 'one recordId'
  if (content.ver !== custody.ver) return 'one ver'
  if (!equalBytes(custody.contentHash, hashed)) return 'the contentHash of its content'
  if ((content.ver === 1) !== (content.prev == null)) return 'prev from version 2 on'
  if (isZero(content.recordId)) return 'another recordId than zero'
  if (shares.length !== n || t > n) return 't <= n = number of shares'
  if (!shares.every((share, i) => share.idx === i + 1)) return 'idx 1..n in order'
  if (!distinct(shares.map((share) => share.x))) return 'distinct x'
  if (!distinct(shares.map((share) => share.op))) return 'distinct operators'
  if (!distinct(shares.map((share) => toHex(share.peer)))) return 'distinct custodians'
  return undefined
}

/**
 * Content and custody agree, custodians are distinct and in order, and the owner signed this
 * custody for this record and epoch, by her own key. Of an owner with code the chain may know more
 * (ERC-1271): node/manifests.ts asks it upon InvalidSignatureError.
 * @throws InvalidMessageError, InvalidSignatureError
 */
export function verifyManifest(manifest: Manifest, deployment: Deployment, p: Primitives): void {
  const fault = faultOf(manifest)
  if (fault != null) throw new InvalidMessageError(`"manifest" expected ${fault}`)
  const { custody, items, sig } = manifest
  const tag = recordTag(custody.recordId, custody.ver, p)
  const covered = items.some(
    (item) =>
      equalBytes(item.recordTag, tag) &&
      item.shareEpoch === custody.shareEpoch &&
      equalBytes(item.custodyHash, manifest.custodyHash)
  )
  if (!covered) throw new InvalidMessageError('"manifest.items" expected this record and epoch')
  const signer = recoverTyped(deployment, 'Custody', { owner: custody.owner, items }, sig, p)
  if (signer == null || !equalBytes(signer, custody.owner)) {
    throw new InvalidSignatureError('"manifest.sig" expected the owner\'s signature')
  }
}

// ---- what carries a manifest

/** Owner → custodian, plain on the Noise channel (hop 5 of 12). */
export const packageShape = map({
  v: oneOf(1),
  manifest: bytesUpTo(MANIFEST_MAX_BYTES),
  anchorSalt: hashShape,
  idx: uint(CUSTODIANS_MAX, 1),
  ckEpoch: uint(U32_MAX),
  /** Null when this custodian knows the custody key of `ckEpoch`. */
  ck: nullable(map({ suite: oneOf(1), enc: bytes(KEM_ENC_BYTES) })),
  /** saltSeed ‖ share under CK. */
  env: bytes(105)
})
export type Package = Of<typeof packageShape>

/** Owner → grantee, sealed (hop 8 of 12). */
export const capsuleShape = map({
  v: oneOf(1),
  owner: addressShape,
  opening: openingShape,
  tags: scopeTagsShape,
  except: scopeExceptShape,
  tree: nullable(bytesUpTo(TREE_MAX_BYTES)),
  records: list(
    map({
      recordId: recordIdShape,
      ver: versionShape,
      manifest: bytesUpTo(MANIFEST_MAX_BYTES),
      anchorSalt: hashShape,
      /** S_o, in sealed mode only. */
      so: nullable(bytes(32, recordSecret))
    }),
    CAPSULE_RECORDS_MAX
  ),
  addrs: list(peerAddrsShape, CUSTODIANS_MAX + REPLICAS_MAX)
})
export type Capsule = Of<typeof capsuleShape>
