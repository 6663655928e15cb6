/**
 * `keyward sim estimate`: what a run would take here, on either engine.
 * @module
 */

import type { EngineName } from '../engine.ts'
import { type Estimate, estimate } from '../estimate.ts'
import { bytes, duration, number } from '../report/words.ts'
import { loadScenario } from '../scenario/load.ts'
import type { SimCall } from './call.ts'
import { aligned } from './text.ts'

export async function estimateCommand({ shell, out, flags, given }: SimCall): Promise<number> {
  const { scenario } = await loadScenario(given[0] ?? '', {
    cwd: shell.cwd,
    set: flags.set ?? []
  })
  const engines: EngineName[] = flags.engine == null ? ['model', 'live'] : [flags.engine]
  const estimates = engines.map((engine) => estimate(scenario, engine))
  out.data({ scenario: scenario.name, estimates }, () => estimateText(estimates))
  // to ask is no error; only the engine that was named is a verdict
  return flags.engine != null && estimates.some(({ reasons }) => reasons.length > 0) ? 1 : 0
}

function estimateText(estimates: readonly Estimate[]): string {
  const rows = estimates.map((each) => [
    each.engine,
    number(each.nodes),
    number(each.operations),
    bytes(each.memoryBytes),
    duration(each.seconds * 1_000),
    number(each.descriptors),
    each.reasons.length === 0 ? 'yes' : 'no'
  ])
  const heading = ['engine', 'nodes', 'operations', 'memory', 'time', 'descriptors', 'fits here']
  const reasons = estimates.flatMap(({ engine, reasons: all }) =>
    all.map((reason) => `${engine}: ${reason}\n`)
  )
  return `${aligned([heading, ...rows])}${reasons.join('')}`
}
