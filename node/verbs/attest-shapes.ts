/**
 * Arguments and results of `attest …` and of what `record ls` and `record show` say about it.
 * @module
 */
import { z } from 'zod'
import { SCOPE_EXCEPT_MAX } from '../../core/limits.ts'
import type { RecordListResult, RecordShowResult } from './results.ts'
import { type recordArgs, recordVerifyArgs } from './shapes.ts'

const org = z.int().min(1).max(0xffffffff)

export const attestArgs = recordVerifyArgs.extend({
  verdict: z.enum(['confirm', 'reject', 'withdraw'])
})

/** Of `lapse` too. `orgs`: to look at beside the first ones and those of known peers. */
export const attestStatusArgs = recordVerifyArgs.extend({
  orgs: z.array(org).max(SCOPE_EXCEPT_MAX).optional()
})

export type AttestArgs = z.infer<typeof attestArgs>
export type AttestStatusArgs = z.infer<typeof attestStatusArgs>
export type RecordArgs = z.infer<typeof recordArgs>

/** A record's state by name, as the contract keeps it. */
export type RecordState = 'STORED' | 'ATTESTED' | 'REJECTED' | 'SUPERSEDED' | 'ERASED'

export interface AttestResult {
  readonly recordId: string
  readonly ver: number
  readonly verdict: AttestArgs['verdict']
  readonly org: number
  readonly state: RecordState
  readonly block: number
  readonly gas: number
}

/** Proven at the head by this node. */
export interface AttestStatusResult {
  readonly recordId: string
  readonly ver: number
  /** As the contract's word says. */
  readonly state: RecordState
  /** Without the verdicts that hold no more, whether somebody has sent `lapse` or not. */
  readonly holds: RecordState
  readonly confirmed: number
  readonly rejected: number
  /** Confirmations wanted. */
  readonly quorum: number
  readonly barredOrg?: number
  readonly verdicts: readonly {
    readonly org: number
    readonly verdict: 'confirmed' | 'rejected' | 'withdrawn'
    readonly attester: string
    readonly at: number
    /** Why a verdict that stands holds no more. */
    readonly lapsed?: string
  }[]
  /** Standing verdicts of organisations that were not looked at. */
  readonly unseen: number
}

export interface AttestLapseResult {
  readonly recordId: string
  readonly ver: number
  /** Organisations whose verdicts were withdrawn. */
  readonly lapsed: readonly number[]
  readonly state: RecordState
}

/** What the chain says of a version; undefined while it does not answer, or knows it not. */
export interface Attested {
  readonly state: RecordState
  readonly confirmed: number
  readonly rejected: number
  readonly quorum: number
}

export interface AttestedListResult {
  readonly records: readonly (RecordListResult['records'][number] & {
    readonly attested?: Attested
  })[]
}

export interface AttestedShowResult extends RecordShowResult {
  readonly attested?: Attested
}
