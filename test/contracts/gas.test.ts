import { describe, expect, it } from 'vitest'
import { agreedGas, GAS_FILE, GAS_GOALS, measureGas } from '../../tools/gas.ts'

describe('gas', () => {
  it('is what was agreed on, to the unit', async () => {
    const measured = await measureGas()

    expect(
      measured,
      `gas changed: if that is meant, run \`npm run gas\` and commit ${GAS_FILE} with the reason`
    ).toEqual(agreedGas())
  })

  it.each(Object.entries(GAS_GOALS))('%s costs at most %i', (operation, goal) => {
    expect(agreedGas()[operation]).toBeLessThanOrEqual(goal)
  })
})
