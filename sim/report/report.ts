/**
 * Writes a run's report: one HTML file that needs nothing else, and each figure as SVG and PNG.
 * @module
 */
import { join } from 'node:path'
import { utf8 } from '../../core/bytes.ts'
import { writeWhole } from '../results/files.ts'
import type { StoredRun } from '../results/run.ts'
import { type DrawnFigure, drawn } from './figure.ts'
import { html } from './html.ts'
import { figureElement, page } from './page.ts'
import { plots } from './plots/index.ts'
import { png } from './png.ts'
import {
  answerSection,
  checksSection,
  figuresSection,
  header,
  limitsSection,
  reproduceSection,
  scenarioSection
} from './sections.ts'

export interface Written {
  /** Path of the HTML file. */
  readonly html: string
  /** Paths of SVG and PNG files. */
  readonly figures: readonly string[]
}

export async function writeReport(run: StoredRun, folder: string): Promise<Written> {
  const figures = figuresOfRun(run)
  return await writePage(folder, reportPage(run, figures), figures)
}

export const figuresOfRun = (run: StoredRun): DrawnFigure[] =>
  plots.flatMap((plot) => plot.draw(run) ?? []).map(drawn)

/** The page alone, as text. */
export function reportPage(run: StoredRun, figures: readonly DrawnFigure[]): string {
  const { scenario, engine } = run.manifest
  return page(`${scenario.name}, ${engine}: Keyward simulator`, header(run), [
    answerSection(run),
    figuresSection(run),
    { id: 'plots', title: 'Plots', body: html`${figures.map(figureElement)}` },
    checksSection(run),
    limitsSection(run),
    scenarioSection(run),
    reproduceSection(run)
  ])
}

/** report.html and figures/ in the folder. */
export async function writePage(
  folder: string,
  text: string,
  figures: readonly DrawnFigure[]
): Promise<Written> {
  const path = join(folder, 'report.html')
  await writeWhole(path, [utf8(text)])
  const files: string[] = []
  for (const { id, svg } of figures) {
    for (const [ext, bytes] of [
      ['svg', utf8(svg)],
      ['png', png(svg)]
    ] as const) {
      const file = join(folder, 'figures', `${id}.${ext}`)
      await writeWhole(file, [bytes])
      files.push(file)
    }
  }
  return { html: path, figures: files }
}
