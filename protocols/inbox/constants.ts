/**
 * Numbers of /keyward/inbox/1.0.0; bounds are core/limits.ts's.
 * @module
 */
import { STREAM_IDLE_MS } from '../../core/limits.ts'

export const INBOX_PROTOCOL = '/keyward/inbox/1.0.0'
/** A page of 1 MiB may take a minute on a slow phone (FRAME_BYTES_PER_SECOND), both ways. */
export const INBOX_ANSWER_MAX_MS = 2 * STREAM_IDLE_MS

/** Why a mailbox did not do what it was asked; below 700 as in core/codes.ts. */
export const InboxCode = {
  MALFORMED: 101,
  UNSUPPORTED: 102,
  BUSY: 104,
  /** No such account here, or not yours: alike, so that nobody learns who is a patient. */
  DENIED: 400,
  STORE_FAILED: 604,
  INTERNAL: 606,
  /** The card's binding does not verify, has run out, or is another peer's. */
  BAD_SIGNATURE: 701,
  /** The mailbox has no room until its owner comes. */
  FULL: 708
} as const

export type InboxCode = (typeof InboxCode)[keyof typeof InboxCode]
