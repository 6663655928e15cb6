/**
 * One traced request, step by step: who did what when.
 * @module
 */
import type { TraceEvent } from '../../engine.ts'
import { axis, FONT, FONT_PX, linearAxis } from '../axes.ts'
import { QUIET, series, TEXT } from '../colours.ts'
import { type Figure, GRID } from '../figure.ts'
import { duration, number } from '../words.ts'
import type { Plot } from './plot.ts'

/** More steps than this are not read one by one; the first are shown. */
const STEPS_SHOWN = 40
const ROW_PX = 26

export const timeline: Plot = {
  id: 'timeline',
  draw({ results }) {
    const trace = results.find((result) => result.trace.length > 0)?.trace
    return trace && timelineOf(trace, (trace[0] as TraceEvent).operation)
  }
}

/** The events of one operation; undefined when there are none. */
export function timelineOf(trace: readonly TraceEvent[], operation: number): Figure | undefined {
  const all = trace.filter((event) => event.operation === operation)
  all.sort((a, b) => a.atMs - b.atMs || a.untilMs - b.untilMs)
  const events = all.slice(0, STEPS_SHOWN)
  if (events.length === 0) return undefined
  const start = Math.min(...all.map(({ atMs }) => atMs))
  const end = Math.max(...events.map(({ untilMs }) => untilMs)) - start
  const names = events.map(({ actor, step }) => `${actor}  ${step}`)
  const left = 24 + Math.max(...names.map(({ length }) => length)) * 8
  const kinds = [...new Set(events.map(({ step }) => step))]
  const cut = all.length - events.length
  const axes = [`time since the request (ms)`, 'actor and step'] as const
  return {
    id: 'timeline',
    title: `Timeline of operation ${number(operation)}`,
    axes,
    height: 90 + events.length * ROW_PX,
    caption:
      `${number(all.length)} steps in ${duration(end)}${cut > 0 ? `, the first ${STEPS_SHOWN} shown` : ''}: ` +
      `${events.map((e) => `${e.actor} ${e.step} from ${duration(e.atMs - start)} for ${duration(e.untilMs - e.atMs)}`).join('; ')}.`,
    option: {
      legend: { show: false },
      grid: { ...GRID, left, top: 20, right: 24 },
      // room at the right for what the last steps say
      xAxis: linearAxis(axes[0], end * 1.45),
      yAxis: {
        ...axis({
          title: '',
          ticks: [],
          low: 0,
          high: 1,
          label: String,
          vertical: true,
          grid: false
        }),
        type: 'category',
        inverse: true,
        data: names,
        min: undefined,
        max: undefined,
        axisTick: { show: false },
        axisLabel: { color: TEXT.light, fontSize: FONT_PX - 1, fontFamily: FONT, interval: 0 }
      },
      series: [
        {
          type: 'bar',
          stack: 'steps',
          silent: true,
          itemStyle: { color: 'transparent' },
          data: events.map(({ atMs }) => atMs - start)
        },
        {
          type: 'bar',
          stack: 'steps',
          barWidth: ROW_PX * 0.62,
          barMinHeight: 2,
          data: events.map(({ atMs, untilMs, step, detail }) => ({
            value: untilMs - atMs,
            itemStyle: { color: series(kinds.indexOf(step)) },
            label: {
              show: true,
              position: 'right',
              formatter: `${duration(untilMs - atMs)}${detail === '' ? '' : ` · ${detail}`}`,
              color: QUIET.light,
              fontSize: 12,
              fontFamily: FONT
            }
          }))
        }
      ]
    }
  }
}
