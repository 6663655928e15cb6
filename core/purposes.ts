/**
 * Purposes of use: one bit each, matched exactly (SECURITY.md §7). HL7's is-a is never used for
 * permission, since there TREAT contains BTG; INTEROP.md §4.1 lists what maps to a bit, and every
 * other code is refused.
 * @module
 */

export const Purpose = {
  TREAT: 0,
  COC: 1,
  CAREMGT: 2,
  ETREAT: 3,
  BTG: 4,
  HPAYMT: 5,
  HOPERAT: 6,
  PATRQT: 7,
  FAMRQT: 8,
  PWATRNY: 9,
  HRESCH: 10,
  PUBHLTH: 11,
  HMARKT: 12,
  RECORDMGT: 14
} as const
export type PurposeCode = keyof typeof Purpose
export type Purpose = (typeof Purpose)[PurposeCode]

/** What a page says: "… wants this for: treating you". */
export const PURPOSE_WORDS: Readonly<Record<PurposeCode, string>> = {
  TREAT: 'treating you',
  COC: 'coordinating your care',
  CAREMGT: 'running a care programme',
  ETREAT: 'treating you in an emergency',
  BTG: 'emergency override',
  HPAYMT: 'billing and insurance',
  HOPERAT: 'running the clinic',
  PATRQT: 'you asked',
  FAMRQT: 'your family asked',
  PWATRNY: 'your legal representative asked',
  HRESCH: 'research',
  PUBHLTH: 'public health',
  HMARKT: 'marketing',
  RECORDMGT: 'attesting: checking a document before it counts'
}

/** Codes that map up in a request: HL7's descendants of HPAYMT and four kinds of HRESCH. */
const MAPS_UP: Readonly<Record<string, Purpose>> = {
  CLMATTCH: Purpose.HPAYMT,
  COVAUTH: Purpose.HPAYMT,
  COVERAGE: Purpose.HPAYMT,
  ELIGDTRM: Purpose.HPAYMT,
  ELIGVER: Purpose.HPAYMT,
  ENROLLM: Purpose.HPAYMT,
  MILDCRG: Purpose.HPAYMT,
  REMITADV: Purpose.HPAYMT,
  BIORCH: Purpose.HRESCH,
  CLINTRCH: Purpose.HRESCH,
  CLINTRCHNPC: Purpose.HRESCH,
  CLINTRCHPC: Purpose.HRESCH,
  PRECLINTRCH: Purpose.HRESCH,
  DSRCH: Purpose.HRESCH,
  TRANSRCH: Purpose.HRESCH
}

const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined

/** The bit of an HL7 v3-ActReason code in a Consent: those with a bit of their own only. */
export const bitOfConsentCode = (code: string): Purpose | undefined => own(Purpose, code)

/** The bit of an HL7 v3-ActReason code in a request; undefined refuses. */
export const bitOfHl7 = (code: string): Purpose | undefined =>
  own(Purpose, code) ?? own(MAPS_UP, code)

/**
 * Bit 31 of an opening's purposes: the owner lets the grantee pass access on, narrower (decision
 * 0026). A flag, never a purpose: nobody asks for it, opts out of it or lists it.
 */
export const DELEGABLE = 2 ** 31

export const isDelegable = (purposes: number): boolean => purposes >>> 31 === 1

/** What an opening permits, without the flag. */
export const withoutFlag = (purposes: number): number => (purposes & ~DELEGABLE) >>> 0

/** Is this purpose bit set? Numbers of 32 bits, unsigned; bit 31 is no purpose. */
export const hasPurpose = (purposes: number, bit: number): boolean =>
  bit >= 0 && bit < 31 && ((purposes >>> bit) & 1) === 1

export const purposeMask = (...bits: readonly Purpose[]): number =>
  bits.reduce<number>((mask, bit) => mask | (1 << bit), 0)

const KNOWN = purposeMask(...Object.values(Purpose))

/** Only known bits, and at least one: an empty set permits nothing. */
export const isPurposeSet = (purposes: number): boolean =>
  purposes !== 0 && (purposes & ~KNOWN) === 0

/** The codes of the bits that are set. */
export const purposeCodes = (purposes: number): readonly PurposeCode[] =>
  (Object.keys(Purpose) as PurposeCode[]).filter((code) => hasPurpose(purposes, Purpose[code]))
