/**
 * What the ledger keeps of passing on and handing back (decision 0026): sub-grants that this person
 * signed or received, what she handed back, and what others told her that they did.
 * @module
 */
import { bytes, list, map, type Of, oneOf, text, uint } from '../../core/codec.ts'
import { address, grantId, hash, peerIdBytes, recordId } from '../../core/ids.ts'
import { CAPSULE_RECORDS_MAX, CUSTODIANS_MAX, NAME_MAX_CHARS } from '../../core/limits.ts'
import { capsuleShape } from '../../core/manifest.ts'
import { shownSubShape } from '../../core/subgrant.ts'

const hashBytes = bytes(32, (b) => hash(b))
const id = bytes(32, grantId)
const peer = bytes(38, peerIdBytes)

export const passingEntryShapes = {
  /** Signed here; written before anybody can see it. */
  passedOn: map({
    t: oneOf('passedOn'),
    grantId: id,
    subGrant: hashBytes,
    sub: shownSubShape,
    peer,
    name: text(NAME_MAX_CHARS),
    records: list(
      map({ recordId: bytes(32, recordId), ver: uint(0xffff_ffff, 1) }),
      CAPSULE_RECORDS_MAX
    ),
    at: uint()
  }),
  /** What a delegate holds: the grant's capsule, and what narrows it. */
  subReceived: map({
    t: oneOf('subReceived'),
    grantId: id,
    subGrant: hashBytes,
    sub: shownSubShape,
    capsule: capsuleShape,
    peer,
    name: text(NAME_MAX_CHARS),
    at: uint()
  }),
  /** One's own hand-back, written before it is told; `subGrant` zeros: the whole grant. */
  gaveBack: map({
    t: oneOf('gaveBack'),
    grantId: id,
    subGrant: hashBytes,
    /** Custodians that have it on disk. */
    told: list(peer, CUSTODIANS_MAX * CAPSULE_RECORDS_MAX),
    at: uint()
  }),
  /** Another's, as it came by mail. */
  handedBack: map({
    t: oneOf('handedBack'),
    grantId: id,
    subGrant: hashBytes,
    account: bytes(20, address),
    at: uint()
  })
} as const

export type PassingEntry = {
  [K in keyof typeof passingEntryShapes]: Of<(typeof passingEntryShapes)[K]>
}[keyof typeof passingEntryShapes]
export type PassingEntryOf<T extends PassingEntry['t']> = Extract<PassingEntry, { readonly t: T }>

export const isPassing = (entry: { readonly t: string }): entry is PassingEntry =>
  Object.hasOwn(passingEntryShapes, entry.t)
