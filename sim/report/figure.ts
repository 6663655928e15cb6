/**
 * A figure: what it shows in words, and its drawing by echarts as SVG. The same figure gives the same
 * bytes: no animation, text measured by a fixed rule instead of the machine's fonts, ids by name.
 * @module
 */
import { BarChart, LineChart, ScatterChart } from 'echarts/charts'
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent
} from 'echarts/components'
import { init, setPlatformAPI, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { FONT, FONT_PX } from './axes.ts'
import { PAPER, TEXT } from './colours.ts'
import { escaped } from './html.ts'

use([
  LineChart,
  BarChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  SVGRenderer
])

export interface Figure {
  /** Of its files: "time-to-key". */
  readonly id: string
  readonly title: string
  /** What it shows and what can be read from it, for those who see it and those who do not. */
  readonly caption: string
  /** Of the axes, with units. */
  readonly axes: readonly [x: string, y: string]
  /** An echarts option; `base` adds what all have. */
  readonly option: object
  /** The points themselves, where they are few and a caption cannot say them all. */
  readonly data?: {
    readonly head: readonly string[]
    readonly rows: readonly (readonly string[])[]
  }
  /** px. @default 420 */
  readonly height?: number
}

/** With its drawing, which a page and a file share. */
export interface DrawnFigure extends Figure {
  readonly svg: string
}

export const drawn = (figure: Figure): DrawnFigure => ({ ...figure, svg: drawSvg(figure) })

export const FIGURE_WIDTH = 820
const HEIGHT = 420

/** A stand-alone drawing on paper. */
export function drawSvg(figure: Figure): string {
  measureAlike()
  const entries = legendEntries(figure.option)
  const names = entries.map(({ name }) => name)
  const extra = Math.max(0, legendRows(names) - 1) * LEGEND_ROW_PX
  const height = (figure.height ?? HEIGHT) + extra
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: FIGURE_WIDTH, height })
  try {
    chart.setOption({ ...base(entries, extra), ...figure.option })
    return tidied(chart.renderToSVGString({ useViewBox: true }), figure)
  } finally {
    chart.dispose()
  }
}

export const GRID = { left: 88, right: 44, top: 52, bottom: 62, containLabel: false }
const LEGEND = { itemWidth: 34, itemGap: 22 }
const LEGEND_ROW_PX = 26

const base = (entries: readonly LegendEntry[], extra: number): object => ({
  animation: false,
  backgroundColor: PAPER.light,
  textStyle: { fontFamily: FONT, fontSize: FONT_PX, color: TEXT.light },
  grid: { ...GRID, top: entries.length > 1 ? GRID.top + extra : 26 },
  legend: {
    ...LEGEND,
    show: entries.length > 1,
    data: [...entries],
    top: 6,
    left: GRID.left - 5,
    right: GRID.right,
    textStyle: { color: TEXT.light, fontSize: FONT_PX, fontFamily: FONT }
  }
})

interface LegendEntry {
  readonly name: string
  readonly itemStyle?: { readonly opacity: 0 }
}

/** A legend is drawn where there is more than one thing to tell apart; its lines look like the lines. */
function legendEntries(option: object): LegendEntry[] {
  const { series = [] } = option as { series?: readonly { name?: string; symbol?: string }[] }
  return series.flatMap(({ name, symbol }): LegendEntry[] => {
    if (name == null) return []
    return [symbol === 'none' ? { name, itemStyle: { opacity: 0 } } : { name }]
  })
}

/** How many rows a legend takes, as echarts fills them. */
function legendRows(names: readonly string[]): number {
  const room = FIGURE_WIDTH - GRID.left - GRID.right
  let rows = 1
  let used = 0
  for (const name of names) {
    const width = LEGEND.itemWidth + 5 + textWidth(name, FONT_PX)
    if (used > 0 && used + width > room) {
      rows++
      used = 0
    }
    used += width + LEGEND.itemGap
  }
  return rows
}

/** Instance counters out of ids, hover styles and what is not seen out, a title and a role in. */
function tidied(svg: string, { id, title, caption }: Figure): string {
  return svg
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/ class="[^"]*"/g, '')
    .replace(/ (pointer-events|xmlns:xlink|baseProfile|version)="[^"]*"/g, '')
    .replace(/<path [^>]*(fill="none"[^>]*stroke|fill)-opacity="0"[^>]*><\/path>\n?/g, '')
    .replaceAll(' fill="#000"', ' fill="none"')
    .replace(/zr\d+-/g, `${id}-`)
    .replace(/^<svg([^>]*)>/, (_, attributes: string) => {
      const label = `role="img" aria-labelledby="${id}-title ${id}-desc"`
      const words = `<title id="${id}-title">${escaped(title)}</title>`
      return `<svg${attributes} ${label}>${words}<desc id="${id}-desc">${escaped(caption)}</desc>`
    })
}

/**
 * Widths as DejaVu Sans has them, the widest of the fonts that may be used: what fits in it fits.
 * Without this, echarts would ask a canvas, when there is one.
 */
function measureAlike(): void {
  setPlatformAPI({
    measureText: (text, font) => {
      const size = Number(/([\d.]+)px/.exec(font ?? '')?.[1] ?? FONT_PX)
      return { width: textWidth(text, size) } as TextMetrics
    }
  })
}

function textWidth(text: string, sizePx: number): number {
  let ems = 0
  for (const char of text) {
    ems += /[ilj.,:;|'!()[\] ]/.test(char) ? 0.36 : /[mwMW%]/.test(char) ? 0.92 : 0.63
  }
  return ems * sizePx
}
