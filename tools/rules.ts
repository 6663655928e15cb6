/**
 * `npm run check:rules`: takes each of CHAIN.md §8's 21 rules out of a copy of the code, compiles it,
 * and looks whether the rule's own tests notice: `[--json] [--only NUMBER]`. Prints a line for each
 * damage, `rule → caught by`, then a count; exits with 1 if one survives, does not apply or does not
 * compile. The rules are in tools/rules-list.ts.
 * @module
 */
import { parseArgs } from 'node:util'
import { countsOf, outcomeTable, tryAll } from './mutate.ts'
import { CHAIN_RULES } from './rules-list.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, only: { type: 'string' } }
})
const wanted = CHAIN_RULES.filter(({ number }) => (values.only ?? `${number}`) === `${number}`)
const outcomes = await tryAll(wanted.flatMap(({ mutants }) => mutants))
const { mutants, ...counts } = countsOf(outcomes)
const rows = outcomes.map(({ mutant: { rule, name, file }, verdict, by }) => ({
  rule,
  name,
  file,
  verdict,
  by
}))
const text = wanted
  .map(({ number, words }) => {
    const own = outcomes.filter(({ mutant }) => mutant.rule === number)
    return `${number}. ${words}\n${outcomeTable(own, ({ name }) => `   ${name}`)}`
  })
  .join('')
process.stdout.write(
  values.json === true
    ? `${JSON.stringify({ rules: wanted.length, mutants, ...counts, rows }, null, 2)}\n`
    : `${text}\n${wanted.length} rules, ${counts.caught} of ${mutants} damages caught, ` +
        `${counts.survived} survived, ${counts.invalid} invalid\n`
)
process.exitCode = counts.caught === mutants ? 0 : 1
