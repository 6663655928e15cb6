/**
 * What came out of a run, in a dozen lines: a row a kind of operation, the laws, the answer to the
 * scenario's question, the verdict.
 * @module
 */

import { answers, verdict } from '../report/answer.ts'
import { duration, number, share } from '../report/words.ts'
import type { RunManifest, Summary } from '../results/run.ts'
import { aligned, clean } from './text.ts'

export interface OutcomeTextInit {
  readonly manifest: RunManifest
  readonly summary: Summary
  readonly folder: string
  readonly report?: string
}

export function outcomeText(init: OutcomeTextInit): string {
  const { manifest, summary, folder, report } = init
  const { scenario, engine, seed, repeats, startedAt, endedAt } = manifest
  const took = Date.parse(endedAt) - Date.parse(startedAt)
  const repeated = repeats === 1 ? 'one repeat' : `${repeats} repeats`
  const head = aligned([
    ['scenario', `${scenario.name} on ${engine}, seed ${seed}, ${repeated}, ${duration(took)}`],
    ['question', scenario.question]
  ])
  const tail = aligned([
    ['verdict', verdict(summary).words],
    ['digest', manifest.digest],
    ['results', folder],
    ...(report == null ? [] : [['report', report]])
  ])
  const told = answers({ manifest, summary, folder, results: [] }).map((each) => `${clean(each)}\n`)
  return `${head}\n${kinds(summary)}${laws(summary)}\n${told.join('')}\n${tail}`
}

const ORDER = ['lookup', 'publish', 'wish', 'grant', 'retrieve', 'revoke', 'emergency', 'update']

function kinds({ figures }: Summary): string {
  const there = Object.keys(figures).flatMap((name) => /^(\w+)\.ok\.share$/.exec(name)?.[1] ?? [])
  const rank = (kind: string) => (ORDER.indexOf(kind) + ORDER.length) % (ORDER.length + 1)
  const rows = there
    .sort((a, b) => rank(a) - rank(b))
    .map((kind) => {
      const figure = (name: string) => {
        const value = figures[`${kind}.${name}`]
        return value == null || Number.isNaN(value) ? '-' : number(value)
      }
      const time = figures[`${kind}.keyMs.p50`] == null ? 'latencyMs' : 'keyMs'
      return [
        kind,
        figure('count'),
        percent(figures[`${kind}.ok.share`]),
        `${figure(`${time}.p50`)} / ${figure(`${time}.p95`)}`,
        figure('messages.mean'),
        percent(figures[`${kind}.found.mean`])
      ]
    })
  const heading = ['operation', 'count', 'ok', 'ms p50 / p95', 'messages', 'found']
  return rows.length === 0 ? 'no operations\n' : aligned([heading, ...rows])
}

const percent = (value: number | undefined): string =>
  value == null || Number.isNaN(value) ? '-' : share(value)

function laws({ checks }: Summary): string {
  const checked = checks.reduce((sum, each) => sum + each.checked, 0)
  const broken = checks.filter(({ violations }) => violations > 0)
  if (checks.length === 0) return ''
  const held = `${checks.length - broken.length} of ${checks.length} held`
  return `laws: ${held}, ${number(checked)} cases\n`
}
