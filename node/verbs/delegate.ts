/**
 * `delegate`: a clinician lets a colleague read, for a while and less than she may herself, under a
 * grant whose owner allowed that. She signs a sub-grant and sends it with what opens the records;
 * nothing of it goes to the chain, and the owner sees it in her receipts (decision 0026).
 * @module
 */
import { compareBytes, equalBytes, fromHex, toHex } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import {
  accountGrantee,
  covers,
  GranteeKind,
  type GrantOpening,
  openingHash
} from '../../core/grant.ts'
import { type Address, grantId, type Hash, hash } from '../../core/ids.ts'
import { CAPSULE_RECORDS_MAX, SUB_TAGS_MAX } from '../../core/limits.ts'
import { type Capsule, decodeManifest, type Manifest } from '../../core/manifest.ts'
import { writePassOn } from '../../core/passing.ts'
import { isDelegable, purposeCodes, withoutFlag } from '../../core/purposes.ts'
import { isNarrower, makeSub, type ShownSub, subGrantHash } from '../../core/subgrant.ts'
import {
  AccountStatus,
  accountSlot,
  decodeAccountWord,
  decodeGrantWord,
  decodeOrganisationWord,
  GrantStatus,
  grantSlot,
  OrganisationStatus,
  organisationSlot,
  Role
} from '../../core/words.ts'
import { peerFromText, peerText } from '../keys/peer-text.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { Node } from '../node.ts'
import { cardOf } from './custodians.ts'
import { purposesOf } from './grant.ts'
import { distinct } from './grant-source.ts'
import { leaveMail } from './mail.ts'
import type { DelegateArgs, DelegateResult } from './passing-shapes.ts'
import { untilSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'
import { versionRange } from './versions.ts'
import { headWords } from './words.ts'

/** So that clock guard and head age do not delay the first use. */
const FROM_BACK_SECONDS = 300

type CapsuleRecord = Capsule['records'][number]

export async function delegate(
  node: Node,
  args: DelegateArgs,
  { signal, progress }: VerbOptions
): Promise<DelegateResult> {
  const { primitives: p, identity, deployment, ledger } = node
  const held = heldGrant(node, args.grant)
  const { capsule } = held
  const { opening } = capsule
  const terms = termsOf(node, args, opening)
  const records = recordsOf(capsule, args, terms)
  const tags = tagsOf(node, capsule, records)
  const peer = peerFromText(args.to)
  if (equalBytes(peer, identity.peer)) {
    throw new InvalidParametersError('"to" expected a colleague, got this node')
  }
  progress({ step: 'check' })
  const card = await cardOf(node, peer, [], signal)
  const { account } = card.binding
  await assertColleagues(node, account, signal)
  const sub = makeSub(
    {
      owner: capsule.owner,
      openingHash: openingHash(opening, p),
      version: await standingVersion(node, held, signal),
      delegate: account,
      ...terms,
      salt: hash(node.random(32)),
      tags,
      except: [],
      delegator: identity.account
    },
    deployment,
    identity.accountKey,
    p
  )
  const subGrant = subGrantHash(sub.grant, p)
  await ledger.record({
    t: 'passedOn',
    grantId: held.grantId,
    subGrant,
    sub,
    peer,
    name: card.name,
    records: records.map(({ recordId, ver }) => ({ recordId, ver })),
    at: Math.floor(node.clock.nowMs() / 1_000)
  })
  progress({ step: 'deliver' })
  return {
    delegation: toHex(subGrant),
    grant: toHex(held.grantId),
    to: peerText(peer),
    name: card.name,
    records: [...new Set(records.map(({ recordId }) => toHex(recordId)))],
    purpose: purposeCodes(terms.purposes).join(','),
    until: terms.notAfter,
    budget: terms.budget,
    delivered: await deliver(node, { capsule, sub, records }, card, signal)
  }
}

/** @throws RecordNotFoundError, InvalidParametersError if it may not be passed on from here */
function heldGrant(node: Node, id: string): EntryOf<'capsule'> {
  const { ledger, identity } = node
  const wanted = grantId(fromHex(id, 'grant'))
  const held = ledger.capsules().find((each) => equalBytes(each.grantId, wanted))
  if (held == null) throw new RecordNotFoundError(`no such grant was received: ${id}`)
  if (ledger.passings.own(wanted) != null) {
    throw new InvalidParametersError('"grant" was handed back')
  }
  const { granteeKind, grantee, purposes } = held.capsule.opening
  const isOwn =
    granteeKind === GranteeKind.ACCOUNT && equalBytes(grantee, accountGrantee(identity.account))
  if (!isOwn) throw new InvalidParametersError('"grant" expected one that names this account')
  if (!isDelegable(purposes)) {
    throw new InvalidParametersError('"grant" expected one that its owner lets share on')
  }
  return held
}

type Terms = Pick<
  ShownSub['grant'],
  'verFrom' | 'verTo' | 'purposes' | 'notBefore' | 'notAfter' | 'budget'
>

/** @throws InvalidParametersError naming the term that is wider than the grant's */
function termsOf({ clock }: Node, args: DelegateArgs, opening: GrantOpening): Terms {
  const granted = withoutFlag(opening.purposes)
  const range = versionRange(args.versions)
  const nowSeconds = Math.floor(clock.nowMs() / 1_000)
  const terms: Terms = {
    // "2-" means up to whatever the grant has
    verFrom: Math.max(range.verFrom, args.versions == null ? opening.verFrom : 0),
    verTo: Math.min(range.verTo, opening.verTo),
    purposes: args.purpose == null ? granted : purposesOf(args.purpose, false),
    notBefore: Math.max(opening.notBefore, nowSeconds - FROM_BACK_SECONDS),
    notAfter: untilSeconds(args.until, clock.nowMs()),
    budget: args.budget ?? opening.budget
  }
  if (terms.verFrom < opening.verFrom || terms.verFrom > terms.verTo) {
    throw wider('versions', `${opening.verFrom}-${opening.verTo}`)
  }
  if ((terms.purposes & ~granted) !== 0) throw wider('purpose', purposeCodes(granted).join(','))
  if (terms.notAfter > opening.notAfter) {
    throw wider('until', new Date(opening.notAfter * 1_000).toISOString())
  }
  if (terms.budget > opening.budget) throw wider('budget', String(opening.budget))
  if (!isNarrower(terms, opening)) throw wider('grant', 'terms that its own contain')
  return terms
}

const wider = (field: string, most: string): InvalidParametersError =>
  new InvalidParametersError(`"${field}" expected no more than the grant has (${most})`)

/** @throws RecordNotFoundError, InvalidParametersError */
function recordsOf(
  { records }: Capsule,
  args: DelegateArgs,
  { verFrom, verTo }: Terms
): readonly CapsuleRecord[] {
  const within = records.filter(({ ver }) => verFrom <= ver && ver <= verTo)
  const named = args.records?.map((id) => toHex(fromHex(id, 'records')))
  for (const id of named ?? []) {
    if (within.some(({ recordId }) => toHex(recordId) === id)) continue
    throw new RecordNotFoundError(`the grant opens no such version of ${id} here`)
  }
  const meant = within.filter(({ recordId }) => named?.includes(toHex(recordId)) ?? true)
  if (meant.length === 0 || meant.length > CAPSULE_RECORDS_MAX) {
    throw new InvalidParametersError(
      `"records" expected 1..${CAPSULE_RECORDS_MAX} versions, got ${meant.length}`
    )
  }
  return meant
}

/** Names the records themselves, and of levels, labels and months what they and the grant have. */
function tagsOf(node: Node, capsule: Capsule, records: readonly CapsuleRecord[]): readonly Hash[] {
  const given = new Set(capsule.tags.map(toHex))
  const named = records.flatMap(({ recordId, manifest }) => {
    const { level, labels, months } = manifestOf(node, manifest).custody.tags
    return [hash(recordId), level, ...labels, ...months.filter((month) => given.has(toHex(month)))]
  })
  const unique = new Map(named.map((tag) => [toHex(tag), tag]))
  const tags = [...unique.values()].sort(compareBytes)
  if (tags.length > SUB_TAGS_MAX) {
    throw new InvalidParametersError(
      `"records" expected a scope of at most ${SUB_TAGS_MAX} tags, got ${tags.length}`
    )
  }
  for (const { recordId, manifest } of records) {
    const record = { recordId, tags: manifestOf(node, manifest).custody.tags }
    if (covers(capsule, record) && covers({ tags, except: [] }, record)) continue
    throw new InvalidParametersError(
      `"records" expected what the grant covers: ${toHex(recordId)} is not`
    )
  }
  return tags
}

const manifestOf = ({ primitives }: Node, bytes: Uint8Array): Manifest =>
  decodeManifest(bytes, primitives)

/** Custodians would refuse anybody else: better told here. @throws InvalidParametersError */
async function assertColleagues(node: Node, other: Address, signal: AbortSignal): Promise<void> {
  const { primitives: p, identity } = node
  const slots = [identity.account, other].map((account) => accountSlot(account, p))
  const [own, theirs] = (await headWords(node, slots, signal)).map(decodeAccountWord)
  const isOpen = (word: typeof own) => word?.status === AccountStatus.OPEN
  const org = own?.org ?? 0
  if (!isOpen(own) || org === 0 || ((own?.roles ?? 0) & Role.CLINICIAN) === 0) {
    throw new InvalidParametersError(
      '"grant" expected a clinician of an organisation to share it on; this account is none'
    )
  }
  if (!isOpen(theirs) || theirs?.org !== org) {
    throw new InvalidParametersError(`"to" expected a member of organisation ${org}`)
  }
  const [word = 0n] = await headWords(node, [organisationSlot(org, p)], signal)
  if (decodeOrganisationWord(word)?.status !== OrganisationStatus.ACTIVE) {
    throw new InvalidParametersError(`"grant" expected an active organisation, got ${org}`)
  }
}

/** The version of the grant's word: granted anew, the sub-grant ends. @throws InvalidParametersError */
async function standingVersion(
  node: Node,
  held: EntryOf<'capsule'>,
  signal: AbortSignal
): Promise<number> {
  const [word = 0n] = await headWords(node, [grantSlot(held.grantId, node.primitives)], signal)
  const grant = decodeGrantWord(word)
  if (grant?.status !== GrantStatus.ACTIVE) {
    throw new InvalidParametersError('"grant" expected one that stands on the chain')
  }
  return grant.version
}

/** At the colleague's own box, else at the records' custodians. False: nobody took it. */
async function deliver(
  node: Node,
  {
    capsule,
    sub,
    records
  }: {
    readonly capsule: Capsule
    readonly sub: ShownSub
    readonly records: readonly CapsuleRecord[]
  },
  card: Awaited<ReturnType<typeof cardOf>>,
  signal: AbortSignal
): Promise<boolean> {
  const custodians = distinct(
    records.flatMap(({ manifest }) =>
      manifestOf(node, manifest).custody.shares.map(({ peer }) => peer)
    )
  )
  const known = new Set([...custodians, ...replicasOf(node, records)].map(toHex))
  const addrs = capsule.addrs.filter(({ peer }) => known.has(toHex(peer)))
  const letter = writePassOn({ capsule: { ...capsule, records, addrs }, sub }, node.card())
  const at = [
    { peer: card.binding.peerId, addrs: card.addrs },
    ...custodians.map((peer) => ({ peer, addrs: [] }))
  ]
  try {
    await leaveMail(node, card, letter, at, signal)
    return true
  } catch (err) {
    signal.throwIfAborted()
    if ((err as Error).name !== 'PeerUnavailableError') throw err
    return false
  }
}

const replicasOf = (node: Node, records: readonly CapsuleRecord[]) =>
  records.flatMap(({ manifest }) =>
    manifestOf(node, manifest).custody.replicas.map(({ peer }) => peer)
  )
