/**
 * The report of a sweep: how each figure answers to what was varied, as plots and as the table of
 * points.
 * @module
 */
import type { EngineName } from '../engine.ts'
import type { Calibration } from '../results/run.ts'
import type { Scenario } from '../scenario/shape.ts'
import { type DrawnFigure, drawn } from './figure.ts'
import { html } from './html.ts'
import { notSimulated } from './not-simulated.ts'
import { figureElement, page } from './page.ts'
import { type SweptRun, sweptFigure } from './plots/swept.ts'
import { type Written, writePage } from './report.ts'
import { calibrationStamp } from './sections.ts'

export type { SweptRun } from './plots/swept.ts'

export interface SweepReport {
  /** Before anything was varied. */
  readonly scenario: Scenario
  readonly engine: EngineName
  readonly runs: readonly SweptRun[]
  /** Points that have no run. */
  readonly failed: number
  readonly calibration?: Calibration
  /** Figures to plot. @default those that a reader looks for first */
  readonly figures?: readonly string[]
}

/** In the order in which they are shown. */
const PLOTTED = [
  /\.ok\.share$/,
  /\.keyMs\.p95$/,
  /\.latencyMs\.p50$/,
  /\.requests\.mean$/,
  /\.hops\.mean$/,
  /\.messages\.mean$/,
  /\.found\.mean$/,
  /^load\.gini$/,
  /^nodes\.sentBytesPerSecond\.mean$/,
  /^revocations\.windowMs\.p99$/,
  /^disclosure\.(disclosure|availability)\.mean$/
]
/** Of kinds and swept values there can be many; a page with more plots is not read. */
const PLOTS_MAX = 40

export async function writeSweepReport(init: SweepReport, folder: string): Promise<Written> {
  const figures = sweepFigures(init)
  return await writePage(folder, sweepPage(init, figures), figures)
}

export function sweepFigures({ runs, figures }: SweepReport): DrawnFigure[] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.figures)))]
  const wanted = figures ?? PLOTTED.flatMap((like) => names.filter((name) => like.test(name)))
  const paths = [...new Set(runs.flatMap(({ at }) => Object.keys(at)))]
  return paths
    .flatMap((path) => wanted.flatMap((name) => sweptFigure(runs, path, name) ?? []))
    .slice(0, PLOTS_MAX)
    .map(drawn)
}

export function sweepPage(init: SweepReport, figures: readonly DrawnFigure[]): string {
  const { scenario, engine, runs, failed } = init
  const axes = [...new Set(runs.flatMap(({ at }) => Object.keys(at)))].map((path) => {
    const values = [...new Set(runs.map(({ at }) => String(at[path])))]
    return html`<li><code>${path}</code>: ${values.join(', ')}</li>\n`
  })
  const lost =
    failed === 0 ? '' : html` <strong>Points that failed and are not in it: ${failed}.</strong>`
  return page(
    `${scenario.name}, sweep, ${engine}: Keyward simulator`,
    html`<p class="over">Keyward simulator, engine ${engine}, sweep</p>
<h1>${scenario.name}</h1>
<p class="question">${scenario.question}</p>
${calibrationStamp(engine, init.calibration)}`,
    [
      {
        id: 'swept',
        title: 'What was varied',
        body: html`<p>${runs.length} runs.${lost}</p>
<ul>
${axes}</ul>
`
      },
      { id: 'plots', title: 'Plots', body: html`${figures.map(figureElement)}` },
      {
        id: 'limits',
        title: 'Not simulated',
        body: html`<ul>
${notSimulated(engine, scenario).map((item) => html`<li>${item}</li>\n`)}</ul>
`
      },
      {
        id: 'data',
        title: 'Data',
        body: html`<p>Beside this file: <code>points</code> (a row a run), <code>settings</code> (a row a combination, with intervals) and <code>growth</code> (fitted lines), each as CSV, JSON lines and Parquet; figures as SVG and PNG in <code>figures/</code>.</p>
`
      }
    ]
  )
}
