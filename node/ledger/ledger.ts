/**
 * A person's own book: records and their secrets, custodians' acknowledgements, wishes, grants,
 * capsules, and the receipts that custodians gave her. One encrypted journal, folded into maps when
 * opened; what `record` returns from is on disk.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { decode } from '../../core/codec.ts'
import { StoreCorruptError } from '../../core/errors.ts'
import type { Address, GrantId, Hash, PeerIdBytes, RecordId } from '../../core/ids.ts'
import { CONSENTS_KEPT, GRANT_RECORDS_MAX } from '../../core/limits.ts'
import type { Journal } from '../adapters.ts'
import { type Entry, type EntryOf, encodeEntry, entryShape } from './entries.ts'
import { Glasses } from './glasses.ts'
import { Guardianships } from './guardianships.ts'
import { isPassing } from './passing-entries.ts'
import { Passings } from './passings.ts'

/** One version of an own record with all that happened to it. */
export interface OwnVersion {
  readonly entry: EntryOf<'version'>
  /** The newest acknowledgement of each custodian, by peer in hex. */
  readonly acks: Map<string, EntryOf<'ack'>>
  anchored: EntryOf<'anchored'> | undefined
  registration: EntryOf<'registration'> | undefined
}

export interface GivenGrant {
  readonly entry: EntryOf<'granted'>
  terms: EntryOf<'terms'> | undefined
  /** Versions that each reader's capsules told of, by peer in hex. */
  readonly delivered: Map<string, Set<string>>
  revoked: EntryOf<'revoked'> | undefined
}

export interface ReceivedWish {
  readonly entry: EntryOf<'wish'>
  answer: 'granted' | 'denied' | undefined
}

type Receipts = EntryOf<'receipts'>['entries']

export class Ledger {
  /** Emergencies. */
  readonly glasses = new Glasses()
  /** Sub-grants and hand-backs. */
  readonly passings = new Passings()
  readonly guardianships = new Guardianships()
  readonly #journal: Journal
  readonly #versions = new Map<string, OwnVersion[]>()
  readonly #keys = new Map<string, EntryOf<'custodyKey'>>()
  readonly #wishes = new Map<string, ReceivedWish>()
  readonly #asked = new Map<string, EntryOf<'asked'>>()
  readonly #grants = new Map<string, GivenGrant>()
  readonly #capsules = new Map<string, EntryOf<'capsule'>>()
  readonly #replies = new Map<string, EntryOf<'reply'>>()
  readonly #consents: EntryOf<'membership'>[] = []
  #bound: EntryOf<'bound'> | undefined
  readonly #groups = new Map<string, EntryOf<'group'>>()
  readonly #groupMembers = new Map<string, Map<string, Address>>()
  readonly #proposals: EntryOf<'proposal'>[] = []
  readonly #opened = new Map<string, EntryOf<'opened'>>()
  readonly #receipts = new Map<string, Receipts[number][]>()
  readonly #mail = new Map<string, number>()
  readonly #seen: EntryOf<'seen'>[] = []
  readonly #seenAt = new Map<string, EntryOf<'seen'>>()
  readonly #cards = new Map<string, EntryOf<'card'>>()
  #revokedAll: EntryOf<'revokedAll'> | undefined
  readonly #optedOut = new Map<string, EntryOf<'optedOut'>>()

  private constructor(journal: Journal) {
    this.#journal = journal
  }

  /** @throws StoreCorruptError */
  static async open(journal: Journal): Promise<Ledger> {
    const ledger = new Ledger(journal)
    for await (const bytes of journal.entries()) {
      try {
        ledger.#fold(decode(entryShape, bytes, 'ledger'))
      } catch (err) {
        throw new StoreCorruptError('the ledger holds an entry that cannot be read', { cause: err })
      }
    }
    return ledger
  }

  /**
   * Durable first, then visible. What could not be read again is not written: one such entry, of
   * however bad a peer, would keep the node from starting.
   * @throws InvalidMessageError, StoreFullError
   */
  async record(...entries: readonly Entry[]): Promise<void> {
    const encoded = entries.map(encodeEntry)
    for (const bytes of encoded) decode(entryShape, bytes, 'ledger')
    await this.#journal.append(...encoded)
    for (const entry of entries) this.#fold(entry)
  }

  close(): Promise<void> {
    return this.#journal.close()
  }

  // ---- own records

  records(): readonly (readonly OwnVersion[])[] {
    return [...this.#versions.values()]
  }

  versions(id: RecordId): readonly OwnVersion[] {
    return this.#versions.get(toHex(id)) ?? []
  }

  /** The given version, or the newest. */
  version(id: RecordId, ver?: number): OwnVersion | undefined {
    const versions = this.versions(id)
    return ver == null ? versions.at(-1) : versions.find((v) => v.entry.ver === ver)
  }

  custodyKey(peer: PeerIdBytes): EntryOf<'custodyKey'> | undefined {
    return this.#keys.get(toHex(peer))
  }

  // ---- consent

  wishes(): readonly ReceivedWish[] {
    return [...this.#wishes.values()]
  }

  wish(id: Uint8Array): ReceivedWish | undefined {
    return this.#wishes.get(toHex(id))
  }

  asked(): readonly EntryOf<'asked'>[] {
    return [...this.#asked.values()]
  }

  replies(): readonly EntryOf<'reply'>[] {
    return [...this.#replies.values()]
  }

  grants(): readonly GivenGrant[] {
    return [...this.#grants.values()]
  }

  grant(id: GrantId): GivenGrant | undefined {
    return this.#grants.get(toHex(id))
  }

  get revokedAll(): EntryOf<'revokedAll'> | undefined {
    return this.#revokedAll
  }

  /** The newest word of this owner about purposes. */
  optedOut(owner: Address): EntryOf<'optedOut'> | undefined {
    return this.#optedOut.get(toHex(owner))
  }

  capsules(): readonly EntryOf<'capsule'>[] {
    return [...this.#capsules.values()]
  }

  /** What was opened of others' records, once a version and grant. */
  opened(): readonly EntryOf<'opened'>[] {
    return [...this.#opened.values()]
  }

  // ---- the Directory

  /** Under which binding epoch this node's cards are. */
  get bound(): EntryOf<'bound'> | undefined {
    return this.#bound
  }

  /** Consents to join that came by mail: the last ones, oldest first. */
  consents(): readonly EntryOf<'membership'>[] {
    return this.#consents
  }

  groups(): readonly EntryOf<'group'>[] {
    return [...this.#groups.values()]
  }

  /** Accounts that were put into a group here, and not taken out again. */
  groupMembers(id: Hash): readonly Address[] {
    return [...(this.#groupMembers.get(toHex(id))?.values() ?? [])]
  }

  proposals(): readonly EntryOf<'proposal'>[] {
    return this.#proposals
  }

  // ---- the chain itself

  /** Words that concern this person, each time that they were found changed, oldest first. */
  seen(): readonly EntryOf<'seen'>[] {
    return this.#seen
  }

  /** The word at a storage key, as it was found last. */
  seenAt(slot: Hash): EntryOf<'seen'> | undefined {
    return this.#seenAt.get(toHex(slot))
  }

  // ---- other people and their logs

  card(peer: PeerIdBytes): EntryOf<'card'>['card'] | undefined {
    return this.#cards.get(toHex(peer))?.card
  }

  cards(): readonly EntryOf<'card'>['card'][] {
    return [...this.#cards.values()].map(({ card }) => card)
  }

  /** Mail of this keeper was taken up to this number. */
  mailUpTo(peer: PeerIdBytes): number {
    return this.#mail.get(toHex(peer)) ?? 0
  }

  /** A custodian's chain as far as it was fetched, from its first link. */
  receipts(peer: PeerIdBytes): Receipts {
    return this.#receipts.get(toHex(peer)) ?? []
  }

  receiptPeers(): readonly string[] {
    return [...this.#receipts.keys()]
  }

  #fold(entry: Entry): void {
    if (isPassing(entry)) {
      this.passings.fold(entry)
      return
    }
    switch (entry.t) {
      case 'version': {
        const key = toHex(entry.recordId)
        const versions = this.#versions.get(key) ?? []
        versions.push({ entry, acks: new Map(), anchored: undefined, registration: undefined })
        this.#versions.set(key, versions)
        return
      }
      case 'ack':
        this.version(entry.recordId, entry.ver)?.acks.set(toHex(entry.peer), entry)
        return
      case 'anchored': {
        const version = this.version(entry.recordId, entry.ver)
        if (version != null) version.anchored = entry
        return
      }
      case 'registration': {
        const version = this.version(entry.recordId, entry.ver)
        if (version != null) version.registration = entry
        return
      }
      case 'bound':
        this.#bound = entry
        return
      case 'membership':
        this.#consents.push(entry)
        if (this.#consents.length > CONSENTS_KEPT) this.#consents.shift()
        return
      case 'group':
        this.#groups.set(toHex(entry.id), entry)
        return
      case 'groupMember': {
        const members = this.#groupMembers.get(toHex(entry.id)) ?? new Map<string, Address>()
        if (entry.member) members.set(toHex(entry.account), entry.account)
        else members.delete(toHex(entry.account))
        this.#groupMembers.set(toHex(entry.id), members)
        return
      }
      case 'proposal':
        this.#proposals.push(entry)
        return
      case 'opened':
        this.#opened.set(`${toHex(entry.recordId)}/${entry.ver}/${toHex(entry.grantId)}`, entry)
        return
      case 'custodyKey':
        this.#keys.set(toHex(entry.peer), entry)
        return
      case 'wish':
        if (!this.#wishes.has(toHex(entry.id))) {
          this.#wishes.set(toHex(entry.id), { entry, answer: undefined })
        }
        return
      case 'asked':
        this.#asked.set(toHex(entry.id), entry)
        return
      case 'granted':
        this.#setGrant(entry)
        // before it is on the chain she may still answer otherwise, or try again
        if (entry.block > 0) this.#answer(entry.wish, 'granted')
        return
      case 'terms': {
        const grant = this.#grants.get(toHex(entry.grantId))
        if (grant != null) grant.terms = entry
        return
      }
      case 'delivered': {
        const grant = this.#grants.get(toHex(entry.grantId))
        if (grant != null) told(grant, entry.peer, entry.records)
        return
      }
      case 'optedOut':
        this.#optedOut.set(toHex(entry.owner), entry)
        return
      case 'denied':
        this.#answer(entry.wish, 'denied')
        return
      case 'revoked': {
        const grant = this.#grants.get(toHex(entry.grantId))
        if (grant != null) grant.revoked = entry
        return
      }
      case 'revokedAll':
        this.#revokedAll = entry
        return
      case 'capsule':
        this.#addCapsule(entry)
        return
      case 'reply':
        this.#replies.set(toHex(entry.wish), entry)
        return
      case 'receipts': {
        const key = toHex(entry.peer)
        const known = this.#receipts.get(key) ?? []
        known.push(...entry.entries)
        this.#receipts.set(key, known)
        return
      }
      case 'mail':
        this.#mail.set(toHex(entry.peer), entry.upTo)
        return
      case 'card':
        this.#cards.set(toHex(entry.peer), entry)
        return
      case 'seen':
        this.#seen.push(entry)
        this.#seenAt.set(toHex(entry.slot), entry)
        return
      case 'guardianship':
      case 'recoveryPlan':
      case 'helping':
        this.guardianships.fold(entry)
        return
      default:
        this.glasses.fold(entry)
    }
  }

  /** Told of a second time once it is in a block. */
  #setGrant(entry: EntryOf<'granted'>): void {
    const key = toHex(entry.grantId)
    const { terms, delivered = new Map() } = this.#grants.get(key) ?? {}
    this.#grants.set(key, { entry, terms, delivered, revoked: undefined })
  }

  /** A grant that goes on for records added later comes in several capsules: all of them count. */
  #addCapsule(entry: EntryOf<'capsule'>): void {
    const key = toHex(entry.grantId)
    const known = this.#capsules.get(key)
    const merged = known == null ? entry : mergeCapsules(known, entry)
    this.#capsules.delete(key) // the newest stands last
    this.#capsules.set(key, merged)
  }

  #answer(wish: Uint8Array | undefined, answer: 'granted' | 'denied'): void {
    const known = wish == null ? undefined : this.#wishes.get(toHex(wish))
    if (known != null) known.answer = answer
  }
}

export const versionKey = ({ recordId, ver }: { recordId: Uint8Array; ver: number }): string =>
  `${toHex(recordId)}:${ver}`
/** The record of such a key, in hex. */
export const recordOfKey = (key: string): string => key.slice(0, key.indexOf(':'))

function told(
  { delivered }: GivenGrant,
  peer: PeerIdBytes,
  records: EntryOf<'delivered'>['records']
): void {
  const key = toHex(peer)
  const known = delivered.get(key) ?? new Set()
  for (const each of records) known.add(versionKey(each))
  delivered.set(key, known)
}

/** Of one grant, so of one opening. What came later wins; the oldest versions make room. */
function mergeCapsules(
  { capsule: before, wish, hl7 }: EntryOf<'capsule'>,
  entry: EntryOf<'capsule'>
): EntryOf<'capsule'> {
  const { capsule } = entry
  const records = new Map(before.records.map((each) => [versionKey(each), each]))
  for (const each of capsule.records) {
    records.delete(versionKey(each))
    records.set(versionKey(each), each)
  }
  const addrs = new Map([...before.addrs, ...capsule.addrs].map((each) => [toHex(each.peer), each]))
  return {
    ...entry,
    wish: entry.wish ?? wish,
    hl7: entry.hl7 || hl7,
    capsule: {
      ...capsule,
      records: [...records.values()].slice(-GRANT_RECORDS_MAX),
      addrs: [...addrs.values()]
    }
  }
}
