/**
 * Record bytes + record secret <-> container KWD1, suite 1 (hops 2 and 11c of 12; SECURITY.md §4):
 * header, key commitment and sealed meta map here; the payload is container-payload.ts.
 * @module
 */
import { assertBytes, concat, domain, equalBytes, isZero, u32be, utf8, wipe } from './bytes.ts'
import { bytes, decode, encode, map, nullable, text, uint } from './codec.ts'
import { DecryptionFailedError, InvalidMessageError, InvalidParametersError } from './errors.ts'
import { type Hash, hash, type RecordSecret } from './ids.ts'
import { FILE_NAME_MAX_CHARS, META_MAX_BYTES, RECORD_MAX_BYTES } from './limits.ts'
import type { Primitives } from './primitives.ts'

export const HEADER_BYTES = 39
export const SALT_BYTES = 32
export const KCOM_BYTES = 32

const MAGIC = utf8('KWD1')
/** ChaCha20-Poly1305; 2 is reserved for AES-256-GCM. */
const SUITE = 1
const FLAG_SEALED = 1
/** log2 of CHUNK_BYTES. */
const CHUNK_LOG2 = 16
const SALT_AT = 7
const NONCE_BYTES = 24
const TAG_BYTES = 16
/** Hides the length of a file name. */
const META_STEP_BYTES = 256
/** What `meta` may weigh when sealed: nonce, padded map, tag. */
export const META_SEALED_MAX_BYTES = NONCE_BYTES + META_MAX_BYTES + TAG_BYTES

export interface ContainerHeader {
  /** All 39 bytes: they are the aad of meta and the message of kcom. */
  readonly bytes: Uint8Array
  readonly suite: 1
  /** Sealed mode: half of the key, S_o, never reaches a custodian. */
  readonly sealed: boolean
  readonly salt: Uint8Array
}

export interface ContainerKeys {
  readonly payload: Uint8Array
  readonly commit: Uint8Array
  readonly meta: Uint8Array
  /** The key commitment, public: it stands in the manifest. */
  readonly kcom: Hash
}

declare const committed: unique symbol
/** Keys that match the record's commitment. Only `unlock` makes them, and only they open. */
export type UnlockedKeys = ContainerKeys & { readonly [committed]: true }

/** What the record is; sealed with it, so that storage learns neither name nor type. */
export interface RecordMeta {
  readonly name: string
  /** MIME type. */
  readonly mime: string
  /** FHIR resource type, if it is one. */
  readonly fhir?: string
  /** Bytes, unpadded. */
  readonly length: number
  /** SHA-256 of the unpadded plaintext. */
  readonly sha256: Hash
}

const metaShape = map({
  name: text(FILE_NAME_MAX_CHARS),
  mime: text(FILE_NAME_MAX_CHARS),
  fhir: nullable(text(FILE_NAME_MAX_CHARS, 1)),
  length: uint(RECORD_MAX_BYTES),
  sha256: bytes(32, (b) => hash(b, 'sha256'))
})

/** `salt`: 32 fresh random bytes. */
export function makeHeader(
  salt: Uint8Array,
  options: { readonly sealed: boolean }
): ContainerHeader {
  assertBytes(salt, SALT_BYTES, 'salt')
  const flags = options.sealed ? FLAG_SEALED : 0
  return decodeHeader(concat(MAGIC, Uint8Array.of(SUITE, flags, CHUNK_LOG2), salt))
}

/** @throws InvalidMessageError for another format, suite, flag or chunk size */
export function decodeHeader(input: Uint8Array): ContainerHeader {
  if (input.byteLength !== HEADER_BYTES || !equalBytes(input.subarray(0, 4), MAGIC)) {
    throw new InvalidMessageError('"hdr" expected the 39 bytes of a KWD1 header')
  }
  const [suite, flags, chunkLog2] = input.subarray(4, SALT_AT)
  if (suite !== SUITE) throw new InvalidMessageError(`"suite" expected 1, got ${suite}`)
  if (flags !== 0 && flags !== FLAG_SEALED) {
    throw new InvalidMessageError(`"flags" expected 0 or 1, got ${flags}`)
  }
  if (chunkLog2 !== CHUNK_LOG2) {
    throw new InvalidMessageError(`"chunkLog2" expected ${CHUNK_LOG2}, got ${chunkLog2}`)
  }
  const own = input.slice()
  return { bytes: own, suite: SUITE, sealed: flags === FLAG_SEALED, salt: own.subarray(SALT_AT) }
}

/**
 * The keys of one record version, for sealing.
 * @throws InvalidParametersError in sealed mode without a non-zero S_o, or with one outside of it:
 * either would give a record that looks protected by two factors and is not
 */
export function deriveKeys(
  header: ContainerHeader,
  secret: RecordSecret,
  ownerSecret: RecordSecret | undefined,
  p: Primitives
): ContainerKeys {
  if (header.sealed && (ownerSecret == null || isZero(ownerSecret))) {
    throw new InvalidParametersError('"ownerSecret" expected non-zero bytes in sealed mode')
  }
  if (!header.sealed && ownerSecret != null) {
    throw new InvalidParametersError('"ownerSecret" expected none outside of sealed mode')
  }
  const ikm = concat(
    assertBytes(secret, 32, 'secret'),
    assertBytes(ownerSecret ?? new Uint8Array(32), 32, 'ownerSecret')
  )
  const info = concat(domain('keyward/v1/root'), header.bytes.subarray(0, SALT_AT))
  const root = p.hkdf(ikm, header.salt, info, 32)
  const expand = (x: string) => p.hkdfExpand(root, domain(`keyward/v1/${x}`), 32)
  try {
    const commit = expand('commit')
    const kcom = hash(p.hmac(commit, header.bytes), 'kcom')
    return { payload: expand('payload'), commit, meta: expand('meta'), kcom }
  } finally {
    wipe(ikm, root)
  }
}

/**
 * The keys for opening: ChaCha20-Poly1305 does not commit to its key, so the commitment is compared
 * before any chunk is tried.
 * @throws DecryptionFailedError if these secrets are not the record's
 */
export function unlock(
  header: ContainerHeader,
  kcom: Uint8Array,
  secret: RecordSecret,
  ownerSecret: RecordSecret | undefined,
  p: Primitives
): UnlockedKeys {
  const keys = deriveKeys(header, secret, ownerSecret, p)
  if (equalBytes(keys.kcom, kcom)) return keys as UnlockedKeys
  wipeKeys(keys)
  throw new DecryptionFailedError()
}

export const wipeKeys = (keys: ContainerKeys): void => wipe(keys.payload, keys.commit, keys.meta)

/** Seals the meta map, padded to 256·k; once per record version, `nonce` 24 fresh random bytes. */
export function sealMeta(
  meta: RecordMeta,
  header: ContainerHeader,
  keys: ContainerKeys,
  nonce: Uint8Array,
  p: Primitives
): Uint8Array {
  assertBytes(nonce, NONCE_BYTES, 'nonce')
  const { name, mime, fhir, length, sha256 } = meta
  const encoded = encode({ name, mime, fhir, length, sha256 })
  decode(metaShape, encoded, 'meta') // what we seal, any reader can open
  const plain = new Uint8Array(paddedMeta(encoded.byteLength))
  plain.set(u32be(encoded.byteLength))
  plain.set(encoded, 4)
  try {
    return concat(nonce, p.xchachaSeal(keys.meta, nonce, header.bytes, plain))
  } finally {
    wipe(plain, encoded)
  }
}

const paddedMeta = (length: number): number =>
  Math.ceil((4 + length) / META_STEP_BYTES) * META_STEP_BYTES

/**
 * @throws DecryptionFailedError for another key or header, or padding that is not minimal zeros
 * @throws InvalidMessageError if its author sealed what is no meta map
 */
export function openMeta(
  sealed: Uint8Array,
  header: ContainerHeader,
  keys: UnlockedKeys,
  p: Primitives
): RecordMeta {
  if (sealed.byteLength < NONCE_BYTES + TAG_BYTES || sealed.byteLength > META_SEALED_MAX_BYTES) {
    throw new DecryptionFailedError()
  }
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const plain = p.xchachaOpen(keys.meta, nonce, header.bytes, sealed.subarray(NONCE_BYTES))
  try {
    const length =
      plain.byteLength < 4
        ? -1
        : new DataView(plain.buffer, plain.byteOffset, plain.byteLength).getUint32(0)
    const end = 4 + length
    if (plain.byteLength !== paddedMeta(length) || !isZero(plain.subarray(end))) {
      throw new DecryptionFailedError()
    }
    const { fhir, ...rest } = decode(metaShape, plain.slice(4, end), 'meta')
    return fhir == null ? rest : { ...rest, fhir }
  } finally {
    wipe(plain)
  }
}

/** Of a .kwd file: the most bytes that `decodeKwdPrefix` can ask for. */
export const KWD_PREFIX_MAX_BYTES = HEADER_BYTES + KCOM_BYTES + 4 + META_SEALED_MAX_BYTES

/** The head of a .kwd file: hdr ‖ kcom ‖ u32be(length of meta) ‖ meta; the payload follows. */
export const encodeKwdPrefix = (
  header: ContainerHeader,
  kcom: Uint8Array,
  meta: Uint8Array
): Uint8Array =>
  concat(header.bytes, assertBytes(kcom, KCOM_BYTES, 'kcom'), u32be(meta.byteLength), meta)

export interface KwdPrefix {
  readonly header: ContainerHeader
  readonly kcom: Hash
  readonly meta: Uint8Array
  /** Where the payload begins. */
  readonly payloadAt: number
}

/** Reads a file's first KWD_PREFIX_MAX_BYTES, or fewer if it ends. @throws InvalidMessageError */
export function decodeKwdPrefix(input: Uint8Array): KwdPrefix {
  const metaAt = HEADER_BYTES + KCOM_BYTES + 4
  if (input.byteLength < metaAt) {
    throw new InvalidMessageError(`".kwd" expected ${metaAt} bytes, got ${input.byteLength}`)
  }
  const header = decodeHeader(input.subarray(0, HEADER_BYTES))
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  const length = view.getUint32(metaAt - 4)
  const payloadAt = metaAt + length
  if (length > META_SEALED_MAX_BYTES || payloadAt > input.byteLength) {
    throw new InvalidMessageError(`".kwd" expected another length of meta, got ${length}`)
  }
  return {
    header,
    kcom: hash(input.slice(HEADER_BYTES, metaAt - 4), 'kcom'),
    meta: input.slice(metaAt, payloadAt),
    payloadAt
  }
}
