import { describe, expect, it } from 'vitest'
import { Rng } from '../../../sim/random.ts'
import { type SweptRun, sweepFigures, sweepPage } from '../../../sim/report/sweep.ts'
import { madeUpScenario } from '../fixture.ts'

/** 5 hops and 0.7 more for each tenfold size. */
function runs(sizes: readonly number[], repeats = 3): SweptRun[] {
  const rng = new Rng(3, 'sweep')
  return sizes.flatMap((clinics) =>
    ['js', 'classic'].flatMap((table) =>
      Array.from({ length: repeats }, (_, repeat) => ({
        at: { 'network.clinics': clinics, 'dht.table': table },
        repeat,
        figures: {
          'lookup.hops.mean': 5 + 0.7 * Math.round(Math.log10(clinics)) + 0.02 * rng.normal(),
          'lookup.ok.share': 0.97 + 0.01 * rng.unit()
        }
      }))
    )
  )
}

const report = (of: readonly SweptRun[]) =>
  ({ scenario: madeUpScenario(), engine: 'model', runs: of, failed: 0 }) as const

describe('report of a sweep', () => {
  const init = report(runs([100, 1_000, 10_000, 100_000]))
  const figures = sweepFigures(init)
  const page = sweepPage(init, figures)

  it('draws each figure against each number that was varied', () => {
    expect(figures.map(({ id }) => id)).toEqual([
      'lookup-ok-share-by-network-clinics',
      'lookup-hops-mean-by-network-clinics'
    ])
    for (const { svg, axes } of figures) {
      for (const title of axes) expect(svg).toContain(`>${title}</text>`)
      expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    }
  })

  it('fits growth on log N with the interval of its slope', () => {
    const caption = figures[1]?.caption ?? ''

    const slopes = [...caption.matchAll(/grows by ([\d.]+) for each tenfold size/g)].map(Number)
    expect(caption).toMatch(
      /grows by 0\.(69|7)\d* for each tenfold size \(95 % interval of the slope 0\./
    )
    expect(slopes).toHaveLength(2)
  })

  it('fits nothing to two sizes', () => {
    const [figure] = sweepFigures(report(runs([100, 1_000])))

    expect(figure?.caption).not.toContain('tenfold')
  })

  it('gives the points as a table', () => {
    expect(figures[1]?.data?.rows[0]).toEqual([
      '100',
      'dht.table js',
      expect.stringMatching(/^6\.\d+$/),
      expect.stringMatching(/^6\.\d+ – 6\.\d+$/),
      '3'
    ])
    expect(page).toContain('As a table')
  })

  it('has no plot where only words were varied', () => {
    expect(sweepFigures(report(runs([100])))).toEqual([])
  })

  it('says what failed and has the same bytes again', () => {
    const some = { ...init, failed: 2 }

    expect(sweepPage(some, figures)).toContain('Points that failed and are not in it: 2.')
    expect(sweepPage(init, sweepFigures(init))).toBe(page)
  })
})
