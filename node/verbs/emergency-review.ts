/**
 * `emergency ls` and `emergency review`: what the chain proves of a broken glass, and the end of its
 * review: by the patient, or by the admin of an organisation to which no signer belongs.
 * @module
 */
import { equalBytes, toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { type Glass, type GlassSigners, reasonHash } from '../../core/glass.ts'
import { openingHash } from '../../core/grant.ts'
import { type Hash, hash } from '../../core/ids.ts'
import {
  decodeNoticeWord,
  decodeReviewWord,
  noticeSlot,
  ReviewStatus,
  type ReviewWord,
  reviewSlot
} from '../../core/words.ts'
import type { TxReceipt } from '../adapters.ts'
import type { AskedGlass } from '../ledger/glasses.ts'
import type { Node } from '../node.ts'
import { sendAct } from './act.ts'
import { noticeId, purposeOf, signersOf } from './emergency.ts'
import type {
  EmergencyLsArgs,
  EmergencyLsResult,
  EmergencyReviewArgs,
  EmergencyReviewResult,
  EmergencySummary
} from './emergency-shapes.ts'
import { collectMail, keepersOf } from './mail.ts'
import { sendMessage } from './relay.ts'
import type { VerbOptions } from './verb.ts'
import { ownVoice } from './voice.ts'
import { headWords } from './words.ts'

/** What this node knows of one, by itself. */
interface Known {
  readonly notice: Hash
  readonly role: EmergencySummary['role']
  readonly glass?: Glass
  readonly signers: GlassSigners
  readonly opened: boolean
  readonly owed?: EmergencySummary['owed']
}

function known(node: Node): readonly Known[] {
  const { glasses } = node.ledger
  const asked = glasses.asked().map(
    (each): Known => ({
      notice: each.entry.notice,
      role: 'requester',
      glass: each.entry.glass,
      signers: each.broken?.signers ?? signersOf(node, each),
      opened: each.broken != null,
      owed: owedOf(each)
    })
  )
  const received = glasses.received().map(
    ({ entry }): Known => ({
      notice: entry.notice,
      role: 'cosigner',
      glass: entry.glass,
      signers: [],
      opened: false
    })
  )
  const heard = glasses.heard().map(
    ({ notice, glass, signers }): Known => ({
      notice,
      role: 'patient',
      glass,
      signers,
      opened: true
    })
  )
  return [...asked, ...received, ...heard]
}

const owedOf = ({ broken, noticed, told }: AskedGlass): ('notice' | 'mail')[] =>
  broken == null
    ? []
    : [...(noticed == null ? ['notice' as const] : []), ...(told ? [] : ['mail' as const])]

export async function listEmergencies(
  node: Node,
  args: EmergencyLsArgs,
  { signal, progress }: VerbOptions
): Promise<EmergencyLsResult> {
  progress({ step: 'collect' })
  await collectMail(node, signal)
  const all = known(node)
  const wanted = args.notice == null ? undefined : noticeId(args.notice)
  const chosen =
    wanted == null ? all : all.filter(({ notice }) => equalBytes(notice, wanted)).slice(0, 1)
  const other: Known | undefined =
    wanted != null && chosen.length === 0
      ? { notice: wanted, role: 'other', signers: [], opened: false }
      : undefined
  const listed = other == null ? chosen : [other]
  progress({ step: 'prove', total: listed.length })
  const emergencies: EmergencySummary[] = []
  for (const each of listed) emergencies.push(await summaryOf(node, each, signal))
  return { emergencies }
}

async function summaryOf(
  node: Node,
  { notice, role, glass, signers, opened, owed = [] }: Known,
  signal: AbortSignal
): Promise<EmergencySummary> {
  const { noticed, review } = await wordsOf(node, notice, signal)
  const reviewed = node.ledger.glasses.reviewed(notice)
  const orgs = [review.org1, review.org2, review.org3, review.org4, review.org5]
  return {
    notice: toHex(notice),
    role,
    patient: glass == null ? '' : toHex0x(glass.owner),
    ...(glass && {
      purpose: purposeOf(glass),
      reason: glass.reason,
      until: glass.opening.notAfter
    }),
    signers: signers.map(({ account }) => toHex0x(account)),
    ...(owed.length > 0 && { owed }),
    state: noticed != null ? 'noticed' : opened ? 'opened' : 'asked',
    ...(noticed != null && {
      noticeBlock: noticed,
      dueAt: review.dueAt,
      orgs: orgs.filter((org) => org !== 0).sort((a, b) => a - b)
    }),
    review: stateOf(review, node.clock.nowMs() / 1_000),
    ...(reviewed && { outcome: reviewed.outcome })
  }
}

async function wordsOf(
  node: Node,
  notice: Hash,
  signal: AbortSignal
): Promise<{ readonly noticed: number | undefined; readonly review: ReviewWord }> {
  const { primitives: p, ledger } = node
  const since =
    ledger.glasses.reviewed(notice)?.block ?? ledger.glasses.askedBy(notice)?.noticed?.block
  const refs = [noticeSlot(notice, p), reviewSlot(notice, p)]
  const [noticeWord = 0n, reviewWord = 0n] = await headWords(node, refs, signal, since)
  const noticed = noticeWord === 0n ? undefined : decodeNoticeWord(noticeWord)?.changedBlock
  return { noticed, review: decodeReviewWord(reviewWord) as ReviewWord }
}

function stateOf({ status, dueAt }: ReviewWord, now: number): EmergencySummary['review'] {
  if (status === ReviewStatus.DONE) return 'done'
  if (status !== ReviewStatus.OPEN) return 'none'
  return now > dueAt ? 'overdue' : 'open'
}

export async function reviewEmergency(
  node: Node,
  args: EmergencyReviewArgs,
  { signal, progress }: VerbOptions
): Promise<EmergencyReviewResult> {
  const { primitives: p, random, clock, ledger } = node
  const notice = noticeId(args.notice)
  const { noticed, review } = await wordsOf(node, notice, signal)
  if (noticed == null) throw new RecordNotFoundError(`no block holds a notice ${args.notice}`)
  if (review.status !== ReviewStatus.OPEN) {
    throw new InvalidParametersError('"notice" expected one whose review is open')
  }
  const salt = hash(random(32))
  const outcomeHash = reasonHash(salt, args.outcome, p)
  progress({ step: 'review' })
  const { block, gasUsed } = await send(node, notice, outcomeHash, signal)
  await ledger.record({
    t: 'reviewed',
    notice,
    outcome: args.outcome,
    salt,
    block: block.number,
    at: Math.floor(clock.nowMs() / 1_000)
  })
  return { notice: toHex(notice), block: block.number, gas: gasUsed }
}

/** As the patient, whose word any relayer brings; else as an admin, with one's own transaction. */
async function send(
  node: Node,
  notice: Hash,
  outcomeHash: Hash,
  signal: AbortSignal
): Promise<TxReceipt> {
  const heard = node.ledger.glasses.heard().find((each) => equalBytes(each.notice, notice))
  if (heard == null) return sendAct(node, { type: 'ReviewNotice', notice, outcomeHash }, signal)
  const { owner, sign } = ownVoice(node)
  const opening = openingHash(heard.glass.opening, node.primitives)
  const message = { owner, openingHash: opening, outcomeHash }
  const signed = { type: 'Review', message, sig: sign('Review', message) } as const
  return sendMessage(node, signed, keepersOf(node), signal)
}
