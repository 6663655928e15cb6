/**
 * Small scenarios of the model, and what came out of them by name.
 * @module
 */
import { createHash } from 'node:crypto'
import type { RunResult } from '../../../sim/engine.ts'
import { modelEngine } from '../../../sim/model/engine.ts'
import { type Scenario, type ScenarioFile, scenarioShape } from '../../../sim/scenario/shape.ts'
import type { Table } from '../../../sim/table.ts'

export const scenario = (changes: Partial<ScenarioFile> = {}): Scenario =>
  scenarioShape.parse({
    name: 'small',
    question: 'does the model do what the node does?',
    durationSeconds: 600,
    network: { clinics: 30, patients: 40, requesters: 3 },
    ...changes
  })

export const run = (changes: Partial<ScenarioFile> = {}, seed = 1, trace = 0): Promise<RunResult> =>
  modelEngine.run(scenario(changes), {
    seed,
    repeat: 0,
    signal: new AbortController().signal,
    progress() {},
    trace
  })

export type Row = Readonly<Record<string, number | string>>

/** A table's rows as objects. */
export const rowsOf = (table: Table | undefined): Row[] =>
  Array.from({ length: table?.rows ?? 0 }, (_, i) =>
    Object.fromEntries((table?.columns ?? []).map(({ name, values }) => [name, values[i] ?? '']))
  )

export const ofKind = ({ operations }: RunResult, kind: string): Row[] =>
  rowsOf(operations).filter((row) => row['kind'] === kind)

export const more = ({ more: tables }: RunResult, name: string): Table | undefined =>
  tables.find((table) => table.name === name)

/** Of every value of every table. */
export function digestOf({ operations, nodes, series, more: others }: RunResult): string {
  const hash = createHash('sha256')
  for (const { name, columns } of [operations, nodes, series, ...others]) {
    hash.update(name)
    for (const column of columns) {
      hash.update(column.name)
      const { values } = column
      hash.update(Array.isArray(values) ? values.join('\n') : (values as Float64Array))
    }
  }
  return hash.digest('hex')
}
