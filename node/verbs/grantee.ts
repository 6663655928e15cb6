/**
 * Whom a grant is for, in the four kinds of the opening: one account, members of an organisation or
 * with a role, members of a group, or whoever a policy holds for (SECURITY.md §7).
 * @module
 */
import { fromHex, isZero, toHex } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import {
  accountGrantee,
  decodeOrganisationGrantee,
  GranteeKind,
  type GrantOpening,
  organisationGrantee
} from '../../core/grant.ts'
import { type Address, type Hash, hash } from '../../core/ids.ts'
import { leafText, parsePolicy, policyText } from '../../core/policy.ts'
import type { Primitives } from '../../core/primitives.ts'
import { rolesOf } from '../../core/roles.ts'
import { decodeTree, encodeTree, treeHash } from '../../core/tree.ts'
import type { GrantArgs } from './grant-shapes.ts'

export interface Grantee {
  readonly kind: GranteeKind
  readonly grantee: Hash
  /** Of a policy: the capsule carries it, requests reveal it. */
  readonly tree: Uint8Array | undefined
}

export const accountOnly = (account: Address): Grantee => ({
  kind: GranteeKind.ACCOUNT,
  grantee: accountGrantee(account),
  tree: undefined
})

/**
 * Who is meant besides the readers: undefined if nobody, so each reader's own account.
 * @throws InvalidParametersError
 */
export function membersOf(
  { org, role, group, policy }: Pick<GrantArgs, 'org' | 'role' | 'group' | 'policy'>,
  p: Primitives
): Grantee | undefined {
  const roles = rolesOf([role ?? []].flat())
  const ways = [org != null || roles !== 0, group != null, policy != null].filter(Boolean).length
  if (ways > 1) {
    throw new InvalidParametersError(
      '"policy" expected alone, without org, role and group: write them as org:1+clinician+group:…'
    )
  }
  if (policy != null) {
    const tree = encodeTree(parsePolicy(policy))
    return { kind: GranteeKind.TREE, grantee: treeHash(tree, p), tree }
  }
  if (group != null) {
    const grantee = hash(fromHex(group, 'group'))
    if (isZero(grantee)) throw new InvalidParametersError('"group" expected another than zero')
    return { kind: GranteeKind.GROUP, grantee, tree: undefined }
  }
  if (ways === 0) return undefined
  const grantee = organisationGrantee(org ?? 0, roles)
  return { kind: GranteeKind.ORGANISATION, grantee, tree: undefined }
}

const KINDS = {
  [GranteeKind.ACCOUNT]: 'account',
  [GranteeKind.ORGANISATION]: 'organisation',
  [GranteeKind.GROUP]: 'group',
  [GranteeKind.TREE]: 'policy'
} as const

export const kindName = (kind: number): (typeof KINDS)[GranteeKind] | 'unknown' =>
  KINDS[kind as GranteeKind] ?? 'unknown'

/** In the words of a policy; of an account its address. */
export function granteeText(
  { granteeKind, grantee }: GrantOpening,
  tree: Uint8Array | undefined
): string {
  switch (granteeKind) {
    case GranteeKind.ACCOUNT:
      return `0x${toHex(grantee).slice(-40)}`
    case GranteeKind.ORGANISATION: {
      const { org = 0, roles = 0 } = decodeOrganisationGrantee(grantee) ?? {}
      return leafText({ org, roles, group: undefined })
    }
    case GranteeKind.GROUP:
      return leafText({ org: 0, roles: 0, group: grantee })
    case GranteeKind.TREE:
      return tree == null ? '' : policyText(decodeTree(tree))
    default:
      return ''
  }
}
