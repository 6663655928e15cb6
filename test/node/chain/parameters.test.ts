import { describe, expect, it } from 'vitest'
import {
  type ChainKind,
  chainParameters,
  chosenParameters,
  consortiumParameters
} from '../../../node/chain/parameters.ts'
import { accountOf } from './world.ts'

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

  const sealers = Array.from({ length: 9 }, (_, i) => accountOf(`sealer ${i}`))

  it('counts a majority of sealers, and three of their blocks as the head age', () => {
    const parameters = consortiumParameters({ seal: 'clique', sealers }, 10)

    expect(parameters.confirmed).toEqual({ by: 'seals', blocks: 5, seal: 'clique', sealers })
    expect(parameters.headMaxAgeSeconds).toBe(30)
  })

  it.each([1, 2, 3, 5])('lets three empty blocks of %d s pass before a head is old', (seconds) => {
    const { headMaxAgeSeconds } = consortiumParameters({ seal: 'qbft', sealers }, seconds)

    expect(headMaxAgeSeconds).toBe(15)
  })

  it.each([
    ['none', []],
    ['one twice', [...sealers, ...sealers.slice(0, 1)]]
  ])('does not start with %s of the sealers', (_what, named) => {
    expect(() => consortiumParameters({ seal: 'qbft', sealers: named }, 5)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('"chain.sealers"') })
    )
  })

  it('are chosen by settings: a consortium needs its sealers, and has their rules', () => {
    const settings = { kind: 'consortium', quorum: 2, endpoints: 3 } as const

    expect(() => chosenParameters(settings)).toThrow('"chain.sealers"')
    expect(chosenParameters({ ...settings, sealers, blockSeconds: 7 })).toMatchObject({
      quorum: 2,
      endpoints: 3,
      blockSeconds: 7,
      headMaxAgeSeconds: 21,
      confirmed: { by: 'seals', seal: 'qbft', blocks: 5 }
    })
    expect(chosenParameters({ ...settings, kind: 'l2' })).toEqual(chainParameters('l2'))
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
