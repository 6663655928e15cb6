/**
 * Everything that can be sent to the contracts: signed messages, and the acts that an account does
 * itself. One form for the model (contract-model.ts) and for real chains (calls.ts).
 * @module
 */
import type { Proposal } from '../../core/directory-words.ts'
import type { Address, Hash } from '../../core/ids.ts'
import type { Membership, SignedMessage } from '../../core/typed-data.ts'

export type RecordCall =
  | {
      readonly type: 'Attest'
      readonly owner: Address
      readonly recordTag: Hash
      readonly verdict: number
      readonly anchor: Hash
    }
  | {
      readonly type: 'Lapse'
      readonly owner: Address
      readonly recordTag: Hash
      readonly org: number
    }

/** A transaction's content: a message (signed, or unsigned by its owner) or an own act. */
export type ContractCall = SignedMessage | RecordCall | EmergencyCall | DirectoryCall

/** What clinicians and reviewers send; a wish and an owner's review are signed messages. */
export type EmergencyCall =
  | {
      readonly type: 'BreakGlass'
      readonly owner: Address
      readonly openingHash: Hash
      readonly reasonHash: Hash
      readonly epoch: number
      /** In the ascending order of their accounts. */
      readonly signatures: readonly Uint8Array[]
    }
  | { readonly type: 'ReviewNotice'; readonly notice: Hash; readonly outcomeHash: Hash }

/** The sender's own acts in the Directory. */
export type DirectoryCall =
  | {
      readonly type: 'Consent'
      readonly org: number
      readonly roles: number
      readonly version: number
      readonly deadline: number
    }
  | { readonly type: 'Enrol' | 'Restrict'; readonly account: Address; readonly roles: number }
  /** Consent and enrolment in one: the admin brings the account's signature along. */
  | { readonly type: 'EnrolBySig'; readonly consent: Membership; readonly consentSig: Uint8Array }
  | { readonly type: 'Dismiss' | 'Suspend' | 'Reinstate'; readonly account: Address }
  | {
      readonly type: 'SetGroupMember'
      readonly salt: Hash
      readonly account: Address
      readonly member: boolean
    }
  | {
      readonly type: 'ClearGroupMember'
      readonly org: number
      readonly salt: Hash
      readonly account: Address
    }
  | { readonly type: 'Vote'; readonly proposal: Proposal }

/** An account's place, given from outside. */
export interface Seat {
  readonly type: 'Seat'
  readonly account: Address
  readonly org: number
  readonly roles: number
  readonly bindingEpoch: number
}
