import { describe, expect, it } from 'vitest'
import { modelEngine } from '../../sim/model/engine.ts'
import { summarise } from '../../sim/results/summarise.ts'
import { forEngine } from '../../sim/scenario/for-engine.ts'
import { loadScenario } from '../../sim/scenario/load.ts'

/** Those that the model runs in a second or two; all of them take minutes. */
const QUICK = [
  'bulk-reader',
  'collusion',
  'emergency-night',
  'flash-crowd',
  'lying-endpoint',
  'withholding-storage'
]

describe('a shipped scenario', () => {
  it.each(QUICK)('answers its question on the model as it expects: %s', async (name) => {
    const loaded = await loadScenario(name, { cwd: '/', set: ['repeats=1'] })
    const scenario = forEngine(loaded.scenario, 'model')
    const { signal } = new AbortController()
    const options = { seed: scenario.seed, repeat: 0, signal, progress: () => {} }
    const { asExpected, expectations, checks } = summarise(scenario, [
      await modelEngine.run(scenario, options)
    ])

    expect(asExpected, JSON.stringify({ expectations, checks }, null, 1)).toBe(true)
    expect(checks.reduce((sum, { checked }) => sum + checked, 0)).toBeGreaterThan(0)
  })
})
