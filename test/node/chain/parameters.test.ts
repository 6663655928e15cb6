import { describe, expect, it } from 'vitest'
import {
  type ChainKind,
  chainParameters,
  consortiumParameters
} from '../../../node/chain/parameters.ts'

describe('parameters per kind of chain', () => {
  // SECURITY.md §9.1: kind, S, q, m, G, W
  it.each<[ChainKind, number, number, number, number, number]>([
    ['l1', 36, 2, 3, 120, 32],
    ['l2', 20, 2, 3, 120, 450],
    ['consortium', 15, 2, 3, 120, 16],
    ['dev', 10, 1, 1, 2, 16],
    ['memory', 36, 2, 3, 120, 16]
  ])('has the row of %s', (kind, s, q, m, g, w) => {
    const parameters = chainParameters(kind)

    expect(parameters).toMatchObject({
      headMaxAgeSeconds: s,
      quorum: q,
      endpoints: m,
      clockGuardSeconds: g,
      confirmedLagBlocks: w
    })
  })

  it.each<[ChainKind, object]>([
    ['l1', { by: 'finalized' }],
    ['l2', { by: 'finalized' }],
    ['dev', { by: 'depth', blocks: 2 }],
    ['memory', { by: 'depth', blocks: 8 }]
  ])('confirms blocks of %s by %o', (kind, rule) => {
    expect(chainParameters(kind).confirmed).toEqual(rule)
  })

  it('counts a majority of sealers, and three of their blocks as the head age', () => {
    const parameters = consortiumParameters(9, 10)

    expect(parameters.confirmed).toEqual({ by: 'depth', blocks: 5 })
    expect(parameters.headMaxAgeSeconds).toBe(30)
  })

  it.each([
    { quorum: 0, endpoints: 1 },
    { quorum: 1, endpoints: 2 },
    { quorum: 2, endpoints: 4 },
    { quorum: 3, endpoints: 2 },
    { headMaxAgeSeconds: -1 },
    { confirmedLagBlocks: 1.5 }
  ])('refuses %o', (changes) => {
    expect(() => chainParameters('l1', changes)).toThrow(
      expect.objectContaining({ name: 'InvalidConfigError' })
    )
  })
})
