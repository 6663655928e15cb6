/**
 * The pack: what a custodian answers a `want: "pack"` with in an emergency, namely which records of
 * the owner's emergency subset it keeps, page by page (hops 9 and 10 of 12; SECURITY.md §8, §15 and
 * docs/decisions/0023). Manifests open nothing: each share is asked for, and decided, by itself.
 * @module
 */
import { peerAddrsShape } from './binding.ts'
import { bool, bytesUpTo, decode, encode, list, map, type Of, oneOf, type Shape } from './codec.ts'
import { InvalidMessageError } from './errors.ts'
import { MANIFEST_MAX_BYTES, PACK_ADDRS_MAX, PACK_PAGE_BYTES, RECEIPT_MAX_BYTES } from './limits.ts'
import { LINK_MAX_BYTES, LINK_MIN_BYTES } from './receipt.ts'
import { type Answer, answerShape } from './request.ts'
import { signedShape } from './signed.ts'
import { hashShape } from './typed-data.ts'

const packedShape = map({
  manifest: bytesUpTo(MANIFEST_MAX_BYTES),
  /** What the chain's anchor of the manifest's content is salted with. */
  anchorSalt: hashShape
})
export type Packed = Of<typeof packedShape>

/** The smallest thinkable manifest has more bytes than this. */
const PACKED_MIN_BYTES = 256

const pageShape = map({
  v: oneOf(1),
  /** Ascending by recordId, after the one that the request names; each record's newest version. */
  records: list(packedShape, Math.floor(PACK_PAGE_BYTES / PACKED_MIN_BYTES)),
  /** Where custodians of these records are, as far as this one knows and the page has room. */
  addrs: list(peerAddrsShape, PACK_ADDRS_MAX),
  /** Another page follows. */
  more: bool
})
export type PackPage = Of<typeof pageShape>

export const encodePage = (page: PackPage): Uint8Array<ArrayBuffer> => encode(page)
/** @throws InvalidMessageError */
export const decodePage = (page: Uint8Array): PackPage => decode(pageShape, page, 'pack')

const packAnswerMap = map({
  v: oneOf(1),
  ok: bool,
  req: hashShape,
  code: oneOf(0),
  retryMs: oneOf(0),
  link: signedShape(LINK_MAX_BYTES, LINK_MIN_BYTES),
  body: bytesUpTo(RECEIPT_MAX_BYTES),
  /** An encoded page; the receipt's `ct` is its hash. */
  pack: bytesUpTo(PACK_PAGE_BYTES)
})
export type PackAnswer = Of<typeof packAnswerMap>

export const encodePackAnswer = (answer: PackAnswer): Uint8Array<ArrayBuffer> => encode(answer)

/** A released page has a map of its own; a refusal has that of every refusal. */
const answerToPackShape: Shape<PackAnswer | Answer> = (value, path) => {
  if (!Object.hasOwn(Object(value), 'pack')) {
    const refusal = answerShape(value, path)
    if (refusal.ok) throw new InvalidMessageError(`"${path}" expected a pack`)
    return refusal
  }
  const answer = packAnswerMap(value, path)
  if (!answer.ok) throw new InvalidMessageError(`"${path}" expected no pack in a refusal`)
  return answer
}

/** `b` of a Signed answer to a request for a pack. @throws InvalidMessageError */
export const decodePackAnswer = (b: Uint8Array): PackAnswer | Answer =>
  decode(answerToPackShape, b, 'answer')
