/**
 * How evenly nodes carry the load: Lorenz's curve, over all nodes of all repeats.
 * @module
 */
import { asNumbers, concatNumbers, isText, present } from '../../results/columns.ts'
import { loadColumn } from '../../results/figures.ts'
import { gini, lorenz, maxOverMean } from '../../statistics/inequality.ts'
import { shareAxis } from '../axes.ts'
import { QUIET, series } from '../colours.ts'
import { number, share, spaced } from '../words.ts'
import type { Plot } from './plot.ts'

const EMPTY = new Float64Array()
const AXES = ['share of nodes, least loaded first', 'share of the load'] as const

export const load: Plot = {
  id: 'load',
  draw({ results }) {
    const columns = results.map(({ nodes }) => loadColumn(nodes))
    const [column] = columns
    if (column == null) return undefined
    const loads = concatNumbers(
      columns.map((each) =>
        each == null || isText(each.values) ? EMPTY : present(asNumbers(each.values))
      )
    )
    if (loads.length < 2 || loads.every((value) => value === 0)) return undefined
    const curve = lorenz(loads, 200).map((point) => [point.nodes, point.load])
    const half = curve[Math.floor(curve.length / 2)]?.[1] ?? 0
    const line = { type: 'line', symbol: 'none' }
    return {
      id: 'load',
      title: 'How the load is spread over nodes',
      axes: AXES,
      caption:
        `Lorenz’s curve of ${column.name === 'load' ? 'requests answered' : spaced(column.name)} ` +
        `over ${number(loads.length)} nodes. The less loaded half carries ${share(half)} of it; ` +
        `Gini coefficient ${number(gini(loads))}, the heaviest carries ` +
        `${number(maxOverMean(loads))} times the mean. The straight line is an even load.`,
      option: {
        xAxis: shareAxis(AXES[0], false),
        yAxis: shareAxis(AXES[1]),
        series: [
          {
            ...line,
            name: 'measured',
            data: curve,
            lineStyle: { width: 2.4, color: series(0) },
            itemStyle: { color: series(0) },
            areaStyle: { color: series(0), opacity: 0.12 }
          },
          {
            ...line,
            name: 'even',
            data: [
              [0, 0],
              [1, 1]
            ],
            lineStyle: { width: 1.6, color: QUIET.light, type: [6, 4] },
            itemStyle: { color: QUIET.light }
          }
        ]
      }
    }
  }
}
