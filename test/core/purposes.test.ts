import { describe, expect, it } from 'vitest'
import {
  bitOfConsentCode,
  bitOfHl7,
  DELEGABLE,
  hasPurpose,
  isDelegable,
  isPurposeSet,
  PURPOSE_WORDS,
  Purpose,
  purposeCodes,
  purposeMask,
  withoutFlag
} from '../../core/purposes.ts'

/** All 60 codes below PurposeOfUse in v3-ActReason of 2018-08-12, and what each maps to. */
const OWN = {
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
}
const UP = {
  CLMATTCH: 5,
  COVAUTH: 5,
  COVERAGE: 5,
  ELIGDTRM: 5,
  ELIGVER: 5,
  ENROLLM: 5,
  MILDCRG: 5,
  REMITADV: 5,
  BIORCH: 10,
  CLINTRCH: 10,
  CLINTRCHNPC: 10,
  CLINTRCHPC: 10,
  PRECLINTRCH: 10,
  DSRCH: 10,
  TRANSRCH: 10
}
const REFUSED = [
  'PurposeOfUse',
  'DONAT',
  'FRAUD',
  'GOV',
  'HACCRED',
  'HCOMPL',
  'HDECD',
  'HDIRECT',
  'HDM',
  'HLEGAL',
  'HOUTCOMS',
  'HPRGRP',
  'HQUALIMP',
  'HSYSADMIN',
  'LABELING',
  'METAMGT',
  'MEMADMIN',
  'MILCDM',
  'PATADMIN',
  'PATSFTY',
  'PERFMSR',
  'SYSDEV',
  'HTEST',
  'TRAIN',
  'POARCH',
  'SUPNWK',
  'DISASTER',
  'THREAT',
  'CLINTRL',
  'ERTREAT',
  'POPHLTH',
  '',
  'treat',
  'TREAT ',
  'toString',
  '__proto__',
  'constructor'
]

describe('purposes', () => {
  it.each(Object.entries(OWN))('gives %s the bit %i', (code, bit) => {
    expect(bitOfHl7(code)).toBe(bit)
    expect(bitOfConsentCode(code)).toBe(bit)
  })

  it.each(Object.entries(UP))('maps %s up to bit %i, in a request only', (code, bit) => {
    expect(bitOfHl7(code)).toBe(bit)
    expect(bitOfConsentCode(code)).toBeUndefined()
  })

  it.each(REFUSED)('refuses "%s"', (code) => {
    expect(bitOfHl7(code)).toBeUndefined()
    expect(bitOfConsentCode(code)).toBeUndefined()
  })

  it('has words for every purpose', () => {
    expect(Object.keys(PURPOSE_WORDS)).toEqual(Object.keys(Purpose))
  })

  it('sets and reads bits', () => {
    const mask = purposeMask(Purpose.TREAT, Purpose.RECORDMGT)

    expect(mask).toBe(0x4001)
    expect(purposeCodes(mask)).toEqual(['TREAT', 'RECORDMGT'])
    expect([0, 1, 14, 32, -18].map((bit) => hasPurpose(mask, bit))).toEqual([
      true,
      false,
      true,
      false,
      false
    ])
    expect(hasPurpose(0xffff_ffff, 30)).toBe(true)
  })

  it('takes the flag of an opening for no purpose', () => {
    const flagged = 0x4001 + DELEGABLE

    expect(flagged).toBe(0x8000_4001)
    expect([flagged, 0x4001, DELEGABLE].map(isDelegable)).toEqual([true, false, true])
    expect([flagged, 0x4001, DELEGABLE].map(withoutFlag)).toEqual([0x4001, 0x4001, 0])
    expect(hasPurpose(flagged, 31)).toBe(false)
    expect(isPurposeSet(flagged)).toBe(false)
    expect(purposeCodes(flagged)).toEqual(['TREAT', 'RECORDMGT'])
    expect(bitOfHl7('DELEGABLE')).toBeUndefined()
  })

  it.each([
    [0, false],
    [1, true],
    [0x5fff, true],
    [1 << 13, false],
    [0x5fff + 0x8000, false],
    [0xffff_ffff, false]
  ])('judges the set %i', (mask, good) => {
    expect(isPurposeSet(mask)).toBe(good)
  })
})
