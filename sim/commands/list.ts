/**
 * `keyward sim list`: what ships, how large it is, and which question it answers.
 * @module
 */

import { number } from '../report/words.ts'
import { leftOutLive } from '../scenario/for-engine.ts'
import { scenarioSchema } from '../scenario/json-schema.ts'
import { loadScenario, shippedScenarios } from '../scenario/load.ts'
import type { SimCall } from './call.ts'
import { aligned, clean } from './text.ts'

export async function list({ out, flags, shell }: SimCall): Promise<number> {
  if (flags['schema'] === true) {
    out.data(scenarioSchema(), (schema) => `${JSON.stringify(schema, null, 2)}\n`)
    return 0
  }
  const scenarios = await Promise.all(
    (await shippedScenarios()).map(async (name) => {
      const { scenario } = await loadScenario(name, { cwd: shell.cwd })
      const { network, live, question, repeats } = scenario
      return {
        name,
        question,
        repeats,
        /** What live leaves out, since nodes have no verb for it. */
        leftOutLive: leftOutLive(scenario),
        model: { clinics: network.clinics, patients: network.patients },
        live: {
          clinics: live.clinics ?? network.clinics,
          patients: live.patients ?? network.patients
        }
      }
    })
  )
  const nodes = (of: { readonly clinics: number; readonly patients: number }) =>
    number(of.clinics + of.patients)
  out.data({ scenarios }, () => {
    const rows = scenarios.map((each) => [
      each.name,
      nodes(each.model),
      nodes(each.live),
      each.leftOutLive.length > 0 ? `without ${each.leftOutLive.join(', ')}` : ''
    ])
    const lines = aligned([['scenario', 'model', 'live', ''], ...rows]).split('\n')
    const text = lines.flatMap((line, i) => {
      const question = scenarios[i - 1]?.question
      return question == null ? [line] : [line, `  ${clean(question)}`]
    })
    return `${text.join('\n').trimEnd()}\n`
  })
  out.note('keyward sim run NAME --engine model|live; a file of your own is named the same way')
  return 0
}
