/**
 * What a choice of t and n buys and costs: chance that a record can be opened when custodians are
 * away, against chance that custodians who collude can open it without asking anybody.
 * @module
 */
import { measure, stack } from '../../results/columns.ts'
import { FONT, type LogAxis, linearAxis, logAxis } from '../axes.ts'
import { dash, series, TEXT } from '../colours.ts'
import { type Figure, GRID } from '../figure.ts'
import { log10, number, share } from '../words.ts'
import type { Plot } from './plot.ts'

interface Point {
  readonly t: number
  readonly n: number
  disclosure: number
  availability: number
  rows: number
}

/** Nothing smaller is told apart: it is drawn as this, and no run has as many records. */
const LEAST = 1e-12

export const disclosure: Plot = {
  id: 'disclosure',
  draw({ results }) {
    const table = stack(results, 'disclosure')
    const columns = ['t', 'n', 'disclosure', 'availability']
    if (table == null) return undefined
    const [t, n, disclosed, available] = columns.map((name) => measure(table, name))
    if (t == null || n == null || disclosed == null || available == null) return undefined
    const points = new Map<string, Point>()
    for (let row = 0; row < table.rows; row++) {
      const at = { t: t[row] as number, n: n[row] as number }
      const key = `${at.t} of ${at.n}`
      const point = points.get(key) ?? { ...at, disclosure: 0, availability: 0, rows: 0 }
      point.disclosure += disclosed[row] as number
      point.availability += available[row] as number
      point.rows++
      points.set(key, point)
    }
    const all = [...points.values()]
      .map((p) => ({
        ...p,
        disclosure: p.disclosure / p.rows,
        availability: p.availability / p.rows
      }))
      .filter((p) => Number.isFinite(p.disclosure) && Number.isFinite(p.availability))
      .sort((a, b) => a.n - b.n || a.t - b.t)
    if (all.length === 0) return undefined
    return figureOf(all)
  }
}

const DISCLOSED = 'records disclosed (logarithmic)'

function figureOf(all: readonly Point[]): Figure {
  // with every custodian there, what availability costs cannot be seen: threshold itself is shown
  const always = all.every((p) => 1 - p.availability <= LEAST)
  const x = always
    ? thresholdAxis(Math.max(...all.map((p) => p.t)))
    : chanceAxis(
        'records that cannot be opened: 1 − availability (logarithmic)',
        all.map((p) => 1 - p.availability)
      )
  const y = chanceAxis(
    DISCLOSED,
    all.map((p) => p.disclosure),
    true
  )
  const sizes = [...new Set(all.map((p) => p.n))]
  const words = always
    ? 'Every custodian was there, so that every record could be opened; a higher threshold t only lowers what custodians who collude disclose.'
    : 'Each point is a choice of t of n: further left more records can be opened, further down fewer are disclosed to custodians who collude.'
  return {
    id: 'disclosure',
    title: `Disclosure ${always ? '' : 'against availability, '}by threshold t and custodians n`,
    axes: [x.title, DISCLOSED],
    height: 500,
    caption: `${words} ${all.length} choices, of n = ${sizes.join(', ')}.`,
    data: {
      head: ['t of n', 'records that can be opened', 'records disclosed'],
      rows: all.map((p) => [`${p.t} of ${p.n}`, share(p.availability), share(p.disclosure)])
    },
    option: {
      grid: { ...GRID, left: 108, right: 48 },
      xAxis: x.option,
      yAxis: y.option,
      series: sizes.map((n, i) => ({
        ...marked(i),
        name: `n = ${n}`,
        data: all
          .filter((p) => p.n === n)
          .map((p) => [
            always ? p.t : x.at(1 - p.availability),
            y.at(p.disclosure),
            always ? '' : `${p.t}/${p.n}`
          ])
      }))
    }
  }
}

/** A line whose points say what they are. */
const marked = (i: number): object => ({
  type: 'line',
  symbol: ['circle', 'rect', 'triangle', 'diamond'][i % 4],
  symbolSize: 10,
  lineStyle: { width: 1.6, color: series(i), type: dash(i) },
  itemStyle: { color: series(i) },
  label: {
    show: true,
    position: 'right',
    formatter: ({ data }: { data: readonly [number, number, string] }) => data[2],
    color: TEXT.light,
    fontFamily: FONT,
    fontSize: 12
  },
  labelLayout: { hideOverlap: true }
})

interface Titled extends LogAxis {
  readonly title: string
}

function thresholdAxis(most: number): Titled {
  const title = 'threshold t (shares that open a record)'
  return { title, option: linearAxis(title, most, { whole: true }), at: (t) => t }
}

/** There is no 0 on a logarithmic axis: it is drawn a decade below the least, and says "none". */
function chanceAxis(title: string, chances: readonly number[], vertical = false): Titled {
  const positive = chances.filter((chance) => chance > LEAST)
  const none = positive.length < chances.length
  const least = Math.min(...positive, 1)
  const low = none ? 10 ** Math.floor(log10(least) - 1) : least * 0.6
  const axis = logAxis(title, low, Math.max(...positive, low * 10), {
    vertical,
    gap: vertical ? 84 : 38,
    label: (chance) => (none && chance <= low * 1.001 ? 'none' : `${number(chance * 100)} %`)
  })
  return { ...axis, title }
}
