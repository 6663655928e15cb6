/**
 * Bytes that a node sends a second, by kind of traffic, over time: what taking part costs.
 * @module
 */
import { linearAxis } from '../axes.ts'
import { series } from '../colours.ts'
import { bytes, spaced } from '../words.ts'
import { overTime } from './over-time.ts'
import type { Plot } from './plot.ts'

export const traffic: Plot = {
  id: 'traffic',
  draw(run) {
    const time = overTime(run)
    if (time == null) return undefined
    const online = time.sum('online')
    const nodes = run.results.reduce((sum, result) => sum + result.nodes.rows, 0)
    const rates = time.traffic.flatMap((name) => {
      const sent = time.sum(name) ?? []
      if (sent.every((value) => value === 0)) return []
      const each = sent.map((value, i) => {
        const among = online?.[i] || nodes
        return among === 0 ? 0 : value / among / time.intervalSeconds
      })
      return [{ name: kindOf(name), each, mean: each.reduce((a, b) => a + b, 0) / each.length }]
    })
    if (rates.length === 0) return undefined
    rates.sort((a, b) => b.mean - a.mean)
    const totals = time.atSeconds.map((_, i) =>
      rates.reduce((sum, { each }) => sum + (each[i] as number), 0)
    )
    const axes = [time.axis, 'sent by a node (B/s)'] as const
    return {
      id: 'traffic',
      title: 'Bytes a node sends a second, by kind',
      axes,
      caption:
        `Mean over the nodes online, kinds stacked. In all ` +
        `${bytes(totals.reduce((a, b) => a + b, 0) / totals.length)}/s; ` +
        `${rates.map(({ name, mean }) => `${name} ${bytes(mean)}/s`).join(', ')}.`,
      option: {
        xAxis: linearAxis(axes[0], time.end),
        yAxis: linearAxis(axes[1], Math.max(...totals), { vertical: true }),
        series: rates.map(({ name, each }, i) => ({
          name,
          type: 'line',
          stack: 'all',
          symbol: 'none',
          data: each.map((value, j) => [
            time.at((time.atSeconds[j] as number) + time.intervalSeconds / 2),
            value
          ]),
          lineStyle: { width: 1.4, color: series(i) },
          itemStyle: { color: series(i) },
          areaStyle: { color: series(i), opacity: 0.45 }
        }))
      }
    }
  }
}

/** "dhtBytes" as "dht". */
const kindOf = (name: string): string => spaced(name.replace(/(Sent)?Bytes$/, ''))
