/**
 * What the verbs about the log's anchor take and give: `audit anchor`, `audit status`, and the part
 * of `audit verify` that asks a chain.
 * @module
 */
import { z } from 'zod'

const hex32 = z.string().regex(/^(0x)?[0-9a-f]{64}$/i, 'expected 64 hex digits')
const account = z.string().regex(/^0x[0-9a-f]{40}$/i, 'expected 0x and 40 hex digits')

/** Where a log is anchored, and under which names: what `audit status` of its custodian tells. */
export const anchorAt = z.strictObject({
  rpc: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .max(16),
  kind: z.enum(['l1', 'l2', 'consortium', 'dev']),
  /** A file, as `chain.deployment` names one. */
  deployment: z.string().min(1).max(4_096),
  writer: account,
  salt: hex32
})
export type AnchorAt = z.infer<typeof anchorAt>

export interface AuditAnchorResult {
  /** False: the chain has these links already. */
  readonly anchored: boolean
  readonly toSeq: number
  readonly root: string
  readonly tx?: string
  readonly block?: number
  readonly gas?: number
}

export interface AuditStatusResult {
  readonly peer: string
  readonly entries: number
  /** No link is missing, damaged or forged. */
  readonly whole: boolean
  readonly state: 'held' | 'none' | 'behind' | 'unknown'
  /** The same in words, and what helps. */
  readonly reason: string
  readonly toSeq?: number
  readonly root?: string
  readonly at?: number
  readonly writer: string
  readonly salt: string
}

/** What the chain says of a log in a file. */
export interface AnchoredResult {
  readonly toSeq: number
  readonly root: string
  readonly at: number
}
