/**
 * King matrices (Gummadi 2002; Dabek 2004): delays between DNS servers, in the layouts of p2psim's
 * data. A topology ("node 1" lines, then "1,2 12345"), bare triples ("1 2 12345"), or a square of
 * numbers. Values are one-way delays; p2psim's are in µs.
 * @module
 */
import { readFileSync } from 'node:fs'
import { fileFault, InvalidScenarioError } from '../scenario/faults.ts'
import type { DelayMatrix } from './matrix.ts'

/** 4,096² delays are 64 MiB; the published matrices have 1,740 and 2,500 sites. */
const SITES_MAX = 4_096
/** Faults that are told; a file of another format is wrong in every line. */
const FAULTS_MAX = 10

/** @throws InvalidScenarioError naming each wrong line. */
export const readKing = (path: string, unit: 'us' | 'ms', shownPath = path): DelayMatrix =>
  kingFrom(readFileSync(path, 'utf8'), unit, shownPath)

interface Line {
  readonly number: number
  readonly cells: readonly string[]
}

export function kingFrom(text: string, unit: 'us' | 'ms', file: string): DelayMatrix {
  const lines = text
    .split('\n')
    .map((line, i): Line => ({ number: i + 1, cells: line.trim().split(/[\s,]+/) }))
    .filter(({ cells }) => cells[0] !== '' && !cells[0]?.startsWith('#'))
  const body = lines.filter(({ cells }) => !/^(topology|failure_model|node)$/.test(cells[0] ?? ''))
  const isSquare = body.length > 3 && body.every(({ cells }) => cells.length === body.length)
  const faults: string[] = []
  const scale = unit === 'us' ? 1e-3 : 1
  const matrix = isSquare ? squareOf(body, faults, file) : triplesOf(body, faults, file)
  if (faults.length > 0) {
    throw new InvalidScenarioError(`${file} is no King matrix`, faults.slice(0, FAULTS_MAX))
  }
  return complete(matrix.map((value) => value * scale))
}

function squareOf(rows: readonly Line[], faults: string[], file: string): Float32Array {
  if (rows.length > SITES_MAX) {
    faults.push(fileFault(file, 1, `at most ${SITES_MAX} sites`, String(rows.length)))
    return new Float32Array(0)
  }
  const values = new Float32Array(rows.length * rows.length)
  for (const [i, { cells, number }] of rows.entries()) {
    for (const [j, cell] of cells.entries()) {
      const value = Number(cell)
      if (Number.isNaN(value)) faults.push(fileFault(file, number, 'delays in numbers', cell))
      values[i * rows.length + j] = value
    }
  }
  return values
}

function triplesOf(rows: readonly Line[], faults: string[], file: string): Float32Array {
  const triples: (readonly [i: number, j: number, delay: number])[] = []
  let sites = 0
  for (const { cells, number } of rows) {
    const [i, j, delay] = cells.map(Number)
    const isSite = (n: number | undefined): n is number =>
      Number.isInteger(n) && (n as number) >= 1 && (n as number) <= SITES_MAX
    if (cells.length !== 3 || !isSite(i) || !isSite(j) || delay == null || Number.isNaN(delay)) {
      const expected = `"SITE SITE DELAY" with sites from 1 to ${SITES_MAX}, or a square of delays`
      faults.push(fileFault(file, number, expected, cells.join(' ')))
      if (faults.length >= FAULTS_MAX) break
      continue
    }
    sites = Math.max(sites, i, j)
    triples.push([i, j, delay])
  }
  if (sites < 2 && faults.length === 0) {
    faults.push(fileFault(file, 1, 'two sites or more', String(sites)))
  }
  const values = new Float32Array(sites * sites).fill(Number.NaN)
  for (const [i, j, delay] of triples) {
    values[(i - 1) * sites + j - 1] = delay
    const back = (j - 1) * sites + i - 1
    if (Number.isNaN(values[back])) values[back] = delay
  }
  return values
}

/** A pair that was never measured (absent, 0 or negative) gets the median; a site's own delay is that to its nearest. */
function complete(values: Float32Array): DelayMatrix {
  const size = Math.sqrt(values.length)
  const known = values.filter((value) => value > 0).sort()
  const median = known[known.length >> 1] ?? 1
  for (let i = 0; i < size; i++) {
    let nearest = median
    for (let j = 0; j < size; j++) {
      const at = i * size + j
      if (i === j) continue
      if (!((values[at] as number) > 0)) values[at] = median
      nearest = Math.min(nearest, values[at] as number)
    }
    values[i * size + i] = nearest
  }
  return { names: Array.from({ length: size }, (_, i) => String(i + 1)), oneWayMs: values }
}
