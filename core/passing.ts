/**
 * Letters of passing on and handing back (decision 0026): a delegator gives a colleague the capsule
 * with the sub-grant that she signed, and whoever hands access back tells the other side. What is in
 * them was signed by accounts and owners already; the card says at which peer they are.
 * @module
 */
import { type Card, cardShape, checkCard } from './binding.ts'
import { equalBytes } from './bytes.ts'
import { decode, encode, map, type Of, oneOf } from './codec.ts'
import type { Deployment } from './deployment.ts'
import { InvalidMessageError, InvalidSignatureError } from './errors.ts'
import { accountGrantee, GranteeKind, openingHash } from './grant.ts'
import { handBackSigner, type SignedHandBack, signedHandBackShape } from './hand-back.ts'
import type { Address } from './ids.ts'
import { capsuleShape } from './manifest.ts'
import type { Primitives } from './primitives.ts'
import { isDelegable } from './purposes.ts'
import { isNarrower, shownSubShape, subSigner } from './subgrant.ts'

/** The grant's own opening and lists, of the records meant; and what narrows it. */
export const passOnShape = map({ capsule: capsuleShape, sub: shownSubShape })
export type PassOn = Of<typeof passOnShape>

const passOnMailShape = map({ v: oneOf(1), passOn: passOnShape, card: cardShape })
const handBackMailShape = map({ v: oneOf(1), handBack: signedHandBackShape, card: cardShape })

interface Reader {
  readonly deployment: Deployment
  readonly nowSeconds: number
  readonly account: Address
}

export const writePassOn = (passOn: PassOn, card: Card): Uint8Array =>
  encode({ v: 1, passOn, card })

export const writeHandBack = (handBack: SignedHandBack, card: Card): Uint8Array =>
  encode({ v: 1, handBack, card })

/**
 * For this account, signed by the one on the card, who is the grantee of the very opening, and no
 * wider than it. Manifests are the reader's to check.
 * @throws InvalidMessageError, InvalidSignatureError
 */
export function openPassOn(
  mail: Uint8Array,
  reader: Reader,
  p: Primitives
): PassOn & { readonly card: Card } {
  const { passOn, card } = decode(passOnMailShape, mail, 'passOn mail')
  const { capsule, sub } = passOn
  const { opening } = capsule
  assertCard(card, reader, p)
  const signer = subSigner(sub, reader.deployment, p)
  if (signer == null || !equalBytes(signer, card.binding.account)) {
    throw new InvalidSignatureError('"passOn.sub" expected the signature of the card’s account')
  }
  if (!equalBytes(sub.delegator, signer)) {
    throw new InvalidMessageError('"passOn.sub.delegator" expected who signed')
  }
  if (!equalBytes(sub.grant.delegate, reader.account)) {
    throw new InvalidMessageError('"passOn.sub.delegate" expected this account')
  }
  const ofGrant =
    equalBytes(sub.grant.owner, capsule.owner) &&
    equalBytes(sub.grant.openingHash, openingHash(opening, p))
  if (!ofGrant) throw new InvalidMessageError('"passOn.sub" expected the capsule’s own grant')
  const mayPassOn =
    opening.granteeKind === GranteeKind.ACCOUNT &&
    equalBytes(opening.grantee, accountGrantee(signer)) &&
    isDelegable(opening.purposes)
  if (!mayPassOn) throw new InvalidMessageError('"passOn.capsule" expected a grant to pass on')
  if (!isNarrower(sub.grant, opening)) {
    throw new InvalidMessageError('"passOn.sub" expected no wider terms than the grant')
  }
  return { capsule, sub, card }
}

/** By the account on the card. @throws InvalidMessageError, InvalidSignatureError */
export function openHandBack(
  mail: Uint8Array,
  reader: Omit<Reader, 'account'>,
  p: Primitives
): { readonly handBack: SignedHandBack; readonly card: Card } {
  const { handBack, card } = decode(handBackMailShape, mail, 'handBack mail')
  assertCard(card, reader, p)
  const signer = handBackSigner(handBack, reader.deployment, p)
  const { account } = handBack.message
  const own = signer != null && equalBytes(signer, account)
  if (!own || !equalBytes(account, card.binding.account)) {
    throw new InvalidSignatureError('"handBack" expected the signature of the card’s account')
  }
  return { handBack, card }
}

function assertCard(card: Card, reader: Omit<Reader, 'account'>, p: Primitives): void {
  const fault = checkCard(card, reader.deployment, reader.nowSeconds, p)
  if (fault != null) throw new InvalidSignatureError(`"card" expected another ${fault}`)
}
