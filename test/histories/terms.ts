/**
 * What a request asks for and what a grant means, in the judge's plain values: whether a grant ever
 * permitted such a read, and what in a state of the chain stands against it.
 * @module
 */
import { Purpose } from '../../core/purposes.ts'
import { CLINICIAN, MEANINGS, type Meaning, ORG } from './cast.ts'
import type { Block, RecordFact, State } from './chain.ts'
import { type Paper, paperDenial, type SubMeaning, subMeaning, wrongPaper } from './subs.ts'

/** A request as it was sent, in plain values. */
export interface Asked {
  readonly opening: number
  readonly ver: number
  readonly account: number
  readonly purpose: keyof typeof Purpose
  /** What a colleague signed, if it is shown. */
  readonly paper: Paper | undefined
  readonly shareEpoch: number
  readonly bindingEpoch: number
  readonly boundFrom: number
  readonly boundUntil: number
  readonly chain: number
  /** What it names is this deployment, this custodian; who sent it is who is bound and signed. */
  readonly ourRegistry: boolean
  readonly ourself: boolean
  readonly boundPeer: boolean
  readonly signed: boolean
  readonly bound: boolean
  /** Numbers of the stream whose challenge it carries and of the stream that it came on. */
  readonly challengeOf: number
  readonly stream: number
  readonly seq: number
  /** The last number taken on that stream. */
  readonly lastSeq: number
  readonly deadline: number
  readonly conf: Block
  readonly arrivedMs: number
  readonly arrivedLocalMs: number
  /** Nothing else happened before the answer. */
  readonly undisturbed: boolean
}

export const meaningOf = ({ opening }: Asked): Meaning => MEANINGS[opening] as Meaning

export const subOf = (asked: Asked): SubMeaning | undefined =>
  asked.paper && subMeaning(asked.paper.kind, meaningOf(asked))

/** The grant's period, and the sub-grant's within it. */
export const periodsOf = (asked: Asked): readonly { from: number; until: number }[] => [
  meaningOf(asked),
  ...[subOf(asked) ?? []].flat()
]

export const hasBit = (bits: number, { purpose }: Asked): boolean =>
  ((bits >>> Purpose[purpose]) & 1) === 1

export const grantOf = ({ opening }: Asked, state: State) =>
  state.grants.find((grant) => grant.opening === opening)

export const recordOf = ({ ver }: Asked, state: State): RecordFact =>
  state.records[ver - 1] as RecordFact

/** What of the request the grant never permitted, whatever the chain says. */
export function wrongTerms(asked: Asked): string | undefined {
  const { covers, versions, purposes, who } = meaningOf(asked)
  if (!covers) return 'the record is not covered'
  if (asked.ver < versions[0] || asked.ver > versions[1]) return 'the version is not meant'
  if (!purposes.includes(asked.purpose)) return 'the purpose is not granted'
  if (asked.purpose === 'BTG' || asked.purpose === 'ETREAT') return 'a grant broke the glass'
  const sub = subOf(asked)
  if (sub != null) return wrongPaper(sub, meaningOf(asked), asked)
  const named = typeof who === 'object' && 'account' in who
  return named && who.account !== asked.account ? 'the account is not the grantee' : undefined
}

/** What in this state stands against a read under this version of the grant. */
export function denial(asked: Asked, version: number, state: State): string | undefined {
  const grant = grantOf(asked, state)
  if (grant?.status !== 1 || grant.version !== version) return 'the grant is revoked'
  if (!state.owner.open || state.owner.epoch !== grant.epoch) return 'all grants are revoked'
  const account = state.accounts[asked.account]
  if (account?.status !== 1) return 'the account is suspended'
  if (account.bindingEpoch !== asked.bindingEpoch) return 'the binding is ended'
  if (!isMeant(asked, state)) return 'the account is no member'
  const sub = subOf(asked)
  const passed = asked.paper && sub && paperDenial(sub, asked.paper, version, state)
  if (passed != null) return passed
  const { status } = recordOf(asked, state)
  if (status < 1 || status > 4) return 'the record is erased'
  return hasBit(state.owner.optOut, asked) ? 'the owner opted out' : undefined
}

function isMeant(asked: Asked, state: State): boolean {
  const { who } = meaningOf(asked)
  const account = state.accounts[asked.account]
  const member = state.members[asked.account]?.status === 1
  const works = (org: number, roles: number): boolean =>
    account != null &&
    account.org !== 0 &&
    (org === 0 || account.org === org) &&
    (account.roles & roles) === roles &&
    account.org === ORG &&
    state.org.status === 1
  if (who === 'group') return member
  if (who === 'clinician in the group') return member && works(0, CLINICIAN)
  // a colleague is judged by the paper
  if ('account' in who) return asked.paper != null || who.account === asked.account
  return works(who.org, who.roles)
}
