/**
 * A wish for consent, as its owner receives it (hop 7 of 12).
 * @module
 */
import { equalBytes } from '../../../core/bytes.ts'
import { InvalidMessageError } from '../../../core/errors.ts'
import { openWish } from '../../../core/wish.ts'
import { type ReadLetter, readerOf } from './letter.ts'

export const readWish: ReadLetter = (node, plain) => {
  const { wish, card } = openWish(plain, readerOf(node), node.primitives)
  if (!equalBytes(wish.owner, node.identity.account)) {
    throw new InvalidMessageError('"wish.owner" expected this account')
  }
  return [
    { t: 'wish', id: wish.id, wish, card },
    { t: 'card', peer: card.binding.peerId, card }
  ]
}
