/**
 * Ends access that one has or passed on: written down, told to every custodian, and by mail to the
 * other side. Custodians that have it on disk are remembered, so that doing it again tells the rest.
 * @module
 */
import { equalBytes, toHex } from '../../core/bytes.ts'
import { openingHash } from '../../core/grant.ts'
import { type SignedHandBack, signHandBack, WHOLE_GRANT } from '../../core/hand-back.ts'
import type { GrantId, Hash, PeerIdBytes } from '../../core/ids.ts'
import { type Capsule, decodeManifest } from '../../core/manifest.ts'
import { writeHandBack } from '../../core/passing.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { distinct } from './grant-source.ts'
import { leaveMail } from './mail.ts'
import type { HandBackResult } from './passing-shapes.ts'
import { leaveAt } from './request.ts'

/** How long custodians that are slow to confirm are waited for. */
const NOTICE_WAIT_MS = 5_000

type Ended = HandBackResult['ended'][number]

/** What ends, and who has to know. */
export interface Ending {
  readonly grantId: GrantId
  /** Zeros: the whole grant. */
  readonly subGrant: Hash
  readonly capsule: Pick<Capsule, 'owner' | 'opening' | 'records' | 'addrs'>
  /** The other side of a sub-grant; the owner hears of a grant. */
  readonly colleagues: readonly PeerIdBytes[]
}

export async function endAccess(node: Node, ending: Ending, signal: AbortSignal): Promise<Ended> {
  const { grantId, subGrant } = ending
  const notice = noticeOf(node, ending)
  const { noticed, missed } = await tellCustodians(node, ending, signal)
  const whole = equalBytes(subGrant, WHOLE_GRANT)
  const custodians = [...noticed, ...missed]
  return {
    grant: toHex(grantId),
    ...(whole ? {} : { delegation: toHex(subGrant) }),
    noticed: noticed.map(peerText),
    missed: missed.map(peerText),
    told: [
      ...(whole ? await tellOwner(node, notice, custodians, signal) : []),
      ...(await tellColleagues(node, notice, ending.colleagues, custodians, signal))
    ]
  }
}

/** Those that have it on disk by now, and those that still have not. */
export async function tellCustodians(
  node: Node,
  ending: Pick<Ending, 'grantId' | 'subGrant' | 'capsule'>,
  signal: AbortSignal
): Promise<{ readonly noticed: readonly PeerIdBytes[]; readonly missed: readonly PeerIdBytes[] }> {
  const { ledger, clock } = node
  const { grantId, subGrant, capsule } = ending
  const known = ledger.passings.own(grantId, subGrant)
  const at = known?.at ?? Math.floor(clock.nowMs() / 1_000)
  const record = (told: readonly PeerIdBytes[]): Promise<void> =>
    ledger.record({ t: 'gaveBack', grantId, subGrant, told, at })
  // not used any more from here on, whoever can be reached
  if (known == null) await record([])
  const before = known?.told ?? []
  const rest = custodiansOf(node, capsule).filter((peer) => !has(before, peer))
  const heard = await tell(node, noticeOf(node, ending), rest, capsule, signal)
  const noticed = distinct([...before, ...heard])
  if (heard.length > 0) await record(noticed)
  return { noticed, missed: rest.filter((peer) => !has(heard, peer)) }
}

function noticeOf(
  { primitives: p, identity, deployment }: Node,
  { subGrant, capsule }: Pick<Ending, 'subGrant' | 'capsule'>
): SignedHandBack {
  const message = {
    owner: capsule.owner,
    openingHash: openingHash(capsule.opening, p),
    account: identity.account,
    subGrant
  }
  return signHandBack(message, deployment, identity.accountKey, p)
}

const has = (peers: readonly PeerIdBytes[], peer: PeerIdBytes): boolean =>
  peers.some((each) => equalBytes(each, peer))

const custodiansOf = (node: Node, { records }: Ending['capsule']): readonly PeerIdBytes[] =>
  distinct(
    records.flatMap(({ manifest }) =>
      decodeManifest(manifest, node.primitives).custody.shares.map(({ peer }) => peer)
    )
  )

/** Those that have it on disk. Throws by `signal` only. */
async function tell(
  node: Node,
  notice: SignedHandBack,
  custodians: readonly PeerIdBytes[],
  { addrs }: Ending['capsule'],
  signal: AbortSignal
): Promise<readonly PeerIdBytes[]> {
  const heard: PeerIdBytes[] = []
  const asking = AbortSignal.any([signal, AbortSignal.timeout(NOTICE_WAIT_MS)])
  await Promise.all(
    custodians.map(async (peer) => {
      const where = addrs.find((each) => equalBytes(each.peer, peer))?.addrs ?? []
      try {
        const id = await node.reach.peer(peer, where, { signal: asking })
        const answer = await node.custody.notice(id, notice, { signal: asking })
        if (answer.ok) heard.push(peer)
      } catch {
        signal.throwIfAborted()
      }
    })
  )
  return heard
}

/** By mail at her keepers, which her custodians are; each may have it. */
async function tellOwner(
  node: Node,
  notice: SignedHandBack,
  keepers: readonly PeerIdBytes[],
  signal: AbortSignal
): Promise<readonly string[]> {
  const plain = writeHandBack(notice, node.card())
  const outcomes = await Promise.all(
    keepers.map((keeper) => leaveAt(node, keeper, notice.message.owner, plain, signal))
  )
  return outcomes.filter(({ reason }) => reason == null).map(({ peer }) => peer)
}

async function tellColleagues(
  node: Node,
  notice: SignedHandBack,
  colleagues: readonly PeerIdBytes[],
  custodians: readonly PeerIdBytes[],
  signal: AbortSignal
): Promise<readonly string[]> {
  const plain = writeHandBack(notice, node.card())
  const told: string[] = []
  for (const peer of distinct(colleagues)) {
    const card = node.ledger.card(peer)
    if (card == null) continue
    const at = [
      { peer, addrs: card.addrs },
      ...custodians.map((each) => ({ peer: each, addrs: [] }))
    ]
    try {
      told.push(peerText(await leaveMail(node, card, plain, at, signal)))
    } catch {
      signal.throwIfAborted() // custodians refuse all the same
    }
  }
  return told
}
