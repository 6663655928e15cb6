/**
 * `hand-back` and `delegate end`: gives up access that one has, or ends a sub-grant of either side.
 * Written down here first, so that it is not used any more whatever follows; then told to every
 * custodian, which refuses from that moment, and by mail to the other side (decision 0026). Doing it
 * again tells those who could not be reached.
 * @module
 */
import { equalBytes, fromHex, toHex } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { openingHash } from '../../core/grant.ts'
import { type SignedHandBack, signHandBack, WHOLE_GRANT } from '../../core/hand-back.ts'
import type { GrantId, Hash, PeerIdBytes } from '../../core/ids.ts'
import { type Capsule, decodeManifest } from '../../core/manifest.ts'
import { writeHandBack } from '../../core/passing.ts'
import { peerText } from '../keys/peer-text.ts'
import type { PassingEntryOf } from '../ledger/passing-entries.ts'
import type { Node } from '../node.ts'
import { distinct } from './grant-source.ts'
import { leaveMail } from './mail.ts'
import type { EndDelegationArgs, HandBackArgs, HandBackResult } from './passing-shapes.ts'
import { leaveAt } from './request.ts'
import type { VerbOptions } from './verb.ts'

/** How long custodians that are slow to confirm are waited for. */
const NOTICE_WAIT_MS = 5_000

type Sub = PassingEntryOf<'passedOn'> | PassingEntryOf<'subReceived'>
type Ended = HandBackResult['ended'][number]

/** What ends, and who has to know. */
interface Ending {
  readonly grantId: GrantId
  /** Zeros: the whole grant. */
  readonly subGrant: Hash
  readonly capsule: Pick<Capsule, 'owner' | 'opening' | 'records' | 'addrs'>
  /** The other side of a sub-grant; the owner hears of a grant. */
  readonly colleagues: readonly PeerIdBytes[]
}

export async function handBack(
  node: Node,
  { id }: HandBackArgs,
  { signal, progress }: VerbOptions
): Promise<HandBackResult> {
  const endings = endingsOf(node, id)
  if (endings.length === 0) throw new RecordNotFoundError(`nothing received by that id: ${id}`)
  return await endAll(node, endings, { signal, progress })
}

export async function endDelegation(
  node: Node,
  { delegation }: EndDelegationArgs,
  options: VerbOptions
): Promise<HandBackResult> {
  const sub = node.ledger.passings.sub(fromHex(delegation, 'delegation'))
  if (sub == null) throw new RecordNotFoundError(`no such delegation: ${delegation}`)
  return await endAll(node, [endingOf(node, sub)], options)
}

async function endAll(
  node: Node,
  endings: readonly Ending[],
  { signal, progress }: VerbOptions
): Promise<HandBackResult> {
  const ended: Ended[] = []
  for (const [done, ending] of endings.entries()) {
    progress({ step: 'notice', done, total: endings.length })
    ended.push(await end(node, ending, signal))
  }
  return { ended }
}

/** A grant or sub-grant by its id; of a record, all under which it may be read. */
function endingsOf(node: Node, id: string): readonly Ending[] {
  const { ledger } = node
  const wanted = fromHex(id, 'id')
  const named = ledger.passings.received().find(({ subGrant }) => equalBytes(subGrant, wanted))
  if (named != null) return [endingOf(node, named)]
  if (ledger.passings.sub(wanted) != null) {
    throw new InvalidParametersError(
      '"id" expected what was received: `delegate end` ends what was given'
    )
  }
  const opens = ({ records }: Capsule) => records.some((each) => equalBytes(each.recordId, wanted))
  return [
    ...ledger
      .capsules()
      .filter(({ grantId, capsule }) => equalBytes(grantId, wanted) || opens(capsule))
      .map(({ grantId, capsule }) => ({
        grantId,
        subGrant: WHOLE_GRANT,
        capsule,
        // what was passed on ends with it
        colleagues: ledger.passings
          .given()
          .filter((sub) => equalBytes(sub.grantId, grantId))
          .map(({ peer }) => peer)
      })),
    ...ledger.passings
      .received()
      .filter(({ capsule }) => opens(capsule))
      .map((sub) => endingOf(node, sub))
  ]
}

function endingOf({ ledger }: Node, sub: Sub): Ending {
  const { grantId, subGrant, peer } = sub
  const capsule =
    sub.t === 'subReceived'
      ? sub.capsule
      : ledger.capsules().find((each) => equalBytes(each.grantId, grantId))?.capsule
  // written with the grant at hand, which is never removed
  if (capsule == null) throw new RecordNotFoundError(`no such grant: ${toHex(grantId)}`)
  return { grantId, subGrant, capsule, colleagues: [peer] }
}

async function end(node: Node, ending: Ending, signal: AbortSignal): Promise<Ended> {
  const { primitives: p, identity, deployment, ledger, clock } = node
  const { grantId, subGrant, capsule } = ending
  const known = ledger.passings.own(grantId, subGrant)
  const at = known?.at ?? Math.floor(clock.nowMs() / 1_000)
  const entry = (told: readonly PeerIdBytes[]) =>
    ({ t: 'gaveBack', grantId, subGrant, told, at }) as const
  if (known == null) await ledger.record(entry([]))
  const message = {
    owner: capsule.owner,
    openingHash: openingHash(capsule.opening, p),
    account: identity.account,
    subGrant
  }
  const notice = signHandBack(message, deployment, identity.accountKey, p)
  const custodians = custodiansOf(node, capsule)
  const before = known?.told ?? []
  const rest = custodians.filter((peer) => !before.some((each) => equalBytes(each, peer)))
  const heard = await tell(node, notice, rest, capsule, signal)
  const noticed = distinct([...before, ...heard])
  await ledger.record(entry(noticed))
  const whole = equalBytes(subGrant, WHOLE_GRANT)
  return {
    grant: toHex(grantId),
    ...(whole ? {} : { delegation: toHex(subGrant) }),
    noticed: noticed.map(peerText),
    missed: custodians
      .filter((peer) => !noticed.includes(peer) && !has(noticed, peer))
      .map(peerText),
    told: [
      ...(whole ? await tellOwner(node, notice, custodians, signal) : []),
      ...(await tellColleagues(node, notice, ending.colleagues, custodians, signal))
    ]
  }
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
