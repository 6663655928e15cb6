/**
 * What the verbs of guardians and recovery take and give (node/verbs/shapes.ts has the parts).
 * @module
 */
import { z } from 'zod'
import { RECOVERY_HELPERS_MAX } from '../../core/limits.ts'
import { accountOrContact, until } from './shapes.ts'

export const RIGHT_NAMES = ['grant', 'revoke', 'wish'] as const
export type RightName = (typeof RIGHT_NAMES)[number]

export const appointArgs = z.strictObject({
  guardian: accountOrContact,
  rights: z.array(z.enum(RIGHT_NAMES)).min(1).max(RIGHT_NAMES.length),
  until
})

export const endArgs = z
  .strictObject({ guardian: accountOrContact.optional(), ward: accountOrContact.optional() })
  .refine((args) => (args.guardian == null) !== (args.ward == null), {
    message: 'expected either guardian or ward'
  })

/** Without one: everybody that one's own ledger knows of. */
export const guardiansArgs = z.strictObject({ ward: accountOrContact.optional() })

export const planArgs = z
  .strictObject({
    helpers: z.array(accountOrContact).max(RECOVERY_HELPERS_MAX),
    threshold: z.int().min(1).max(RECOVERY_HELPERS_MAX).optional(),
    /** How long one may veto. */
    delay: z
      .string()
      .regex(/^[1-9]\d{0,5}[hdw]$/, 'expected a span such as 7d')
      .optional(),
    /** Ends the plan: nobody may recover the account any more. */
    none: z.literal(true).optional()
  })
  .refine((args) => (args.none === true) === (args.helpers.length === 0), {
    message: 'expected helpers, or none'
  })

const token = z.string().regex(/^([0-9a-f]{2}){1,4096}$/i, 'expected hex digits')

export const helpArgs = z.strictObject({
  account: accountOrContact,
  successor: accountOrContact,
  /** The owner's plan, if she did not send it. */
  plan: token.optional()
})

export const proposeArgs = z.strictObject({
  account: accountOrContact,
  /** What helpers gave (recovery help). */
  help: z.array(token).min(1).max(RECOVERY_HELPERS_MAX)
})

export const recoveryArgs = z.strictObject({ account: accountOrContact })

export type AppointArgs = z.infer<typeof appointArgs>
export type EndArgs = z.infer<typeof endArgs>
export type GuardiansArgs = z.infer<typeof guardiansArgs>
export type PlanArgs = z.infer<typeof planArgs>
export type HelpArgs = z.infer<typeof helpArgs>
export type ProposeArgs = z.infer<typeof proposeArgs>
export type RecoveryArgs = z.infer<typeof recoveryArgs>

/** Of `guardian setup`. */
export interface SetupResult {
  readonly account: string
  /** It had the code before. */
  readonly already: boolean
  readonly block?: number
  readonly gas?: number
}

/** Of `guardian appoint`. */
export interface AppointResult {
  readonly ward: string
  readonly guardian: string
  readonly rights: readonly RightName[]
  readonly until: number
  readonly block: number
  readonly gas: number
  /** The account got its code for this. */
  readonly delegated: boolean
}

/** Of `guardian end`. */
export interface EndResult {
  readonly ward: string
  readonly guardian: string
  readonly block: number
  readonly gas: number
}

/** Of `guardian ls`: as proven at the head. */
export interface GuardiansResult {
  readonly guardianships: readonly {
    readonly ward: string
    readonly guardian: string
    /** `mine`: this person's guardian; `ward`: this person is the guardian. */
    readonly direction: 'mine' | 'ward' | 'other'
    readonly name?: string
    readonly rights: readonly RightName[]
    readonly until: number
    readonly state: 'standing' | 'ended' | 'expired' | 'unwired' | 'none'
  }[]
}

/** Of `recovery plan`. */
export interface PlanResult {
  readonly account: string
  readonly helpers: readonly string[]
  readonly threshold: number
  readonly delaySeconds: number
  readonly version: number
  readonly block: number
  readonly gas: number
  /** For helpers whom no mail reached; whoever has it knows who helps. */
  readonly plan: string
  readonly told: readonly string[]
  readonly untold: readonly string[]
}

/** Of `recovery help`. */
export interface HelpResult {
  readonly account: string
  readonly successor: string
  readonly helper: string
  readonly round: number
  /** For whoever proposes. */
  readonly help: string
}

/** Of `recovery propose`, `veto`, `complete` and `status`: as proven at the head. */
export interface RecoveryResult {
  readonly account: string
  readonly state: 'none' | 'pending' | 'vetoed' | 'done'
  readonly round: number
  readonly candidate?: string
  /** Who speaks for the account now. */
  readonly successor?: string
  /** From when on it may be completed. */
  readonly readyAt?: number
  readonly planVersion: number
  readonly delaySeconds: number
  readonly wired: boolean
  readonly block?: number
  readonly gas?: number
}
