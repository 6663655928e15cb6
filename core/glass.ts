/**
 * An emergency's letters (docs/decisions/0023): a clinician asks a colleague to sign a BreakGlass
 * with her (`glass`), the colleague's signature (`cosign`), and what the patient is told once it is
 * broken (`broken`). Each is signed by a PeerId and travels with the card that binds it to an
 * account; the reason is words and a salt, of which the chain sees the hash.
 * @module
 */
import { type Card, cardShape, checkCard } from './binding.ts'
import { domain, equalBytes, utf8 } from './bytes.ts'
import { bytes, decode, encode, list, map, type Of, oneOf, text, uint } from './codec.ts'
import type { Deployment } from './deployment.ts'
import { InvalidMessageError, InvalidSignatureError } from './errors.ts'
import {
  accountGrantee,
  GranteeKind,
  grantId,
  openingHash,
  openingShape,
  U32_MAX
} from './grant.ts'
import { type Address, type GrantId, type Hash, hash } from './ids.ts'
import { GLASS_MAX_BYTES, NOTICE_SIGNERS_MAX, WISH_TEXT_MAX_CHARS } from './limits.ts'
import type { Primitives } from './primitives.ts'
import { type SignedLabel, sign, signedShape, verify } from './signed.ts'
import { addressShape, type BreakGlass, hashShape, recoverTyped } from './typed-data.ts'

/** All that clinicians sign for, with the reason in words. */
export const glassShape = map({
  v: oneOf(1),
  owner: addressShape,
  opening: openingShape,
  /** The owner's, as the chain says it. */
  epoch: uint(U32_MAX),
  reason: text(WISH_TEXT_MAX_CHARS, 1),
  /** Hides the reason in its hash. */
  salt: hashShape,
  at: uint()
})
export type Glass = Of<typeof glassShape>

/** Recovered only: 65 bytes. */
export const cosignShape = map({
  v: oneOf(1),
  /** keccak256(abi(owner, openingHash)): the notice's id, and the glass's own. */
  notice: hashShape,
  sig: bytes(65),
  at: uint()
})
export type Cosign = Of<typeof cosignShape>

/** In the ascending order of their accounts, as the contract wants them. */
export const signersShape = list(
  map({ account: addressShape, sig: bytes(65) }),
  NOTICE_SIGNERS_MAX,
  1
)
export type GlassSigners = Of<typeof signersShape>

export const brokenShape = map({ v: oneOf(1), glass: glassShape, signers: signersShape })
export type Broken = Of<typeof brokenShape>

const letterOf = <K extends string>(kind: K) =>
  map({ v: oneOf(1), [kind]: signedShape(GLASS_MAX_BYTES), card: cardShape } as {
    readonly v: ReturnType<typeof oneOf<1>>
    readonly card: typeof cardShape
  } & { readonly [key in K]: ReturnType<typeof signedShape> })

const letters = {
  glass: { mail: letterOf('glass'), content: glassShape },
  cosign: { mail: letterOf('cosign'), content: cosignShape },
  broken: { mail: letterOf('broken'), content: brokenShape }
} as const

type Kind = keyof typeof letters & SignedLabel
type Content<K extends Kind> = Of<(typeof letters)[K]['content']>

/** An encoded letter, to be sealed to its receiver. */
export const writeLetter = <K extends Kind>(
  kind: K,
  content: Content<K>,
  card: Card,
  seed: Uint8Array,
  p: Primitives
): Uint8Array => encode({ v: 1, [kind]: sign(kind, encode(content), seed, p), card })

/**
 * What the PeerId on a card that stands has signed.
 * @throws InvalidMessageError, InvalidSignatureError
 */
export function openLetter<K extends Kind>(
  kind: K,
  mail: Uint8Array,
  reader: { readonly deployment: Deployment; readonly nowSeconds: number },
  p: Primitives
): { readonly content: Content<K>; readonly card: Card } {
  const { mail: shape, content: contentShape } = letters[kind]
  const { [kind]: signed, card } = decode(shape as never, mail, `${kind} mail`) as {
    readonly [key in K]: Of<ReturnType<typeof signedShape>>
  } & { readonly card: Card }
  const fault = checkCard(card, reader.deployment, reader.nowSeconds, p)
  if (fault != null) throw new InvalidSignatureError(`"card" expected another ${fault}`)
  if (!verify(kind, signed, card.binding.peerId, p)) {
    throw new InvalidSignatureError('"s" expected the signature of the PeerId')
  }
  return { content: decode(contentShape as never, signed.b, kind) as Content<K>, card }
}

/** H(D("keyward/v1/reason") ‖ salt ‖ text): what the chain keeps of a reason or an outcome. */
export const reasonHash = (salt: Hash, reason: string, p: Primitives): Hash =>
  hash(p.sha256(domain('keyward/v1/reason'), salt, utf8(reason)))

/** What is signed. */
export const breakGlassOf = (
  { owner, opening, epoch, reason, salt }: Glass,
  p: Primitives
): BreakGlass => ({ owner, opening, reasonHash: reasonHash(salt, reason, p), epoch })

export const noticeOf = ({ owner, opening }: Glass, p: Primitives): GrantId =>
  grantId(owner, openingHash(opening, p), p)

/** Who signed this very glass; undefined if nobody did. */
export function signerOf(
  glass: Glass,
  sig: Uint8Array,
  deployment: Deployment,
  p: Primitives
): Address | undefined {
  return recoverTyped(deployment, 'BreakGlass', breakGlassOf(glass, p), sig, p)
}

/** It is for the one account that asks. @throws InvalidMessageError */
export function assertAskedBy({ opening }: Glass, account: Address): void {
  const own =
    opening.granteeKind === GranteeKind.ACCOUNT &&
    equalBytes(opening.grantee, accountGrantee(account))
  if (!own) throw new InvalidMessageError('"glass.opening" expected the account that asks')
}
