/**
 * What decide() takes and gives (SECURITY.md §9.3). All of it is gathered by the gate; a field that
 * comes late (`heads`, `erc1271`, `words`) is absent until decide() asks for it.
 * @module
 */
import type { RefuseCode, WireCode } from './codes.ts'
import type { Deployment } from './deployment.ts'
import type { Address, GrantId, Hash, PeerIdBytes, RecordId } from './ids.ts'
import {
  BINDING_MAX_SECONDS,
  EMERGENCY_MAX_SECONDS,
  EMERGENCY_MIN_SECONDS,
  REQUEST_DEADLINE_SECONDS
} from './limits.ts'
import type { AccessRequest } from './request.ts'
import type { RecordTags } from './tags.ts'

/** Numbers of the rule; the first three are the chain's (node/chain/parameters.ts). */
export interface GatePolicy {
  /** S: how old, or how far ahead, a head may be. */
  readonly headMaxAgeSeconds: number
  /** G: guard between the local clock and a grant's period. */
  readonly clockGuardSeconds: number
  /** W: how far request.conf may lag behind our confirmed block. */
  readonly confirmedLagBlocks: number
  /** k: clinicians who must sign an emergency. */
  readonly emergencySigners: number
  readonly emergencyMinSeconds: number
  readonly emergencyMaxSeconds: number
  readonly bindingMaxSeconds: number
  readonly deadlineMaxSeconds: number
}

/** What no chain changes. */
export const defaultGatePolicy = {
  emergencySigners: 2,
  emergencyMinSeconds: EMERGENCY_MIN_SECONDS,
  emergencyMaxSeconds: EMERGENCY_MAX_SECONDS,
  bindingMaxSeconds: BINDING_MAX_SECONDS,
  deadlineMaxSeconds: REQUEST_DEADLINE_SECONDS
} as const satisfies Partial<GatePolicy>

export type Gathered<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: RefuseCode }

/** A block whose header hashes to what q endpoints agreed on (node/adapters.ts VerifiedHeader). */
export interface GateBlock {
  readonly number: number
  readonly hash: Hash
  readonly timeSeconds: number
}

export interface Heads {
  readonly head: GateBlock
  /** The latest confirmed block. */
  readonly conf: GateBlock
  /** The block that request.conf names, found on the confirmed line; else 307 or 301. */
  readonly requested: Gathered<GateBlock>
}

/** Proven storage words by role (checks/needed.ts); 0n = absent. */
export type NamedWords = Readonly<Record<string, bigint>>

export interface WordsAtBoth {
  /** At the block that request.conf names. */
  readonly conf: NamedWords
  readonly head: NamedWords
}

/** One share epoch held for a record version; replicas hold epochs without a share. */
export interface HeldEpoch {
  readonly shareEpoch: number
  readonly idx: number
  /** A share is here and its ACK was given. */
  readonly acknowledged: boolean
  readonly tags: RecordTags
  /** `custody.emergency`: in the owner's emergency subset. */
  readonly emergency: boolean
}

/** What this node keeps for one version of one record. */
export interface CustodyEntry {
  readonly owner: Address
  readonly recordId: RecordId
  readonly ver: number
  /** The container needs a second factor (bit 0 of the header's flags). */
  readonly sealed: boolean
  /** Shares were destroyed. */
  readonly destroyed: boolean
  readonly epochs: readonly HeldEpoch[]
}

/** The highest direct notice of each kind that concerns this request. */
export interface Notices {
  /** `records` with status ERASED for this version. */
  readonly erased: boolean
  /** Version of `revocations` for this opening. */
  readonly revokedVersion?: number | undefined
  /** Epoch of `revokeAll` by the owner. */
  readonly ownerEpoch?: number | undefined
  /** Epoch of `bindingEpoch` by the requester's account. */
  readonly bindingEpoch?: number | undefined
  /** By the account under the whole grant; or, of request.sub, what its delegator or delegate said. */
  readonly handedBack?: boolean | undefined
  readonly optOut?: { readonly purposes: number; readonly version: number } | undefined
  readonly wish?: { readonly wish: number; readonly version: number } | undefined
}

/** Versions given, and whether the one asked for is among them. */
export interface Used {
  readonly count: number
  readonly again: boolean
}

export type SignatureVerdict = 'ok' | 'bad'

export interface DecideInput {
  /** Milliseconds since the Unix epoch, read anew before each call. */
  readonly nowMs: number
  readonly policy: GatePolicy
  readonly self: {
    readonly peer: PeerIdBytes
    readonly deployment: Pick<Deployment, 'chainId' | 'grants' | 'emergency'>
  }
  readonly stream: {
    readonly remotePeer: PeerIdBytes
    readonly challenge: Hash
    /** 0 before the first request. */
    readonly lastSeq: number
  }
  readonly load: {
    readonly draining: boolean
    readonly queueFull: boolean
    readonly peerOverRate: boolean
  }
  /** The receipt log, as found at start. */
  readonly audit: { readonly whole: boolean; readonly behindAnchor: boolean }
  readonly request: AccessRequest
  readonly verdicts: {
    /** By the key inside binding.peerId. */
    readonly request: SignatureVerdict
    /** `unresolved`: recovers to somebody else, or is no 65 bytes; ERC-1271 may still know it. */
    readonly binding: SignatureVerdict | 'unresolved'
    /** One for each of request.emergency.signers, over BreakGlass with its epoch; recover only. */
    readonly signers: readonly SignatureVerdict[]
    /** Of request.sub: does it recover to its delegator? Recover only. */
    readonly sub?: SignatureVerdict | undefined
  }
  /** For (owner, recordId, ver); absent if nothing is kept, and for `pack`. */
  readonly entry: CustodyEntry | undefined
  /** For `pack`: the owner has an emergency subset here. */
  readonly subset: { readonly owner: Address } | undefined
  readonly notices: Notices
  /** Versions given under this grant within its window; `again`: this one was among them. */
  readonly used: Used
  /** The same under request.sub, over its whole life. */
  readonly usedBySub?: Used | undefined
  readonly heads?: Gathered<Heads> | undefined
  /** isValidSignature(binding digest, bindingSig) at the head, q equal answers. */
  readonly erc1271?: SignatureVerdict | undefined
  readonly words?: Gathered<WordsAtBoth> | undefined
}

export interface ReleaseDecision {
  readonly kind: 'release'
  /** 0 for a pack, as is `shareEpoch`. */
  readonly idx: number
  readonly shareEpoch: number
  readonly grantId: GrantId
  /** Hash of the sub-grant under which it goes out, if one was shown. */
  readonly sub: Hash | undefined
  /** The grant words that were proven; undefined in an emergency, which has none. */
  readonly words: { readonly conf: bigint; readonly head: bigint } | undefined
}

export interface RefuseDecision {
  readonly kind: 'refuse'
  /** For the receipt. */
  readonly code: RefuseCode
  /** For the requester. */
  readonly wire: WireCode
}

export interface NeedDecision {
  readonly kind: 'need'
  readonly what: 'heads' | 'erc1271' | 'proofs'
}

export type Decision = ReleaseDecision | RefuseDecision | NeedDecision
