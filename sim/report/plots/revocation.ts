/**
 * The revocation window: how long after a patient took a grant back somebody could still get a share.
 * @module
 */
import { findColumn, numbers, present, stack } from '../../results/columns.ts'
import { quantile } from '../../statistics/quantile.ts'
import { linearAxis, shareAxis } from '../axes.ts'
import { BAD, series } from '../colours.ts'
import { duration, number } from '../words.ts'
import { steps } from './cdf.ts'
import type { Plot } from './plot.ts'

export const revocation: Plot = {
  id: 'revocation',
  draw({ results, manifest }) {
    const table = stack(results, 'revocations')
    if (table == null || findColumn(table, 'windowMs') == null) return undefined
    const windows = present(numbers(table, 'windowMs')).sort()
    if (windows.length === 0) return undefined
    const longest = windows.at(-1) as number
    const { blockSeconds, headMaxAgeSeconds } = manifest.scenario.chain
    const bound = blockSeconds + headMaxAgeSeconds
    const axes = ['revocation window (s)', 'share of revocations'] as const
    const nearBound = bound <= (longest / 1_000) * 8
    return {
      id: 'revocation',
      title: 'Revocation window',
      axes,
      caption:
        `Time from the act until no custodian would release any more, cumulative, over ` +
        `${number(windows.length)} revocations: median ${duration(quantile(windows, 0.5))}, ` +
        `99th percentile ${duration(quantile(windows, 0.99))}, longest ${duration(longest)}. ` +
        `One block (${number(blockSeconds)} s) and the oldest head that custodians accept ` +
        `(${number(headMaxAgeSeconds)} s) bound it by ${number(bound)} s when all goes well on chain.`,
      option: {
        xAxis: linearAxis(
          axes[0],
          nearBound ? Math.max(bound * 1.02, longest / 1_000) : longest / 1_000
        ),
        yAxis: shareAxis(axes[1]),
        series: [
          {
            name: 'revocations',
            type: 'line',
            step: 'end',
            symbol: 'none',
            lineStyle: { width: 2.4, color: series(0) },
            itemStyle: { color: series(0) },
            data: steps(windows).map(([ms, share]) => [ms / 1_000, share])
          },
          ...(nearBound
            ? [
                {
                  name: `one block + head age: ${number(bound)} s`,
                  type: 'line',
                  symbol: 'none',
                  lineStyle: { width: 2, color: BAD.light, type: [6, 4] },
                  itemStyle: { color: BAD.light },
                  data: [
                    [bound, 0],
                    [bound, 1]
                  ]
                }
              ]
            : [])
        ]
      }
    }
  }
}
