/**
 * The rule, weakened: each entry leaves a check out of decide()'s table, or gathers less than the
 * gate does. A checker that cannot tell it from the whole rule is worth nothing, so each must give
 * a release that the judge calls unsafe (the last one: a refusal of what was plainly allowed).
 * Nothing in the program can be weakened so; all of it is done by those who call it.
 * @module
 */
export interface Weakness {
  readonly name: string
  /** Names of rows of decide()'s table that are left out. */
  readonly without?: readonly string[]
  /** The first endpoint alone. */
  readonly quorum?: 1
  /** A head may be two blocks behind the highest that is claimed. */
  readonly heightAge?: true
  /** Words of the confirmed block are taken for the head's. */
  readonly headWords?: 'conf'
  /** The confirmed block is taken for the head. */
  readonly confOnly?: true
  /** The head is taken for the confirmed block. */
  readonly headOnly?: true
  /** Whatever block a request names is taken for confirmed. */
  readonly anyConf?: true
  /** The contracts' code may be any. */
  readonly anyCode?: true
  /** The first endpoint's words are believed unproven. */
  readonly unproven?: true
  readonly guardSeconds?: 0
  /** A release is not counted. */
  readonly unclaimed?: true
  /** What a restart does not read back. */
  readonly forgets?: 'budget' | 'notices' | 'budgets of sub-grants'
  /** What was given under a sub-grant is not counted. */
  readonly unclaimedSub?: true
  /** Hand-backs that it does not hear of. */
  readonly deafTo?: 'whole' | 'paper'
  /** Nothing is looked at again before the answer leaves. */
  readonly noLateCheck?: true
  readonly refusesAll?: true
  /** What the judge must say of some release, if less would be no proof. */
  readonly harm?: string
}

export const SOUND: Weakness = { name: 'the rule as it is' }

/** The judge's words for a breach of SECURITY.md §10's R. */
const LATE = 'for longer than S + 5 s'

const drop = (name: string, ...without: readonly string[]): Weakness => ({ name, without })

export const WEAKNESSES: readonly Weakness[] = [
  { name: 'no head check', headWords: 'conf', harm: LATE },
  { name: 'staleness by height', heightAge: true, without: ['headIsYoung'], harm: LATE },
  { name: 'one endpoint', quorum: 1 },
  { name: 'code hash skipped', anyCode: true },
  { name: 'confirmed only', confOnly: true, without: ['headIsYoung'], harm: LATE },
  { name: 'head only', headOnly: true, without: ['requestedIsConfirmed'] },
  { name: 'no age of the head', without: ['headIsYoung'], harm: LATE },
  drop('no owner epoch check', 'ownerStands'),
  drop('no binding epoch check', 'requesterStands'),
  drop('no expiry by own clock', 'hasNotEnded'),
  { name: 'no clock guard', guardSeconds: 0 },
  drop('not-before ignored', 'hasBegun', 'hasBegunOnChain'),
  { name: 'budget not claimed', unclaimed: true },
  { name: 'budget forgotten at a restart', forgets: 'budget' },
  drop('replay window off', 'isOfThisStream', 'isNextInStream'),
  drop('any deadline', 'isBeforeDeadline', 'hasNearDeadline'),
  drop('a grant of another chain', 'isForThisChain'),
  drop('a grant of another contract', 'isForThisRegistry'),
  drop('a request to another custodian', 'isForThisCustodian'),
  { name: 'confirmed block not on the line', anyConf: true, without: ['requestedIsConfirmed'] },
  { name: 'proofs not verified', unproven: true },
  drop('revoked grants serve', 'grantIsActive'),
  drop('grants that changed since', 'grantIsUnchanged'),
  drop('membership unchecked', 'requesterIsMember'),
  drop('erased records serve', 'recordIsLive'),
  drop('any share epoch', 'epochIsOnChain'),
  drop('opt-out ignored', 'ownerDidNotOptOut'),
  drop('direct revocations ignored', 'grantIsNotRevokedDirectly'),
  { name: 'direct notices forgotten at a restart', forgets: 'notices' },
  { name: 'nothing checked before the answer', noLateCheck: true },
  drop('any purpose', 'purposeIsGranted'),
  drop('any record', 'isCovered'),
  drop('any version', 'isVersionMeant'),
  drop('any grantee', 'granteeIsMeant'),
  drop('any peer', 'isFromBoundPeer'),
  drop('unsigned requests', 'isSignedByPeer'),
  drop('unsigned bindings', 'bindingIsSigned'),
  drop('bindings out of time', 'bindingIsInTime'),
  drop('sub-grants of organisations', 'subIsOfOneAccount', 'granteeIsMeant', 'requesterIsMember'),
  drop('sub-grants against the owner', 'ownerAllowsSub'),
  drop('sub-grants of another owner', 'subIsOfOwner'),
  drop('sub-grants of another grant', 'subIsOfGrant'),
  drop('sub-grants that nobody signed', 'subIsSigned'),
  drop('sub-grants for another', 'requesterIsDelegate'),
  drop('wider versions', 'subVersionsAreNarrower'),
  drop('wider purposes, or passed on again', 'subPurposesAreNarrower'),
  drop('a longer period', 'subPeriodIsNarrower'),
  drop('a larger budget', 'subBudgetIsNarrower'),
  drop('lists that were not signed', 'subScopeIsShown'),
  drop('records beyond the sub-grant', 'isCoveredBySub'),
  drop('versions beyond the sub-grant', 'isVersionMeantBySub'),
  drop('purposes beyond the sub-grant', 'purposeIsGrantedBySub'),
  drop('sub-grants before they begin', 'subHasBegun', 'subHasBegunOnChain'),
  drop('sub-grants that ended by own clock', 'subHasNotEnded'),
  drop('the budget of a sub-grant', 'isWithinSubBudget'),
  { name: 'budget of a sub-grant not claimed', unclaimedSub: true },
  { name: 'budget of a sub-grant forgotten', forgets: 'budgets of sub-grants' },
  drop('sub-grants of a grant before', 'subIsOfGrantsVersion'),
  drop('any delegator', 'delegatorIsClinician'),
  drop('no colleagues', 'areColleagues'),
  drop('hand-backs ignored', 'grantIsNotHandedBack'),
  { name: 'hand-backs of grants unheard', deafTo: 'whole' },
  { name: 'hand-backs of sub-grants unheard', deafTo: 'paper' },
  { name: 'everything refused', refusesAll: true }
]
