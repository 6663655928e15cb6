/**
 * Arguments and results of `directory …`. Accounts are 40 hex digits or a peer whose card is known,
 * roles are names, proposals the text that `directory vote` prints.
 * @module
 */
import { z } from 'zod'
import { NAME_MAX_CHARS, ORGANISATIONS_TRIED } from '../../core/limits.ts'
import { ROLE_NAMES, type RoleName } from '../../core/roles.ts'
import { hex32, until } from './shapes.ts'

const account = z
  .string()
  .regex(
    /^((0x)?[0-9a-f]{40}|12D3KooW[1-9A-HJ-NP-Za-km-z]{44})$/i,
    'expected an account (40 hex digits) or a peer id'
  )
const org = z.int().min(1).max(0xffffffff)
const roles = z.array(z.enum(ROLE_NAMES)).max(ROLE_NAMES.length)
const text = z.string().min(1).max(4096)

/** `who`: an account, a peer, or an organisation's number. */
export const directoryShowArgs = z.strictObject({ who: z.union([account, org]).optional() })
export const directoryVotersArgs = z.strictObject({
  orgs: z
    .array(org)
    .max(ORGANISATIONS_TRIED - 1)
    .optional()
})
export const directoryJoinArgs = z.strictObject({
  org,
  roles: roles.min(1),
  until: until.optional(),
  /** An admin's peer id or address: the consent is mailed there. */
  to: text.optional(),
  /** Brings the consent to the chain at once. */
  send: z.boolean().optional()
})

/** `who`: an account, a peer, or the text of a consent. */
export const directoryEnrolArgs = z.strictObject({ who: text, roles: roles.min(1).optional() })
export const directoryRestrictArgs = z.strictObject({ account, roles })
export const directoryAccountArgs = z.strictObject({ account })

const group = z.string().min(1).max(NAME_MAX_CHARS)
export const groupNewArgs = z.strictObject({
  name: z.string().min(1).max(NAME_MAX_CHARS),
  /** Of a group that another admin of the organisation made. */
  salt: hex32.optional()
})
/** `group`: its name here, or its id. */
export const groupMemberArgs = z.strictObject({ group, account })
export const groupListArgs = z.strictObject({ group: group.optional() })

export const VOTE_KINDS = [
  'admit',
  'suspend',
  'reinstate',
  'remove',
  'appoint',
  'suspend-account'
] as const
export type VoteKind = (typeof VOTE_KINDS)[number]

export const voteProposeArgs = z.strictObject({
  kind: z.enum(VOTE_KINDS),
  org,
  account: account.optional(),
  /** Votes that proposals need from then on. */
  quorum: org.optional(),
  until: until.optional()
})
export const voteForArgs = z.strictObject({ proposal: text })
export const voteStatusArgs = z.strictObject({ proposal: text.optional() })

export type DirectoryShowArgs = z.infer<typeof directoryShowArgs>
export type DirectoryVotersArgs = z.infer<typeof directoryVotersArgs>
export type DirectoryJoinArgs = z.infer<typeof directoryJoinArgs>
export type DirectoryEnrolArgs = z.infer<typeof directoryEnrolArgs>
export type DirectoryRestrictArgs = z.infer<typeof directoryRestrictArgs>
export type DirectoryAccountArgs = z.infer<typeof directoryAccountArgs>
export type GroupNewArgs = z.infer<typeof groupNewArgs>
export type GroupMemberArgs = z.infer<typeof groupMemberArgs>
export type GroupListArgs = z.infer<typeof groupListArgs>
export type VoteProposeArgs = z.infer<typeof voteProposeArgs>
export type VoteForArgs = z.infer<typeof voteForArgs>
export type VoteStatusArgs = z.infer<typeof voteStatusArgs>

// ---- results

export type OrgStatus = 'active' | 'suspended' | 'removed' | 'none'

/** Proven at the head; a `none` was never opened. */
export interface AccountResult {
  readonly account: string
  readonly status: 'open' | 'suspended' | 'none'
  readonly bindingEpoch: number
  readonly org: number
  readonly roles: readonly RoleName[]
}

export interface OrganisationResult {
  readonly org: number
  readonly status: OrgStatus
}

export interface DirectoryShowResult {
  readonly account?: AccountResult
  readonly organisation?: OrganisationResult
  /** A consent on chain that waits for an admin. */
  readonly consent?: { readonly org: number; readonly roles: readonly RoleName[] }
}

export interface DirectoryVotersResult {
  /** Proposals name it, and die with it. */
  readonly voterSet: number
  readonly voters: number
  readonly quorum: number
  /** Of those that were looked at. */
  readonly organisations: readonly OrganisationResult[]
}

export interface DirectoryJoinResult {
  readonly account: string
  readonly org: number
  readonly roles: readonly RoleName[]
  readonly until: number
  /** What `directory enrol` takes. */
  readonly consent: string
  /** The peer that took the mail. */
  readonly delivered?: string
  readonly block?: number
  readonly gas?: number
}

export interface DirectoryConsentsResult {
  readonly consents: readonly {
    readonly account: string
    readonly name: string
    readonly org: number
    readonly roles: readonly RoleName[]
    readonly until: number
    readonly state: 'waiting' | 'used' | 'expired'
  }[]
}

/** Of an admin's act: the account as it stands after it. */
export interface DirectoryActResult extends AccountResult {
  readonly block: number
  readonly gas: number
}

export interface GroupResult {
  readonly name: string
  /** What a policy names: `group:ID`. */
  readonly group: string
  /** What another admin of the organisation needs to keep it too. */
  readonly salt: string
  readonly org: number
}

export interface GroupActResult {
  readonly group: string
  readonly account: string
  readonly member: boolean
  readonly block: number
  readonly gas: number
}

export interface GroupListResult {
  readonly groups: readonly (GroupResult & {
    /** Of those that were added here: the chain does not list members. */
    readonly members: readonly string[]
  })[]
}

export interface ProposalResult {
  /** What the other organisations vote for. */
  readonly proposal: string
  readonly id: string
  readonly votes: number
  readonly quorum: number
  readonly state: 'open' | 'carried out' | 'expired' | 'dead'
  /** Organisations that voted, of those that were looked at. */
  readonly voted: readonly number[]
}

export interface VoteResult extends ProposalResult {
  readonly block: number
  readonly gas: number
}

export interface VoteStatusResult {
  readonly proposals: readonly ProposalResult[]
}
