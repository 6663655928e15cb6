import { describe, expect, it } from 'vitest'
import { nativePrimitives as p } from '../../../node/crypto/native.ts'
import { MUTATION_KINDS, mutatedProofs, tallyProofs } from '../../fixtures/mutated-proofs.ts'

const SEED = 20_261_125
const COUNT = 4_000

describe('mutated proofs', () => {
  it(`are refused, all of ${COUNT}, of every kind; npm run check:proofs tries a million`, async () => {
    const { tried, refused, kinds, believed } = await tallyProofs(
      await mutatedProofs(SEED, p),
      0,
      COUNT
    )

    expect(believed).toEqual([])
    expect(refused).toBe(tried)
    expect(tried).toBeGreaterThan(0.9 * COUNT)
    expect(Object.keys(kinds).toSorted()).toEqual(MUTATION_KINDS.toSorted())
  })

  it('begin with the forgery that a quick verifier believed', async () => {
    const proofs = await mutatedProofs(SEED, p)

    expect(await proofs.attempt(0)).toEqual({ kind: 'three short nodes', refused: true })
  })

  it('are the same for the same seed, by their number alone', async () => {
    const [one, two] = [await mutatedProofs(1, p), await mutatedProofs(1, p)]
    await one.attempt(3)

    expect(await one.attempt(7)).toEqual(await two.attempt(7))
  })
})
