/**
 * Consent becomes grants: one packed word each on chain, signed once for all of them and paid for
 * by a clinic; their openings and the manifests travel sealed to whoever may read (hop 8 of 12).
 *
 * Who gives access writes through a `GrantSource` (grant-source.ts): `ownSource(node)` for oneself;
 * a guardian's verb makes one with her voice and what she holds of her ward, and calls `consent`.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import {
  GranteeKind,
  type GrantOpening,
  grantId,
  openingHash,
  scopeHash
} from '../../core/grant.ts'
import { type GrantId, type Hash, hash } from '../../core/ids.ts'
import { CAPSULE_RECORDS_MAX, ITEMS_PER_SIGNATURE } from '../../core/limits.ts'
import { purposeCodes } from '../../core/purposes.ts'
import type { Grants } from '../../core/typed-data.ts'
import { decodeOwnerWord, ownerSlot } from '../../core/words.ts'
import type { TxReceipt } from '../adapters.ts'
import { peerText } from '../keys/peer-text.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { Node } from '../node.ts'
import { type DeliverableGrant, deliver } from './deliver.ts'
import type { GrantResult } from './grant-shapes.ts'
import type { GivableVersion, GrantSource } from './grant-source.ts'
import { type Grantee, granteeText } from './grantee.ts'
import { knownReader, newCards, type Reader } from './reader.ts'
import { sendMessage } from './relay.ts'
import { isCovered, type Scope } from './scope.ts'
import type { VerbOptions } from './verb.ts'
import { headWords } from './words.ts'

const DEADLINE_SECONDS = 3_600

/** The fields of the opening that say what for, which versions, when and how much. */
export type Terms = Pick<
  GrantOpening,
  'purposes' | 'verFrom' | 'verTo' | 'notBefore' | 'notAfter' | 'budget' | 'window'
>

/** What the owner consents to, in her own terms; several at once are signed together. */
export interface Consent {
  readonly grantee: Grantee
  /** Who gets the capsule: the account itself, or those of the group who are known. */
  readonly readers: readonly [Reader, ...Reader[]]
  readonly scope: Scope
  readonly terms: Terms
  /** The exact code that was asked for, else ''. */
  readonly hl7: string
  /** The wish that this answers. */
  readonly wish: Hash | undefined
  readonly note: string
}

interface Prepared extends DeliverableGrant {
  readonly entry: EntryOf<'granted'>
  readonly terms: EntryOf<'terms'>
}

/**
 * @throws InvalidParametersError if there are more than one signature covers
 * @throws TransactionFailedError if no clinic brought them to the chain
 */
export async function consent(
  node: Node,
  source: GrantSource,
  consents: readonly [Consent, ...Consent[]],
  { signal, progress }: VerbOptions
): Promise<GrantResult> {
  if (consents.length > ITEMS_PER_SIGNATURE) {
    throw new InvalidParametersError(
      `"to" expected at most ${ITEMS_PER_SIGNATURE} grants at once, got ${consents.length}`
    )
  }
  const { ledger } = node
  const versions = source.versions()
  const prepared = consents.map((each) => prepare(node, source, each, versions))
  // with the salts, before anybody can see the grants
  await ledger.record(
    ...prepared.flatMap(({ entry, terms }) => [entry, terms]),
    ...newCards(
      node,
      consents.flatMap(({ readers }) => readers)
    )
  )

  progress({ step: 'grant' })
  const sent = await send(node, source, prepared, signal)
  const mined = { block: sent.block.number, gas: Math.ceil(sent.gasUsed / prepared.length) }
  await ledger.record(...prepared.map(({ entry }) => ({ ...entry, ...mined })))

  progress({ step: 'deliver' })
  const grants: GrantResult['grants'][number][] = []
  for (const [i, grant] of prepared.entries()) {
    const readers: { peer: string; delivered: boolean }[] = []
    for (const reader of (consents[i] as Consent).readers) {
      const delivered = await deliver(node, source, grant, reader, grant.versions, signal)
      readers.push({ peer: peerText(reader.card.binding.peerId), delivered })
    }
    const { name, opening } = grant.entry
    const byName = opening.granteeKind === GranteeKind.ACCOUNT && name !== ''
    const who = byName ? name : granteeText(opening, grant.terms.tree)
    grants.push({ grant: toHex(grant.entry.grantId), who, readers })
  }
  return resultOf(consents[0], prepared, grants, sent)
}

function resultOf(
  { terms, hl7 }: Consent,
  prepared: readonly Prepared[],
  grants: GrantResult['grants'],
  sent: TxReceipt
): GrantResult {
  const records = prepared.flatMap(({ versions }) => versions.map((each) => toHex(each.recordId)))
  return {
    grant: grants[0]?.grant ?? '',
    to: grants[0]?.readers[0]?.peer ?? '',
    records: [...new Set(records)],
    purpose: hl7 || purposeCodes(terms.purposes).join(','),
    until: terms.notAfter,
    block: sent.block.number,
    gas: sent.gasUsed,
    delivered: grants.every(({ readers }) => readers.every(({ delivered }) => delivered)),
    grants
  }
}

function prepare(
  node: Node,
  { voice }: GrantSource,
  given: Consent,
  all: readonly GivableVersion[]
): Prepared {
  const { primitives: p, random } = node
  const { grantee, scope, terms, readers } = given
  const opening: GrantOpening = {
    granteeKind: grantee.kind,
    grantee: grantee.grantee,
    scope: scopeHash(scope.tags, scope.except, p),
    ...terms,
    salt: hash(random(32))
  }
  const id: GrantId = grantId(voice.owner, openingHash(opening, p), p)
  const versions = all.filter((each) => isMeant(opening, scope, each))
  assertNamed(given, all, versions)
  const [first] = readers
  return {
    versions,
    entry: {
      t: 'granted',
      grantId: id,
      opening,
      tags: [...scope.tags],
      except: [...scope.except],
      records: versions.slice(-CAPSULE_RECORDS_MAX).map(({ recordId, ver }) => ({ recordId, ver })),
      version: 1,
      grantee: first.card.binding.peerId,
      account: first.card.binding.account,
      name: first.card.name,
      hl7: given.hl7,
      wish: given.wish,
      block: 0,
      gas: 0
    },
    terms: {
      t: 'terms',
      grantId: id,
      owner: voice.owner,
      tree: grantee.tree,
      scope: scope.marks,
      readers: readers.map(knownReader),
      reply: given.wish ?? hash(random(32)),
      note: given.note
    }
  }
}

/** Whoever names a record gets some version of it. */
function assertNamed(
  { scope, terms }: Consent,
  all: readonly GivableVersion[],
  meant: readonly GivableVersion[]
): void {
  const given = new Set(meant.map(({ recordId }) => toHex(recordId)))
  const missed = scope.marks.records.map(toHex).find((id) => !given.has(id))
  if (missed == null) return
  const inRange = all.some(
    ({ recordId, ver }) => toHex(recordId) === missed && terms.verFrom <= ver && ver <= terms.verTo
  )
  if (!inRange) throw new RecordNotFoundError(`no such version of own record ${missed}`)
  throw new InvalidParametersError(
    `"records" expected none in sealed mode, which only named persons open, got ${missed}`
  )
}

/**
 * Covered, of a version that is meant, and in a container that the grantee may open: sealed mode
 * needs a named one (SECURITY.md §5).
 */
export const isMeant = (
  { verFrom, verTo, granteeKind }: GrantOpening,
  scope: Pick<Scope, 'tags' | 'except'>,
  version: GivableVersion
): boolean =>
  verFrom <= version.ver &&
  version.ver <= verTo &&
  isCovered(scope, version) &&
  (granteeKind === GranteeKind.ACCOUNT || version.so == null)

/** One signature, one transaction, whatever their number. */
async function send(
  node: Node,
  source: GrantSource,
  grants: readonly Prepared[],
  signal: AbortSignal
): Promise<TxReceipt> {
  const { primitives: p, clock } = node
  const { voice } = source
  const since = node.ledger.revokedAll?.block
  const [word] = await headWords(node, [ownerSlot(voice.owner, p)], signal, since)
  const message: Grants = {
    owner: voice.owner,
    items: grants.map(({ entry }) => ({ opening: entry.opening, version: 1 })),
    epoch: decodeOwnerWord(word ?? 0n)?.epoch || 1, // an unopened owner counts as 1
    deadline: Math.floor(clock.nowMs() / 1_000) + DEADLINE_SECONDS
  }
  const sig = voice.sign('Grants', message)
  const relayers = source.relayers(grants.flatMap(({ versions }) => versions))
  return sendMessage(node, { type: 'Grants', message, sig }, relayers, signal)
}
