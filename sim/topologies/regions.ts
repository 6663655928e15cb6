/**
 * Region matrices: the built-in eight regions (regions.csv, with its source) and a researcher's own,
 * as CSV ("region,a,b" and a row for each) or JSON ({"regions": [...], "oneWayMs": [[...], ...]}).
 * @module
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { fileFault, InvalidScenarioError, shown } from '../scenario/faults.ts'
import type { DelayMatrix } from './matrix.ts'

/** A region is a byte of each node. */
const REGIONS_MAX = 255
const DELAY_MAX_MS = 600_000

/** @throws InvalidScenarioError naming each wrong line. */
export function readRegions(path: string, shownPath = path): DelayMatrix {
  const text = readFileSync(path, 'utf8')
  return path.endsWith('.json') ? regionsFromJson(text, shownPath) : regionsFromCsv(text, shownPath)
}

export const builtInRegions = (): DelayMatrix =>
  readRegions(fileURLToPath(new URL('regions.csv', import.meta.url)))

/** Lines that begin with # are notes. */
export function regionsFromCsv(text: string, file: string): DelayMatrix {
  const faults: string[] = []
  const lines = text
    .split(/\r?\n/)
    .map((line, i) => ({ cells: line.split(',').map((cell) => cell.trim()), number: i + 1, line }))
    .filter(({ line }) => line.trim() !== '' && !line.startsWith('#'))
  const [head, ...rows] = lines
  const names = head?.cells.slice(1) ?? []
  if (head == null || names.length === 0 || names.some((name) => name === '')) {
    const expected = 'a heading "region,NAME,NAME,…"'
    faults.push(fileFault(file, head?.number ?? 1, expected, head?.line ?? ''))
  }
  if (new Set(names).size !== names.length) {
    faults.push(fileFault(file, head?.number ?? 1, 'each region once', head?.line ?? ''))
  }
  if (names.length > REGIONS_MAX) {
    faults.push(fileFault(file, 1, `at most ${REGIONS_MAX} regions`, String(names.length)))
  }
  const oneWayMs = new Float32Array(names.length * names.length).fill(Number.NaN)
  for (const { cells, number } of rows) {
    const [name = '', ...values] = cells
    const at = names.indexOf(name)
    if (at === -1) {
      faults.push(fileFault(file, number, `one of ${names.join(', ')}`, name))
      continue
    }
    if (values.length !== names.length) {
      faults.push(fileFault(file, number, `${names.length} delays`, String(values.length)))
      continue
    }
    for (const [i, value] of values.entries()) {
      const ms = value === '' ? Number.NaN : Number(value)
      if (!(ms >= 0 && ms <= DELAY_MAX_MS)) {
        faults.push(fileFault(file, number, `ms to ${names[i]}, 0 to ${DELAY_MAX_MS}`, value))
      }
      oneWayMs[at * names.length + i] = ms
    }
  }
  for (const [i, name] of names.entries()) {
    if (!rows.some(({ cells }) => cells[0] === name)) {
      faults.push(fileFault(file, rows.at(-1)?.number ?? 1, `a row for ${name}`, ''))
    } else if (faults.length === 0) {
      mirror(oneWayMs, names.length, i)
    }
  }
  if (faults.length > 0) throw new InvalidScenarioError(`${file} is no region matrix`, faults)
  return { names, oneWayMs }
}

/** Delays are symmetric: the two directions are averaged. */
function mirror(values: Float32Array, size: number, row: number): void {
  for (let j = 0; j < row; j++) {
    const mean = ((values[row * size + j] as number) + (values[j * size + row] as number)) / 2
    values[row * size + j] = mean
    values[j * size + row] = mean
  }
}

const jsonShape = z.strictObject({
  regions: z.array(z.string().min(1)).min(1).max(REGIONS_MAX),
  oneWayMs: z.array(z.array(z.number().min(0).max(DELAY_MAX_MS)))
})

export function regionsFromJson(text: string, file: string): DelayMatrix {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (err) {
    const fault = `${file}:1  expected JSON, got ${shown(text.slice(0, 40))}`
    throw new InvalidScenarioError(`${file} is no region matrix`, [fault], { cause: err })
  }
  const { data, error } = jsonShape.safeParse(value)
  if (data == null) {
    const faults = error.issues.map((each) => `${file}  ${each.path.join('.')}  ${each.message}`)
    throw new InvalidScenarioError(`${file} is no region matrix`, faults)
  }
  const csv = [
    ['region', ...data.regions],
    ...data.oneWayMs.map((row, i) => [data.regions[i] ?? '', ...row])
  ]
  return regionsFromCsv(csv.map((row) => row.join(',')).join('\n'), file)
}
