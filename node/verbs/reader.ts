/**
 * Who gets the capsule of a grant: a card to seal it to, and where mail for it is taken; and the
 * same as the ledger keeps it, so that what is published later finds its way too.
 * @module
 */
import type { Card } from '../../core/binding.ts'
import { toHex } from '../../core/bytes.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import { CUSTODIANS_MAX } from '../../core/limits.ts'
import type { Entry, EntryOf } from '../ledger/entries.ts'
import type { Node } from '../node.ts'

export interface Reader {
  readonly card: Card
  /** Where it takes mail, besides the owner's custodians. */
  readonly at: readonly { readonly peer: PeerIdBytes; readonly addrs: readonly Uint8Array[] }[]
}

export type KnownReader = EntryOf<'terms'>['readers'][number]

export const knownReader = ({ card, at }: Reader): KnownReader => {
  const { peerId: peer, account } = card.binding
  const others = at.map((each) => each.peer).filter((each) => toHex(each) !== toHex(peer))
  return { peer, account, name: card.name, at: others.slice(0, CUSTODIANS_MAX) }
}

/** Cards of readers that this node has not met itself, to be kept. */
export const newCards = ({ ledger }: Node, readers: readonly Reader[]): readonly Entry[] =>
  readers
    .filter(({ card }) => ledger.card(card.binding.peerId) == null)
    .map(({ card }) => ({ t: 'card', peer: card.binding.peerId, card }))

/** Undefined: its card is not known any more. */
export function readerOf(
  { ledger }: Node,
  { peer, at }: Pick<KnownReader, 'peer' | 'at'>
): Reader | undefined {
  const card = ledger.card(peer)
  if (card == null) return undefined
  return {
    card,
    at: [{ peer, addrs: card.addrs }, ...at.map((each) => ({ peer: each, addrs: [] }))]
  }
}
