/**
 * `inbox`, `approve`, `deny`: the consent conversation as the patient sees it. She may narrow what
 * was asked before she agrees, never widen it; a denial is recorded and told like a grant.
 * @module
 */
import { fromHex, toHex } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { hash } from '../../core/ids.ts'
import { decodeManifest } from '../../core/manifest.ts'
import { bitOfHl7, Purpose, purposeMask } from '../../core/purposes.ts'
import { type ConsentWish, signReply } from '../../core/wish.ts'
import { peerText } from '../keys/peer-text.ts'
import type { ReceivedWish } from '../ledger/ledger.ts'
import type { Node } from '../node.ts'
import { type Consent, consent } from './consent.ts'
import { glassRequests } from './emergency-sign.ts'
import { termsOf } from './grant.ts'
import type { ApproveArgs, GrantResult } from './grant-shapes.ts'
import { ownSource } from './grant-source.ts'
import { accountOnly } from './grantee.ts'
import { collectMail, keepersOf, leaveMail } from './mail.ts'
import { tagMaker } from './marks.ts'
import type { DenyResult, InboxResult } from './results.ts'
import { isCovered, type ScopeWords, scopeOf } from './scope.ts'
import type { DenyArgs } from './shapes.ts'
import { untilSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'

/** `inbox`: what waits, and what became of one's own wishes. */
export async function inbox(node: Node, { signal, progress }: VerbOptions): Promise<InboxResult> {
  progress({ step: 'collect' })
  const { unreached } = await collectMail(node, signal)
  if (unreached.length > 0) {
    progress({ step: 'collect', detail: `${unreached.length} keepers were not reached` })
  }
  const { ledger } = node
  return {
    emergencies: glassRequests(node),
    wishes: ledger.wishes().map(({ entry: { id, wish, card }, answer }) => ({
      wish: toHex(id),
      from: wish.name,
      peer: peerText(card.binding.peerId),
      purpose: wish.hl7,
      records: wish.scope.records.map(toHex),
      classes: wish.scope.classes,
      until: wish.notAfter,
      reason: wish.reason,
      at: wish.at,
      state: answer ?? 'waiting'
    })),
    replies: ledger.replies().map((reply) => {
      const capsule = ledger
        .capsules()
        .find(({ grantId }) => reply.grantId != null && toHex(grantId) === toHex(reply.grantId))
      return {
        wish: toHex(reply.wish),
        from: capsule == null ? '' : toHex(capsule.capsule.owner),
        verdict: reply.verdict,
        ...(reply.reason === '' ? {} : { reason: reply.reason }),
        ...(reply.grantId == null ? {} : { grant: toHex(reply.grantId) }),
        records: [
          ...new Set(capsule?.capsule.records.map(({ recordId }) => toHex(recordId)) ?? [])
        ],
        at: reply.at
      }
    })
  }
}

/** `approve`: as asked, or narrower. */
export async function approve(
  node: Node,
  args: ApproveArgs,
  options: VerbOptions
): Promise<GrantResult> {
  const { entry } = await waiting(node, args.wish, options.signal)
  const { wish, card } = entry
  const source = ownSource(node)
  const purposes = purposeOf(wish)
  const scope = scopeOf(
    source,
    args.later === true ? askedFor(wish, args) : kept(node, entry, args)
  )
  const notAfter = args.until == null ? wish.notAfter : untilSeconds(args.until, node.clock.nowMs())
  if (notAfter > wish.notAfter) {
    throw new InvalidParametersError('"until" expected no later than was asked for')
  }
  const terms = termsOf(node, args, purposes, notAfter)
  const { verFrom, verTo } = args.versions == null ? wish : terms
  if (verFrom < wish.verFrom || verTo > wish.verTo) {
    throw new InvalidParametersError('"versions" expected no more than was asked for')
  }
  const given: Consent = {
    grantee: accountOnly(card.binding.account),
    readers: [{ card, at: wish.reply }],
    scope,
    terms: { ...terms, verFrom, verTo },
    hl7: wish.hl7,
    wish: hash(wish.id),
    note: args.note ?? ''
  }
  return consent(node, source, [given], options)
}

/**
 * The one purpose that the code says, which is what she read: a wish may not bring in another, an
 * emergency's, or leave to pass the access on.
 */
function purposeOf({ hl7, purposes }: ConsentWish): number {
  const bit = bitOfHl7(hl7)
  const isEmergency = bit === Purpose.BTG || bit === Purpose.ETREAT
  if (bit == null || isEmergency || purposes !== purposeMask(bit)) {
    throw new InvalidParametersError(`"wish" expected to ask for its purpose alone, ${hl7}`)
  }
  return purposeMask(bit)
}

/** Its classes, or the chart if it names nothing, so that records added later are covered too. */
function askedFor({ scope }: ConsentWish, args: ApproveArgs): ScopeWords {
  if (args.records != null) {
    throw new InvalidParametersError('"records" expected none: "later" is about all that was asked')
  }
  const records = scope.records.map(toHex)
  const chart = records.length === 0 && scope.classes.length === 0
  if (!chart && scope.classes.length === 0) {
    throw new InvalidParametersError('"later" expected a wish for classes or for all records')
  }
  const { upTo, labels, months, except } = args
  return { records, classes: scope.classes, chart, upTo, labels, months, except }
}

/**
 * The records that stand now, by their ids: those that the wish or she named, and of those that it
 * only described whatever is not sensitive, or as she narrows it.
 */
function kept(node: Node, entry: ReceivedWish['entry'], args: ApproveArgs): ScopeWords {
  const asked = askedRecords(node, entry)
  const wider = args.records?.find((id) => !asked.includes(bare(id)))
  if (wider != null) {
    throw new InvalidParametersError(`"records" expected no more than was asked for, got ${wider}`)
  }
  const source = ownSource(node)
  const { upTo, labels, months, except } = args
  const filter = scopeOf(source, { chart: true, upTo, labels, months, except })
  const open = new Set(
    source.versions().flatMap((each) => (isCovered(filter, each) ? [toHex(each.recordId)] : []))
  )
  const narrowed = [upTo, labels, months, except].some((each) => each != null)
  const named = new Set(
    narrowed ? [] : (args.records?.map(bare) ?? entry.wish.scope.records.map(toHex))
  )
  const records = (args.records?.map(bare) ?? asked).filter((id) => named.has(id) || open.has(id))
  if (records.length > 0) return { records }
  throw new RecordNotFoundError(
    asked.length === 0
      ? 'no own record is what the wish asks for'
      : `${asked.length} own records are what the wish asks for, but sensitive or shut out: name them, or their label`
  )
}

/** `deny`: the requester is told, with the reason if there is one. */
export async function deny(
  node: Node,
  args: DenyArgs,
  { signal }: VerbOptions
): Promise<DenyResult> {
  const { entry } = await waiting(node, args.wish, signal)
  const { wish, card } = entry
  const reason = args.reason ?? ''
  await node.ledger.record({ t: 'denied', wish: wish.id, reason })
  const reply = {
    v: 1 as const,
    wish: wish.id,
    verdict: 'denied' as const,
    reason,
    capsule: undefined,
    grantId: undefined,
    at: Math.floor(node.clock.nowMs() / 1_000)
  }
  const plain = signReply(reply, node.card(), node.identity.peerSeed, node.primitives)
  const fallback = keepersOf(node).map((peer) => ({ peer, addrs: [] }))
  const delivered = await leaveMail(node, card, plain, [...wish.reply, ...fallback], signal).then(
    () => true,
    (err: unknown) => {
      if ((err as Error).name !== 'PeerUnavailableError') throw err
      return false
    }
  )
  return { wish: toHex(wish.id), delivered }
}

/** @throws RecordNotFoundError, InvalidParametersError if it was answered before */
async function waiting(node: Node, id: string, signal: AbortSignal): Promise<ReceivedWish> {
  const bytes = fromHex(id, 'wish')
  if (node.ledger.wish(bytes) == null) await collectMail(node, signal)
  const wish = node.ledger.wish(bytes)
  if (wish == null) throw new RecordNotFoundError(`no such wish: ${id}`)
  if (wish.answer != null) {
    throw new InvalidParametersError(`"wish" expected one that waits, this was ${wish.answer}`)
  }
  return wish
}

/** Own records that a wish asks for, by id or by class; nothing named means all. */
function askedRecords(node: Node, { wish }: ReceivedWish['entry']): readonly string[] {
  const { identity, ledger, primitives } = node
  const ids = new Set(wish.scope.records.map(toHex))
  const tagOf = tagMaker(identity.root, primitives)
  const classes = new Set(wish.scope.classes.map((name) => toHex(tagOf('class', name))))
  const all = ids.size === 0 && classes.size === 0
  return ledger
    .records()
    .flatMap((versions) => versions.slice(-1))
    .filter(({ entry }) => {
      const { tags } = decodeManifest(entry.manifest, primitives).custody
      return all || ids.has(toHex(entry.recordId)) || classes.has(toHex(tags.class))
    })
    .map(({ entry }) => toHex(entry.recordId))
}

const bare = (id: string): string => id.toLowerCase().replace(/^0x/, '')
