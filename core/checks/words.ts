/**
 * Checks 31–45 of SECURITY.md §9.2: do the contracts say so, at request.conf *and* at the head? A
 * grant has to be confirmed, a revocation need not; direct notices only ever turn a yes into a no.
 * @module
 */
import type { RefuseCode } from '../codes.ts'
import { hasPurpose } from '../purposes.ts'
import { evaluateTree, type TreeLeaf } from '../tree.ts'
import {
  AccountStatus,
  decodeAccountWord,
  decodeGrantWord,
  decodeMemberWord,
  decodeOrganisationWord,
  decodeOwnerWord,
  decodeRecordWord,
  decodeWishWord,
  EmergencyWish,
  GrantStatus,
  MemberStatus,
  OrganisationStatus,
  OwnerStatus,
  RecordStatus,
  Role
} from '../words.ts'
import { both, type Context, type Words } from './context.ts'
import { signerRole } from './needed.ts'

/** No direct notice, or none newer than the head's own number. */
const notNewer = (direct: number | undefined, than: number | undefined): boolean =>
  direct == null || (than != null && direct <= than)

// ---- 31–34

export function wordsAreGathered(c: Context): boolean {
  if (c.input.words?.ok === false) return true
  return c.needed.every(({ role }) => both(c, (w) => w.raw(role) >= 0n))
}

/** 31–33: proven in time, fitting the roots, under pinned code. */
export const wordsFailure = ({ input }: Context): RefuseCode | undefined =>
  input.words?.ok === false ? input.words.code : undefined

const DECODERS: Readonly<Record<string, (word: bigint) => unknown>> = {
  grant: decodeGrantWord,
  owner: decodeOwnerWord,
  account: decodeAccountWord,
  signer: decodeAccountWord,
  delegator: decodeAccountWord,
  record: decodeRecordWord,
  wish: decodeWishWord,
  org: decodeOrganisationWord,
  member: decodeMemberWord
}

/** 34: roles are named "kind" or "kind:which". */
export const wordsAreWellFormed = (c: Context): boolean =>
  c.needed.every(({ role }) => {
    const decode = DECODERS[role.split(':', 1)[0] as string]
    return both(c, (w) => decode?.(w.raw(role)) !== undefined)
  })

// ---- 35–38: the grant

/** 0 is the word of a slot that nobody wrote. */
export const grantIsThere = (c: Context): boolean => both(c, (w) => (w.grant()?.status ?? 0) !== 0)

export const grantIsActive = (c: Context): boolean =>
  both(c, (w) => w.grant()?.status === GrantStatus.ACTIVE)

/** Revoked and granted anew in between: the new one has to be confirmed first. */
export const grantIsUnchanged = ({ conf, head }: Context): boolean =>
  conf.raw('grant') === head.raw('grant')

export const grantIsNotRevokedDirectly = ({ head, input }: Context): boolean =>
  notNewer(input.notices.revokedVersion, head.grant()?.version)

/** Final: no word takes it back, and a new grant has another id. */
export const grantIsNotHandedBack = ({ input }: Context): boolean =>
  input.notices.handedBack !== true

// ---- 39, 40: the owner's and the requester's epoch

const ownerEpoch = ({ request }: Context, words: Words): number | undefined =>
  request.emergency == null ? words.grant()?.epoch : request.emergency.epoch

export const ownerStands = (c: Context): boolean =>
  both(c, (w) => {
    const owner = w.owner()
    return owner?.status === OwnerStatus.OPEN && owner.epoch === ownerEpoch(c, w)
  })

export const ownerDidNotRevokeAllDirectly = ({ head, input }: Context): boolean =>
  notNewer(input.notices.ownerEpoch, head.owner()?.epoch)

export const requesterStands = (c: Context): boolean =>
  both(c, (w) => {
    const account = w.account()
    return (
      account?.status === AccountStatus.OPEN &&
      account.bindingEpoch === c.request.binding.bindingEpoch
    )
  })

export const bindingIsNotEndedDirectly = ({ request, input }: Context): boolean =>
  notNewer(input.notices.bindingEpoch, request.binding.bindingEpoch)

// ---- 41: membership

/** Open, of that organisation (0: any), with all of these roles, and the organisation is active. */
function worksFor(w: Words, role: string, org: number, roles: number): boolean {
  const account = w.account(role)
  return (
    account?.status === AccountStatus.OPEN &&
    account.org !== 0 &&
    (org === 0 || account.org === org) &&
    (account.roles & roles) === roles &&
    w.org(account.org)?.status === OrganisationStatus.ACTIVE
  )
}

/** Each part that is set holds, all of the one requesting account. */
const leafHolds = (w: Words, { org, roles, group }: TreeLeaf): boolean =>
  ((org === 0 && roles === 0) || worksFor(w, 'account', org, roles)) &&
  (group == null || w.member(group)?.status === MemberStatus.MEMBER)

export const requesterIsMember = (c: Context): boolean =>
  both(c, (w) => evaluateTree(c.policy, (leaf) => leafHolds(w, leaf)))

/** Emergency: each signer a clinician of an active organisation. */
export const signersAreClinicians = (c: Context): boolean =>
  both(c, (w) =>
    c.emergency.signers.every(({ account }) =>
      worksFor(w, signerRole(c.request, account), 0, Role.CLINICIAN)
    )
  )

// ---- 42, 43: the record

const LIVE: readonly number[] = [
  RecordStatus.STORED,
  RecordStatus.ATTESTED,
  RecordStatus.REJECTED,
  RecordStatus.SUPERSEDED
]

export const recordIsLive = (c: Context): boolean =>
  both(c, (w) => LIVE.includes(w.record()?.status ?? 0))

/** During a refresh the old epoch and the new one are both served. */
export const epochIsOnChain = ({ request, conf, head }: Context): boolean =>
  [conf, head].some((w) => w.record()?.shareEpoch === request.shareEpoch)

// ---- 44, 45: the owner's wishes

const PERMITTING: readonly number[] = [EmergencyWish.YES, EmergencyWish.ONLY_IN_EMERGENCY]

export const wishPermits = (c: Context): boolean =>
  both(c, (w) => PERMITTING.includes(w.wish()?.wish ?? 0))

export function noDirectWishAgainst({ head, input: { notices } }: Context): boolean {
  if (notices.wish == null || PERMITTING.includes(notices.wish.wish)) return true
  return notNewer(notices.wish.version, head.wish()?.version)
}

export const ownerDidNotOptOut = (c: Context): boolean =>
  both(c, (w) => {
    const owner = w.owner()
    return owner != null && !hasPurpose(owner.optOut, c.request.purpose)
  })

export function noDirectOptOut({ head, request, input: { notices } }: Context): boolean {
  if (notices.optOut == null || !hasPurpose(notices.optOut.purposes, request.purpose)) return true
  return notNewer(notices.optOut.version, head.owner()?.optOutVersion)
}

/** Chain time too, since an idle chain's clock stands still (CHAIN.md §8, 18). */
export const hasBegunOnChain = ({ request, heads }: Context): boolean =>
  request.opening.notBefore <= heads.head.timeSeconds

export const hasNotEndedOnChain = ({ request, heads }: Context): boolean =>
  heads.head.timeSeconds < request.opening.notAfter
