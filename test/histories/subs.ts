/**
 * Sub-grants in the judge's plain values (decision 0026): what each paper says, under whichever
 * grant it is shown, and what of it no grant would permit. Most are wrong in one thing.
 * @module
 */
import type { PurposeCode } from '../../core/purposes.ts'
import { CLINICIAN, type Meaning, ORG } from './cast.ts'
import type { State } from './chain.ts'

/** One of the papers below, for a grant's word of this version. */
export interface Paper {
  readonly kind: number
  readonly version: number
}

export interface SubMeaning {
  /** Whether it names the grant that it is shown with, and that grant's owner. */
  readonly ofGrant: boolean
  readonly ofOwner: boolean
  /** In whose name, by whom truly, and for whom: accounts by number. */
  readonly delegator: number
  readonly signer: number
  readonly delegate: number
  readonly versions: readonly [number, number]
  readonly purposes: readonly PurposeCode[]
  /** It says that it may be passed on once more. */
  readonly flagged: boolean
  readonly from: number
  readonly until: number
  readonly budget: number
  /** Whether the scope that was signed holds the record, and the lists that are shown are its own. */
  readonly covers: boolean
  readonly shown: boolean
}

type Change = (of: SubMeaning, grant: Meaning) => Partial<SubMeaning>

/** The first ones are drawn most. */
const CHANGES: readonly Change[] = [
  () => ({}),
  () => ({ budget: 1 }),
  ({ from }) => ({ until: from + 600 }),
  ({ from }) => ({ from: from + 360 }),
  () => ({ versions: [2, 2] }),
  () => ({ covers: false }),
  () => ({ covers: false, shown: false }),
  () => ({ purposes: ['COC'] }),
  () => ({ budget: 0 }),
  (_, { versions: [low, high] }) => ({ versions: [low, high + 1] }),
  (_, { versions: [low, high] }) => ({ versions: [low - 1, high] }),
  () => ({ purposes: ['TREAT', 'PUBHLTH'] }),
  (_, { from }) => ({ from: from - 100 }),
  (_, { until }) => ({ until: until + 600 }),
  (_, { budget }) => ({ budget: budget + 1 }),
  ({ delegate }) => ({ signer: delegate }),
  ({ delegate }) => ({ signer: delegate, delegator: delegate }),
  ({ delegator }) => ({ delegate: delegator }),
  () => ({ flagged: true }),
  () => ({ ofGrant: false }),
  () => ({ ofOwner: false })
]
export const PAPERS = CHANGES.length
/** So many of them are in order. */
export const GOOD_PAPERS = 5

export function subMeaning(kind: number, grant: Meaning): SubMeaning {
  const { who, versions, from, until, budget } = grant
  const delegator = typeof who === 'object' && 'account' in who ? who.account : 0
  const usual: SubMeaning = {
    ofGrant: true,
    ofOwner: true,
    delegator,
    signer: delegator,
    delegate: 1 - delegator,
    versions,
    purposes: ['TREAT'],
    flagged: false,
    from,
    until,
    budget: Math.min(2, budget),
    covers: true,
    shown: true
  }
  return { ...usual, ...CHANGES[kind]?.(usual, grant) }
}

/** What of the paper is wrong, whatever the chain says. */
export function wrongPaper(
  sub: SubMeaning,
  grant: Meaning,
  asked: { readonly account: number; readonly ver: number; readonly purpose: PurposeCode }
): string | undefined {
  const { who } = grant
  if (!grant.shareOn) return 'the owner let nobody pass it on'
  if (typeof who === 'string' || !('account' in who)) return 'the grant is not one account’s'
  if (!sub.ofGrant || !sub.ofOwner) return 'the paper is of another grant'
  if (sub.delegator !== who.account) return 'it was passed on by another than the grantee'
  if (sub.signer !== sub.delegator) return 'the delegator did not sign'
  if (sub.delegate !== asked.account) return 'the paper is for another account'
  if (isWider(sub, grant)) return 'the paper is wider than the grant'
  if (!sub.covers) return 'the paper does not cover the record'
  if (asked.ver < sub.versions[0] || asked.ver > sub.versions[1])
    return 'the paper has no such version'
  return sub.purposes.includes(asked.purpose) ? undefined : 'the paper is for another purpose'
}

const isWider = (sub: SubMeaning, grant: Meaning): boolean =>
  sub.flagged ||
  sub.versions[0] < grant.versions[0] ||
  sub.versions[1] > grant.versions[1] ||
  sub.purposes.some((purpose) => !grant.purposes.includes(purpose)) ||
  sub.from < grant.from ||
  sub.until > grant.until ||
  sub.budget > grant.budget

/** What in a state of the chain stands against it. */
export function paperDenial(
  { delegator, delegate }: SubMeaning,
  paper: Paper,
  version: number,
  state: State
): string | undefined {
  if (paper.version !== version) return 'the grant was given anew since it was passed on'
  const [by, to] = [delegator, delegate].map((account) => state.accounts[account])
  if (by?.status !== 1) return 'the delegator is suspended'
  if ((by.roles & CLINICIAN) === 0) return 'the delegator is no clinician'
  const colleagues = by.org !== 0 && by.org === to?.org
  if (!colleagues) return 'they are no colleagues'
  return orgStatus(by.org, state) === 1 ? undefined : 'their organisation is not active'
}

/** Only the one organisation ever was. */
const orgStatus = (org: number, state: State): number => (org === ORG ? state.org.status : 0)
