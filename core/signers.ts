/**
 * Whose act a relayed message is, and who signed it: the account itself, or somebody in whose favour
 * its code may be asked (ERC-1271).
 * @module
 */
import { equalBytes } from './bytes.ts'
import { recoverDelegation } from './delegation.ts'
import type { Deployment } from './deployment.ts'
import type { Address } from './ids.ts'
import type { Primitives } from './primitives.ts'
import { recoverTyped, type SignedMessage } from './typed-data.ts'

/** Whose words a message changes. */
export function authorOf({ message }: SignedMessage): Address {
  if ('owner' in message) return message.owner
  if ('ward' in message) return message.ward
  return 'account' in message ? message.account : message.writer
}

/** The account that signed, or undefined if the signature is nobody's by itself. */
export function signerOf(
  deployment: Deployment,
  signed: SignedMessage,
  p: Primitives
): Address | undefined {
  const { type, message, sig } = signed
  if (type === 'Delegation') return recoverDelegation(deployment, message, sig, p)
  if (type === 'Propose' || type === 'Complete') return undefined // nobody's word of honour
  return recoverTyped(deployment, type, message as never, sig, p)
}

/** Whether the author's own key signed. */
export function isSignedByAuthor(
  deployment: Deployment,
  signed: SignedMessage,
  p: Primitives
): boolean {
  const signer = signerOf(deployment, signed, p)
  return signer != null && equalBytes(signer, authorOf(signed))
}
