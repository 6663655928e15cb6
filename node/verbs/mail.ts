/**
 * Mail between people (hops 7 and 8 of 12): sealed to the receiver's key, left where she fetches
 * it, opened and checked before it counts, and removed only once it is in her ledger.
 * @module
 */
import type { Card } from '../../core/binding.ts'
import { toHex } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import { inboxInfo, kemKeyHash, open, seal, sealedShape } from '../../core/envelope.ts'
import { PeerUnavailableError } from '../../core/errors.ts'
import { type PeerIdBytes, peerIdBytes } from '../../core/ids.ts'
import { INBOX_FRAME_MAX_BYTES, MAILBOX_ITEMS } from '../../core/limits.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Entry } from '../ledger/entries.ts'
import type { Node } from '../node.ts'
import { addressOf } from './custodians.ts'
import { readLetter } from './letters/index.ts'

const NO_AAD = new Uint8Array(0)

/** Seals mail to the key on a card; any account's mail, not only an owner's (protocols/inbox). */
export async function sealMail(node: Node, to: Card, plain: Uint8Array): Promise<Uint8Array> {
  const { deployment, primitives } = node
  const info = inboxInfo({
    deployment,
    owner: to.binding.account,
    kemKeyHash: kemKeyHash(to.kem, primitives)
  })
  return encode(await seal('inbox', info, to.kem, plain, NO_AAD, primitives))
}

/** @throws DecryptionFailedError, InvalidMessageError */
export async function openMail(node: Node, mail: Uint8Array): Promise<Uint8Array> {
  const { deployment, identity, primitives } = node
  const info = inboxInfo({
    deployment,
    owner: identity.account,
    kemKeyHash: kemKeyHash(identity.kem.publicKey, primitives)
  })
  const sealed = decode(sealedShape(INBOX_FRAME_MAX_BYTES), mail, 'mail')
  return open('inbox', info, identity.kem.seed, sealed, NO_AAD, primitives)
}

/** Leaves mail with the first of these peers that takes it. @throws PeerUnavailableError */
export async function leaveMail(
  node: Node,
  to: Card,
  plain: Uint8Array,
  at: readonly { readonly peer: PeerIdBytes; readonly addrs: readonly Uint8Array[] }[],
  signal: AbortSignal
): Promise<PeerIdBytes> {
  const mail = await sealMail(node, to, plain)
  const reasons: string[] = []
  for (const { peer, addrs } of at) {
    try {
      const id = await node.reach.peer(peer, addrs, { signal })
      const answer = await node.inbox.put(id, to.binding.account, mail, { signal })
      if (answer.ok) return peer
      reasons.push(`${peerText(peer)}: ${answer.code}`)
    } catch (err) {
      signal.throwIfAborted()
      reasons.push(`${peerText(peer)}: ${(err as Error).message}`)
    }
  }
  throw new PeerUnavailableError(`nobody took the mail (${reasons.join('; ') || 'nobody known'})`)
}

/** Everybody who keeps mail for this node: its custodians, and those it left wishes with. */
export function keepersOf(node: Node): readonly PeerIdBytes[] {
  const { ledger, choice } = node
  const custodians = ledger
    .records()
    .flatMap((versions) =>
      versions.flatMap(({ acks }) => [...acks.values()].map((ack) => ack.peer))
    )
  const asked = ledger.asked().flatMap((each) => each.keepers)
  const chosen = choice.custodians.map((text) => addressOf(text).peer)
  const unique = new Map([...custodians, ...asked, ...chosen].map((peer) => [toHex(peer), peer]))
  unique.delete(toHex(node.identity.peer))
  return [...unique.values()].map(peerIdBytes)
}

/**
 * Fetches what waits everywhere. A keeper that is away is reported, not fatal: its mail waits on.
 */
export async function collectMail(
  node: Node,
  signal: AbortSignal
): Promise<{ readonly unreached: readonly PeerIdBytes[] }> {
  const unreached: PeerIdBytes[] = []
  await collectOwn(node)
  await Promise.all(
    keepersOf(node).map((keeper) =>
      collectFrom(node, keeper, signal).catch(() => {
        signal.throwIfAborted()
        unreached.push(keeper)
      })
    )
  )
  return { unreached }
}

/** A clinic's mail for itself lies in its own box. */
async function collectOwn(node: Node): Promise<void> {
  const { clinic, identity, ledger } = node
  if (clinic == null) return
  for (;;) {
    const { items, more } = clinic.mailbox.list(identity.account, ledger.mailUpTo(identity.peer))
    await takeIn(node, identity.peer, items)
    const last = items.at(-1)?.seq
    if (last != null) await clinic.mailbox.remove(identity.account, last)
    if (!more) return
  }
}

async function collectFrom(node: Node, keeper: PeerIdBytes, signal: AbortSignal): Promise<void> {
  const { identity, inbox, ledger } = node
  const peer = await node.reach.peer(keeper, [], { signal })
  for (let page = 0; page < MAILBOX_ITEMS; page++) {
    const waiting = await inbox.list(peer, identity.account, ledger.mailUpTo(keeper), { signal })
    if (!waiting.ok) return // not kept for here (yet)
    await takeIn(node, keeper, waiting.items)
    const last = waiting.items.at(-1)?.seq
    if (last != null) await inbox.remove(peer, identity.account, last, { signal })
    if (last == null || !waiting.more) return
  }
}

/** Into the ledger in one write, together with how far this keeper was read. */
async function takeIn(
  node: Node,
  keeper: PeerIdBytes,
  items: readonly { readonly seq: number; readonly mail: Uint8Array }[]
): Promise<void> {
  const last = items.at(-1)
  if (last == null) return
  const entries: Entry[] = []
  for (const { mail } of items) {
    // mail that is not for us, damaged or forged is dropped: its sender learns nothing either way
    entries.push(
      ...(await openMail(node, mail)
        .then((plain) => readLetter(node, plain))
        .catch((err: Error) => {
          // what the chain has to tell first is read again
          if (err.name === 'ChainUnavailableError') throw err
          return []
        }))
    )
  }
  await node.ledger.record(...entries, { t: 'mail', peer: keeper, upTo: last.seq })
}
