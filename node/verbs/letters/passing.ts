/**
 * Letters of passing on and handing back: a colleague lets this account read, or access that this
 * person gave, or passed on, or was passed, came to an end.
 * @module
 */
import { equalBytes } from '../../../core/bytes.ts'
import { InvalidMessageError } from '../../../core/errors.ts'
import { grantId, openingHash } from '../../../core/grant.ts'
import { handedGrant, isWhole } from '../../../core/hand-back.ts'
import { openHandBack, openPassOn } from '../../../core/passing.ts'
import { subGrantHash } from '../../../core/subgrant.ts'
import type { Node } from '../../node.ts'
import { type ReadLetter, readerOf } from './letter.ts'
import { assertCapsule } from './reply.ts'

export const readPassOn: ReadLetter = (node, plain) => {
  const { identity, primitives: p } = node
  const reader = { ...readerOf(node), account: identity.account }
  const { capsule, sub, card } = openPassOn(plain, reader, p)
  const id = grantId(capsule.owner, openingHash(capsule.opening, p), p)
  assertCapsule(node, capsule, id)
  const { peerId: peer } = card.binding
  return [
    {
      t: 'subReceived',
      grantId: id,
      subGrant: subGrantHash(sub.grant, p),
      sub,
      capsule,
      peer,
      name: card.name,
      at: reader.nowSeconds
    },
    { t: 'card', peer, card }
  ]
}

/** Kept if it ends something that this person gave, passed on or was passed; else it is noise. */
export const readHandBack: ReadLetter = (node, plain) => {
  const { handBack, card } = openHandBack(plain, readerOf(node), node.primitives)
  const { message } = handBack
  const id = handedGrant(message, node.primitives)
  const { account, subGrant } = message
  if (!isConcerned(node, { id, ...message })) {
    throw new InvalidMessageError('"handBack" expected what concerns this account')
  }
  return [
    { t: 'handedBack', grantId: id, subGrant, account, at: readerOf(node).nowSeconds },
    { t: 'card', peer: card.binding.peerId, card }
  ]
}

function isConcerned(
  { ledger, identity }: Node,
  of: { readonly id: ReturnType<typeof handedGrant> } & ReturnType<
    typeof openHandBack
  >['handBack']['message']
): boolean {
  const gave = equalBytes(of.owner, identity.account) && ledger.grant(of.id) != null
  const { passings } = ledger
  const passed = [...passings.given(), ...passings.received()].some(
    ({ grantId: grant, subGrant, sub }) =>
      equalBytes(grant, of.id) &&
      (isWhole(of) || equalBytes(subGrant, of.subGrant)) &&
      [sub.delegator, sub.grant.delegate].some((each) => equalBytes(each, of.account))
  )
  return gave || passed
}
