/**
 * What a person keeps about her own records and consents, as entries of one encrypted append-only
 * journal. Manifests and receipts stay as they came, so that hashes and signatures stay checkable.
 * @module
 */
import { cardShape } from '../../core/binding.ts'
import {
  bool,
  bytes,
  bytesUpTo,
  encode,
  list,
  map,
  nullable,
  type Of,
  oneOf,
  text,
  uint,
  variant
} from '../../core/codec.ts'
import { openingShape } from '../../core/grant.ts'
import { address, grantId, hash, peerIdBytes, recordId, recordSecret } from '../../core/ids.ts'
import {
  CAPSULE_RECORDS_MAX,
  CUSTODIANS_MAX,
  GRANT_READERS_MAX,
  MANIFEST_MAX_BYTES,
  NAME_MAX_CHARS,
  PROPOSAL_TEXT_MAX_CHARS,
  RECEIPT_MAX_BYTES,
  RECEIPTS_PER_PAGE,
  SCOPE_EXCEPT_MAX,
  SCOPE_TAGS_MAX,
  TREE_MAX_BYTES,
  WISH_TEXT_MAX_CHARS
} from '../../core/limits.ts'
import { capsuleShape } from '../../core/manifest.ts'
import { consentShape } from '../../core/membership.ts'
import { signedLinkShape } from '../../core/receipt.ts'
import { LEVELS } from '../../core/tags.ts'
import { wishShape } from '../../core/wish.ts'
import { glassEntryShapes } from './glass-entries.ts'
import { guardianEntryShapes } from './guardian-entries.ts'
import { passingEntryShapes } from './passing-entries.ts'
import { seenEntryShapes } from './seen-entries.ts'

const ref = { recordId: bytes(32, recordId), ver: uint(0xffff_ffff, 1) }
const hashBytes = bytes(32, (b) => hash(b))

export const entryShape = variant('t', {
  ...glassEntryShapes,
  ...passingEntryShapes,
  ...guardianEntryShapes,
  ...seenEntryShapes,
  /** A version of an own record, written before its first package leaves. */
  version: map({
    t: oneOf('version'),
    ...ref,
    secret: bytes(32, recordSecret),
    ownerSecret: nullable(bytes(32, recordSecret)),
    manifest: bytesUpTo(MANIFEST_MAX_BYTES),
    anchorSalt: hashBytes,
    /** env_i of each custodian, by idx − 1. */
    envs: list(bytes(105), CUSTODIANS_MAX),
    reason: text(WISH_TEXT_MAX_CHARS)
  }),
  /** The key CK that a custodian opens its envelopes with, made once for each of them. */
  custodyKey: map({
    t: oneOf('custodyKey'),
    peer: bytes(38, peerIdBytes),
    ckEpoch: uint(0xffff_ffff, 1),
    ck: bytes(32),
    enc: bytes(1_120)
  }),
  /** A custodian's signed acknowledgement. */
  ack: map({
    t: oneOf('ack'),
    ...ref,
    peer: bytes(38, peerIdBytes),
    shareEpoch: uint(0xffff_ffff, 1),
    pinned: bool,
    receipt: map({ link: signedLinkShape, body: bytesUpTo(RECEIPT_MAX_BYTES) })
  }),
  anchored: map({
    t: oneOf('anchored'),
    ...ref,
    txHash: hashBytes,
    block: uint(),
    gas: uint()
  }),
  /** How a version is to be registered, where that is not by one confirmation of anybody. */
  registration: map({
    t: oneOf('registration'),
    ...ref,
    quorum: uint(0xff, 1),
    barredOrg: uint(0xffff_ffff)
  }),
  /** A version of somebody else's that was opened here, whole, under this grant. */
  opened: map({
    t: oneOf('opened'),
    ...ref,
    grantId: bytes(32, grantId),
    contentHash: hashBytes,
    at: uint()
  }),
  /** The binding epoch that this node's cards are made under, with these contracts. */
  bound: map({
    t: oneOf('bound'),
    chainId: uint(),
    directory: bytes(20, address),
    bindingEpoch: uint(0xffff_ffff, 1)
  }),
  /** An account's consent to join an organisation, as it came by mail. */
  membership: map({
    t: oneOf('membership'),
    consent: consentShape,
    name: text(NAME_MAX_CHARS),
    at: uint()
  }),
  /** A group of the own organisation: the chain knows its id, only admins its salt and name. */
  group: map({
    t: oneOf('group'),
    org: uint(0xffff_ffff, 1),
    salt: hashBytes,
    id: hashBytes,
    name: text(NAME_MAX_CHARS)
  }),
  groupMember: map({
    t: oneOf('groupMember'),
    id: hashBytes,
    account: bytes(20, address),
    member: bool
  }),
  /** A proposal that this node voted for, as text. */
  proposal: map({ t: oneOf('proposal'), proposal: text(PROPOSAL_TEXT_MAX_CHARS) }),
  /** A wish that reached this person's inbox and was verified, with its author's card. */
  wish: map({ t: oneOf('wish'), id: bytes(32), wish: wishShape, card: cardShape }),
  /** An own wish, and who was asked to keep it. */
  asked: map({
    t: oneOf('asked'),
    id: bytes(32),
    wish: wishShape,
    keepers: list(bytes(38, peerIdBytes), CUSTODIANS_MAX)
  }),
  /** A grant that this person signed; `opening` and lists stay off chain, here. */
  granted: map({
    t: oneOf('granted'),
    grantId: bytes(32, grantId),
    opening: openingShape,
    tags: list(hashBytes, SCOPE_TAGS_MAX, 1),
    except: list(hashBytes, SCOPE_EXCEPT_MAX),
    records: list(map(ref), CAPSULE_RECORDS_MAX),
    version: uint(Number.MAX_SAFE_INTEGER, 1),
    grantee: bytes(38, peerIdBytes),
    account: bytes(20, address),
    name: text(WISH_TEXT_MAX_CHARS),
    hl7: text(32),
    wish: nullable(bytes(32)),
    block: uint(),
    gas: uint()
  }),
  /** What a grant says beyond its opening, in the words that it was given in; old ones have none. */
  terms: map({
    t: oneOf('terms'),
    grantId: bytes(32, grantId),
    /** Whose records they are: one's own, or a ward's. */
    owner: bytes(20, address),
    tree: nullable(bytesUpTo(TREE_MAX_BYTES)),
    scope: map({
      records: list(bytes(32, recordId), SCOPE_TAGS_MAX),
      classes: list(text(NAME_MAX_CHARS), SCOPE_TAGS_MAX),
      chart: bool,
      upTo: nullable(oneOf(...LEVELS)),
      labels: list(text(NAME_MAX_CHARS), SCOPE_TAGS_MAX),
      months: list(text(NAME_MAX_CHARS), SCOPE_TAGS_MAX),
      except: list(text(NAME_MAX_CHARS), SCOPE_EXCEPT_MAX)
    }),
    /** Who gets the capsule. */
    readers: list(
      map({
        peer: bytes(38, peerIdBytes),
        account: bytes(20, address),
        name: text(NAME_MAX_CHARS),
        /** Who keeps mail for it, besides the owner's custodians. */
        at: list(bytes(38, peerIdBytes), CUSTODIANS_MAX)
      }),
      GRANT_READERS_MAX
    ),
    /** Capsules travel as answers to this wish, or to one that nobody made. */
    reply: bytes(32),
    note: text(WISH_TEXT_MAX_CHARS)
  }),
  /** What capsules of a grant told one reader of. */
  delivered: map({
    t: oneOf('delivered'),
    grantId: bytes(32, grantId),
    peer: bytes(38, peerIdBytes),
    records: list(map(ref), CAPSULE_RECORDS_MAX)
  }),
  revoked: map({
    t: oneOf('revoked'),
    grantId: bytes(32, grantId),
    version: uint(Number.MAX_SAFE_INTEGER, 1),
    block: uint(),
    at: uint()
  }),
  revokedAll: map({
    t: oneOf('revokedAll'),
    epoch: uint(0xffff_ffff, 1),
    block: uint(),
    at: uint()
  }),
  /** Purposes that this person allows nobody, whatever her grants say. */
  optedOut: map({
    t: oneOf('optedOut'),
    owner: bytes(20, address),
    purposes: uint(0xffff_ffff),
    version: uint(0xffff_ffff, 1),
    block: uint(),
    at: uint()
  }),
  denied: map({ t: oneOf('denied'), wish: bytes(32), reason: text(WISH_TEXT_MAX_CHARS) }),
  /** What a grantee holds: the opened capsule. */
  capsule: map({
    t: oneOf('capsule'),
    grantId: bytes(32, grantId),
    wish: nullable(bytes(32)),
    capsule: capsuleShape,
    hl7: text(32)
  }),
  reply: map({
    t: oneOf('reply'),
    wish: bytes(32),
    verdict: oneOf('granted', 'denied'),
    reason: text(WISH_TEXT_MAX_CHARS),
    grantId: nullable(bytes(32, grantId)),
    at: uint()
  }),
  /** A page of a custodian's receipt chain; bodies of other people's receipts are null. */
  receipts: map({
    t: oneOf('receipts'),
    peer: bytes(38, peerIdBytes),
    entries: list(
      map({
        link: signedLinkShape,
        body: nullable(bytesUpTo(RECEIPT_MAX_BYTES))
      }),
      RECEIPTS_PER_PAGE
    )
  }),
  /** Mail up to here was taken from this keeper. */
  mail: map({ t: oneOf('mail'), peer: bytes(38, peerIdBytes), upTo: uint() }),
  card: map({ t: oneOf('card'), peer: bytes(38, peerIdBytes), card: cardShape })
})

export type Entry = Of<typeof entryShape>
export type EntryOf<T extends Entry['t']> = Extract<Entry, { readonly t: T }>

export const encodeEntry = (entry: Entry): Uint8Array => encode(entry)
