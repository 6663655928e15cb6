/**
 * A figure against a swept value: the mean over repeats with its 95 % interval, every repeat as a
 * point, a line for each combination of the other values; against the size of a network a fitted
 * line as well.
 * @module
 */
import { overRepeats } from '../../results/summarise.ts'
import { mean } from '../../statistics/quantile.ts'
import { fitGrowth, type Line } from '../../statistics/regression.ts'
import { linearAxis, logAxis, shareAxis } from '../axes.ts'
import { dash, QUIET, SERIES, series } from '../colours.ts'
import type { Figure } from '../figure.ts'
import {
  figureInWords,
  figureUnit,
  log10,
  number,
  rangeInWords,
  title,
  withUnit
} from '../words.ts'

/** One run of a sweep. */
export interface SweptRun {
  /** The swept values, by path: "network.clinics" → 200. */
  readonly at: Readonly<Record<string, number | string | boolean>>
  readonly repeat: number
  readonly figures: Readonly<Record<string, number>>
}

interface Group {
  readonly name: string
  readonly runs: readonly (readonly [x: number, y: number])[]
}

/** Growth is a line on log N, by the theory of Kademlia; three sizes so that it can be wrong. */
const SIZES_MIN = 3
const isSize = (path: string): boolean => /(^|\.)(clinics|patients|nodes)$/.test(path)

/** Undefined when there are not two numbers to put on the axis, or no such figure. */
export function sweptFigure(
  runs: readonly SweptRun[],
  path: string,
  figure: string
): Figure | undefined {
  const groups = groupsOf(runs, path, figure)
  const xs = [...new Set(groups.flatMap((group) => group.runs.map(([x]) => x)))].sort(
    (a, b) => a - b
  )
  if (xs.length < 2) return undefined
  const [least, most] = [xs[0] as number, xs.at(-1) as number]
  const unit = figureUnit(figure)
  const heading = `${title(figureInWords(figure))}, against ${path}`
  const wide = least > 0 && (isSize(path) || most / least >= 50)
  const xTitle = `${path}${wide ? ' (logarithmic)' : ''}`
  const log = wide ? logAxis(xTitle, least, most) : undefined
  const at = (x: number) => log?.at(x) ?? x
  const lines = isSize(path) ? groups.map(fitOf) : []
  const yTitle = `${figureInWords(figure)} (${unit === '' ? 'count' : unit})`
  return {
    id: `${figure}-by-${path}`.toLowerCase().replace(/[^a-z0-9]+/g, '-'),
    title: heading,
    axes: [xTitle, yTitle],
    caption: `${heading}: mean over repeats, band of 95 % (Student), a point a run.${growthWords(groups, lines, unit)}`,
    data: points(groups, path, unit),
    option: {
      xAxis: log?.option ?? linearAxis(xTitle, most, { low: Math.min(0, least) }),
      yAxis:
        unit === 'share'
          ? shareAxis(yTitle, true, lowerEnd(groups))
          : linearAxis(yTitle, highest(groups), { vertical: true }),
      series: groups.flatMap((group, i) => [
        ...seriesOf(group, i, at),
        ...fitSeries(group, lines[i], i, at)
      ])
    }
  }
}

function groupsOf(runs: readonly SweptRun[], path: string, figure: string): Group[] {
  const groups = new Map<string, [number, number][]>()
  for (const { at, figures } of runs) {
    const x = at[path]
    const y = figures[figure]
    if (typeof x !== 'number' || y == null || !Number.isFinite(y)) continue
    const others = Object.entries(at).filter(([other]) => other !== path)
    const name = others.map(([other, value]) => `${other} ${value}`).join(', ') || 'mean'
    groups.set(name, [...(groups.get(name) ?? []), [x, y]])
  }
  return [...groups].slice(0, SERIES.length).map(([name, of]) => ({ name, runs: of }))
}

const highest = (groups: readonly Group[]): number =>
  Math.max(...groups.flatMap(({ runs }) => runs.map(([, y]) => y)), 0) * 1.04 || 1

/** Near 1 a share is read from its distance to 1; the axis says where it begins. */
function lowerEnd(groups: readonly Group[]): 0 | 0.5 | 0.8 | 0.9 {
  const lowest = Math.min(
    ...groups.flatMap((group) => means(group).map(({ low, y }) => Math.min(low, y)))
  )
  return ([0.9, 0.8, 0.5] as const).find((low) => lowest >= low) ?? 0
}

interface Mean {
  readonly x: number
  readonly y: number
  readonly low: number
  readonly high: number
  readonly count: number
}

function means({ runs }: Group): Mean[] {
  const xs = [...new Set(runs.map(([x]) => x))].sort((a, b) => a - b)
  return xs.map((x) => {
    const ys = runs.filter(([at]) => at === x).map(([, y]) => y)
    const y = mean(ys)
    const interval = overRepeats(ys)
    return { x, y, low: interval?.low ?? y, high: interval?.high ?? y, count: ys.length }
  })
}

function seriesOf(group: Group, i: number, at: (x: number) => number): object[] {
  const of = means(group)
  const colour = { color: series(i) }
  const hidden = { type: 'line', symbol: 'none', lineStyle: { opacity: 0 }, stack: `band ${i}` }
  return [
    { ...hidden, stackStrategy: 'all', data: of.map(({ x, low }) => [at(x), Math.max(0, low)]) },
    {
      ...hidden,
      stackStrategy: 'all',
      areaStyle: { ...colour, opacity: 0.16 },
      data: of.map(({ x, low, high }) => [at(x), high - Math.max(0, low)])
    },
    {
      name: group.name,
      type: 'line',
      symbol: 'circle',
      symbolSize: 7,
      lineStyle: { width: 2, type: dash(i), ...colour },
      itemStyle: colour,
      data: of.map(({ x, y }) => [at(x), y])
    },
    {
      type: 'scatter',
      symbolSize: 4,
      itemStyle: { ...colour, opacity: 0.5 },
      data: group.runs.map(([x, y]) => [at(x), y])
    }
  ]
}

function fitOf({ runs }: Group): Line | undefined {
  const there = runs.filter(([x]) => x > 0)
  const sizes = there.map(([x]) => x)
  return new Set(sizes).size < SIZES_MIN
    ? undefined
    : fitGrowth(
        sizes,
        there.map(([, y]) => y)
      )
}

function fitSeries(
  group: Group,
  line: Line | undefined,
  i: number,
  at: (x: number) => number
): object[] {
  if (line == null) return []
  const xs = group.runs.map(([x]) => x).filter((x) => x > 0)
  const ends = [Math.min(...xs), Math.max(...xs)]
  const colour = { color: QUIET.light }
  return [
    {
      ...(i === 0 ? { name: 'fitted on log N' } : {}),
      type: 'line',
      symbol: 'none',
      lineStyle: { width: 1.4, type: i % 2 === 0 ? [6, 4] : [2, 3], ...colour },
      itemStyle: colour,
      data: ends.map((x) => [at(x), line.intercept + line.slope * log10(x)])
    }
  ]
}

function growthWords(
  groups: readonly Group[],
  lines: readonly (Line | undefined)[],
  unit: string
): string {
  return groups
    .map((group, i) => {
      const line = lines[i]
      if (line == null) return ''
      const { low, high } = line.slopeInterval
      const name = group.name === 'mean' ? '' : `${group.name}: `
      return (
        ` ${name}${line.slope < 0 ? 'falls' : 'grows'} by ${withUnit(Math.abs(line.slope), unit)} for each tenfold size ` +
        `(95 % interval of the slope ${rangeInWords(low, high, unit)}, R² ${number(line.r2)}).`
      )
    })
    .join('')
}

function points(groups: readonly Group[], path: string, unit: string): NonNullable<Figure['data']> {
  return {
    head: [path, 'others', 'mean', '95 % interval', 'runs'],
    rows: groups.flatMap((group) =>
      means(group).map(({ x, y, low, high, count }) => [
        number(x),
        group.name,
        withUnit(y, unit),
        count < 2 ? '–' : rangeInWords(low, high, unit),
        String(count)
      ])
    )
  }
}
