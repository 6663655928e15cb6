/**
 * What `grant`, `approve`, `grants` and the opt-out take and give (node/verbs/shapes.ts has the
 * parts). A grant names to whom, for what, over which records, and when; each is checked here in
 * form and in the verb for sense.
 * @module
 */
import { z } from 'zod'
import {
  GRANT_READERS_MAX,
  LABELS_MAX,
  POLICY_TEXT_MAX_CHARS,
  SCOPE_EXCEPT_MAX,
  SCOPE_TAGS_MAX
} from '../../core/limits.ts'
import { LEVELS } from '../../core/tags.ts'
import type { Delegation } from './passing-shapes.ts'
import {
  accountOrContact,
  code,
  contact,
  hex32,
  note,
  peer,
  records,
  u32,
  until,
  versions,
  word
} from './shapes.ts'

const oneOrMore = <T>(item: z.ZodType<T>, max: number) =>
  z.union([item, z.array(item).min(1).max(max)])

const month = z.string().regex(/^(\d{4}-(0[1-9]|1[0-2])|none)$/, 'expected YYYY-MM or none')
const classes = z.array(word).min(1).max(SCOPE_TAGS_MAX)

/** What narrows a grant, of whatever scope. */
const narrowing = {
  /** Levels of confidentiality up to this one. */
  upTo: z.enum(LEVELS).optional(),
  /** Sensitivities that are covered too: none is by itself. */
  labels: z.array(word).min(1).max(LABELS_MAX).optional(),
  months: z.array(month).min(1).max(SCOPE_TAGS_MAX).optional(),
  /** Record ids, and classes. */
  except: z.array(word).min(1).max(SCOPE_EXCEPT_MAX).optional(),
  versions: versions.optional(),
  /** Not before. */
  from: until.optional(),
  /** Record versions that each custodian gives, in each window if there is one. */
  budget: u32.optional(),
  /** Seconds, or a span such as 1d. */
  window: z
    .string()
    .regex(/^[1-9]\d{0,5}[mhdw]$/, 'expected a span such as 1d')
    .optional()
}

export const grantArgs = z.strictObject({
  /** The grantee; for an organisation, group or policy, who of it gets the capsule. */
  to: oneOrMore(z.union([peer, contact]), GRANT_READERS_MAX),
  org: z.int().min(1).max(0xffff_ffff).optional(),
  role: oneOrMore(word, 16).optional(),
  group: hex32.optional(),
  policy: z.string().min(1).max(POLICY_TEXT_MAX_CHARS).optional(),
  records: records.optional(),
  classes: classes.optional(),
  /** All records, those added later too. */
  chart: z.literal(true).optional(),
  purpose: oneOrMore(code, 16),
  until,
  ...narrowing,
  /** The grantee may give a colleague a narrower part of it. */
  shareOn: z.literal(true).optional(),
  /** A ward whose guardian one is: of her records that one holds. */
  for: accountOrContact.optional()
})

export const approveArgs = z.strictObject({
  wish: hex32,
  /** Narrower than asked: only these. */
  records: records.optional(),
  /** Records of the classes that were asked for, or all if none were: added later ones too. */
  later: z.literal(true).optional(),
  until: until.optional(),
  ...narrowing,
  note: note.optional()
})

export const optOutArgs = z.strictObject({
  purposes: z.array(code).min(1).max(16),
  /** A ward whose guardian one is, or an old account. */
  for: accountOrContact.optional()
})

export const tellArgs = z.strictObject({ grant: hex32, to: oneOrMore(peer, GRANT_READERS_MAX) })
export const renewArgs = z.strictObject({ grant: hex32, until })

export type TellArgs = z.infer<typeof tellArgs>
export type RenewArgs = z.infer<typeof renewArgs>
export type GrantArgs = z.infer<typeof grantArgs>
export type ApproveArgs = z.infer<typeof approveArgs>
export type OptOutArgs = z.infer<typeof optOutArgs>

/** Of `grant` and `approve`. */
export interface GrantResult {
  /** The first grant; of an account's each is its own. */
  readonly grant: string
  /** The first reader. */
  readonly to: string
  readonly records: readonly string[]
  /** Codes, joined by commas. */
  readonly purpose: string
  readonly until: number
  readonly block?: number
  readonly gas?: number
  /** Every reader has the capsule, or finds it at a custodian. */
  readonly delivered: boolean
  readonly grants: readonly {
    readonly grant: string
    /** In words: a name, or the policy. */
    readonly who: string
    readonly readers: readonly { readonly peer: string; readonly delivered: boolean }[]
  }[]
}

export interface GrantsResult {
  readonly grants: readonly {
    readonly grant: string
    readonly direction: 'given' | 'received'
    /** The owner, of a grant given for somebody else. */
    readonly for?: string
    readonly kind: 'account' | 'organisation' | 'group' | 'policy' | 'unknown'
    /** In words: whom it is for. Of a received one, what its reader must be. */
    readonly who: string
    /** The first reader of a given one; the owner of a received one, in hex. */
    readonly peer: string
    readonly name?: string
    /** Who got the capsule. */
    readonly readers?: readonly string[]
    readonly purpose: string
    readonly records: readonly string[]
    /** In words, where they are known. */
    readonly scope?: string
    readonly from: number
    readonly until: number
    readonly budget: number
    /** Seconds; 0: over all its life. */
    readonly window: number
    /** The grantee may give a colleague a narrower part of it. */
    readonly shareOn: boolean
    /** Accounts that handed their access back, as they said; of a received one, this one. */
    readonly handedBack?: readonly string[]
    /** `handed back`: by the one who had it. On the chain it stands until its owner revokes it. */
    readonly state: 'pending' | 'active' | 'expired' | 'revoked' | 'handed back'
  }[]
  /** What grantees passed on to colleagues, and what was passed on to this account. */
  readonly delegations: readonly Delegation[]
  /** Purposes that this person allows nobody. */
  readonly optedOut: readonly string[]
}

/** Of `grant.tell`. */
export interface TellResult {
  readonly grant: string
  readonly readers: readonly { readonly peer: string; readonly delivered: boolean }[]
}

/** Of `opt-out` and `opt-in`. */
export interface OptOutResult {
  /** All purposes that are opted out of now. */
  readonly purposes: readonly string[]
  readonly block: number
  readonly blockHash: string
  /** After this second no custodian releases for them. */
  readonly lastReleaseBefore: number
  readonly noticed: readonly string[]
  readonly gas?: number
}
