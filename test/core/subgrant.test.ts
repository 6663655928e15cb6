import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import { openingHash, scopeHash } from '../../core/grant.ts'
import { address } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { DELEGABLE } from '../../core/purposes.ts'
import {
  hasNarrowerBudget,
  hasNarrowerPeriod,
  hasNarrowerPurposes,
  hasNarrowerVersions,
  makeSub,
  type ShownSub,
  shownSubShape,
  subGrantHash,
  subSigner
} from '../../core/subgrant.ts'
import {
  addressOf,
  COLLEAGUE,
  deployment,
  fill,
  hashOf,
  OWNER,
  opening,
  RECORD
} from '../fixtures/messages.ts'
import known from '../vectors/known-answers.json' with { type: 'json' }

const KEY = fill(0x99)
const DELEGATOR = address(p.secp256k1Address(KEY))
const parent = opening({ scope: scopeHash([RECORD], [], p), purposes: DELEGABLE + 3, verTo: 9 })
const made = (): ShownSub =>
  makeSub(
    {
      owner: OWNER,
      openingHash: openingHash(parent, p),
      version: 1,
      delegate: COLLEAGUE,
      verFrom: 1,
      verTo: 2,
      purposes: 1,
      notBefore: 1_800_000_000,
      notAfter: 1_800_086_400,
      budget: 3,
      salt: hashOf(0x93),
      tags: [hashOf(0x33)],
      except: [],
      delegator: DELEGATOR
    },
    deployment,
    KEY,
    p
  )

describe('a sub-grant', () => {
  it('gives the known answer, which ethers gives too', () => {
    const { grant } = made()
    const of = openingHash(opening({ scope: grant.scope }), p)

    expect(toHex(subGrantHash({ ...grant, openingHash: of }, p))).toBe(known.subGrant)
  })

  it('travels with its lists, and names who signed it on this chain and registry alone', () => {
    const sub = made()

    expect(decode(shownSubShape, encode(sub), 'sub')).toEqual(sub)
    expect(sub.grant.scope).toEqual(scopeHash(sub.tags, sub.except, p))
    expect(subSigner(sub, deployment, p)).toEqual(DELEGATOR)
    expect(subSigner(sub, { ...deployment, chainId: 1 }, p)).not.toEqual(DELEGATOR)
    expect(subSigner(sub, { ...deployment, grants: addressOf(1) }, p)).not.toEqual(DELEGATOR)
  })

  it.each(Object.entries(made().grant))(
    'is another one, unsigned, with another %s',
    (name, was) => {
      const other = typeof was === 'number' ? was + 1 : fill(0xee, was.length)
      const changed = { ...made(), grant: { ...made().grant, [name]: other } }

      expect(subGrantHash(changed.grant, p)).not.toEqual(subGrantHash(made().grant, p))
      expect(subSigner(changed, deployment, p)).not.toEqual(DELEGATOR)
    }
  )

  it('is signed by nobody with a signature of other bytes', () => {
    expect(subSigner({ ...made(), sig: fill(0, 65) }, deployment, p)).toBeUndefined()
  })
})

describe('narrower', () => {
  const within = { ...made().grant }

  it.each([
    ['the same', {}],
    [
      'all of it',
      { verTo: 9, purposes: 3, notAfter: parent.notAfter, notBefore: parent.notBefore, budget: 10 }
    ]
  ])('is %s', (_name, changes) => {
    const terms = { ...within, ...changes }

    expect(hasNarrowerVersions(terms, parent)).toBe(true)
    expect(hasNarrowerPurposes(terms, parent)).toBe(true)
    expect(hasNarrowerPeriod(terms, parent)).toBe(true)
    expect(hasNarrowerBudget(terms, parent)).toBe(true)
  })

  it('means that whatever a sub-grant permits, its grant permits', () => {
    const few = fc.nat(6)
    const terms = fc.record({
      verFrom: few,
      verTo: few,
      purposes: fc.nat(7),
      notBefore: few,
      notAfter: few,
      budget: few
    })

    fc.assert(
      fc.property(terms, terms, few, few, fc.nat(2), (grant, narrow, ver, at, bit) => {
        const of = opening({ ...grant, purposes: grant.purposes + DELEGABLE })
        const permits = (t: typeof grant): readonly boolean[] => [
          t.verFrom <= ver && ver <= t.verTo,
          ((t.purposes >>> bit) & 1) === 1,
          t.notBefore <= at && at < t.notAfter,
          at < t.budget
        ]
        const holds = [
          hasNarrowerVersions(narrow, of),
          hasNarrowerPurposes(narrow, of),
          hasNarrowerPeriod(narrow, of),
          hasNarrowerBudget(narrow, of)
        ]
        for (const [i, isNarrower] of holds.entries()) {
          if (isNarrower && permits(narrow)[i]) expect(permits(grant)[i]).toBe(true)
        }
      })
    )
  })
})
