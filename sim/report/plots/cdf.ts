/**
 * Cumulative distributions by kind of operation: for each value the share of operations that needed
 * no more. The steps are the data's own where there are few values; else 400 quantiles, which differ
 * from them by less than a line's width.
 * @module
 */
import { OperationKind } from '../../engine.ts'
import { concatNumbers } from '../../results/columns.ts'
import { successes, valuesOf } from '../../results/figures.ts'
import type { StoredRun } from '../../results/run.ts'
import { quantile } from '../../statistics/quantile.ts'
import { linearAxis, logAxis, shareAxis } from '../axes.ts'
import { dash, SERIES, series } from '../colours.ts'
import type { Figure } from '../figure.ts'
import { number } from '../words.ts'
import type { Plot } from './plot.ts'

const QUANTILES = 400

export interface CdfInit {
  readonly id: string
  readonly title: string
  /** Of the operations table. */
  readonly column: string
  /** With its unit in brackets. */
  readonly axis: string
  /** Times spread over decades. @default false */
  readonly logarithmic?: boolean
  /** Only operations that succeeded. @default false */
  readonly ok?: boolean
  /** Kinds to show. @default all that have values */
  readonly kinds?: readonly string[]
  /** Of a logarithmic axis. @default 1-2-5 */
  readonly marks?: readonly (readonly number[])[]
  tick(value: number): string
  say(value: number): string
}

export function cdfPlot(init: CdfInit): Plot {
  return {
    id: init.id,
    draw(run) {
      const curves = curvesOf(run, init)
      return curves.length === 0 ? undefined : figureOf(curves, init)
    }
  }
}

interface Curve {
  readonly kind: string
  readonly ascending: Float64Array
}

function curvesOf({ results }: StoredRun, init: CdfInit): Curve[] {
  const there = new Set(results.flatMap(({ operations }) => [...successes(operations).keys()]))
  const ok = init.ok ?? false
  return (init.kinds ?? OperationKind)
    .filter((kind) => there.has(kind))
    .map((kind) => {
      const parts = results.map(({ operations }) => valuesOf(operations, kind, init.column, { ok }))
      return { kind, ascending: concatNumbers(parts).sort() }
    })
    .filter(({ ascending }) => ascending.length > 0 && (ascending.at(-1) as number) > 0)
    .slice(0, SERIES.length)
}

function figureOf(curves: readonly Curve[], init: CdfInit): Figure {
  const { id, title, logarithmic = false } = init
  const highest = Math.max(...curves.map(({ ascending }) => ascending.at(-1) as number))
  const lowest = Math.min(...curves.map(({ ascending }) => smallestAboveNone(ascending)))
  const log = logarithmic
    ? logAxis(init.axis, lowest, highest, {
        label: init.tick,
        ...(init.marks == null ? {} : { marks: init.marks })
      })
    : undefined
  const at = (value: number) => log?.at(value) ?? value
  const whole = curves.every(({ ascending }) => ascending.every(Number.isInteger))
  return {
    id,
    title,
    axes: [init.axis, SHARE],
    caption: `${title}, cumulative, by kind of operation. ${curves
      .slice(0, 2)
      .map((c) => inWords(c, init))
      .join('; ')}.`,
    data: {
      head: ['kind', 'operations', 'half within', '95 % within', 'all within'],
      rows: curves.map(({ kind, ascending }) => [
        kind,
        number(ascending.length),
        ...[0.5, 0.95, 1].map((p) => init.say(quantile(ascending, p)))
      ])
    },
    option: {
      xAxis: log?.option ?? linearAxis(init.axis, highest, { whole }),
      yAxis: shareAxis(SHARE),
      series: curves.map(({ kind, ascending }, i) => ({
        name: `${kind} (${number(ascending.length)})`,
        type: 'line',
        step: 'end',
        symbol: 'none',
        lineStyle: { width: 2.2, color: series(i), type: dash(i) },
        itemStyle: { color: series(i) },
        data: steps(ascending).map(([value, share]) => [at(value), share])
      }))
    }
  }
}

const SHARE = 'share of operations'

const smallestAboveNone = (ascending: Float64Array): number =>
  ascending.find((value) => value > 0) ?? (ascending.at(-1) as number)

/** From where none is, to where all are. */
export function steps(ascending: Float64Array): [value: number, share: number][] {
  const n = ascending.length
  const points: [number, number][] = [[ascending[0] as number, 0]]
  if (n > QUANTILES) {
    const distinct = new Set(ascending)
    if (distinct.size > QUANTILES) {
      for (let i = 0; i <= QUANTILES; i++)
        points.push([quantile(ascending, i / QUANTILES), i / QUANTILES])
      return points
    }
  }
  for (let i = 0; i < n; i++) {
    if (i + 1 === n || ascending[i + 1] !== ascending[i]) {
      points.push([ascending[i] as number, (i + 1) / n])
    }
  }
  return points
}

const inWords = ({ kind, ascending }: Curve, { say }: CdfInit): string =>
  `${kind}: half within ${say(quantile(ascending, 0.5))}, 95 % within ${say(quantile(ascending, 0.95))}, ` +
  `all of ${number(ascending.length)} within ${say(ascending.at(-1) as number)}`
