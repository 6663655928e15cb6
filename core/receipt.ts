/**
 * Receipts: the custodian's one append-only chain of links, each over a body that says what was
 * released, refused, acknowledged or destroyed (hop 12 of 12; SECURITY.md §8, §11, §15). Links
 * tell nothing, so a patient may hold all of them and the bodies that are hers.
 * @module
 */
import { domain, equalBytes } from './bytes.ts'
import {
  bool,
  bytesUpTo,
  decode,
  encode,
  list,
  map,
  nullable,
  type Of,
  oneOf,
  text,
  uint,
  variant
} from './codec.ts'
import { U32_MAX } from './grant.ts'
import { type Hash, hash, type PeerIdBytes } from './ids.ts'
import {
  CUSTODIANS_MAX,
  EXPORT_LINKS_MAX,
  HL7_CODE_MAX_CHARS,
  RECEIPT_MAX_BYTES
} from './limits.ts'
import { recordIdShape, versionShape } from './manifest.ts'
import type { Primitives } from './primitives.ts'
import { type Signed, sign, signedShape, verify } from './signed.ts'
import { addressShape, hashShape, peerIdShape } from './typed-data.ts'

// ---- bodies

const blockShape = map({ n: uint(), h: hashShape, t: uint() })

const about = {
  v: oneOf(1),
  /** 32 random bytes: nobody can guess a body from its link. */
  salt: hashShape,
  chain: uint()
}
const record = {
  owner: addressShape,
  recordId: recordIdShape,
  ver: versionShape,
  shareEpoch: versionShape,
  idx: uint(CUSTODIANS_MAX, 1)
}
const decision = {
  req: hashShape,
  peer: peerIdShape,
  emergency: bool,
  policy: hashShape,
  /** H of the evidence: header RLPs and proofs. */
  ev: nullable(hashShape)
}
/** The grant words that were proven; absent in an emergency, which has none. */
const wordsShape = map({ conf: nullable(hashShape), head: nullable(hashShape) })

export const bodyShape = variant('kind', {
  release: map({
    ...about,
    ...record,
    ...decision,
    kind: oneOf('release'),
    /** A pack names no share: both 0. */
    shareEpoch: uint(U32_MAX),
    idx: uint(CUSTODIANS_MAX),
    want: text(16),
    account: addressShape,
    grantId: hashShape,
    /** Hash of the sub-grant under which the account asked: who passed access on. */
    sub: nullable(hashShape),
    purpose: uint(31),
    hl7: text(HL7_CODE_MAX_CHARS),
    code: oneOf(0),
    conf: blockShape,
    head: blockShape,
    words: wordsShape,
    /** H(enc ‖ ct); absent when blocks were wanted. */
    ct: nullable(hashShape),
    count: oneOf(1)
  }),
  /** Refusals 101–307 have no proven link to a record, and one receipt counts many. */
  refuse: map({
    ...about,
    ...decision,
    kind: oneOf('refuse'),
    owner: nullable(addressShape),
    recordId: nullable(recordIdShape),
    ver: uint(U32_MAX),
    shareEpoch: uint(U32_MAX),
    idx: uint(CUSTODIANS_MAX),
    want: text(16),
    account: nullable(addressShape),
    grantId: nullable(hashShape),
    sub: nullable(hashShape),
    purpose: nullable(uint(31)),
    hl7: text(HL7_CODE_MAX_CHARS),
    code: uint(999, 101),
    conf: nullable(blockShape),
    head: nullable(blockShape),
    words: nullable(wordsShape),
    ct: nullable(hashShape),
    count: uint(U32_MAX, 1)
  }),
  ack: map({
    ...about,
    ...record,
    kind: oneOf('ack'),
    contentHash: hashShape,
    custodyHash: hashShape,
    com: hashShape,
    anchor: hashShape,
    /** The blocks are held here too. */
    pinned: bool
  }),
  destroy: map({
    ...about,
    ...record,
    kind: oneOf('destroy'),
    com: hashShape,
    cause: oneOf('erase', 'refresh', 'left'),
    /** Block of the tombstone or of the new epoch. */
    ref: nullable(map({ n: uint(), h: hashShape })),
    /** When the last backup key that opens it dies. */
    backupUntil: nullable(uint())
  })
})
export type ReceiptBody = Of<typeof bodyShape>
export type BodyOf<K extends ReceiptBody['kind']> = Extract<ReceiptBody, { readonly kind: K }>

export const encodeBody = (body: ReceiptBody): Uint8Array => encode(body)
/** @throws InvalidMessageError */
export const decodeBody = (body: Uint8Array): ReceiptBody => decode(bodyShape, body, 'receipt')

/** What a link says of its body. */
export const bodyHash = (body: Uint8Array, p: Primitives): Hash =>
  hash(p.sha256(domain('keyward/v1/receipt'), body))

// ---- links

export const LINK_MIN_BYTES = 138
export const LINK_MAX_BYTES = 146

export const linkShape = map({
  v: oneOf(1),
  by: peerIdShape,
  seq: uint(Number.MAX_SAFE_INTEGER, 1),
  prev: hashShape,
  at: uint(),
  body: hashShape
})
export type Link = Of<typeof linkShape>

export const signedLinkShape = signedShape(LINK_MAX_BYTES, LINK_MIN_BYTES)

/** `b` of a Signed link. @throws InvalidMessageError */
export const decodeLink = (b: Uint8Array): Link => decode(linkShape, b, 'link')

export const linkHash = (link: Signed, p: Primitives): Hash =>
  hash(p.sha256(domain('keyward/v1/link'), link.b))

/** Where a chain ends: what the next link builds on. */
export interface ChainEnd {
  readonly seq: number
  readonly hash: Hash
  /** The latest `at` so far. */
  readonly atSeconds: number
}

export const CHAIN_START: ChainEnd = { seq: 0, hash: hash(new Uint8Array(32)), atSeconds: 0 }

/** Signs the next link over an encoded body; nothing is written. */
export function appendLink(
  end: ChainEnd,
  body: Uint8Array,
  by: { readonly peer: PeerIdBytes; readonly seed: Uint8Array; readonly atSeconds: number },
  p: Primitives
): { readonly link: Signed; readonly end: ChainEnd } {
  const seq = end.seq + 1
  const b = encode({
    v: 1,
    by: by.peer,
    seq,
    prev: end.hash,
    at: by.atSeconds,
    body: bodyHash(body, p)
  })
  const link = sign('link', b, by.seed, p)
  const atSeconds = Math.max(end.atSeconds, by.atSeconds)
  return { link, end: { seq, hash: linkHash(link, p), atSeconds } }
}

/** A link and, for whom it concerns, its body. */
export interface ChainEntry {
  readonly link: Signed
  readonly body: Uint8Array | undefined
}

export interface ChainFault {
  /** Position among the entries, from 0. */
  readonly index: number
  /** `form` not a link, `peer` of another node, `signature`, `seq` a gap or a repetition, `prev`
   * another history, `body` not the one linked, `time` went back by more than the guard. */
  readonly fault: 'form' | 'peer' | 'signature' | 'seq' | 'prev' | 'body' | 'time'
}

interface Reader {
  readonly peer: PeerIdBytes
  /** G: how far `at` may fall behind the latest. */
  readonly guardSeconds: number
}

/** Checks one entry on top of `end`, for logs too long for memory; goes on after a fault. */
export function checkEntry(
  end: ChainEnd,
  entry: ChainEntry,
  reader: Reader,
  p: Primitives
): { readonly end: ChainEnd; readonly faults: readonly ChainFault['fault'][] } {
  const { link: signed, body } = entry
  let link: Link
  try {
    link = decodeLink(signed.b)
  } catch {
    return { end: { ...end, seq: end.seq + 1 }, faults: ['form'] }
  }
  const faults: ChainFault['fault'][] = []
  if (!equalBytes(link.by, reader.peer)) faults.push('peer')
  if (!verify('link', signed, reader.peer, p)) faults.push('signature')
  if (link.seq !== end.seq + 1) faults.push('seq')
  if (!equalBytes(link.prev, end.hash)) faults.push('prev')
  if (body != null && !equalBytes(link.body, bodyHash(body, p))) faults.push('body')
  if (link.at < end.atSeconds - reader.guardSeconds) faults.push('time')
  const atSeconds = Math.max(end.atSeconds, link.at)
  return { end: { seq: link.seq, hash: linkHash(signed, p), atSeconds }, faults }
}

/** Checks a chain from its first link on; empty `faults` means that it is whole. */
export function verifyChain(
  entries: readonly ChainEntry[],
  peer: PeerIdBytes,
  guardSeconds: number,
  p: Primitives
): { readonly count: number; readonly end: ChainEnd; readonly faults: readonly ChainFault[] } {
  const faults: ChainFault[] = []
  let end = CHAIN_START
  for (const [index, entry] of entries.entries()) {
    const step = checkEntry(end, entry, { peer, guardSeconds }, p)
    end = step.end
    for (const fault of step.faults) faults.push({ index, fault })
  }
  return { count: entries.length, end, faults }
}

// ---- export

const exportShape = list(
  map({ link: signedLinkShape, body: nullable(bytesUpTo(RECEIPT_MAX_BYTES)) }),
  EXPORT_LINKS_MAX
)

/** A chain as one file: an array of {link, body or null}, in order. */
export const encodeExport = (entries: readonly ChainEntry[]): Uint8Array =>
  encode(entries.map(({ link, body }) => ({ link, body })))

/** @throws InvalidMessageError */
export const decodeExport = (file: Uint8Array): readonly ChainEntry[] =>
  decode(exportShape, file, 'export')
