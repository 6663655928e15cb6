/**
 * What of a received grant may be passed on, from a clinician's words to a sub-grant's terms: wider
 * ones are told here, by the term's name, since custodians would refuse the whole (decision 0026).
 * @module
 */
import { compareBytes, equalBytes, fromHex, toHex } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { accountGrantee, covers, GranteeKind, type GrantOpening } from '../../core/grant.ts'
import { grantId, type Hash, hash } from '../../core/ids.ts'
import { CAPSULE_RECORDS_MAX, SUB_TAGS_MAX } from '../../core/limits.ts'
import { type Capsule, decodeManifest, type Manifest } from '../../core/manifest.ts'
import { isDelegable, purposeCodes, withoutFlag } from '../../core/purposes.ts'
import { isNarrower, type ShownSub } from '../../core/subgrant.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { Node } from '../node.ts'
import { purposesOf } from './grant.ts'
import type { DelegateArgs } from './passing-shapes.ts'
import { untilSeconds } from './until.ts'
import { versionRange } from './versions.ts'

/** So that clock guard and head age do not delay the first use. */
const FROM_BACK_SECONDS = 300

export type CapsuleRecord = Capsule['records'][number]

/** @throws RecordNotFoundError, InvalidParametersError if it may not be passed on from here */
export function heldGrant(node: Node, id: string): EntryOf<'capsule'> {
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

export type Terms = Pick<
  ShownSub['grant'],
  'verFrom' | 'verTo' | 'purposes' | 'notBefore' | 'notAfter' | 'budget'
>

/** @throws InvalidParametersError naming the term that is wider than the grant's */
export function termsOf({ clock }: Node, args: DelegateArgs, opening: GrantOpening): Terms {
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
export function recordsOf(
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
export function tagsOf(
  node: Node,
  capsule: Capsule,
  records: readonly CapsuleRecord[]
): readonly Hash[] {
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

export const manifestOf = ({ primitives }: Node, bytes: Uint8Array): Manifest =>
  decodeManifest(bytes, primitives)
