/**
 * What each kind of operation costs, with 95 % intervals of the means, from a run's operations.csv:
 * the table of the paper's sixteen steps in docs/research/scaling.md.
 *
 *     npm run sim -- run city-10k --engine model --out results/steps
 *     sh tools/run node docs/research/scripts/steps.ts results/steps/operations.csv
 * @module
 */
import { readFileSync } from 'node:fs'
import { Rng } from '../../../sim/random.ts'
import { bootstrapInterval, mean, median } from '../../../sim/statistics/quantile.ts'

const FIGURES = ['messages', 'bytes', 'latencyMs', 'keyMs', 'gas', 'requests'] as const

const [file = 'results/steps/operations.csv'] = process.argv.slice(2)
const [head = '', ...lines] = readFileSync(file, 'utf8').trim().split('\n')
const names = head.split(',')
const rows = lines.map((line) => line.split(','))
const cell = (row: readonly string[], name: string): string => row[names.indexOf(name)] ?? ''

const kinds = [...new Set(rows.map((row) => cell(row, 'kind')))]
process.stdout.write(`kind,n,ok,${FIGURES.map((f) => `${f},low,high,median`).join(',')}\n`)
for (const kind of kinds) {
  const of = rows.filter((row) => cell(row, 'kind') === kind)
  const ok = of.filter((row) => cell(row, 'ok') === '1')
  const figures = FIGURES.flatMap((figure) => {
    const values = ok
      .map((row) => cell(row, figure))
      .filter((text) => text !== '')
      .map(Number)
    if (values.length === 0) return ['', '', '', '']
    const { low, high } = bootstrapInterval(values, mean, new Rng(1, `${kind}/${figure}`))
    return [mean(values), low, high, median(values)].map((x) => String(Math.round(x * 10) / 10))
  })
  process.stdout.write(`${[kind, of.length, (ok.length / of.length).toFixed(3), ...figures].join(',')}\n`)
}
