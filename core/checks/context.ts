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
import { address, type Hash, hash, recordId } from '../ids.ts'
import type { Primitives } from '../primitives.ts'
import type { AccessRequest } from '../request.ts'
import type { ShownSub } from '../subgrant.ts'
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
import { idsOf, type RequestIds } from './ids.ts'
import { memberRole, type NeededWord, orgRole, policyOf, readTree, wordsNeeded } from './needed.ts'

/** Words at one block, decoded when read; undefined if missing or invalid. */
export interface Words {
  /** The word itself; negative if it is missing. */
  raw(role: string): bigint
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
  readonly ids: RequestIds
  readonly tree: TreeNode | undefined
  readonly entry: CustodyEntry
  readonly policy: TreeNode
  readonly emergency: NonNullable<AccessRequest['emergency']>
  /** What is shown of a sub-grant. */
  readonly sub: ShownSub
  /** For a share the epoch asked for; for blocks the newest: nobody picks older tags. */
  readonly epoch: HeldEpoch
  readonly heads: Heads
  /** The block of request.conf. */
  readonly requested: GateBlock
  readonly needed: readonly NeededWord[]
  readonly conf: Words
  readonly head: Words
}

const NO_HASH = hash(new Uint8Array(32))
const NO_ACCOUNT = address(new Uint8Array(20))
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
  owner: NO_ACCOUNT,
  recordId: recordId(NO_HASH),
  ver: 0, // no request asks for it
  sealed: true,
  destroyed: true,
  epochs: []
}
const NO_EMERGENCY: Context['emergency'] = { reasonHash: NO_HASH, epoch: 0, signers: [] }
/** No comparison with it holds. */
const NONE = Number.NaN
/** Of nobody's, for nobody, for no version and no time. */
const NO_SUB: ShownSub = {
  grant: {
    owner: NO_ACCOUNT,
    openingHash: NO_HASH,
    version: NONE,
    delegate: NO_ACCOUNT,
    scope: NO_HASH,
    verFrom: NONE,
    verTo: NONE,
    purposes: 0,
    notBefore: NONE,
    notAfter: NONE,
    budget: NONE,
    salt: NO_HASH
  },
  tags: [],
  except: [],
  delegator: NO_ACCOUNT,
  sig: new Uint8Array(65)
}
const NO_WORDS: WordsAtBoth = { conf: {}, head: {} }

export function contextOf(input: DecideInput, p: Primitives): Context {
  const { request } = input
  const ids = idsOf(request, p)
  const words = input.words?.ok === true ? input.words.value : NO_WORDS
  const entry = input.entry ?? NO_ENTRY
  const heads = input.heads?.ok === true ? input.heads.value : NO_HEADS
  return {
    input,
    p,
    request,
    now: input.nowMs / 1_000,
    ids,
    tree: readTree(request),
    policy: policyOf(request),
    emergency: request.emergency ?? NO_EMERGENCY,
    sub: request.sub ?? NO_SUB,
    entry,
    epoch: epochOf(entry, request),
    heads,
    requested: heads.requested.ok ? heads.requested.value : NO_BLOCK,
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

/** No word is negative, so that no decoder takes it. */
const MISSING = -1n

function wordsOf(named: NamedWords): Words {
  const raw = (role: string): bigint => named[role] ?? MISSING
  const decoded = new Map<string, unknown>()
  // a role is always read by the same decoder, and many checks read the same word
  const once = <T>(role: string, decode: (word: bigint) => T): T => {
    if (!decoded.has(role)) decoded.set(role, decode(raw(role)))
    return decoded.get(role) as T
  }
  return {
    raw,
    grant: () => once('grant', decodeGrantWord),
    owner: () => once('owner', decodeOwnerWord),
    account: (role = 'account') => once(role, decodeAccountWord),
    record: () => once('record', decodeRecordWord),
    wish: () => once('wish', decodeWishWord),
    org: (org) => once(orgRole(org), decodeOrganisationWord),
    member: (group) => once(memberRole(group), decodeMemberWord)
  }
}

/** True at request.conf and at the head. */
export const both = (c: Context, holds: (words: Words) => boolean): boolean =>
  holds(c.conf) && holds(c.head)
