/**
 * What waits in an inbox while a phone is off: a requester's wish for consent and the owner's
 * reply (hop 7 of 12). Both are signed by PeerIds and travel with the card that binds them to an
 * account; protocols/inbox/SPEC.md holds the maps.
 * @module
 */
import { type Card, cardShape, checkCard, peerAddrsShape } from './binding.ts'
import { equalBytes } from './bytes.ts'
import { bytes, decode, encode, list, map, nullable, type Of, oneOf, text, uint } from './codec.ts'
import type { Deployment } from './deployment.ts'
import { sealedShape } from './envelope.ts'
import { InvalidSignatureError } from './errors.ts'
import { U32_MAX } from './grant.ts'
import { type Address, grantId } from './ids.ts'
import {
  ADDRS_PER_PEER,
  CAPSULE_MAX_BYTES,
  HL7_CODE_MAX_CHARS,
  INBOX_FRAME_MAX_BYTES,
  NAME_MAX_CHARS,
  WISH_MAX_BYTES,
  WISH_SCOPE_MAX,
  WISH_TEXT_MAX_CHARS
} from './limits.ts'
import { recordIdShape, versionShape } from './manifest.ts'
import type { Primitives } from './primitives.ts'
import { sign, signedShape, verify } from './signed.ts'
import { addressShape, hashShape } from './typed-data.ts'

export const wishShape = map({
  v: oneOf(1),
  /** 32 random bytes; the reply names it. */
  id: hashShape,
  owner: addressShape,
  account: addressShape,
  /** Who asks, in words; a claim. */
  name: text(NAME_MAX_CHARS),
  purposes: uint(U32_MAX),
  hl7: text(HL7_CODE_MAX_CHARS),
  scope: map({
    records: list(recordIdShape, WISH_SCOPE_MAX),
    classes: list(text(NAME_MAX_CHARS, 1), WISH_SCOPE_MAX)
  }),
  verFrom: versionShape,
  verTo: versionShape,
  notAfter: uint(),
  reason: text(WISH_TEXT_MAX_CHARS),
  /** Where replies reach the requester. */
  reply: list(peerAddrsShape, ADDRS_PER_PEER),
  at: uint()
})
export type ConsentWish = Of<typeof wishShape>

export const wishReplyShape = map({
  v: oneOf(1),
  /** The wish's id. */
  wish: hashShape,
  verdict: oneOf('granted', 'denied'),
  reason: text(WISH_TEXT_MAX_CHARS),
  /** The capsule, sealed to the key on the requester's card. */
  capsule: nullable(sealedShape(CAPSULE_MAX_BYTES)),
  grantId: nullable(bytes(32, grantId)),
  at: uint()
})
export type WishReply = Of<typeof wishReplyShape>

/** Sealed to the owner's inbox key. */
export const wishMailShape = map({
  v: oneOf(1),
  wish: signedShape(WISH_MAX_BYTES),
  card: cardShape
})
export type WishMail = Of<typeof wishMailShape>

/** Sealed to the requester's inbox key. */
export const replyMailShape = map({
  v: oneOf(1),
  reply: signedShape(INBOX_FRAME_MAX_BYTES),
  card: cardShape
})
export type ReplyMail = Of<typeof replyMailShape>

// ---- signing and opening

export const signWish = (
  wish: ConsentWish,
  card: Card,
  seed: Uint8Array,
  p: Primitives
): Uint8Array => encode({ v: 1, wish: sign('wish', encode(wish), seed, p), card })

export const signReply = (
  reply: WishReply,
  card: Card,
  seed: Uint8Array,
  p: Primitives
): Uint8Array => encode({ v: 1, reply: sign('reply', encode(reply), seed, p), card })

interface Reader {
  readonly deployment: Deployment
  readonly nowSeconds: number
}

/**
 * A wish as its requester signed it: by the PeerId on a card that stands, for the account on it.
 * @throws InvalidMessageError, InvalidSignatureError
 */
export function openWish(
  mail: Uint8Array,
  reader: Reader,
  p: Primitives
): { readonly wish: ConsentWish; readonly card: Card } {
  const { wish: signed, card } = decode(wishMailShape, mail, 'wish mail')
  const wish = decode(wishShape, signed.b, 'wish')
  assertSigned(card, wish.account, verify('wish', signed, card.binding.peerId, p), reader, p)
  return { wish, card }
}

/**
 * A reply as `owner`, of whom the wish was asked, signed it.
 * @throws InvalidMessageError, InvalidSignatureError
 */
export function openReply(
  mail: Uint8Array,
  owner: Address,
  reader: Reader,
  p: Primitives
): { readonly reply: WishReply; readonly card: Card } {
  const { reply: signed, card } = decode(replyMailShape, mail, 'reply mail')
  const reply = decode(wishReplyShape, signed.b, 'reply')
  assertSigned(card, owner, verify('reply', signed, card.binding.peerId, p), reader, p)
  return { reply, card }
}

function assertSigned(
  card: Card,
  account: Address,
  verified: boolean,
  { deployment, nowSeconds }: Reader,
  p: Primitives
): void {
  const fault = checkCard(card, deployment, nowSeconds, p)
  if (fault != null) throw new InvalidSignatureError(`"card" expected another ${fault}`)
  if (!equalBytes(card.binding.account, account)) {
    throw new InvalidSignatureError('"card" expected the account that is named')
  }
  if (!verified) throw new InvalidSignatureError('"s" expected the signature of the PeerId')
}
