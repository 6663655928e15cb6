/**
 * An account's signed consent to join an organisation, on its way to the admin who enrols it: by
 * mail with the account's card, or in a person's hands as text. Bytes are the same; what they are
 * worth is the signature's (docs/decisions/0014, 0025).
 * @module
 */
import { type Card, cardShape, checkCard } from './binding.ts'
import { equalBytes } from './bytes.ts'
import { decode, encode, map, type Of, oneOf } from './codec.ts'
import type { Deployment } from './deployment.ts'
import { InvalidMessageError, InvalidSignatureError } from './errors.ts'
import type { Primitives } from './primitives.ts'
import { messageShapes, recoverTyped, signedMessageShape, sigShape } from './typed-data.ts'

export const consentShape = map({ message: messageShapes.Membership, sig: sigShape })
export type Consent = Of<typeof consentShape>

const consentMailShape = map({ v: oneOf(1), membership: consentShape, card: cardShape })

export const encodeConsent = (consent: Consent): Uint8Array =>
  encode({ type: 'Membership', ...consent })

/** @throws InvalidMessageError, InvalidSignatureError */
export function decodeConsent(bytes: Uint8Array, deployment: Deployment, p: Primitives): Consent {
  const signed = decode(signedMessageShape, bytes, 'consent')
  if (signed.type !== 'Membership') throw new InvalidMessageError('"consent" expected a Membership')
  const { message, sig } = signed
  assertSigned({ message, sig }, deployment, p)
  return { message, sig }
}

export const encodeConsentMail = (membership: Consent, card: Card): Uint8Array =>
  encode({ v: 1, membership, card })

/** @throws InvalidMessageError, InvalidSignatureError if card or consent is not that account's */
export function openConsentMail(
  plain: Uint8Array,
  { deployment, nowSeconds }: { readonly deployment: Deployment; readonly nowSeconds: number },
  p: Primitives
): { readonly consent: Consent; readonly card: Card } {
  const { membership: consent, card } = decode(consentMailShape, plain, 'mail')
  const fault = checkCard(card, deployment, nowSeconds, p)
  if (fault != null) throw new InvalidSignatureError(`the card has a wrong ${fault}`)
  if (!equalBytes(card.binding.account, consent.message.account)) {
    throw new InvalidSignatureError('"membership" expected the consent of the card’s account')
  }
  assertSigned(consent, deployment, p)
  return { consent, card }
}

function assertSigned({ message, sig }: Consent, deployment: Deployment, p: Primitives): void {
  const signer = recoverTyped(deployment, 'Membership', message, sig, p)
  if (signer == null || !equalBytes(signer, message.account)) {
    throw new InvalidSignatureError('"consent.sig" expected the signature of its account')
  }
}
