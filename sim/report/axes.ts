/**
 * Axes with titles and units, and ticks at round numbers. Logarithmic ones are linear axes over log10
 * with ticks of their own: echarts labels decades only, which leaves two labels on most of ours.
 * @module
 */
import { QUIET, RULE, TEXT } from './colours.ts'
import { duration, log10, number } from './words.ts'

export const FONT = 'DejaVu Sans, Verdana, sans-serif'
export const FONT_PX = 14

export interface AxisInit {
  /** "time to key (ms)": what and, in brackets, the unit. */
  readonly title: string
  readonly ticks: readonly number[]
  readonly low: number
  readonly high: number
  label(value: number): string
  /** Vertical axes need room for their labels. */
  readonly vertical?: boolean
  /** Distance of the title from the axis in px. */
  readonly gap?: number
  readonly grid?: boolean
}

/** An echarts value axis that says exactly what is asked. */
export function axis(init: AxisInit): object {
  const { title, ticks, low, high, vertical = false, grid = true } = init
  return {
    type: 'value',
    name: title,
    nameLocation: 'middle',
    nameGap: init.gap ?? (vertical ? 64 : 38),
    nameRotate: vertical ? 90 : 0,
    nameTextStyle: { color: TEXT.light, fontSize: FONT_PX, fontFamily: FONT },
    min: low,
    max: high,
    axisLine: { show: true, onZero: false, lineStyle: { color: QUIET.light } },
    axisTick: { show: true, customValues: [...ticks], lineStyle: { color: QUIET.light } },
    axisLabel: {
      customValues: [...ticks],
      formatter: (value: number) => init.label(value),
      color: QUIET.light,
      fontSize: FONT_PX - 1,
      fontFamily: FONT,
      hideOverlap: false,
      showMinLabel: true,
      showMaxLabel: true
    },
    splitLine: { show: grid, lineStyle: { color: RULE.light } },
    minorTick: { show: false }
  }
}

/** From 0, or from a lower end that leaves five even steps to 1: 0.5, 0.8, 0.9. */
export function shareAxis(title: string, vertical = true, low: 0 | 0.5 | 0.8 | 0.9 = 0): object {
  return axis({
    title,
    vertical,
    ticks: [0, 1, 2, 3, 4, 5].map((step) => tidy(low + (step * (1 - low)) / 5)),
    low,
    high: 1,
    label: number,
    gap: vertical ? 56 : 38
  })
}

/** From 0 (or `low`) to what holds `high`, by 1, 2 or 5 times a power of ten. */
export function linearAxis(
  title: string,
  high: number,
  options: { readonly vertical?: boolean; readonly low?: number; readonly whole?: boolean } = {}
): object {
  const { low = 0, vertical = false, whole = false } = options
  const step = roundStep((high - low) / 6, whole)
  const from = Math.floor(low / step)
  const until = Math.max(from + 1, Math.ceil(high / step - 1e-9))
  const ticks = Array.from({ length: until - from + 1 }, (_, i) => tidy((from + i) * step))
  return axis({
    title,
    vertical,
    ticks,
    low: ticks[0] as number,
    high: ticks.at(-1) as number,
    label: number
  })
}

/** The smallest of 1, 2, 5 × 10^k that is not below `size`. */
export function roundStep(size: number, whole = false): number {
  if (!(size > 0)) return 1
  let decade = 1
  while (decade > size) decade /= 10
  while (decade * 10 <= size) decade *= 10
  const step = tidy(([1, 2, 5, 10].find((m) => m * decade >= size - 1e-12) ?? 10) * decade)
  return whole ? Math.max(1, step) : step
}

const tidy = (value: number): number => Number(value.toPrecision(12))

export interface LogAxis {
  readonly option: object
  /** Where a value lies: log10 of it, not below the axis. */
  at(value: number): number
}

/** From `low` to `high`, both above 0, widened to ticks: 1-2-5 when there is room, else decades. */
export function logAxis(
  title: string,
  low: number,
  high: number,
  options: {
    readonly vertical?: boolean
    readonly gap?: number
    readonly label?: (value: number) => string
  } = {}
): LogAxis {
  const { vertical = false, label = number } = options
  const first = Math.floor(log10(low) + 1e-9)
  const last = Math.max(first + 1, Math.ceil(log10(high) - 1e-9))
  const steps = last - first > 5 ? [1] : last - first > 3 ? [1, 3] : [1, 2, 5]
  const every = last - first > 9 ? Math.ceil((last - first) / 8) : 1
  const few = marksBetween(low, high, first, last, steps, every)
  const ticks = few.length > 3 ? few : marksBetween(low, high, first, last, ALL_STEPS, 1)
  const places = ticks.map(log10)
  const floor = places[0] as number
  return {
    at: (value) => (value > 0 ? Math.max(floor, log10(value)) : floor),
    option: axis({
      title,
      vertical,
      ...(options.gap == null ? {} : { gap: options.gap }),
      ticks: places,
      low: floor,
      high: places.at(-1) as number,
      label: (place) => label(ticks[nearest(places, place)] as number)
    })
  }
}

const ALL_STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 9]

/** From the last mark that is not above `low` to the first that is not below `high`. */
function marksBetween(
  low: number,
  high: number,
  first: number,
  last: number,
  steps: readonly number[],
  every: number
): number[] {
  const marks: number[] = []
  for (let decade = first; decade < last + every; decade += every) {
    for (const step of steps) marks.push(Number(`${step}e${decade}`))
  }
  const below = marks.filter((mark) => mark <= low * (1 + 1e-9)).at(-1) ?? (marks[0] as number)
  const above = marks.find((mark) => mark >= high * (1 - 1e-9) && mark > below)
  return marks.filter((mark) => mark >= below && mark <= (above ?? Number.POSITIVE_INFINITY))
}

function nearest(places: readonly number[], place: number): number {
  let best = 0
  for (const [i, at] of places.entries()) {
    if (Math.abs(at - place) < Math.abs((places[best] as number) - place)) best = i
  }
  return best
}

/** Milliseconds as people say them: 300 ms, 2 s, 10 min. */
export const shortDuration = (ms: number): string =>
  ms < 1_000 ? `${number(ms)} ms` : ms < 60_000 ? `${number(ms / 1_000)} s` : duration(ms)

/** The unit in which a time axis of this length is read. */
export function timeUnit(seconds: number): { readonly unit: string; readonly seconds: number } {
  if (seconds <= 300) return { unit: 's', seconds: 1 }
  if (seconds <= 18_000) return { unit: 'min', seconds: 60 }
  return seconds <= 400_000 ? { unit: 'h', seconds: 3_600 } : { unit: 'days', seconds: 86_400 }
}
