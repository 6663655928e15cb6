/**
 * Axes with titles and units, and ticks at round numbers. Logarithmic ones are linear axes over log10
 * with ticks of their own: echarts labels decades only, which leaves two labels on most of ours.
 * @module
 */
import { QUIET, RULE, TEXT } from './colours.ts'
import { log10, number } from './words.ts'

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
    /** Values to mark, the densest list first; the first that leaves room is taken. @default 1-2-5 */
    readonly marks?: readonly (readonly number[])[]
  } = {}
): LogAxis {
  const { vertical = false, label = number } = options
  const ticks = ticksBetween(low, high, options.marks ?? decadeMarks(low, high))
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

/** Labels that stand side by side without touching. */
const LABELS_MAX = 11

function ticksBetween(low: number, high: number, lists: readonly (readonly number[])[]): number[] {
  const ticks = lists.map((marks) => marksBetween(low, high, marks))
  return ticks.find(({ length }) => length <= LABELS_MAX) ?? (ticks.at(-1) as number[])
}

/** From the last mark that is not above `low` to the first that is not below `high`. */
function marksBetween(low: number, high: number, marks: readonly number[]): number[] {
  const below = marks.filter((mark) => mark <= low * (1 + 1e-9)).at(-1) ?? (marks[0] as number)
  const above = marks.find((mark) => mark >= high * (1 - 1e-9) && mark > below)
  return marks.filter((mark) => mark >= below && mark <= (above ?? Number.POSITIVE_INFINITY))
}

/** All digits when less than a decade is to be seen, 1-2-5, 1-3, decades, every so many decades. */
function decadeMarks(low: number, high: number): number[][] {
  const first = Math.floor(log10(low) + 1e-9)
  const last = Math.max(first + 1, Math.ceil(log10(high) - 1e-9))
  const of = (steps: readonly number[], every = 1) => {
    const marks: number[] = []
    for (let decade = first; decade < last + every; decade += every) {
      for (const step of steps) marks.push(Number(`${step}e${decade}`))
    }
    return marks
  }
  const fine = high / low < 5 ? [of([1, 2, 3, 4, 5, 6, 7, 8, 9])] : []
  return [...fine, of([1, 2, 5]), of([1, 3]), of([1]), of([1], 2), of([1], 4)]
}

const [S, MIN, H, DAY] = [1_000, 60_000, 3_600_000, 86_400_000]
const below = (steps: readonly number[]): number[] =>
  [-4, -3, -2, -1, 0, 1, 2].flatMap((decade) => steps.map((step) => Number(`${step}e${decade}`)))
const times = (unit: number, counts: readonly number[]): number[] => counts.map((n) => n * unit)

/** Marks of times in ms: above a second they are those of clocks. */
export const TIME_MARKS: readonly (readonly number[])[] = [
  [
    ...below([1, 2, 5]),
    ...times(S, [1, 2, 5, 10, 20, 30]),
    ...times(MIN, [1, 2, 5, 10, 20, 30]),
    ...times(H, [1, 2, 5, 10]),
    ...times(DAY, [1, 2, 5, 10, 20, 50, 100, 1_000])
  ],
  [
    ...below([1, 3]),
    ...times(S, [1, 3, 10, 30]),
    ...times(MIN, [1, 3, 10, 30]),
    ...times(H, [1, 3, 10]),
    ...times(DAY, [1, 3, 10, 30, 100, 1_000])
  ],
  [
    ...below([1]),
    ...times(S, [1, 10]),
    ...times(MIN, [1, 10]),
    ...times(H, [1, 10]),
    ...times(DAY, [1, 10, 100, 1_000])
  ]
]

function nearest(places: readonly number[], place: number): number {
  let best = 0
  for (const [i, at] of places.entries()) {
    if (Math.abs(at - place) < Math.abs((places[best] as number) - place)) best = i
  }
  return best
}

/** Of a mark on a time axis: 300 ms, 2 s, 10 min. */
export function timeLabel(ms: number): string {
  if (ms < S) return `${number(ms)} ms`
  if (ms < MIN) return `${number(ms / S)} s`
  if (ms < H) return `${number(ms / MIN)} min`
  return ms < DAY ? `${number(ms / H)} h` : `${number(ms / DAY)} d`
}

/** The unit in which a time axis of this length is read. */
export function timeUnit(seconds: number): { readonly unit: string; readonly seconds: number } {
  if (seconds <= 300) return { unit: 's', seconds: 1 }
  if (seconds <= 18_000) return { unit: 'min', seconds: 60 }
  return seconds <= 400_000 ? { unit: 'h', seconds: 3_600 } : { unit: 'days', seconds: 86_400 }
}
