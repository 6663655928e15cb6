/**
 * Node bindings and cards: the account that vouches for a PeerId and its KEM key for at most 30
 * days (SECURITY.md §7), and what a person hands out so that others can reach her.
 * @module
 */
import { equalBytes } from './bytes.ts'
import { bytes, bytesUpTo, list, map, type Of, text } from './codec.ts'
import type { Deployment } from './deployment.ts'
import { kemKeyHash } from './envelope.ts'
import {
  type Address,
  KEM_PUBLIC_KEY_BYTES,
  type KemPublicKey,
  kemPublicKey,
  type PeerIdBytes
} from './ids.ts'
import {
  ADDR_MAX_BYTES,
  ADDRS_PER_PEER,
  BINDING_GUARD_SECONDS,
  BINDING_MAX_SECONDS,
  NAME_MAX_CHARS
} from './limits.ts'
import type { Primitives } from './primitives.ts'
import {
  messageShapes,
  type NodeBinding,
  peerIdShape,
  recoverTyped,
  signTyped,
  sigShape
} from './typed-data.ts'

export type { NodeBinding } from './typed-data.ts'
export const bindingShape = messageShapes.NodeBinding

export const kemShape = bytes(KEM_PUBLIC_KEY_BYTES, kemPublicKey)
/** Multiaddrs of one peer, as bytes. */
export const addrsShape = list(bytesUpTo(ADDR_MAX_BYTES), ADDRS_PER_PEER)
export const peerAddrsShape = map({ peer: peerIdShape, addrs: addrsShape })
export type PeerAddrs = Of<typeof peerAddrsShape>

/** A binding with what it binds: all that others need to reach and to check a node. */
export const cardShape = map({
  binding: bindingShape,
  bindingSig: sigShape,
  kem: kemShape,
  addrs: addrsShape,
  name: text(NAME_MAX_CHARS)
})
export type Card = Of<typeof cardShape>

/** Signed by the account's key; valid from `nowSeconds` for `seconds`, at most 30 days. */
export function makeBinding(
  init: {
    readonly account: Address
    readonly peerId: PeerIdBytes
    readonly kem: KemPublicKey
    readonly bindingEpoch: number
    readonly nowSeconds: number
    /** @default BINDING_MAX_SECONDS */
    readonly seconds?: number
  },
  deployment: Deployment,
  accountKey: Uint8Array,
  p: Primitives
): { readonly binding: NodeBinding; readonly bindingSig: Uint8Array } {
  const binding: NodeBinding = {
    account: init.account,
    peerId: init.peerId,
    kemKeyHash: kemKeyHash(init.kem, p),
    validFrom: init.nowSeconds,
    validUntil: init.nowSeconds + (init.seconds ?? BINDING_MAX_SECONDS),
    bindingEpoch: init.bindingEpoch
  }
  return { binding, bindingSig: signTyped(deployment, 'NodeBinding', binding, accountKey, p) }
}

/** Begun (within the guard), not over, and of at most 30 days. */
export const bindingStands = (
  binding: NodeBinding,
  nowSeconds: number,
  maxSeconds: number = BINDING_MAX_SECONDS
): boolean =>
  binding.validFrom <= nowSeconds + BINDING_GUARD_SECONDS &&
  nowSeconds < binding.validUntil &&
  binding.validUntil - binding.validFrom <= maxSeconds

/** Does the signature recover to the account? If not, ERC-1271 may still say yes. */
export function isBindingSigned(
  binding: NodeBinding,
  sig: Uint8Array,
  deployment: Deployment,
  p: Primitives
): boolean {
  const signer = recoverTyped(deployment, 'NodeBinding', binding, sig, p)
  return signer != null && equalBytes(signer, binding.account)
}

/** Undefined if it stands; else what is wrong: its time, or its signature. */
export function checkBinding(
  binding: NodeBinding,
  sig: Uint8Array,
  deployment: Deployment,
  nowSeconds: number,
  p: Primitives
): 'period' | 'signature' | undefined {
  if (!bindingStands(binding, nowSeconds)) return 'period'
  return isBindingSigned(binding, sig, deployment, p) ? undefined : 'signature'
}

/** As checkBinding, and the key on the card is the one that was bound. */
export function checkCard(
  card: Card,
  deployment: Deployment,
  nowSeconds: number,
  p: Primitives
): 'period' | 'signature' | 'kem' | undefined {
  if (!equalBytes(kemKeyHash(card.kem, p), card.binding.kemKeyHash)) return 'kem'
  return checkBinding(card.binding, card.bindingSig, deployment, nowSeconds, p)
}
