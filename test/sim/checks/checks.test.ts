import { describe, expect, it } from 'vitest'
import { acknowledgedStaysOpenable } from '../../../sim/checks/acknowledged-stays-openable.ts'
import { everyReleaseHasAReceipt } from '../../../sim/checks/every-release-has-a-receipt.ts'
import { noPlaintextOutside } from '../../../sim/checks/no-plaintext-outside.ts'
import { noShareWithoutGrant } from '../../../sim/checks/no-share-without-grant.ts'
import type { GrantSeen, ReleaseSeen } from '../../../sim/checks/observations.ts'
import { revokedIsDenied } from '../../../sim/checks/revoked-is-denied.ts'
import { assertAllHold, CheckViolatedError } from '../../../sim/checks/violated.ts'

const BOUND_MS = 20_000
const grant = (changes: Partial<GrantSeen> = {}): GrantSeen => ({
  record: 1,
  requester: 2,
  fromMs: 1_000,
  untilMs: 100_000,
  revokedMs: Number.POSITIVE_INFINITY,
  ...changes
})
const release = (changes: Partial<ReleaseSeen> = {}): ReleaseSeen => ({
  record: 1,
  requester: 2,
  custodian: 3,
  atMs: 2_000,
  ...changes
})

describe('no-share-without-grant', () => {
  it('holds for a release under a standing grant', () => {
    expect(noShareWithoutGrant([grant()], [release()])).toEqual({
      name: 'no-share-without-grant',
      checked: 1,
      violations: 0
    })
  })

  it.each([
    { id: 'before the grant was sent', changes: { atMs: 999 } },
    { id: 'after the grant ran out', changes: { atMs: 100_000 } },
    { id: 'of another record', changes: { record: 7 } },
    { id: 'to another requester', changes: { requester: 7 } }
  ])('sees a release $id', ({ changes }) => {
    const { violations, first } = noShareWithoutGrant([grant()], [release(), release(changes)])

    expect(violations).toBe(1)
    expect(first).toMatch(/^node 3 gave node \d a share of record \d at \d+ ms$/)
  })
})

describe('revoked-is-denied', () => {
  const revoked = grant({ revokedMs: 50_000 })

  it('holds up to the bound and for another grant that stands', () => {
    const late = release({ atMs: 90_000 })

    expect(revokedIsDenied([revoked], [release({ atMs: 70_000 })], BOUND_MS).violations).toBe(0)
    expect(revokedIsDenied([revoked, grant()], [late], BOUND_MS).violations).toBe(0)
  })

  it('sees a release later than the bound', () => {
    const result = revokedIsDenied([revoked], [release({ atMs: 70_001 })], BOUND_MS)

    expect(result).toMatchObject({ checked: 1, violations: 1 })
    expect(result.first).toContain('20001 ms after its revocation')
  })

  it('does not excuse a late release by a grant that was sent later still', () => {
    const later = grant({ fromMs: 95_000 })

    expect(revokedIsDenied([revoked, later], [release({ atMs: 90_000 })], BOUND_MS)).toMatchObject({
      violations: 1
    })
  })
})

describe('every-release-has-a-receipt', () => {
  it('holds when each release has its own', () => {
    const releases = [release(), release({ custodian: 4 })]

    expect(everyReleaseHasAReceipt(releases, releases).violations).toBe(0)
  })

  it.each([
    { id: 'no receipt', receipts: [] },
    { id: 'a receipt of another custodian', receipts: [release({ custodian: 9 })] },
    { id: 'one receipt for two', receipts: [release()], times: 2 }
  ])('sees a release with $id', ({ receipts, times = 1 }) => {
    const releases = Array.from({ length: times }, () => release())

    const { checked, violations } = everyReleaseHasAReceipt(releases, receipts)

    expect({ checked, violations }).toEqual({ checked: times, violations: 1 })
  })
})

describe('acknowledged-stays-openable', () => {
  it('sees a record that does not open any more', () => {
    const result = acknowledgedStaysOpenable([
      { record: 0, opened: true, reason: '' },
      { record: 1, opened: false, reason: 'NotEnoughSharesError' }
    ])

    expect(result).toMatchObject({ checked: 2, violations: 1 })
    expect(result.first).toContain('record 1')
  })
})

describe('no-plaintext-outside', () => {
  it('sees a place that holds a piece of a record', () => {
    const result = noPlaintextOutside([
      { place: 'clinic-0/custody', bytes: 100, found: 0 },
      { place: 'wire of worker 1', bytes: 100, found: 2 }
    ])

    expect(result).toMatchObject({ checked: 2, violations: 1 })
    expect(result.first).toContain('wire of worker 1')
  })
})

describe('a violated check', () => {
  it('ends the run with its name and the seed that brings it back', () => {
    const checks = [
      { name: 'one', checked: 5, violations: 0 },
      { name: 'two', checked: 5, violations: 1, first: 'node 3' }
    ]

    expect(() => assertAllHold(checks, { seed: 7, repeat: 2 })).toThrow(CheckViolatedError)
    expect(() => assertAllHold(checks, { seed: 7, repeat: 2 })).toThrow(
      'check two violated 1 times (seed 7, repeat 2); first: node 3'
    )
    expect(() => assertAllHold(checks.slice(0, 1), { seed: 7, repeat: 2 })).not.toThrow()
  })
})
