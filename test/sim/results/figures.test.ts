import { describe, expect, it } from 'vitest'
import { OPERATION_COLUMNS, type RunResult } from '../../../sim/engine.ts'
import { figuresOf } from '../../../sim/results/figures.ts'
import { summarise } from '../../../sim/results/summarise.ts'
import { madeUpResult, madeUpScenario, tableOf } from '../fixture.ts'

const lookup = (change: Record<string, number | string>) => ({
  kind: 'lookup',
  ok: 1,
  reason: '',
  latencyMs: 100,
  requests: 10,
  ...change
})

const of = (rows: readonly Record<string, number | string>[]): RunResult => ({
  ...madeUpResult({ count: 3, nodes: 4 }),
  operations: tableOf('operations', OPERATION_COLUMNS, rows),
  facts: { joinSeconds: 12, note: 'words are no figure' }
})

describe('figures of one repeat', () => {
  it('count, share and spread each kind', () => {
    const rows = [100, 200, 300, 400].map((latencyMs) => lookup({ latencyMs }))

    expect(figuresOf(of(rows), 60)).toMatchObject({
      'lookup.count': 4,
      'lookup.ok.share': 1,
      'lookup.latencyMs.mean': 250,
      'lookup.latencyMs.p50': 250,
      'lookup.latencyMs.p90': 370,
      'lookup.latencyMs.max': 400,
      joinSeconds: 12
    })
  })

  it('take times of successes and costs of all', () => {
    const rows = [lookup({}), lookup({ ok: 0, reason: 'timeout', latencyMs: 10_000, requests: 90 })]

    expect(figuresOf(of(rows), 60)).toMatchObject({
      'lookup.latencyMs.max': 100,
      'lookup.requests.mean': 50,
      'lookup.ok.share': 0.5,
      'lookup.failed.timeout.count': 1
    })
  })

  it('are left out where nothing was measured', () => {
    const figures = figuresOf(of([lookup({})]), 60)

    expect(Object.keys(figures).filter((name) => /gas|keyMs|note/.test(name))).toEqual([])
  })

  it('have load, traffic and revocation windows', () => {
    const figures = figuresOf(madeUpResult(), 3_600)

    expect(figures['load.gini']).toBeGreaterThan(0.3)
    expect(figures['load.maxOverMean']).toBeGreaterThan(2)
    expect(figures['nodes.sentBytesPerSecond.mean']).toBeCloseTo(
      (figures['nodes.sentBytes.mean'] as number) / 3_600
    )
    expect(figures['revocations.windowMs.p99']).toBeLessThanOrEqual(
      figures['revocations.windowMs.max'] as number
    )
  })
})

describe('summary', () => {
  const repeats = [100, 110, 120].map((latencyMs) =>
    of([lookup({ latencyMs }), lookup({ latencyMs })])
  )

  it('gives the mean over repeats with Student’s interval', () => {
    const { figures, intervals, perRepeat } = summarise(madeUpScenario(), repeats)

    expect(perRepeat['lookup.latencyMs.p50']).toEqual([100, 110, 120])
    expect(figures['lookup.latencyMs.p50']).toBe(110)
    // t(2) = 4.303, s = 10
    expect(intervals['lookup.latencyMs.p50']?.high).toBeCloseTo(110 + (4.303 * 10) / 3 ** 0.5, 9)
  })

  it('gives a share Wilson’s interval where all succeeded, not a width of none', () => {
    const { intervals } = summarise(madeUpScenario(), repeats)

    expect(intervals['lookup.ok.share']).toMatchObject({ by: 'wilson', count: 6, high: 1 })
    expect(intervals['lookup.ok.share']?.low).toBeCloseTo(0.6097, 4)
  })

  it('gives a share the wider interval where repeats differ more than chance', () => {
    const all = Array.from({ length: 200 }, () => lookup({}))
    const none = all.map((row) => ({ ...row, ok: 0, reason: 'timeout' }))

    const { intervals } = summarise(madeUpScenario(), [of(all), of(none)])

    expect(intervals['lookup.ok.share']?.by).toBe('t')
  })

  it.each([
    [{ figure: 'lookup.latencyMs.p50', atLeast: 100, atMost: 110 }, '≥ 100 and ≤ 110', true],
    [{ figure: 'lookup.latencyMs.p50', atMost: 109 }, '≤ 109', false],
    [{ figure: 'retrieve.keyMs.p50', atMost: 1 }, '≤ 1', false]
  ])('holds figures against what is expected: %j', (expected, words, ok) => {
    const summary = summarise(madeUpScenario({ expect: [expected] }), repeats)

    expect(summary.expectations).toMatchObject([{ expected: words, ok }])
    expect(summary.asExpected).toBe(ok)
  })

  it('adds the checks of all repeats and is not as expected when one was violated', () => {
    const check = { name: 'no-share-without-grant', checked: 10, violations: 0 }
    const bad = { ...check, violations: 1, first: 'grant 4' }
    const results = [check, bad, { ...bad, first: 'grant 9' }].map((checks) => ({
      ...of([lookup({})]),
      checks: [checks]
    }))

    const summary = summarise(madeUpScenario({ expect: [] }), results)

    expect(summary.checks).toEqual([{ ...check, checked: 30, violations: 2, first: 'grant 4' }])
    expect(summary.asExpected).toBe(false)
  })
})
