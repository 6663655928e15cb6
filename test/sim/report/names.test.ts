import { describe, expect, it } from 'vitest'
import { figuresOfRun } from '../../../sim/report/report.ts'
import { figuresOf } from '../../../sim/results/figures.ts'
import type { StoredRun } from '../../../sim/results/run.ts'
import { summarise } from '../../../sim/results/summarise.ts'
import { madeUpManifest, madeUpResult, madeUpScenario, tableOf } from '../fixture.ts'

const rows = <T>(count: number, of: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => of(i))

/** As an engine does that counts intervals by their end and successes apart from failures. */
const result = {
  ...madeUpResult({ count: 50, nodes: 10 }),
  series: tableOf(
    'series',
    [
      ['atMs', 'ms'],
      ['online', 'count'],
      ['succeeded', 'count'],
      ['failed', 'count'],
      ['bytes', 'bytes'],
      ['dhtBytes', 'bytes'],
      ['maintenanceBytes', 'bytes']
    ],
    rows(5, (i) => ({
      atMs: (i + 1) * 60_000,
      online: 8,
      succeeded: 9,
      failed: 1,
      bytes: 48_000,
      dhtBytes: 48_000,
      maintenanceBytes: 24_000
    }))
  ),
  more: [
    tableOf(
      'revocations',
      [
        ['lastAfterSentMs', 'ms'],
        ['boundMs', 'ms']
      ],
      rows(8, (i) => ({ lastAfterSentMs: i * 1_000, boundMs: 20_000 }))
    ),
    tableOf(
      'disclosure',
      [
        ['n', 'count'],
        ['t', 'count'],
        ['disclosed', 'share'],
        ['available', 'share']
      ],
      rows(4, (i) => ({
        n: 5,
        t: i + 2,
        disclosed: i === 3 ? 0 : 0.1 ** i,
        available: 1 - 0.1 / (5 - i)
      }))
    )
  ]
}
const scenario = madeUpScenario()
const run: StoredRun = {
  folder: '.',
  manifest: madeUpManifest({ scenario }),
  results: [result],
  summary: summarise(scenario, [result])
}
const caption = (id: string) => figuresOfRun(run).find((figure) => figure.id === id)?.caption

describe('an engine with names of its own', () => {
  it('has figures by the names that both share', () => {
    expect(figuresOf(result, 3_600)).toMatchObject({
      'revocations.windowMs.max': 7_000,
      'disclosure.disclosure.max': 1,
      'disclosure.availability.mean': expect.any(Number)
    })
  })

  it('has success over time, of what succeeded and what failed', () => {
    expect(caption('success')).toContain('Of 50 operations 90 % succeeded')
  })

  it('has traffic by kind, sums left out', () => {
    expect(caption('traffic')).toMatch(/In all 100 B\/s; dht 100 B\/s\.$/)
  })

  it('has revocation windows with the bound that it states', () => {
    expect(caption('revocation')).toContain('After 1 of them nothing was released at all.')
    expect(caption('revocation')).toContain('The guarantee is 20 s')
  })

  it('has disclosure, with a place for what was not disclosed', () => {
    const figure = figuresOfRun(run).find(({ id }) => id === 'disclosure')

    expect(figure?.data?.rows.at(-1)).toEqual(['5 of 5', '95 %', '0 %'])
    expect(figure?.svg).toContain('>none</text>')
  })
})
