/**
 * Turns the custodians that a person names into checked ones: reached, with a card whose binding
 * stands, and with the organisation that the Directory says they work for.
 * @module
 */
import { type Card, checkCard } from '../../core/binding.ts'
import { equalBytes } from '../../core/bytes.ts'
import { encode } from '../../core/codec.ts'
import {
  InvalidParametersError,
  InvalidSignatureError,
  PeerUnavailableError
} from '../../core/errors.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import { CUSTODIANS_MAX, THRESHOLD_MIN } from '../../core/limits.ts'
import { AccountStatus, accountSlot, decodeAccountWord } from '../../core/words.ts'
import { addrBytes, peerFromText, peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { headWords } from './words.ts'

export interface ChosenCustodian {
  readonly peer: PeerIdBytes
  readonly card: Card
  /** Its organisation in the Directory. */
  readonly op: number
}

/**
 * Reaches all and checks them.
 * @throws InvalidParametersError if they are too few, too many, or two of one organisation
 * @throws PeerUnavailableError, InvalidSignatureError naming the peer
 */
export async function chooseCustodians(
  node: Node,
  named: readonly string[],
  threshold: number,
  signal: AbortSignal
): Promise<readonly ChosenCustodian[]> {
  if (named.length < THRESHOLD_MIN || named.length > CUSTODIANS_MAX) {
    throw new InvalidParametersError(
      `"custodians" expected ${THRESHOLD_MIN}..${CUSTODIANS_MAX}, got ${named.length}`
    )
  }
  if (threshold > named.length) {
    throw new InvalidParametersError(
      `"threshold" expected at most the ${named.length} custodians, got ${threshold}`
    )
  }
  const chosen = await Promise.all(named.map((text) => choose(node, text, signal)))
  const seen = new Map<number, string>()
  for (const { op, peer } of chosen) {
    const other = seen.get(op)
    if (other != null) {
      throw new InvalidParametersError(
        `"custodians" expected distinct organisations, got ${other} and ${peerText(peer)} of ${op}`
      )
    }
    seen.set(op, peerText(peer))
  }
  return chosen
}

async function choose(node: Node, text: string, signal: AbortSignal): Promise<ChosenCustodian> {
  const { peer, addrs } = addressOf(text)
  const card = await cardOrKnown(node, peer, addrs, signal)
  const { account } = card.binding
  const [word] = await headWords(node, [accountSlot(account, node.primitives)], signal)
  const entry = decodeAccountWord(word ?? 0n)
  if (entry?.status !== AccountStatus.OPEN || entry.org === 0) {
    throw new InvalidParametersError(
      `"custodians" expected members of an organisation, got ${peerText(peer)}`
    )
  }
  return { peer, card, op: entry.org }
}

/** A custodian that is away now is dealt to when it is back, if its card was seen before. */
async function cardOrKnown(
  node: Node,
  peer: PeerIdBytes,
  addrs: readonly Uint8Array[],
  signal: AbortSignal
): Promise<Card> {
  try {
    return await cardOf(node, peer, addrs, signal)
  } catch (err) {
    signal.throwIfAborted()
    const known = node.ledger.card(peer)
    if (known == null || (err as Error).name !== 'PeerUnavailableError') throw err
    assertCard(node, known, peerText(peer))
    return known
  }
}

/** A peer id, or a multiaddr that ends in one. @throws InvalidParametersError */
export function addressOf(text: string): { peer: PeerIdBytes; addrs: readonly Uint8Array[] } {
  const at = text.lastIndexOf('/p2p/')
  if (at < 0) return { peer: peerFromText(text), addrs: [] }
  return { peer: peerFromText(text.slice(at + 5)), addrs: [addrBytes(text)] }
}

/**
 * A peer's own card, asked for and checked.
 * @throws PeerUnavailableError, InvalidSignatureError
 */
export async function cardOf(
  node: Node,
  peer: PeerIdBytes,
  addrs: readonly Uint8Array[],
  signal: AbortSignal
): Promise<Card> {
  const answer = await node.inbox.card(await node.reach.peer(peer, addrs, { signal }), undefined, {
    signal
  })
  if (!answer.ok) {
    throw new PeerUnavailableError(`${peerText(peer)} gave no card (${answer.code})`)
  }
  assertCard(node, answer.card, peerText(peer))
  if (!equalBytes(answer.card.binding.peerId, peer)) {
    throw new InvalidSignatureError(`the card of ${peerText(peer)} binds another peer`)
  }
  await remember(node, answer.card)
  return answer.card
}

/** @throws InvalidSignatureError if its binding or key does not stand */
export function assertCard(node: Node, card: Card, of: string): void {
  const nowSeconds = Math.floor(node.clock.nowMs() / 1_000)
  const fault = checkCard(card, node.deployment, nowSeconds, node.primitives)
  if (fault != null) throw new InvalidSignatureError(`the card of ${of} has a wrong ${fault}`)
}

/** Keeps a card that is new, or where something but its binding's dates has changed. */
async function remember(node: Node, card: Card): Promise<void> {
  const { peerId, kemKeyHash } = card.binding
  const known = node.ledger.card(peerId)
  const same =
    known != null &&
    equalBytes(known.binding.kemKeyHash, kemKeyHash) &&
    equalBytes(encode(known.addrs), encode(card.addrs)) &&
    known.binding.validUntil - card.binding.validFrom > RENEW_SECONDS
  if (!same) await node.ledger.record({ t: 'card', peer: peerId, card })
}

/** A card whose binding has less than this left is replaced by a newer one. */
const RENEW_SECONDS = 7 * 86_400

/** The name on a card that this node has seen. */
export const nameOf = (node: Node, peer: PeerIdBytes): string | undefined =>
  node.ledger.card(peer)?.name
