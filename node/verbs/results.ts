/**
 * What the verbs give back, as it travels in JSON (node/verbs/shapes.ts holds what they take).
 * Times are Unix seconds, ids hex, peers and CIDs in their own text form.
 * @module
 */
import type { AnchoredResult } from './audit-shapes.ts'
import type { GlassRequest, WishText } from './emergency-shapes.ts'

export interface IdResult {
  readonly peer: string
  readonly account: string
  readonly name: string
  readonly profile: string
  readonly addrs: readonly string[]
  /** What others type to reach this person's mail: OWNERHEX@PEERID[,PEERID…]. */
  readonly contact: string
  /** What this person wished for emergencies, as far as this node knows; "none" serves nobody. */
  readonly wish?: WishText | 'none'
}

export interface PeersResult {
  readonly peers: readonly {
    readonly peer: string
    readonly addrs: readonly string[]
    readonly direction: 'inbound' | 'outbound'
    readonly name?: string
  }[]
}

export interface CustodianResult {
  readonly peer: string
  readonly acked: boolean
  readonly pinned: boolean
  readonly reason?: string
}

/** Of `record add` and `record update`. */
export interface RecordAddResult {
  readonly recordId: string
  readonly ver: number
  readonly cid: string
  /** Length of the record, and its hash. */
  readonly bytes: number
  readonly sha256: string
  readonly threshold: { readonly t: number; readonly n: number }
  /** "acknowledged", or "degraded" while custodians or replicas are missing. */
  readonly state: 'acknowledged' | 'degraded'
  /** Clinicians find it in an emergency, if the wish lets them. */
  readonly emergency: boolean
  readonly wish: WishText | 'none'
  readonly custodians: readonly CustodianResult[]
  readonly gas?: number
}

export interface RecordSummary {
  readonly recordId: string
  readonly ver: number
  readonly name: string
  readonly mime: string
  readonly fhir?: string
  readonly bytes: number
  readonly state: string
  readonly created: number
}

export interface RecordListResult {
  readonly records: readonly RecordSummary[]
}

export interface RecordShowResult extends RecordSummary {
  readonly cid: string
  readonly threshold: { readonly t: number; readonly n: number }
  readonly custodians: readonly CustodianResult[]
  readonly versions: readonly {
    readonly ver: number
    readonly created: number
    readonly state: string
    readonly bytes: number
  }[]
}

export interface RecordGetResult {
  readonly recordId: string
  readonly ver: number
  readonly bytes: number
  readonly sha256: string
  readonly path: string
  readonly released: readonly {
    readonly custodian: string
    readonly blockNumber: number
    readonly blockHash: string
  }[]
  readonly blamed: readonly { readonly custodian: string; readonly reason: string }[]
}

export interface RecordVerifyResult {
  readonly recordId: string
  readonly ver: number
  readonly valid: boolean
  readonly checks: readonly {
    readonly what: string
    readonly ok: boolean
    readonly detail?: string
  }[]
}

export interface RequestResult {
  readonly wish: string
  readonly delivered: readonly string[]
  readonly failed: readonly { readonly peer: string; readonly reason: string }[]
}

export interface InboxResult {
  /** Signatures that colleagues ask for, and emergencies in which others read one's own records. */
  readonly emergencies: readonly GlassRequest[]
  readonly wishes: readonly {
    readonly wish: string
    readonly from: string
    readonly peer: string
    readonly purpose: string
    readonly records: readonly string[]
    readonly classes: readonly string[]
    readonly until: number
    readonly reason: string
    readonly at: number
    readonly state: 'waiting' | 'granted' | 'denied'
  }[]
  /** Answers to one's own wishes. */
  readonly replies: readonly {
    readonly wish: string
    readonly from: string
    readonly verdict: 'granted' | 'denied'
    readonly reason?: string
    readonly grant?: string
    readonly records: readonly string[]
    readonly at: number
  }[]
}

export type { GrantResult, GrantsResult, OptOutResult } from './grant-shapes.ts'

export interface DenyResult {
  readonly wish: string
  readonly delivered: boolean
}

export interface RevokeResult {
  readonly revoked: readonly string[]
  readonly block: number
  readonly blockHash: string
  /** After this second no custodian releases under it. */
  readonly lastReleaseBefore: number
  readonly noticed: readonly string[]
  readonly gas?: number
}

export interface HistoryResult {
  /** Custodians whose receipts do not hold: of them, only what was fetched before is shown. */
  readonly faults?: readonly { readonly custodian: string; readonly reason: string }[]
  readonly entries: readonly {
    readonly at: number
    readonly kind: string
    readonly custodian: string
    readonly who?: string
    /** The sub-grant under which it was asked for, and who gave that. */
    readonly delegation?: string
    readonly passedOnBy?: string
    readonly recordId: string
    readonly ver: number
    readonly purpose?: string
    /** Clinicians signed for it; no grant. */
    readonly emergency?: true
    readonly code?: string
  }[]
}

export interface AuditExportResult {
  readonly out: string
  readonly entries: number
  readonly peer: string
  readonly head: string
}

export interface AuditVerifyResult {
  readonly valid: boolean
  readonly peer: string
  readonly entries: number
  readonly faults: readonly string[]
  /** What the chain says, when it was asked. */
  readonly anchor?: AnchoredResult
}
