/**
 * A person who is named by a contact: her card, as whoever keeps her mail gives it, and where to
 * leave mail for her.
 * @module
 */
import { equalBytes, toHex0x } from '../../core/bytes.ts'
import { PeerUnavailableError } from '../../core/errors.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import type { NamedAccount } from './accounts.ts'
import { assertCard } from './custodians.ts'
import type { Reader } from './reader.ts'

/** @throws PeerUnavailableError with every keeper's reason */
export async function personAt(
  node: Node,
  { account, keepers }: NamedAccount,
  signal: AbortSignal
): Promise<Reader> {
  const reasons: string[] = []
  for (const keeper of keepers) {
    try {
      const id = await node.reach.peer(keeper, [], { signal })
      const at = keepers.map((peer) => ({ peer, addrs: [] }))
      // of one whose mail it keeps, or its own: a clinician's contact names his own node
      for (const whose of [account, undefined]) {
        const answer = await node.inbox.card(id, whose, { signal })
        if (!answer.ok || !equalBytes(answer.card.binding.account, account)) continue
        assertCard(node, answer.card, toHex0x(account))
        return { card: answer.card, at }
      }
      reasons.push(`${peerText(keeper)} keeps no mail for that account`)
    } catch (err) {
      signal.throwIfAborted()
      reasons.push(`${peerText(keeper)}: ${(err as Error).message}`)
    }
  }
  throw new PeerUnavailableError(
    `no card of ${toHex0x(account)} (${reasons.join('; ') || 'nobody is named who keeps her mail'})`
  )
}
