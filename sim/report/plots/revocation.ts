/**
 * The revocation window: how long after a patient took a grant back somebody could still get a share.
 * @module
 */
import { measure, present, stack } from '../../results/columns.ts'
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
    const all = table && measure(table, 'windowMs')
    if (table == null || all == null) return undefined
    const windows = present(all).sort()
    if (windows.length === 0) return undefined
    const longest = windows.at(-1) as number
    const stated = measure(table, 'boundMs')?.[0]
    const { blockSeconds, headMaxAgeSeconds } = manifest.scenario.chain
    const bound = stated == null ? blockSeconds + headMaxAgeSeconds : stated / 1_000
    const never = windows.filter((ms) => ms === 0).length
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
        `${never > 0 ? `After ${number(never)} of them nothing was released at all. ` : ''}` +
        `The guarantee is ${number(bound)} s from the block on (SECURITY.md §10).`,
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
                  name: `guarantee: ${number(bound)} s`,
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
