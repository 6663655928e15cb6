/**
 * `emergency requests` and `emergency sign`: the second lock. A colleague reads who asks for whose
 * records, why and for how long, and signs that very glass or does nothing.
 * @module
 */
import { toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { breakGlassOf, writeLetter } from '../../core/glass.ts'
import { signTyped } from '../../core/typed-data.ts'
import { peerText } from '../keys/peer-text.ts'
import type { GlassEntryOf } from '../ledger/glass-entries.ts'
import type { ReceivedGlass } from '../ledger/glasses.ts'
import type { Node } from '../node.ts'
import { epochIfWished, isOver, noticeId, purposeOf } from './emergency.ts'
import { assertClinician } from './emergency-ask.ts'
import type {
  EmergencyRequestsResult,
  EmergencySignResult,
  GlassRequest,
  NoticeArgs
} from './emergency-shapes.ts'
import { collectMail, leaveMail } from './mail.ts'
import type { VerbOptions } from './verb.ts'

/** By what the ledger has: whose glass was broken, and what waits for one's own signature. */
export function glassRequests(node: Node): readonly GlassRequest[] {
  const { glasses } = node.ledger
  return [
    ...glasses.heard().map((entry) => requestOf(entry, 'opened')),
    ...glasses.received().map(({ entry, signed }) => {
      const state = signed ? 'signed' : isOver(node, entry.glass) ? 'over' : 'waiting'
      return requestOf(entry, state)
    })
  ]
}

const requestOf = (
  { notice, glass, card }: ReceivedGlass['entry'] | GlassEntryOf<'glassHeard'>,
  state: GlassRequest['state']
): GlassRequest => ({
  notice: toHex(notice),
  from: card.name,
  peer: peerText(card.binding.peerId),
  patient: toHex0x(glass.owner),
  purpose: purposeOf(glass),
  until: glass.opening.notAfter,
  reason: glass.reason,
  at: glass.at,
  state
})

export async function listRequests(
  node: Node,
  { signal, progress }: VerbOptions
): Promise<EmergencyRequestsResult> {
  progress({ step: 'collect' })
  await collectMail(node, signal)
  return { requests: glassRequests(node) }
}

export async function cosign(
  node: Node,
  args: NoticeArgs,
  { signal }: VerbOptions
): Promise<EmergencySignResult> {
  const { identity, primitives: p, deployment, ledger, clock } = node
  const { entry } = await received(node, args.notice, signal)
  const { notice, glass, card } = entry
  if (isOver(node, glass)) throw new InvalidParametersError('"notice" expected one that stands')
  await assertClinician(node, identity.account, signal)
  const epoch = await epochIfWished(node, glass.owner, signal)
  if (epoch !== glass.epoch) {
    throw new InvalidParametersError('"notice" expected the epoch that stands: ask for it anew')
  }
  const sig = signTyped(deployment, 'BreakGlass', breakGlassOf(glass, p), identity.accountKey, p)
  const at = Math.floor(clock.nowMs() / 1_000)
  await ledger.record({ t: 'glassSigned', notice, at })
  const letter = { v: 1, notice, sig, at } as const
  const plain = writeLetter('cosign', letter, node.card(), identity.peerSeed, p)
  const { peerId } = card.binding
  await leaveMail(node, card, plain, [{ peer: peerId, addrs: card.addrs }], signal)
  return { notice: toHex(notice), patient: toHex0x(glass.owner), delivered: true }
}

/** Mail is fetched if it is not here yet. @throws RecordNotFoundError */
async function received(node: Node, notice: string, signal: AbortSignal): Promise<ReceivedGlass> {
  const id = toHex(noticeId(notice))
  const find = () => node.ledger.glasses.received().find(({ entry }) => toHex(entry.notice) === id)
  const here = find()
  if (here != null) return here
  await collectMail(node, signal)
  const found = find()
  if (found == null) throw new RecordNotFoundError(`nobody asks to sign ${notice}`)
  return found
}
