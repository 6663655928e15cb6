/**
 * One traced request, step by step: who did what when.
 * @module
 */
import type { TraceEvent } from '../../engine.ts'
import { FONT, FONT_PX, linearAxis } from '../axes.ts'
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
  const longest = events.reduce((a, b) => (lasts(b) > lasts(a) ? b : a))
  const cut = all.length - events.length
  return {
    id: 'timeline',
    title: `Timeline of operation ${number(operation)}`,
    axes: AXES,
    height: 90 + events.length * ROW_PX,
    caption:
      `${number(all.length)} steps in ${duration(end)}` +
      `${cut > 0 ? `, the first ${STEPS_SHOWN} shown` : ''}; the longest is ` +
      `${longest.actor} ${longest.step}, ${duration(lasts(longest))}.`,
    data: {
      head: ['step', 'actor', 'from', 'for', 'what'],
      rows: events.map((event) => [
        event.step,
        event.actor,
        duration(event.atMs - start),
        duration(lasts(event)),
        event.detail
      ])
    },
    option: bars(events, start, end)
  }
}

const AXES = ['time since the request (ms)', 'actor and step'] as const
const lasts = ({ atMs, untilMs }: TraceEvent): number => untilMs - atMs

/** Bars that begin where their step does: each stands on one that is not seen. */
function bars(events: readonly TraceEvent[], start: number, end: number): object {
  const names = events.map(({ actor, step }) => `${actor}  ${step}`)
  const kinds = [...new Set(events.map(({ step }) => step))]
  const small = { fontSize: FONT_PX - 1, fontFamily: FONT }
  return {
    legend: { show: false },
    grid: { ...GRID, left: 24 + Math.max(...names.map(({ length }) => length)) * 8, top: 20 },
    // room at the right for what the last steps say
    xAxis: linearAxis(AXES[0], end * 1.45),
    yAxis: {
      type: 'category',
      inverse: true,
      data: names,
      axisLine: { lineStyle: { color: QUIET.light } },
      axisTick: { show: false },
      axisLabel: { ...small, color: TEXT.light, interval: 0 }
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
        data: events.map((event) => ({
          value: lasts(event),
          itemStyle: { color: series(kinds.indexOf(event.step)) },
          label: {
            ...small,
            show: true,
            position: 'right',
            formatter: [duration(lasts(event)), event.detail].filter((t) => t !== '').join(' · '),
            color: QUIET.light
          }
        }))
      }
    ]
  }
}
