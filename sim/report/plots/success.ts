/**
 * Success over time beside how many nodes are online: what churn, partitions and storms do to those
 * who ask.
 * @module
 */
import { asNumbers, findColumn, isText } from '../../results/columns.ts'
import { wilson } from '../../statistics/binomial.ts'
import { linearAxis, shareAxis } from '../axes.ts'
import { QUIET, series } from '../colours.ts'
import { number, share } from '../words.ts'
import { overTime } from './over-time.ts'
import type { Plot } from './plot.ts'

export const success: Plot = {
  id: 'success',
  draw(run) {
    const time = overTime(run)
    const operations = time?.sum('operations')
    const successes = time?.sum('successes')
    if (time == null || operations == null || successes == null) return undefined
    const all = operations.reduce((sum, n) => sum + n, 0)
    if (all === 0) return undefined
    const points = time.atSeconds.flatMap((at, i) => {
      const count = operations[i] as number
      const ok = successes[i] as number
      const middle = time.at(at + time.intervalSeconds / 2)
      return count === 0 ? [] : [{ at: middle, share: ok / count, ...wilson(ok, count) }]
    })
    const online = onlineShare(run, time.sum('online'))
    const worst = points.reduce((a, b) => (b.share < a.share ? b : a))
    const y = online == null ? 'share that succeeded' : 'share (succeeded; online)'
    const line = { type: 'line', symbol: 'none' }
    const hidden = {
      ...line,
      lineStyle: { opacity: 0 },
      stack: 'interval',
      silent: true
    }
    return {
      id: 'success',
      title: online == null ? 'Success over time' : 'Success and availability over time',
      axes: [time.axis, y],
      caption:
        `Share of operations that succeeded in each interval, with its 95 % interval (Wilson)` +
        `${online == null ? '' : ', and share of nodes online'}. Of ${number(all)} operations ` +
        `${share(successes.reduce((sum, n) => sum + n, 0) / all)} succeeded; the worst interval, at ` +
        `${number(worst.at)}, had ${share(worst.share)}.`,
      option: {
        xAxis: linearAxis(time.axis, time.end),
        yAxis: shareAxis(y),
        series: [
          { ...hidden, data: points.map(({ at, low }) => [at, low]) },
          {
            ...hidden,
            data: points.map(({ at, low, high }) => [at, high - low]),
            areaStyle: { color: series(0), opacity: 0.18 }
          },
          {
            ...line,
            name: 'succeeded',
            data: points.map((point) => [point.at, point.share]),
            lineStyle: { width: 2.4, color: series(0) },
            itemStyle: { color: series(0) }
          },
          ...(online == null
            ? []
            : [
                {
                  ...line,
                  name: 'nodes online',
                  data: online.map((value, i) => [
                    time.at((time.atSeconds[i] as number) + time.intervalSeconds),
                    value
                  ]),
                  lineStyle: { width: 2, color: QUIET.light, type: [6, 4] },
                  itemStyle: { color: QUIET.light }
                }
              ])
        ]
      }
    }
  }
}

/** Of all nodes, which the nodes table counts. */
function onlineShare(
  { results }: Parameters<Plot['draw']>[0],
  online: readonly number[] | undefined
): readonly number[] | undefined {
  const nodes = results.reduce((sum, result) => sum + result.nodes.rows, 0)
  if (online == null || nodes === 0 || online.every((n) => n === 0)) return undefined
  const counted = results.every(({ series: table }) => {
    const column = findColumn(table, 'online')
    return column != null && !isText(column.values) && asNumbers(column.values).every((n) => n >= 0)
  })
  return counted ? online.map((n) => Math.min(1, n / nodes)) : undefined
}
