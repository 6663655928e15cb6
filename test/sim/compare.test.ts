import { describe, expect, it } from 'vitest'
import { type ComparedRun, compareRuns } from '../../sim/compare.ts'
import { comparisonText } from '../../sim/report/comparison.ts'
import type { RunManifest } from '../../sim/results/run.ts'
import { summarise } from '../../sim/results/summarise.ts'
import { madeUpManifest, madeUpResult, madeUpScenario } from './fixture.ts'

interface Run {
  readonly seed?: number
  readonly repeats?: number
  readonly scale?: number
  readonly manifest?: Partial<RunManifest>
}

function run(
  label: string,
  { seed = 7, repeats = 4, scale = 1, manifest = {} }: Run = {}
): ComparedRun {
  const results = Array.from({ length: repeats }, (_, repeat) =>
    madeUpResult({ seed, repeat, scale, count: 300, nodes: 30 })
  )
  const scenario = madeUpScenario({ seed, repeats })
  const digest = `${seed} ${scale}`
  return {
    label,
    manifest: madeUpManifest({ scenario, seed, digest, complete: true, ...manifest }),
    summary: summarise(scenario, results)
  }
}

const told = (a: ComparedRun, b: ComparedRun, figure: string) =>
  compareRuns([a, b], { figures: [figure] }).figures[0]?.differences[0]

describe('comparison', () => {
  it('tells apart what differs by more than repeats do', () => {
    const difference = told(run('a'), run('b', { seed: 8, scale: 1.5 }), 'lookup.latencyMs.mean')

    expect(difference).toMatchObject({ label: 'b', distinguishable: 'yes' })
    expect(difference?.ratio).toBeCloseTo(1.5, 1)
    expect(difference?.interval?.low).toBeGreaterThan(0)
  })

  it('does not tell apart another seed of the same', () => {
    const difference = told(run('a'), run('b', { seed: 9 }), 'lookup.latencyMs.p50')

    expect(difference).toMatchObject({ distinguishable: 'no', interval: { by: 'welch' } })
  })

  it('knows nothing of one repeat but how sure a share is', () => {
    const [a, b] = [run('a', { repeats: 1 }), run('b', { repeats: 1, seed: 8 })]

    expect(told(a, b, 'lookup.latencyMs.p50')?.distinguishable).toBe('unknown')
    expect(told(a, b, 'lookup.ok.share')).toMatchObject({
      distinguishable: 'no',
      interval: { by: 'newcombe' }
    })
  })

  it('calls what never varies the same', () => {
    expect(told(run('a'), run('b', { seed: 8 }), 'revoke.messages.p50')).toMatchObject({
      difference: 0,
      distinguishable: 'no'
    })
  })

  it('names runs that are the same to the last bit', () => {
    const comparison = compareRuns([run('a'), run('b'), run('c', { seed: 8 })])

    expect(comparison.identical).toEqual(['b'])
    expect(comparisonText(comparison)).toContain('b: the same tables as a, to the last bit')
  })

  it('compares the engines on one scenario', () => {
    const live = run('live', { manifest: { engine: 'live' } })

    expect(compareRuns([run('model'), live]).mixed).toEqual([])
  })

  it('says for a figure that one run lacks that it has none', () => {
    const a = run('a')
    const b = {
      ...a,
      label: 'b',
      summary: { ...a.summary, figures: {}, perRepeat: {}, intervals: {} }
    }

    expect(told(a, b, 'lookup.ok.share')?.distinguishable).toBe('unknown')
    expect(comparisonText(compareRuns([a, b], { figures: ['load.gini'] }))).toMatch(
      /load\.gini +[\d.]+ +none/
    )
  })
})

describe('mixed runs', () => {
  const mixtures: readonly [string, Partial<RunManifest>][] = [
    ['b: keyward "0.4.0" against "0.5.0"', { keyward: '0.5.0' }],
    [
      'b: versions.helia "7.1.15" against "8.0.0"',
      { versions: { ...madeUpManifest().versions, helia: '8.0.0' } }
    ],
    [
      'b: scenario.dht.k 20 against 16',
      { scenario: madeUpScenario({ repeats: 4, dht: { k: 16 } }) }
    ]
  ]

  it.each(mixtures)('are refused: %s', (line, manifest) => {
    const error = expect.objectContaining({ name: 'MixedRunsError', differences: [line] })

    expect(() => compareRuns([run('a'), run('b', { manifest })])).toThrow(error)
  })

  it.each(mixtures)('are compared when that is the question: %s', (line, manifest) => {
    const comparison = compareRuns([run('a'), run('b', { manifest })], { mixed: true })

    expect(comparison.mixed).toEqual([line])
    expect(comparisonText(comparison)).toContain(`not the same: ${line}`)
  })

  it('are those of engines that one scenario gives other sizes', () => {
    const scenario = madeUpScenario({ repeats: 4, live: { clinics: 50 } })
    const model = run('model', { manifest: { scenario } })
    const live = run('live', { manifest: { scenario, engine: 'live' } })

    expect(() => compareRuns([model, live])).toThrow(
      'live: scenario.network.clinics 200 of model against 50 of live'
    )
  })

  it('are not those that only ask or expect something else', () => {
    const scenario = madeUpScenario({ repeats: 4, question: 'Something else?', expect: [] })

    expect(compareRuns([run('a'), run('b', { manifest: { scenario } })]).mixed).toEqual([])
  })

  it('tell the first differences in the message, and all in the error', () => {
    const versions = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`v${i}`, '1']))
    const mixed = () => compareRuns([run('a'), run('b', { manifest: { versions } })])

    expect(mixed).toThrow(/(.*;){8} 8 more$/)
    expect(mixed).toThrow(
      expect.objectContaining({
        differences: Array(16).fill(expect.stringMatching(/^b: versions/))
      })
    )
  })

  it('are two at least', () => {
    expect(() => compareRuns([run('a')])).toThrow(/at least 2, got 1/)
  })
})
