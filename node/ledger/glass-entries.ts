/**
 * What the ledger keeps of emergencies: one's own wish for them, glasses that one asked colleagues
 * to break, was asked to sign, or hears of as the patient, and what became of each.
 * @module
 */
import { cardShape } from '../../core/binding.ts'
import { bytes, list, map, type Of, oneOf, text, uint } from '../../core/codec.ts'
import { glassShape, signersShape } from '../../core/glass.ts'
import { address, hash, peerIdBytes } from '../../core/ids.ts'
import { CUSTODIANS_MAX, WISH_TEXT_MAX_CHARS } from '../../core/limits.ts'

const hashBytes = bytes(32, (b) => hash(b))
/** keccak256(abi(owner, openingHash)). */
const notice = hashBytes

export const glassEntryShapes = {
  /** One's own wish for emergencies, as it was brought to the chain. */
  wished: map({ t: oneOf('wished'), wish: uint(3, 1), version: uint(), block: uint(), at: uint() }),
  /** A glass that this person asks colleagues to break with her; her own signature is in it. */
  glassAsked: map({
    t: oneOf('glassAsked'),
    notice,
    glass: glassShape,
    sig: bytes(65),
    /** Who keeps the patient's records and mail. */
    keepers: list(bytes(38, peerIdBytes), CUSTODIANS_MAX, 1)
  }),
  /** A colleague's signature, verified. */
  cosigned: map({
    t: oneOf('cosigned'),
    notice,
    account: bytes(20, address),
    sig: bytes(65),
    at: uint()
  }),
  /** Opened with it: from now on the notice is owed. */
  glassBroken: map({ t: oneOf('glassBroken'), notice, signers: signersShape, at: uint() }),
  /** The notice is on the chain, whoever brought it there. */
  noticed: map({ t: oneOf('noticed'), notice, block: uint(), at: uint() }),
  /** The patient has mail of it. */
  patientTold: map({ t: oneOf('patientTold'), notice, at: uint() }),
  /** A colleague asks for this person's signature. */
  glassReceived: map({ t: oneOf('glassReceived'), notice, glass: glassShape, card: cardShape }),
  glassSigned: map({ t: oneOf('glassSigned'), notice, at: uint() }),
  /** As the patient: clinicians broke the glass. */
  glassHeard: map({
    t: oneOf('glassHeard'),
    notice,
    glass: glassShape,
    signers: signersShape,
    card: cardShape
  }),
  /** A review that this person closed, with its words, of which the chain has the hash. */
  reviewed: map({
    t: oneOf('reviewed'),
    notice,
    outcome: text(WISH_TEXT_MAX_CHARS, 1),
    salt: hashBytes,
    block: uint(),
    at: uint()
  })
} as const

export type GlassEntry = {
  [K in keyof typeof glassEntryShapes]: Of<(typeof glassEntryShapes)[K]>
}[keyof typeof glassEntryShapes]
export type GlassEntryOf<T extends GlassEntry['t']> = Extract<GlassEntry, { readonly t: T }>
