/**
 * The release rule (hop 10b of 12; SECURITY.md §9.2 and §9.3): the policy, and nothing else. One
 * table in the order of the specification; the first check that fails decides.
 *
 * Total and pure: no I/O, clock or randomness inside, and it never throws on decoded input. More
 * input never turns a refusal into anything else, since nothing is read before it is asked for.
 * The gate calls it like this, with a fresh `nowMs` each time:
 *
 *   const base = { nowMs, policy, self, stream, load, audit, request, verdicts, entry, … }
 *   need heads    → heads = HeadSource.current(), and its `requested` = onConfirmedLine(request.conf)
 *   need erc1271  → erc1271 = 'ok' if q endpoints say so at the head, else 'bad'
 *   need proofs   → needed = wordsNeeded(input, p); prove all at heads.requested and at heads.head;
 *                   words = { conf: nameWords(needed, …), head: nameWords(needed, …) }
 *   refuse, release → done. Checks 1 and 46–50 are the gate's own.
 *
 * Proofs are asked for twice if an account's organisation was not known before; each other thing
 * once, so five calls always end it. `words` of one call replace those of the call before.
 * @module
 */
import * as chain from './checks/chain.ts'
import { type Context, contextOf } from './checks/context.ts'
import * as grant from './checks/grant.ts'
import * as asked from './checks/request.ts'
import * as sub from './checks/sub.ts'
import * as words from './checks/words.ts'
import { Code, type RefuseCode, wireCode } from './codes.ts'
import type { DecideInput, Decision, NeedDecision, ReleaseDecision } from './decision.ts'
import type { Primitives } from './primitives.ts'

export { nameWords, wordsNeeded } from './checks/needed.ts'

type Holds = (c: Context) => boolean
type Verdict = RefuseCode | NeedDecision['what'] | undefined

/** One row: the number in SECURITY.md §9.2, and what it says: nothing, a code, or a need. */
export interface Check {
  readonly id: string
  readonly name: string
  readonly verdict: (c: Context) => Verdict
}

const always: Holds = () => true

/** Refuses with `code` unless it holds, in those cases to which the check applies. */
const must = (id: string, holds: Holds, code: RefuseCode, applies: Holds = always): Check => ({
  id,
  name: holds.name,
  verdict: (c) => (applies(c) && !holds(c) ? code : undefined)
})

/** Refuses with the code of whoever could not gather something. */
const passOn = (id: string, failure: (c: Context) => RefuseCode | undefined): Check => ({
  id,
  name: failure.name,
  verdict: failure
})

/** Stops until it is there. */
const needs = (what: NeedDecision['what'], isThere: Holds): Check => ({
  id: what,
  name: isThere.name,
  verdict: (c) => (isThere(c) ? undefined : what)
})

const { forShare, forRecord, forPack, byGrant, inEmergency, forRecordInEmergency } = grant
const { bySub, forShareBySub } = sub

export const CHECKS: readonly Check[] = [
  must('2', asked.isSupported, Code.UNSUPPORTED),
  must('3', asked.isForThisChain, Code.MISDIRECTED),
  must('3', asked.isForThisRegistry, Code.MISDIRECTED),
  must('3', asked.isForThisCustodian, Code.MISDIRECTED),
  must('4', asked.hasRoom, Code.BUSY),
  must('5', asked.isOfThisStream, Code.REPLAY),
  must('5', asked.isNextInStream, Code.REPLAY),
  must('6', asked.isBeforeDeadline, Code.DEADLINE),
  must('6', asked.hasNearDeadline, Code.DEADLINE),
  must('7', asked.isFromBoundPeer, Code.CHANNEL_PEER),
  must('8', asked.isSignedByPeer, Code.REQUEST_SIG),
  must('9', asked.bindingIsInTime, Code.BINDING_PERIOD),
  must('10', asked.bindingMayBeSigned, Code.BINDING_SIG),
  must('11', asked.auditIsWhole, Code.AUDIT_BROKEN),
  needs('heads', chain.headsAreGathered),
  passOn('12–14, 16', chain.headsFailure),
  must('15', chain.headIsYoung, Code.HEAD_STALE),
  must('15', chain.clockIsNotBehind, Code.CLOCK_SKEW),
  passOn('17', chain.requestedFailure),
  must('17', chain.requestedIsConfirmed, Code.CONF_MISMATCH),
  needs('erc1271', chain.bindingIsAsked),
  must('18', chain.bindingIsSigned, Code.BINDING_UNRESOLVED),
  must('19', grant.recordIsKnown, Code.UNKNOWN_RECORD, forRecord),
  must('19', grant.subsetIsKnown, Code.UNKNOWN_RECORD, forPack),
  must('20', grant.isKept, Code.SHARE_ERASED, forRecord),
  must('21', grant.shareIsHeld, Code.SHARE_EPOCH, forShare),
  must('22', grant.scopeIsShown, Code.SCOPE_LIST, forRecord),
  must('23', grant.isMarkedForEmergency, Code.SCOPE, forRecordInEmergency),
  must('23', grant.isCovered, Code.SCOPE, forRecord),
  must('24', grant.isVersionMeant, Code.RECORD_VERSION, forRecord),
  must('25', grant.codeIsOfPurpose, Code.PURPOSE),
  must('25', grant.purposeIsGranted, Code.PURPOSE),
  must('25', grant.purposeIsOfItsKind, Code.PURPOSE),
  must('25', grant.purposeStandsAlone, Code.PURPOSE, inEmergency),
  must('26', grant.hasBegun, Code.NOT_YET),
  must('27', grant.hasNotEnded, Code.EXPIRED),
  must('28', grant.granteeIsMeant, Code.GRANTEE),
  must('29', grant.isWithinBudget, Code.BUDGET, forShare),
  must('30', inEmergency, Code.EMERGENCY, forPack),
  must('30', grant.emergenciesAreServed, Code.EMERGENCY, inEmergency),
  must('30', grant.isForOneAccount, Code.EMERGENCY, inEmergency),
  must('30', grant.spanIsShort, Code.EMERGENCY, inEmergency),
  must('30', grant.reasonIsGiven, Code.EMERGENCY, inEmergency),
  must('30', grant.signersAreValid, Code.EMERGENCY, inEmergency),
  must('30', grant.signersAreDistinct, Code.EMERGENCY, inEmergency),
  must('30', grant.signersAreEnough, Code.EMERGENCY, inEmergency),
  must('30', grant.requesterSigned, Code.EMERGENCY, inEmergency),
  must('30', grant.containerIsOpen, Code.EMERGENCY, forRecordInEmergency),
  must('30a', sub.subIsOfOneAccount, Code.SUB_GRANT, bySub),
  must('30a', sub.ownerAllowsSub, Code.SUB_GRANT, bySub),
  must('30a', sub.subIsOfOwner, Code.SUB_GRANT, bySub),
  must('30a', sub.subIsOfGrant, Code.SUB_GRANT, bySub),
  must('30a', sub.subIsSigned, Code.SUB_GRANT, bySub),
  must('30a', sub.requesterIsDelegate, Code.SUB_GRANT, bySub),
  must('30b', sub.subVersionsAreNarrower, Code.SUB_GRANT, bySub),
  must('30b', sub.subPurposesAreNarrower, Code.SUB_GRANT, bySub),
  must('30b', sub.subPeriodIsNarrower, Code.SUB_GRANT, bySub),
  must('30b', sub.subBudgetIsNarrower, Code.SUB_GRANT, bySub),
  must('30c', sub.subScopeIsShown, Code.SCOPE_LIST, bySub),
  must('30c', sub.isCoveredBySub, Code.SCOPE, bySub),
  must('30c', sub.isVersionMeantBySub, Code.RECORD_VERSION, bySub),
  must('30c', sub.purposeIsGrantedBySub, Code.PURPOSE, bySub),
  must('30c', sub.subHasBegun, Code.NOT_YET, bySub),
  must('30c', sub.subHasNotEnded, Code.EXPIRED, bySub),
  must('30c', sub.isWithinSubBudget, Code.BUDGET, forShareBySub),
  needs('proofs', words.wordsAreGathered),
  passOn('31–33', words.wordsFailure),
  must('34', words.wordsAreWellFormed, Code.WORD_INVALID),
  must('35', words.grantIsThere, Code.NO_GRANT, byGrant),
  must('36', words.grantIsActive, Code.REVOKED, byGrant),
  must('37', words.grantIsUnchanged, Code.GRANT_CHANGED, byGrant),
  must('37a', sub.subIsOfGrantsVersion, Code.SUB_GRANT, bySub),
  must('38', words.grantIsNotRevokedDirectly, Code.REVOKED_DIRECT, byGrant),
  must('38a', words.grantIsNotHandedBack, Code.HANDED_BACK),
  must('39', words.ownerStands, Code.OWNER_EPOCH),
  must('39', words.ownerDidNotRevokeAllDirectly, Code.OWNER_EPOCH),
  must('40', words.requesterStands, Code.BINDING_EPOCH),
  must('40', words.bindingIsNotEndedDirectly, Code.BINDING_EPOCH),
  must('41', words.requesterIsMember, Code.MEMBERSHIP),
  must('41', words.signersAreClinicians, Code.MEMBERSHIP, inEmergency),
  must('41a', sub.delegatorIsClinician, Code.MEMBERSHIP, bySub),
  must('41a', sub.areColleagues, Code.MEMBERSHIP, bySub),
  must('42', words.recordIsLive, Code.RECORD_ERASED, forRecord),
  must('43', words.epochIsOnChain, Code.RECORD_EPOCH, forShare),
  must('44', words.wishPermits, Code.EMERGENCY_WISH, inEmergency),
  must('44', words.noDirectWishAgainst, Code.EMERGENCY_WISH, inEmergency),
  must('45', words.ownerDidNotOptOut, Code.OPTED_OUT),
  must('45', words.noDirectOptOut, Code.OPTED_OUT),
  must('45', words.hasBegunOnChain, Code.NOT_YET),
  must('45', words.hasNotEndedOnChain, Code.EXPIRED),
  must('45a', sub.subHasBegunOnChain, Code.NOT_YET, bySub),
  must('45a', sub.subHasNotEndedOnChain, Code.EXPIRED, bySub)
]

/** May this share (or these blocks, or this pack) go out, and if not, why? */
export function decide(input: DecideInput, p: Primitives): Decision {
  const c = contextOf(input, p)
  for (const { verdict } of CHECKS) {
    const found = verdict(c)
    if (typeof found === 'number') return { kind: 'refuse', code: found, wire: wireCode(found) }
    if (found !== undefined) return { kind: 'need', what: found }
  }
  return release(c)
}

function release({ request, epoch, ids, conf, head }: Context): ReleaseDecision {
  const pack = request.want === 'pack'
  return {
    kind: 'release',
    idx: pack ? 0 : epoch.idx,
    shareEpoch: pack ? 0 : epoch.shareEpoch,
    grantId: ids.grantId,
    sub: ids.subGrant,
    words:
      request.emergency == null ? { conf: conf.raw('grant'), head: head.raw('grant') } : undefined
  }
}
