/**
 * A consent to join this admin's organisation, as it comes by mail. Whether it fits is said when it
 * is used: by `directory enrol`, and by the contract.
 * @module
 */
import { openConsentMail } from '../../../core/membership.ts'
import { type ReadLetter, readerOf } from './letter.ts'

export const readMembership: ReadLetter = (node, plain) => {
  const { consent, card } = openConsentMail(plain, readerOf(node), node.primitives)
  const at = readerOf(node).nowSeconds
  return [
    { t: 'membership', consent, name: card.name, at },
    { t: 'card', peer: card.binding.peerId, card }
  ]
}
