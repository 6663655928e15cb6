/**
 * An engine that knows nothing of networks: a few rows from the seed, one repeat after another, with
 * hooks to stop, break or watch it.
 * @module
 */
import {
  type Engine,
  OPERATION_COLUMNS,
  type RunOptions,
  type RunResult
} from '../../sim/engine.ts'
import { Rng } from '../../sim/random.ts'
import { parseScenario } from '../../sim/scenario/load.ts'
import type { Column, Table } from '../../sim/table.ts'

export interface FakeEngineInit {
  /** Called in the middle of each repeat. */
  during?(options: RunOptions): void | Promise<void>
  readonly violations?: number
}

export function fakeEngine(init: FakeEngineInit = {}): Engine & { readonly ran: number[] } {
  const ran: number[] = []
  return {
    name: 'model',
    ran,
    async run(_scenario, options) {
      options.progress({ step: 'running', done: 0, total: 10 })
      await init.during?.(options)
      options.signal.throwIfAborted()
      options.progress({ step: 'running', done: 10, total: 10 })
      ran.push(options.repeat)
      return fakeResult(options.seed, options.repeat, init.violations ?? 0)
    }
  }
}

const ROWS = 20

export function fakeResult(seed: number, repeat: number, violations = 0): RunResult {
  const rng = new Rng(seed, `fake/${repeat}`)
  const column = (name: string, unit: string): Column => {
    if (name === 'kind') return { name, unit, values: Array<string>(ROWS).fill('retrieve') }
    if (name === 'reason') return { name, unit, values: Array<string>(ROWS).fill('') }
    const values = Float64Array.from({ length: ROWS }, (_, i) =>
      name === 'ok' ? 1 : name === 'operation' ? i : name === 'repeat' ? repeat : rng.below(1_000)
    )
    return { name, unit, values }
  }
  const nothing = (name: string): Table => ({ name, rows: 0, columns: [] })
  return {
    operations: {
      name: 'operations',
      rows: ROWS,
      columns: OPERATION_COLUMNS.map(([name, unit]) => column(name, unit))
    },
    nodes: nothing('nodes'),
    series: nothing('series'),
    more: [],
    checks: [{ name: 'no-share-without-grant', checked: ROWS, violations }],
    trace: [],
    facts: { nodes: 30 }
  }
}

export const smallScenario = (lines = '', set: readonly string[] = []) =>
  parseScenario(
    `name: small
question: Does the smallest scenario run?
durationSeconds: 60
repeats: 3
network: { clinics: 10, patients: 20 }
workload: { requestsPerHour: 60 }
expect: [{ figure: retrieve.ok.share, atLeast: 0.9 }]
${lines}
`,
    { set }
  )
