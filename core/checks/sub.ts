/**
 * What a request under a narrower sub-grant has to show besides (decision 0026): every check of the
 * grant stands as it is, and these come on top, in the order of decide()'s table. All say nothing
 * where no sub-grant is shown.
 * @module
 */
import { equalBytes } from '../bytes.ts'
import { covers, GranteeKind, isScopeList } from '../grant.ts'
import { hasPurpose, isDelegable } from '../purposes.ts'
import {
  hasNarrowerBudget,
  hasNarrowerPeriod,
  hasNarrowerPurposes,
  hasNarrowerVersions
} from '../subgrant.ts'
import { AccountStatus, OrganisationStatus, Role } from '../words.ts'
import { both, type Context, type Words } from './context.ts'
import { delegatorRole } from './needed.ts'

export const bySub = ({ request }: Context): boolean => request.sub != null
export const forShareBySub = (c: Context): boolean => bySub(c) && c.request.want === 'share'

// ---- 30a: may there be one at all, and is it this grant's? (28 asks if its delegator is the grantee)

/** Kind 1 alone: of organisations, groups and trees nobody is the one who may pass on. */
export const subIsOfOneAccount = ({ request }: Context): boolean =>
  request.opening.granteeKind === GranteeKind.ACCOUNT

/** Nor in an emergency, whose opening has one purpose and no flag (25). */
export const ownerAllowsSub = ({ request }: Context): boolean =>
  isDelegable(request.opening.purposes)

export const subIsOfOwner = ({ sub, request }: Context): boolean =>
  equalBytes(sub.grant.owner, request.owner)

export const subIsOfGrant = ({ sub, ids }: Context): boolean =>
  equalBytes(sub.grant.openingHash, ids.openingHash)

export const subIsSigned = ({ input }: Context): boolean => input.verdicts.sub === 'ok'

export const requesterIsDelegate = ({ sub, request }: Context): boolean =>
  equalBytes(sub.grant.delegate, request.binding.account)

// ---- 30b: narrower in every term

export const subVersionsAreNarrower = ({ sub, request }: Context): boolean =>
  hasNarrowerVersions(sub.grant, request.opening)

export const subPurposesAreNarrower = ({ sub, request }: Context): boolean =>
  hasNarrowerPurposes(sub.grant, request.opening)

export const subPeriodIsNarrower = ({ sub, request }: Context): boolean =>
  hasNarrowerPeriod(sub.grant, request.opening)

export const subBudgetIsNarrower = ({ sub, request }: Context): boolean =>
  hasNarrowerBudget(sub.grant, request.opening)

// ---- 30c: its own terms permit this very read

export const subScopeIsShown = ({ sub, p }: Context): boolean =>
  isScopeList(sub, sub.grant.scope, p)

/** Covered by both lists: a sub-grant cannot name what the grant does not. */
export const isCoveredBySub = ({ sub, request, epoch }: Context): boolean =>
  covers(sub, { recordId: request.recordId, tags: epoch.tags })

export const isVersionMeantBySub = ({ sub, request: { ver } }: Context): boolean =>
  sub.grant.verFrom <= ver && ver <= sub.grant.verTo

export const purposeIsGrantedBySub = ({ sub, request }: Context): boolean =>
  hasPurpose(sub.grant.purposes, request.purpose)

export const subHasBegun = ({ sub, input, now }: Context): boolean =>
  sub.grant.notBefore + input.policy.clockGuardSeconds <= now

export const subHasNotEnded = ({ sub, input, now }: Context): boolean =>
  now + input.policy.clockGuardSeconds < sub.grant.notAfter

export const isWithinSubBudget = ({ sub, input: { usedBySub } }: Context): boolean =>
  sub.grant.budget > 0 &&
  usedBySub != null &&
  (usedBySub.again || usedBySub.count < sub.grant.budget)

// ---- with words, at both blocks

/** 37a: the grant is the one under which it was given, not one given anew. */
export const subIsOfGrantsVersion = (c: Context): boolean =>
  both(c, (w) => w.grant()?.version === c.sub.grant.version)

/** Open, of that organisation, and the organisation is active. */
const worksWith = (w: Words, role: string, org: number): boolean => {
  const account = w.account(role)
  return (
    account?.status === AccountStatus.OPEN &&
    account.org === org &&
    w.org(org)?.status === OrganisationStatus.ACTIVE
  )
}

/** 41a: who passed it on is a clinician still. */
export const delegatorIsClinician = (c: Context): boolean =>
  both(c, (w) => {
    const delegator = w.account(delegatorRole(c.request))
    return delegator != null && (delegator.roles & Role.CLINICIAN) !== 0
  })

/** 41a: colleagues: delegator and delegate are of one active organisation. */
export const areColleagues = (c: Context): boolean =>
  both(c, (w) => {
    const org = w.account(delegatorRole(c.request))?.org ?? 0
    return org !== 0 && worksWith(w, delegatorRole(c.request), org) && worksWith(w, 'account', org)
  })

/** 45a */
export const subHasBegunOnChain = ({ sub, heads }: Context): boolean =>
  sub.grant.notBefore <= heads.head.timeSeconds

export const subHasNotEndedOnChain = ({ sub, heads }: Context): boolean =>
  heads.head.timeSeconds < sub.grant.notAfter
