/**
 * Refuse codes of the release gate and what the requester is told (SECURITY.md §9.2). `D` codes
 * reach the wire as 400 DENIED, so that a stranger cannot tell "no such record" from "not yours".
 * @module
 */
export const Code = {
  RELEASED: 0,
  MALFORMED: 101,
  UNSUPPORTED: 102,
  MISDIRECTED: 103,
  BUSY: 104,
  REPLAY: 105,
  DEADLINE: 106,
  CHANNEL_PEER: 201,
  REQUEST_SIG: 202,
  BINDING_PERIOD: 203,
  BINDING_SIG: 204,
  BINDING_UNRESOLVED: 205,
  RPC_UNAVAILABLE: 301,
  RPC_DISAGREE: 302,
  HEADER_INVALID: 303,
  HEAD_STALE: 304,
  CLOCK_SKEW: 305,
  CONF_REGRESSION: 306,
  CONF_MISMATCH: 307,
  DENIED: 400,
  UNKNOWN_RECORD: 401,
  SHARE_ERASED: 402,
  SHARE_EPOCH: 403,
  SCOPE_LIST: 404,
  SCOPE: 405,
  RECORD_VERSION: 406,
  PURPOSE: 407,
  NOT_YET: 408,
  EXPIRED: 409,
  GRANTEE: 410,
  BUDGET: 411,
  EMERGENCY: 412,
  SUB_GRANT: 413,
  PROOF_UNAVAILABLE: 501,
  PROOF_INVALID: 502,
  CODE_HASH: 503,
  WORD_INVALID: 504,
  NO_GRANT: 505,
  REVOKED: 506,
  GRANT_CHANGED: 507,
  REVOKED_DIRECT: 508,
  OWNER_EPOCH: 509,
  BINDING_EPOCH: 510,
  MEMBERSHIP: 511,
  RECORD_ERASED: 512,
  RECORD_EPOCH: 513,
  EMERGENCY_WISH: 514,
  OPTED_OUT: 515,
  HANDED_BACK: 516,
  AUDIT_BROKEN: 601,
  SHARE_CORRUPT: 602,
  SEAL_FAILED: 603,
  STORE_FAILED: 604,
  TIMEOUT: 605,
  INTERNAL: 606
} as const

export type Code = (typeof Code)[keyof typeof Code]
/** All but 0 and 400: what a receipt may name as the reason of a refusal. */
export type RefuseCode = Exclude<Code, 0 | 400>
/** What travels to the requester. */
export type WireCode = Code

const NAMES = new Map<number, string>(Object.entries(Code).map(([name, code]) => [code, name]))

/** "REVOKED" for 506; "CODE_999" for one that this version does not know. */
export const codeName = (code: number): string => NAMES.get(code) ?? `CODE_${code}`

/** Refusals from which nothing about a record can be learnt go out as they are (column "="). */
export const wireCode = (code: RefuseCode): WireCode =>
  code < 400 || code === Code.AUDIT_BROKEN ? code : Code.DENIED
