/**
 * A grant: its opening, the hashes and ids made from it, and which records it covers.
 * The opening never touches the chain; its salt is what hides all the rest (SECURITY.md §7).
 * @module
 */
import { concat, equalBytes, toHex, u32be } from './bytes.ts'
import { bytes, list, map, type Of, uint } from './codec.ts'
import { hashStruct, leftPad } from './eip712.ts'
import type { RecordId } from './ids.ts'
import { type Address, type GrantId, grantId as grantIdOf, type Hash, hash } from './ids.ts'
import { SCOPE_EXCEPT_MAX, SCOPE_TAGS_MAX } from './limits.ts'
import type { Primitives } from './primitives.ts'
import { isStrictlyAscending, type RecordTags, tagShape } from './tags.ts'

export const U8_MAX = 0xff
export const U32_MAX = 0xffff_ffff

export const GranteeKind = { ACCOUNT: 1, ORGANISATION: 2, GROUP: 3, TREE: 4 } as const
export type GranteeKind = (typeof GranteeKind)[keyof typeof GranteeKind]

/** The 11 fields, as hashed; `granteeKind` may be unknown here, the gate refuses it (410). */
export const openingShape = map({
  granteeKind: uint(U8_MAX),
  grantee: bytes(32, (b) => hash(b, 'grantee')),
  scope: bytes(32, (b) => hash(b, 'scope')),
  verFrom: uint(U32_MAX),
  verTo: uint(U32_MAX),
  purposes: uint(U32_MAX),
  notBefore: uint(),
  notAfter: uint(),
  budget: uint(U32_MAX),
  window: uint(U32_MAX),
  salt: bytes(32, (b) => hash(b, 'salt'))
})
export type GrantOpening = Of<typeof openingShape>

export const openingHash = (opening: GrantOpening, p: Primitives): Hash =>
  hashStruct('GrantOpening', opening, p)

/** keccak256(abi(owner, openingHash)): nobody but the owner can fill that slot. */
export const grantId = (owner: Address, opening: Hash, p: Primitives): GrantId =>
  grantIdOf(p.keccak256(leftPad(owner), opening))

/** keccak256(abi(recordId, ver)). */
export const recordTag = (id: RecordId, ver: number, p: Primitives): Hash =>
  hash(p.keccak256(id, leftPad(u32be(ver))))

/** keccak256(abi(owner, recordTag)): where the chain keeps a version's word and anchor. */
export const recordKey = (owner: Address, tag: Hash, p: Primitives): Hash =>
  hash(p.keccak256(leftPad(owner), tag))

// ---- grantee

export const accountGrantee = (account: Address): Hash => hash(leftPad(account))

/** Bits 0–31 organisation (0: any active one), bits 32–47 roles. */
export const organisationGrantee = (org: number, roles: number): Hash =>
  hash(leftPad(concat(u32be(roles), u32be(org))))

/** Undefined unless bits 48 up are zero and something is asked. */
export function decodeOrganisationGrantee(
  grantee: Hash
): { readonly org: number; readonly roles: number } | undefined {
  const view = new DataView(grantee.buffer, grantee.byteOffset, grantee.byteLength)
  const org = view.getUint32(28)
  const roles = view.getUint16(26)
  if (org === 0 && roles === 0) return undefined
  return equalBytes(grantee, organisationGrantee(org, roles)) ? { org, roles } : undefined
}

// ---- scope

export interface ScopeLists {
  readonly tags: readonly Hash[]
  readonly except: readonly Hash[]
}

/** Tags may be none only in an emergency, so the lower bound is `isScopeList`'s. */
export const scopeTagsShape = list(tagShape, SCOPE_TAGS_MAX)
export const scopeExceptShape = list(tagShape, SCOPE_EXCEPT_MAX)

export const scopeHash = (
  tags: readonly Uint8Array[],
  except: readonly Uint8Array[],
  p: Primitives
): Hash => hash(p.keccak256(p.keccak256(...tags), p.keccak256(...except)))

/** Within bounds, strictly ascending, and what `scope` is the hash of. */
export const isScopeList = ({ tags, except }: ScopeLists, scope: Hash, p: Primitives): boolean =>
  tags.length >= 1 &&
  tags.length <= SCOPE_TAGS_MAX &&
  except.length <= SCOPE_EXCEPT_MAX &&
  isStrictlyAscending(tags) &&
  isStrictlyAscending(except) &&
  equalBytes(scopeHash(tags, except, p), scope)

/**
 * Is a record covered? By its id, class or chart, *and* its level, *every* label and a month
 * (its months hold "*", see tagRecord); and nothing of it is excepted.
 */
export function covers(
  lists: ScopeLists,
  record: { readonly recordId: RecordId; readonly tags: RecordTags }
): boolean {
  const { recordId, tags } = record
  const given = new Set(lists.tags.map(toHex))
  const excepted = new Set(lists.except.map(toHex))
  const has = (tag: Uint8Array): boolean => given.has(toHex(tag))
  const all = [recordId, tags.chart, tags.class, tags.level, ...tags.labels, ...tags.months]
  return (
    [recordId, tags.class, tags.chart].some(has) &&
    has(tags.level) &&
    tags.labels.every(has) &&
    tags.months.some(has) &&
    (excepted.size === 0 || !all.some((tag) => excepted.has(toHex(tag))))
  )
}
