/**
 * The release rule in two languages: core/decide.ts and contracts/mocks/DecisionView.sol say the
 * same of some thousands of random states (SECURITY.md §14 F18); `npm run check:decide -- --mutants`
 * looks at a million, and puts in every mistake. KEYWARD_SEED repeats a run.
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  compare,
  foundBy,
  type Ground,
  openGround,
  ruleWithout,
  theRule,
  type View,
  WORD_CHECKS
} from '../decide-view/compare.ts'
import { DAMAGES, viewCode } from '../decide-view/damage.ts'

const SEED = Number(process.env['KEYWARD_SEED'] ?? Date.now() % 1_000_000)
const STATES = 4_000

let ground: Ground
let view: View

beforeAll(async () => {
  ground = await openGround()
  view = await ground.view(viewCode())
})
afterAll(() => ground?.[Symbol.asyncDispose]())

describe('decide() and the view in Solidity', () => {
  it(`agree on ${STATES} random states (seed ${SEED})`, async () => {
    const { disagreements, codes } = await compare(view, { seed: SEED, count: STATES })

    expect(disagreements).toEqual([])
    // a rule that nothing ever passes, or fails, would agree as well
    expect(codes.get(0) ?? 0).toBeGreaterThan(STATES / 20)
    for (const code of [408, 409, 504, 505, 506, 507, 508, 509, 510, 511, 512, 515]) {
      expect(codes.get(code) ?? 0, String(code)).toBeGreaterThan(0)
    }
  })

  it('part when a check is left out of the one', async () => {
    const some = WORD_CHECKS.filter(({ id }) => ['35', '36', '37', '40', '41'].includes(id))
    expect(some.length).toBeGreaterThanOrEqual(5)
    for (const check of some) {
      const part = { seed: 1, count: 2_000 }
      expect(await foundBy(view, ruleWithout(check), part), check.name).toBeDefined()
    }
  })

  it('part when a mistake is made in the other', async () => {
    const [damage] = DAMAGES.filter(([name]) => name === 'an older owner epoch')
    expect(damage).toBeDefined()
    const damaged = await ground.view(viewCode(damage))

    expect(await foundBy(damaged, theRule, { seed: 1, count: 2_000 })).toBeDefined()
  })
})
