/**
 * Numbers of /keyward/access/1.0.0; bounds are core/limits.ts's.
 * @module
 */
import { EXCHANGE_MAX_MS } from '../../core/limits.ts'

export const ACCESS_PROTOCOL = '/keyward/access/1.0.0'
export const ACCESS_VERSION = 1
export const CHALLENGE_BYTES = 32
/** The custodian's own 5 s (SECURITY.md §9.2, check 49) and two slow round trips. */
export const ANSWER_MAX_MS = EXCHANGE_MAX_MS + 2_000
