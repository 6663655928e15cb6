/**
 * What the checks read: the input, and what follows from it, worked out once. Whatever was not
 * gathered stands here as a value that satisfies no check, so a check never asks whether it may
 * look, and leaving one out cannot open what a later one still guards.
 * @module
 */
import type {
  CustodyEntry,
  DecideInput,
  GateBlock,
  Heads,
  HeldEpoch,
  NamedWords,
  WordsAtBoth
} from '../decision.ts'
import { grantId, openingHash } from '../grant.ts'
import { address, type GrantId, type Hash, hash, recordId } from '../ids.ts'
import type { Primitives } from '../primitives.ts'
import type { AccessRequest } from '../request.ts'
import type { RecordTags } from '../tags.ts'
import type { TreeNode } from '../tree.ts'
import {
  type AccountWord,
  decodeAccountWord,
  decodeGrantWord,
  decodeMemberWord,
  decodeOrganisationWord,
  decodeOwnerWord,
  decodeRecordWord,
  decodeWishWord,
  type GrantWord,
  type MemberWord,
  type OrganisationWord,
  type OwnerWord,
  type RecordWord,
  type WishWord
} from '../words.ts'
import { memberRole, type NeededWord, orgRole, readTree, wordsNeeded } from './needed.ts'

/** Words at one block, decoded when read; undefined if missing or invalid. */
export interface Words {
  readonly raw: NamedWords
  grant(): GrantWord | undefined
  owner(): OwnerWord | undefined
  account(role?: string): AccountWord | undefined
  record(): RecordWord | undefined
  wish(): WishWord | undefined
  org(org: number): OrganisationWord | undefined
  member(group: Hash): MemberWord | undefined
}

export interface Context {
  readonly input: DecideInput
  readonly p: Primitives
  readonly request: AccessRequest
  /** Seconds, not rounded. */
  readonly now: number
  readonly openingHash: Hash
  readonly grantId: GrantId
  readonly tree: TreeNode | undefined
  readonly entry: CustodyEntry
  /** For a share the epoch asked for; for blocks the newest: nobody picks older tags. */
  readonly epoch: HeldEpoch
  readonly heads: Heads
  readonly needed: readonly NeededWord[]
  readonly conf: Words
  readonly head: Words
}

const NO_HASH = hash(new Uint8Array(32))
const NO_BLOCK: GateBlock = { number: Number.NaN, hash: NO_HASH, timeSeconds: Number.NaN }
const NO_HEADS: Heads = {
  head: NO_BLOCK,
  conf: NO_BLOCK,
  requested: { ok: true, value: NO_BLOCK }
}
const NO_TAGS: RecordTags = {
  chart: NO_HASH,
  class: NO_HASH,
  level: NO_HASH,
  labels: [],
  months: []
}
const NO_EPOCH: HeldEpoch = {
  shareEpoch: 0,
  idx: 0,
  acknowledged: false,
  tags: NO_TAGS,
  emergency: false
}
const NO_ENTRY: CustodyEntry = {
  owner: address(new Uint8Array(20)),
  recordId: recordId(NO_HASH),
  ver: 0, // no request asks for it
  sealed: true,
  destroyed: true,
  epochs: []
}
const NO_WORDS: WordsAtBoth = { conf: {}, head: {} }

export function contextOf(input: DecideInput, p: Primitives): Context {
  const { request } = input
  const opening = openingHash(request.opening, p)
  const words = input.words?.ok === true ? input.words.value : NO_WORDS
  const entry = input.entry ?? NO_ENTRY
  return {
    input,
    p,
    request,
    now: input.nowMs / 1_000,
    openingHash: opening,
    grantId: grantId(request.owner, opening, p),
    tree: readTree(request),
    entry,
    epoch: epochOf(entry, request),
    heads: input.heads?.ok === true ? input.heads.value : NO_HEADS,
    needed: wordsNeeded(input, p),
    conf: wordsOf(words.conf),
    head: wordsOf(words.head)
  }
}

function epochOf({ epochs }: CustodyEntry, request: AccessRequest): HeldEpoch {
  if (request.want === 'share') {
    return epochs.find((epoch) => epoch.shareEpoch === request.shareEpoch) ?? NO_EPOCH
  }
  return epochs.reduce((a, b) => (b.shareEpoch > a.shareEpoch ? b : a), NO_EPOCH)
}

function wordsOf(raw: NamedWords): Words {
  const read = <W>(role: string, decode: (word: bigint) => W | undefined): W | undefined => {
    const word = raw[role]
    return word === undefined ? undefined : decode(word)
  }
  return {
    raw,
    grant: () => read('grant', decodeGrantWord),
    owner: () => read('owner', decodeOwnerWord),
    account: (role = 'account') => read(role, decodeAccountWord),
    record: () => read('record', decodeRecordWord),
    wish: () => read('wish', decodeWishWord),
    org: (org) => read(orgRole(org), decodeOrganisationWord),
    member: (group) => read(memberRole(group), decodeMemberWord)
  }
}

const DECODERS: Readonly<Record<string, (word: bigint) => unknown>> = {
  grant: decodeGrantWord,
  owner: decodeOwnerWord,
  account: decodeAccountWord,
  signer: decodeAccountWord,
  record: decodeRecordWord,
  wish: decodeWishWord,
  org: decodeOrganisationWord,
  member: decodeMemberWord
}

/** Does the word under `role` have the form that its place asks for? */
export function isWellFormed(words: NamedWords, role: string): boolean {
  const kind = role.split(':', 1)[0] as string
  const word = words[role]
  return word !== undefined && DECODERS[kind]?.(word) !== undefined
}

/** True at request.conf and at the head. */
export const both = (c: Context, holds: (words: Words) => boolean): boolean =>
  holds(c.conf) && holds(c.head)
