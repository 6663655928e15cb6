/**
 * Which storage words a request stands or falls by, and under which name decide() reads them.
 * Some are known only after others (the organisation of an account whose word was not yet proven),
 * so the gate asks again until decide() needs no more proofs: two rounds at most.
 * @module
 */
import { equalBytes, toHex } from '../bytes.ts'
import type { DecideInput, NamedWords } from '../decision.ts'
import { decodeOrganisationGrantee, GranteeKind, recordKey } from '../grant.ts'
import type { Address, Hash } from '../ids.ts'
import type { Primitives } from '../primitives.ts'
import type { AccessRequest } from '../request.ts'
import { decodeTree, leavesOf, type TreeNode } from '../tree.ts'
import {
  accountSlot,
  decodeAccountWord,
  grantSlot,
  memberSlot,
  organisationSlot,
  ownerSlot,
  recordSlot,
  type StorageRef,
  wishSlot
} from '../words.ts'
import { idsOf } from './ids.ts'

/** `role` names the word in NamedWords; `contract` and `slot` say where it is stored. */
export type NeededWord = { readonly role: string } & StorageRef<
  'grants' | 'records' | 'directory' | 'emergency'
>

/** The names of words that exist more than once. */
export const orgRole = (org: number): string => `org:${org}`
export const memberRole = (group: Hash): string => `member:${toHex(group)}`
/** The requester is `account`, whether or not it signs an emergency. */
export const signerRole = (request: AccessRequest, signer: Address): string =>
  equalBytes(signer, request.binding.account) ? 'account' : `signer:${toHex(signer)}`

/** Who gave the sub-grant that is shown; whoever gives one to itself is one account. */
export const delegatorRole = ({ sub, binding }: AccessRequest): string =>
  sub != null && equalBytes(sub.delegator, binding.account) ? 'account' : 'delegator'

/** The tree of a grant of kind 4, if it is one. */
export function readTree(request: AccessRequest): TreeNode | undefined {
  if (request.tree == null || request.opening.granteeKind !== GranteeKind.TREE) return undefined
  try {
    return decodeTree(request.tree)
  } catch {
    return undefined
  }
}

/** Asks nothing: check 28 compared the one account, or clinicians signed for it. */
const NOTHING_MORE: TreeNode = { k: 0, of: [] }
const NOBODY: TreeNode = { k: 1, of: [] }

/** What is asked of the words of the requester's account, every kind of grantee as a tree. */
export function policyOf(request: AccessRequest): TreeNode {
  const { granteeKind, grantee } = request.opening
  if (request.emergency != null) return NOTHING_MORE
  switch (granteeKind) {
    case GranteeKind.ACCOUNT:
      return NOTHING_MORE
    case GranteeKind.ORGANISATION: {
      const asked = decodeOrganisationGrantee(grantee)
      return asked == null ? NOBODY : { ...asked, group: undefined }
    }
    case GranteeKind.GROUP:
      return { org: 0, roles: 0, group: grantee }
    default:
      return readTree(request) ?? NOBODY
  }
}

/** Accounts whose organisation has to be active, whichever it is. */
function employedRoles(request: AccessRequest): readonly string[] {
  if (request.emergency != null) {
    return request.emergency.signers.map(({ account }) => signerRole(request, account))
  }
  if (request.sub != null) return ['account', delegatorRole(request)]
  const anywhere = leavesOf(policyOf(request)).some((leaf) => leaf.org === 0 && leaf.roles !== 0)
  return anywhere ? ['account'] : []
}

/** Organisations that proven account words name. */
const orgsOf = (roles: readonly string[], words: NamedWords): readonly number[] =>
  roles.map((role) => decodeAccountWord(words[role] ?? 0n)?.org ?? 0)

/**
 * Every word to prove at both blocks, each once, those already in `input.words` included.
 * Pure; the order is stable as long as `input.words` is.
 */
export function wordsNeeded(input: DecideInput, p: Primitives): readonly NeededWord[] {
  const { request } = input
  const { owner, binding, emergency, sub } = request
  const ids = idsOf(request, p)
  const needed = new Map<string, NeededWord>()
  // a request's role is always the same word, so its slot is hashed once
  const add = (role: string, ref: () => StorageRef<NeededWord['contract']>) =>
    needed.set(
      role,
      ids.once(`word ${role}`, () => ({ role, ...ref() }))
    )

  if (emergency == null) add('grant', () => grantSlot(ids.grantId, p))
  add('owner', () => ownerSlot(owner, p))
  add('account', () => accountSlot(binding.account, p))
  if (sub != null) add(delegatorRole(request), () => accountSlot(sub.delegator, p))
  if (request.want !== 'pack') {
    add('record', () => recordSlot(recordKey(owner, ids.recordTag, p), p))
  }
  if (emergency != null) {
    add('wish', () => wishSlot(owner, p))
    for (const { account } of emergency.signers) {
      add(signerRole(request, account), () => accountSlot(account, p))
    }
  }
  const leaves = leavesOf(policyOf(request))
  for (const { group } of leaves) {
    if (group != null) add(memberRole(group), () => memberSlot(group, binding.account, p))
  }
  const known = input.words?.ok === true ? [input.words.value.conf, input.words.value.head] : []
  const employed = employedRoles(request)
  const orgs = [...leaves.map(({ org }) => org), ...known.flatMap((w) => orgsOf(employed, w))]
  for (const org of orgs) {
    if (org !== 0) add(orgRole(org), () => organisationSlot(org, p))
  }
  return [...needed.values()]
}

/** Proven words under their names, in the order in which they were needed. */
export const nameWords = (needed: readonly NeededWord[], words: readonly bigint[]): NamedWords =>
  Object.fromEntries(
    needed.flatMap(({ role }, i) => (words[i] === undefined ? [] : [[role, words[i]]]))
  )
