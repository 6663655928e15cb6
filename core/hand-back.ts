/**
 * Handing access back (decision 0026): a grantee gives up what a grant gave it, or a delegator or
 * delegate ends one sub-grant. Told to custodians directly, never to a contract; final for that id,
 * so it carries no number.
 * @module
 */
import { isZero } from './bytes.ts'
import { map, type Of, oneOf, type Shape } from './codec.ts'
import type { Deployment } from './deployment.ts'
import { grantId } from './grant.ts'
import { type Address, type GrantId, type Hash, hash } from './ids.ts'
import type { Primitives } from './primitives.ts'
import {
  type HandBack,
  messageShapes,
  recoverTyped,
  type SignedMessage,
  signedMessageShape,
  signTyped,
  sigShape
} from './typed-data.ts'

export type { HandBack } from './typed-data.ts'

export const signedHandBackShape = map({
  type: oneOf('HandBack'),
  message: messageShapes.HandBack,
  sig: sigShape
})
export type SignedHandBack = Of<typeof signedHandBackShape>

/** What a custodian may be told directly: messages for the chain, and hand-backs. */
export type Notice = SignedMessage | SignedHandBack

export const noticeShape: Shape<Notice> = (value, path) =>
  (value as { readonly type?: unknown } | null)?.type === 'HandBack'
    ? signedHandBackShape(value, path)
    : signedMessageShape(value, path)

/** In `subGrant`: this account's access under the whole grant. */
export const WHOLE_GRANT: Hash = hash(new Uint8Array(32))

export const isWhole = ({ subGrant }: Pick<HandBack, 'subGrant'>): boolean => isZero(subGrant)

export const handedGrant = ({ owner, openingHash }: HandBack, p: Primitives): GrantId =>
  grantId(owner, openingHash, p)

export const signHandBack = (
  message: HandBack,
  deployment: Deployment,
  accountKey: Uint8Array,
  p: Primitives
): SignedHandBack => ({
  type: 'HandBack',
  message,
  sig: signTyped(deployment, 'HandBack', message, accountKey, p)
})

/** Who signed it, if anybody did; it counts for that account alone. */
export const handBackSigner = (
  { message, sig }: SignedHandBack,
  deployment: Deployment,
  p: Primitives
): Address | undefined => recoverTyped(deployment, 'HandBack', message, sig, p)
