import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { figuresOfRun, reportPage, writeReport } from '../../../sim/report/report.ts'
import type { RunManifest, StoredRun } from '../../../sim/results/run.ts'
import { summarise } from '../../../sim/results/summarise.ts'
import { madeUpManifest, madeUpResult, madeUpScenario, tableOf } from '../fixture.ts'

function madeUpRun(change: Partial<RunManifest> = {}, scenario = madeUpScenario()): StoredRun {
  const results = [0, 1].map((repeat) => madeUpResult({ count: 300, nodes: 60, repeat }))
  const manifest = madeUpManifest({ scenario, complete: true, digest: 'd'.repeat(64), ...change })
  return { folder: '.', manifest, results, summary: summarise(scenario, results) }
}

const pageOf = (run: StoredRun): string => reportPage(run, figuresOfRun(run))

describe('report of a run', () => {
  const run = madeUpRun()
  const figures = figuresOfRun(run)
  const page = reportPage(run, figures)

  it('shows every plot that the run has data for', () => {
    expect(figures.map(({ id }) => id)).toEqual([
      'time-to-key',
      'latency',
      'success',
      'hops',
      'requests',
      'messages',
      'bytes',
      'traffic',
      'load',
      'revocation',
      'disclosure',
      'timeline'
    ])
    for (const { id } of figures) expect(page).toContain(`<figure id="figure-${id}">`)
  })

  it.each(figures.map((figure) => [figure.id, figure] as const))(
    '%s has axis titles with units, and words for those who do not see it',
    (_, { svg, axes, caption, title, id }) => {
      const [x, y] = axes
      expect(svg).toContain(`>${x}</text>`)
      if (id !== 'timeline') expect(svg).toContain(`>${y}</text>`)
      expect(`${x} ${y}`).toMatch(/\(|share/)
      expect(svg).toContain(`<title id="${id}-title">${title}</title>`)
      expect(svg).toMatch(/^<svg [^>]*role="img"/)
      expect(caption).toMatch(/\d/)
      expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    }
  )

  it('refers to nothing outside itself and runs nothing', () => {
    const bare = page.replaceAll('xmlns="http://www.w3.org/2000/svg"', '')

    expect(bare).not.toMatch(/https?:|<script|<link|@import|url\((?!#)|<img|src=/)
    expect(bare).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
  })

  it('has every id once', () => {
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)

    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
  })

  it('uses no colour that a dark page lacks', () => {
    const body = page.slice(page.indexOf('<body>'))

    expect(body.match(/(fill|stroke)="#[0-9a-f]+"/g) ?? []).toEqual([])
  })

  it('is the same to the last byte when it is made again', () => {
    expect(pageOf(madeUpRun())).toBe(page)
  })

  it('answers the question from what was expected', () => {
    expect(page).toContain('Does a clinic get a key within a second')
    expect(page).toContain('As expected')
    expect(page).toMatch(
      /Yes: time to key of retrieve, 95th percentile, is [\d.]+ ms \(95 % interval/
    )
  })

  it('says with which calibration, what is left out, and how to make it again', () => {
    expect(page).toContain('Calibrated model.')
    expect(page).toContain('2026-11-20')
    expect(page).toContain('latency ms: D 0.071, at most 0.098, median off by 9 %')
    expect(page).toContain('Node code does not run')
    expect(page).toContain(`git checkout ${run.manifest.commit}`)
    expect(page).toContain('sim run scenario.yaml --engine model --seed 7')
    expect(page).toContain('d'.repeat(64))
  })
})

describe('what a report admits', () => {
  it('that a model has no calibration', () => {
    const { calibration: _, ...manifest } = madeUpManifest()
    const run = madeUpRun()

    expect(pageOf({ ...run, manifest })).toContain('Model, not validated.')
  })

  it('that a calibration did not pass', () => {
    const calibration = { ...madeUpManifest().calibration, agreed: false } as never

    expect(pageOf(madeUpRun({ calibration }))).toContain('Model, calibration not passed.')
  })

  it('that an expectation was missed', () => {
    const scenario = madeUpScenario({ expect: [{ figure: 'retrieve.keyMs.p95', atMost: 1 }] })
    const page = pageOf(madeUpRun({}, scenario))

    expect(page).toContain('Not as expected: 1 of 1 missed')
    expect(page).toMatch(/No: time to key[^<]*; expected ≤ 1 ms\./)
  })

  it('that a law was violated, with the seed', () => {
    const run = madeUpRun()
    const checks = [{ name: 'no-share-without-grant', checked: 9, violations: 1, first: 'grant 4' }]
    const page = pageOf({ ...run, summary: { ...run.summary, checks, asExpected: false } })

    expect(page).toContain('Void: no-share-without-grant violated')
    expect(page).toContain('no figure of this run holds. Seed 7.')
  })

  it('that a law was not put to the test', () => {
    const run = madeUpRun()
    const checks = [{ name: 'revoked-is-denied', checked: 0, violations: 0 }]

    expect(pageOf({ ...run, summary: { ...run.summary, checks } })).toContain('not put to the test')
  })

  it('that a figure is not there', () => {
    const scenario = madeUpScenario({ expect: [{ figure: 'vital.ok.share', atLeast: 1 }] })

    expect(pageOf(madeUpRun({}, scenario))).toContain('Not answered: this run has no figure')
  })
})

describe('a run with little in it', () => {
  const bare = (): StoredRun => {
    const run = madeUpRun({}, madeUpScenario({ expect: [] }))
    const [result] = run.results
    if (result == null) throw new Error('expected a result')
    const none = (table: { name: string; columns: readonly { name: string; unit: string }[] }) =>
      tableOf(
        table.name,
        table.columns.map(({ name, unit }) => [name, unit] as const),
        []
      )
    const { operations, nodes, series } = result
    const empty = {
      ...result,
      operations: {
        ...none(operations),
        columns: operations.columns.map((column) => ({
          ...column,
          values: Array.isArray(column.values) ? [] : new Float64Array()
        }))
      },
      nodes: none(nodes),
      series: none(series),
      more: [],
      checks: [],
      trace: [],
      facts: {}
    }
    return { ...run, results: [empty], summary: summarise(run.manifest.scenario, [empty]) }
  }

  it('still has a page, without plots', () => {
    const run = bare()

    expect(figuresOfRun(run)).toEqual([])
    expect(pageOf(run)).toContain('No expectation stated')
  })

  it('keeps what a stranger wrote from becoming markup', () => {
    const question = 'Is <script>alert(1)</script> "safe" & sound?'
    const page = pageOf(madeUpRun({}, madeUpScenario({ question })))

    expect(page).not.toContain('<script>')
    expect(page).toContain('Is &lt;script&gt;alert(1)&lt;/script&gt; &quot;safe&quot; &amp; sound?')
  })
})

describe('files of a report', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyward-report-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('are the page and an SVG and a PNG for each figure', async () => {
    const run = madeUpRun()
    const [result] = run.results
    const few = { ...run, results: result == null ? [] : [{ ...result, trace: [], more: [] }] }

    const { html, figures } = await writeReport(few, folder)

    const names = await readdir(join(folder, 'figures'))
    expect(names).toHaveLength(figures.length)
    expect(names).toContain('load.svg')
    expect((await readFile(html, 'utf8')).startsWith('<!doctype html>')).toBe(true)
    const png = await readFile(join(folder, 'figures', 'load.png'))
    // width and height of the header: twice the drawing
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1640, 840])
  })
})
