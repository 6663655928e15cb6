/**
 * Numbers of /keyward/custody/1.0.0; bounds are core/limits.ts's.
 * @module
 */
export const CUSTODY_PROTOCOL = '/keyward/custody/1.0.0'

/**
 * Why a custodian did not do what it was asked. Numbers below 700 mean what they mean in
 * core/codes.ts. A stranger learns nothing from them: deals and notices carry the owner's signature.
 */
export const CustodyCode = {
  MALFORMED: 101,
  UNSUPPORTED: 102,
  MISDIRECTED: 103,
  BUSY: 104,
  /** Nothing of yours by that name here. */
  DENIED: 400,
  STORE_FAILED: 604,
  INTERNAL: 606,
  /** The owner's signature does not verify. */
  BAD_SIGNATURE: 701,
  /** The share does not open, or does not match its commitment. */
  BAD_SHARE: 702,
  /** Another `content` of this version was acknowledged before. */
  OTHER_CONTENT: 703,
  /** Another `custody` of this epoch was acknowledged before. */
  OTHER_CUSTODY: 704,
  /** CK of this epoch is not known here: deal again with `ck`. */
  KEY_NEEDED: 705,
  /** The chain holds another anchor for this version, or none in time. */
  ANCHOR: 706,
  /** The blocks could not be fetched in time: ask again. */
  NO_BLOCKS: 707,
  /** No room for another share or its blocks. */
  FULL: 708,
  /** The chain did not take the message; it is kept and obeyed here all the same. */
  NOT_SENT: 709
} as const

export type CustodyCode = (typeof CustodyCode)[keyof typeof CustodyCode]
