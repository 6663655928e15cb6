import { describe, expect, it } from 'vitest'
import type { StoredRun } from '../../sim/results/run.ts'
import { summarise } from '../../sim/results/summarise.ts'
import { traceOf, traceSvg, traceText } from '../../sim/trace.ts'
import { madeUpManifest, madeUpResult, madeUpScenario } from './fixture.ts'

const results = [0, 1].map((repeat) => madeUpResult({ count: 30, nodes: 5, repeat }))
const scenario = madeUpScenario()
const run: StoredRun = {
  folder: '.',
  manifest: madeUpManifest({ scenario }),
  results,
  summary: summarise(scenario, results)
}

describe('trace of one request', () => {
  it('has its steps in order of their beginning', () => {
    const { repeat, operation, events } = traceOf(run)

    expect({ repeat, operation }).toEqual({ repeat: 0, operation: 12 })
    expect(events.map(({ atMs }) => atMs)).toEqual(
      events.map(({ atMs }) => atMs).sort((a, b) => a - b)
    )
    expect(events).toHaveLength(10)
  })

  it('is a line a step on a common scale', () => {
    const lines = traceText(traceOf(run, { repeat: 1 }))
      .trimEnd()
      .split('\n')

    expect(lines[0]).toMatch(/^\w+ 12, repeat 1: 10 steps in 620 ms$/)
    expect(lines).toHaveLength(12)
    expect(lines[2]).toMatch(/^ +0 ms +155 ms {2}█{10} +clinic-4 +find-node +22 requests, 3 hops$/)
    expect(lines.every((line) => line === line.trimEnd())).toBe(true)
  })

  it('draws the same bytes every time', () => {
    const svg = traceSvg(traceOf(run))

    expect(svg).toBe(traceSvg(traceOf(run)))
    expect(svg).toContain('clinic-77  release')
  })

  it.each([
    [{ operation: 3 }, /expected one of 12 \(repeat 0\), 12 \(repeat 1\), got 3$/],
    [{ repeat: 4 }, /got any of repeat 4$/]
  ])('is refused for one that was not traced: %j', (options, words) => {
    expect(() => traceOf(run, options)).toThrow(words)
    expect(() => traceOf(run, options)).toThrow(
      expect.objectContaining({ name: 'InvalidParametersError' })
    )
  })

  it('is refused for a run without traces', () => {
    const untraced = { ...run, results: results.map((result) => ({ ...result, trace: [] })) }

    expect(() => traceOf(untraced)).toThrow(/run it with --trace/)
  })
})
