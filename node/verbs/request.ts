/**
 * `request`: a wish for consent, signed, sealed to the patient and left at her custodians, where it
 * waits until her phone is on (hop 7 of 12).
 * @module
 */

import type { Card } from '../../core/binding.ts'
import { fromHex, toHex } from '../../core/bytes.ts'
import { InvalidParametersError, PeerUnavailableError } from '../../core/errors.ts'
import { type Address, address, hash, type PeerIdBytes, recordId } from '../../core/ids.ts'
import { bitOfHl7, purposeMask } from '../../core/purposes.ts'
import { type ConsentWish, signWish } from '../../core/wish.ts'
import { peerFromText, peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { assertCard } from './custodians.ts'
import { sealMail } from './mail.ts'
import type { RequestResult } from './results.ts'
import type { RequestArgs } from './shapes.ts'
import { untilSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'
import { versionRange } from './versions.ts'

export async function request(
  node: Node,
  args: RequestArgs,
  { signal, progress }: VerbOptions
): Promise<RequestResult> {
  const { identity, primitives, clock, random } = node
  const bit = bitOfHl7(args.purpose)
  if (bit == null) {
    throw new InvalidParametersError(`"purpose" expected a known code, got ${args.purpose}`)
  }
  const { owner, keepers } = contactOf(args.patient)
  const { verFrom, verTo } = versionRange(args.versions)
  const wish: ConsentWish = {
    v: 1,
    id: hash(random(32)),
    owner,
    account: identity.account,
    name: identity.name,
    purposes: purposeMask(bit),
    hl7: args.purpose,
    scope: {
      records: (args.records ?? []).map((id) => recordId(fromHex(id))),
      classes: args.classes ?? []
    },
    verFrom,
    verTo,
    notAfter: untilSeconds(args.until, clock.nowMs()),
    reason: args.reason,
    reply: [{ peer: identity.peer, addrs: node.reach.addresses() }],
    at: Math.floor(clock.nowMs() / 1_000)
  }
  const plain = signWish(wish, node.card(), identity.peerSeed, primitives)
  // known here before it is sent: an answer may come at once
  await node.ledger.record({ t: 'asked', id: wish.id, wish, keepers })
  progress({ step: 'deliver', total: keepers.length })
  const outcomes = await Promise.all(
    keepers.map((keeper) => leaveAt(node, keeper, owner, plain, signal))
  )
  const delivered = outcomes.filter((each) => each.reason == null).map((each) => each.peer)
  const failed = outcomes.filter((each) => each.reason != null) as RequestResult['failed']
  if (delivered.length === 0) {
    throw new PeerUnavailableError(
      `nobody took the wish: ${failed.map(({ peer, reason }) => `${peer}: ${reason}`).join('; ')}`
    )
  }
  return { wish: toHex(wish.id), delivered, failed }
}

/** At one keeper: the owner's card, then the wish sealed to it; answers may wait there too. */
export async function leaveAt(
  node: Node,
  keeper: PeerIdBytes,
  owner: Address,
  plain: Uint8Array,
  signal: AbortSignal
): Promise<{ readonly peer: string; readonly reason?: string }> {
  const peer = peerText(keeper)
  try {
    const id = await node.reach.peer(keeper, [], { signal })
    const answer = await node.inbox.card(id, owner, { signal })
    if (!answer.ok) return { peer, reason: `keeps no mail for her (${answer.code})` }
    assertCard(node, answer.card, `the patient at ${peer}`)
    await node.inbox.register(id, node.card(), { signal })
    const mail = await sealMail(node, ownersCard(answer.card, owner), plain)
    const put = await node.inbox.put(id, owner, mail, { signal })
    return put.ok ? { peer } : { peer, reason: `refused (${put.code})` }
  } catch (err) {
    signal.throwIfAborted()
    return { peer, reason: (err as Error).message }
  }
}

function ownersCard(card: Card, owner: Address): Card {
  if (toHex(card.binding.account) !== toHex(owner)) {
    throw new InvalidParametersError("the keeper gave another person's card")
  }
  return card
}

/** "OWNERHEX@PEERID[,PEERID…]". @throws InvalidParametersError */
export function contactOf(text: string): {
  readonly owner: Address
  readonly keepers: readonly PeerIdBytes[]
} {
  const [owner = '', peers = ''] = text.split('@')
  return {
    owner: address(fromHex(owner, 'patient')),
    keepers: peers.split(',').map((peer) => peerFromText(peer.trim()))
  }
}
