/**
 * Arguments and results of `wish` and the `emergency.*` verbs.
 * @module
 */
import { z } from 'zod'
import {
  EMERGENCY_MAX_SECONDS,
  EMERGENCY_MIN_SECONDS,
  NOTICE_SIGNERS_MAX
} from '../../core/limits.ts'
import type { RecordGetResult } from './results.ts'
import { accountOrContact, hex32, note, requestArgs } from './shapes.ts'

const HOUR = 3_600

export const WISHES = ['yes', 'emergency', 'never'] as const
export type WishText = (typeof WISHES)[number]

export const wishArgs = z.strictObject({
  wish: z.enum(WISHES).optional(),
  /** A ward whose guardian one is, or an old account. */
  for: accountOrContact.optional()
})

export const emergencyAskArgs = z.strictObject({
  patient: requestArgs.shape.patient,
  reason: note.min(1),
  hours: z
    .int()
    .min(EMERGENCY_MIN_SECONDS / HOUR)
    .max(EMERGENCY_MAX_SECONDS / HOUR)
    .optional(),
  purpose: z.enum(['BTG', 'ETREAT']).optional(),
  /** Peers, or addresses that end in one; more than must sign may be asked. */
  cosigners: z
    .array(z.string().min(1).max(512))
    .min(1)
    .max(NOTICE_SIGNERS_MAX - 1)
})

export const noticeArgs = z.strictObject({ notice: hex32 })
export const emergencyOpenArgs = z.strictObject({
  notice: hex32,
  /** A folder; without it the node’s downloads. */
  out: z.string().min(1).max(4096).optional()
})
export const emergencyLsArgs = z.strictObject({ notice: hex32.optional() })
export const emergencyReviewArgs = z.strictObject({ notice: hex32, outcome: note.min(1) })

export type WishArgs = z.infer<typeof wishArgs>
export type EmergencyAskArgs = z.infer<typeof emergencyAskArgs>
export type NoticeArgs = z.infer<typeof noticeArgs>
export type EmergencyOpenArgs = z.infer<typeof emergencyOpenArgs>
export type EmergencyLsArgs = z.infer<typeof emergencyLsArgs>
export type EmergencyReviewArgs = z.infer<typeof emergencyReviewArgs>

export interface WishResult {
  /** As the chain has it; "none" until she chooses, which refuses like "never". */
  readonly wish: WishText | 'none'
  readonly version: number
  /** Custodians that obey it already. */
  readonly noticed?: readonly string[]
  readonly block?: number
  readonly gas?: number
}

export interface EmergencyAskResult {
  readonly notice: string
  readonly patient: string
  readonly purpose: string
  readonly until: number
  readonly delivered: readonly string[]
  readonly failed: readonly { readonly peer: string; readonly reason: string }[]
}

/** One that colleagues ask to sign; "opened": they opened one's own records. */
export interface GlassRequest {
  readonly notice: string
  readonly from: string
  readonly peer: string
  readonly patient: string
  readonly purpose: string
  readonly until: number
  readonly reason: string
  readonly at: number
  readonly state: 'waiting' | 'signed' | 'over' | 'opened'
}

export interface EmergencyRequestsResult {
  readonly requests: readonly GlassRequest[]
}

export interface EmergencySignResult {
  readonly notice: string
  readonly patient: string
  readonly delivered: boolean
}

export interface EmergencyOpenResult {
  readonly notice: string
  readonly signers: readonly string[]
  readonly records: readonly RecordGetResult[]
  readonly failed: readonly {
    readonly recordId: string
    readonly ver: number
    readonly reason: string
  }[]
  /** Custodians that gave no pack, or a bad one. */
  readonly packless: readonly { readonly custodian: string; readonly reason: string }[]
  /** The block of the notice, if one took it before all was read. */
  readonly noticeBlock?: number
  /** The patient has mail of it. */
  readonly patientTold: boolean
}

export interface EmergencySummary {
  readonly notice: string
  readonly role: 'requester' | 'cosigner' | 'patient' | 'other'
  readonly patient: string
  readonly purpose?: string
  readonly reason?: string
  readonly until?: number
  /** Accounts that signed, as far as this node has seen. */
  readonly signers: readonly string[]
  readonly state: 'asked' | 'opened' | 'noticed'
  /** What is still owed of one that was opened from here; upkeep goes on trying. */
  readonly owed?: readonly ('notice' | 'mail')[]
  /** As proven on chain; from the block's own word. */
  readonly noticeBlock?: number
  readonly review: 'none' | 'open' | 'overdue' | 'done'
  readonly dueAt?: number
  /** Organisations of the clinicians who signed. */
  readonly orgs?: readonly number[]
  /** Of a review closed from here. */
  readonly outcome?: string
}

export interface EmergencyLsResult {
  readonly emergencies: readonly EmergencySummary[]
}

export interface EmergencyReviewResult {
  readonly notice: string
  readonly block: number
  readonly gas: number
}
