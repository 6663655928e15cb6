/**
 * Brings a signed message to the chain: this node pays if it can, else one clinic after the other
 * is asked to (hops 6 and 8 of 12). Patients never pay.
 * @module
 */
import { TransactionFailedError } from '../../core/errors.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import type { SignedMessage } from '../../core/typed-data.ts'
import type { TxReceipt } from '../adapters.ts'
import { peerText } from '../keys/peer-text.ts'
import type { OwnVersion } from '../ledger/ledger.ts'
import type { Node } from '../node.ts'

/**
 * Resolves once mined.
 * @throws TransactionFailedError with every relayer's reason
 */
export async function sendMessage(
  node: Node,
  message: SignedMessage,
  relayers: readonly PeerIdBytes[],
  signal: AbortSignal
): Promise<TxReceipt> {
  if (node.writer != null) return node.writer.submit(message, { signal })
  const reasons: string[] = []
  for (const relayer of relayers) {
    try {
      const peer = await node.reach.peer(relayer, [], { signal })
      const answer = await node.custody.notice(peer, message, { signal })
      if (answer.ok && answer.tx != null) {
        const { hash, block, gasUsed } = answer.tx
        return { txHash: hash, block, gasUsed }
      }
      reasons.push(`${peerText(relayer)}: ${answer.code}`)
    } catch (err) {
      signal.throwIfAborted()
      reasons.push(`${peerText(relayer)}: ${(err as Error).message}`)
    }
  }
  throw new TransactionFailedError(
    `no clinic brought the ${message.type} message to the chain (${reasons.join('; ') || 'none known'})`
  )
}

/** Custodians that have acknowledged: clinics which may relay for this owner. */
export const relayersOf = (version: OwnVersion): readonly PeerIdBytes[] =>
  [...version.acks.values()].map((ack) => ack.peer)
