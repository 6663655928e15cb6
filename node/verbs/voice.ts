/**
 * Whose words a verb writes, and how they are signed for: one's own by one's own key, a ward's as
 * her guardian, an old account's as its successor (docs/decisions/0022). What the signature may do
 * is the contracts' say; a voice only knows its form.
 * @module
 */
import type { Address } from '../../core/ids.ts'
import { type Messages, type MessageType, signTyped } from '../../core/typed-data.ts'
import { type GuardedType, signAsGuardian, signAsSuccessor } from '../../core/vouch.ts'
import type { Node } from '../node.ts'

export interface Voice {
  /** Whose words change. */
  readonly owner: Address
  /** As the contracts take it: 65 bytes, or what the owner's code is asked about (ERC-1271). */
  sign<T extends GuardedType>(type: T, message: Messages[T]): Uint8Array
}

/** One's own, which may sign anything. */
export interface OwnVoice extends Voice {
  sign<T extends MessageType>(type: T, message: Messages[T]): Uint8Array
}

export function ownVoice({ deployment, identity, primitives: p }: Node): OwnVoice {
  return {
    owner: identity.account,
    sign: (type, message) => signTyped(deployment, type, message, identity.accountKey, p)
  }
}

/** A guardian's. Whether she has the right, and still has it, the ward's account will say. */
export function guardianVoice({ deployment, identity, primitives: p }: Node, ward: Address): Voice {
  return {
    owner: ward,
    sign: (type, message) => signAsGuardian(deployment, type, message, identity.accountKey, p)
  }
}

/** A successor's, of whatever the old account could sign (Guardians itself takes her own key). */
export function successorVoice(
  { deployment, identity, primitives: p }: Node,
  account: Address
): OwnVoice {
  return {
    owner: account,
    sign: (type, message) => signAsSuccessor(deployment, type, message, identity.accountKey, p)
  }
}
