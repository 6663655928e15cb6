/**
 * Takes checks out of the code one by one and looks whether a test notices: `node tools/mutants.ts
 * [--json] [--only TEXT]`. Prints `check → caught by`, then a count; exits with 1 if a mutant
 * survives, does not apply or does not run. The mutants are in tools/mutants-list.ts.
 * @module
 */
import { parseArgs } from 'node:util'
import { MUTANTS } from './mutants-list.ts'
import { countsOf, outcomeTable, tryAll } from './mutate.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, only: { type: 'string', default: '' } }
})
const wanted = Object.entries(MUTANTS).flatMap(([group, mutants]) =>
  mutants.filter(({ file, name }) => `${group} ${file} ${name}`.includes(values.only))
)
const outcomes = await tryAll(wanted)
const counts = countsOf(outcomes)
const rows = outcomes.map(({ mutant, verdict, by }) => ({
  file: mutant.file,
  name: mutant.name,
  verdict,
  by
}))
const table = outcomeTable(outcomes, ({ file, name }) => `${file.replace(/\.ts$/, '')}: ${name}`)
process.stdout.write(
  values.json === true
    ? `${JSON.stringify({ ...counts, rows }, null, 2)}\n`
    : `${table}\n${counts.caught} of ${counts.mutants} mutants caught, ` +
        `${counts.survived} survived, ${counts.invalid} invalid\n`
)
process.exitCode = counts.caught === counts.mutants ? 0 : 1
