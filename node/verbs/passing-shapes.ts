/**
 * What `delegate`, `delegate end` and `hand-back` take and give.
 * @module
 */
import { z } from 'zod'
import { CAPSULE_RECORDS_MAX } from '../../core/limits.ts'
import { code, hex32, peer, u32, until, versions } from './shapes.ts'

export const delegateArgs = z.strictObject({
  /** A grant that was received, and that its owner lets pass on. */
  grant: hex32,
  to: peer,
  /** All that the grant opens by now, if none are named. */
  records: z.array(hex32).min(1).max(CAPSULE_RECORDS_MAX).optional(),
  until,
  versions: versions.optional(),
  /** Of the grant's own; all of them by default. */
  purpose: z.array(code).min(1).max(16).optional(),
  /** Record versions that each custodian gives in all; by default as many as the grant allows. */
  budget: u32.optional()
})

export const endDelegationArgs = z.strictObject({ delegation: hex32 })

/** Id of a grant or sub-grant, or of a record: then all under which it may be read. */
export const handBackArgs = z.strictObject({ id: hex32 })

export type DelegateArgs = z.infer<typeof delegateArgs>
export type EndDelegationArgs = z.infer<typeof endDelegationArgs>
export type HandBackArgs = z.infer<typeof handBackArgs>

export interface DelegateResult {
  /** Hash of the sub-grant: as receipts name it. */
  readonly delegation: string
  readonly grant: string
  readonly to: string
  readonly name: string
  readonly records: readonly string[]
  readonly purpose: string
  readonly until: number
  readonly budget: number
  /** The colleague has it, or finds it at a custodian. */
  readonly delivered: boolean
}

/** Of `hand-back` and `delegate end`. */
export interface HandBackResult {
  readonly ended: readonly {
    readonly grant: string
    /** The one sub-grant that ended, if not the whole grant. */
    readonly delegation?: string
    /** Custodians that refuse from now on. */
    readonly noticed: readonly string[]
    /** Custodians that could not be reached: the same again tells them. */
    readonly missed: readonly string[]
    /** Peers that took the letter to the other side. */
    readonly told: readonly string[]
  }[]
}

/** A sub-grant as `grants` lists it. */
export interface Delegation {
  readonly delegation: string
  readonly grant: string
  readonly direction: 'given' | 'received'
  /** The colleague. */
  readonly peer: string
  readonly name: string
  readonly records: readonly string[]
  readonly purpose: string
  readonly from: number
  readonly until: number
  readonly budget: number
  /** `ended` by either side; else as its grant, and as long as it lasts itself. */
  readonly state: 'pending' | 'active' | 'expired' | 'revoked' | 'ended'
}
