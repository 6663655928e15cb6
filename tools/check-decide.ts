/**
 * Compares decide() with the same rule in Solidity on random states of the chain: `npm run
 * check:decide -- [--count N] [--seed S] [--mutants] [--json]`. With `--mutants` also puts a mistake
 * into either side, one at a time: each row of decide()'s table about words left out, each line of
 * test/decide-view/damage.ts; every one has to be found. Exits with 1 otherwise. The last line of
 * `--json` is `{states, seed, disagreements, codes, mutants: [{name, caught}]}`.
 * @module
 */
import { parseArgs } from 'node:util'
import {
  compare,
  foundBy,
  openGround,
  ruleWithout,
  theRule,
  WORD_CHECKS
} from '../test/decide-view/compare.ts'
import { DAMAGES, viewCode } from '../test/decide-view/damage.ts'
import { wholeNumber } from './whole-number.ts'

const COUNT = 1_000_000
/** A mistake that is not found in so many states counts as not found. */
const MUTANT_STATES = 50_000
const PROGRESS_MS = 10_000

const say = (text: string): void => void process.stdout.write(text)

const { values } = parseArgs({
  options: {
    count: { type: 'string' },
    seed: { type: 'string' },
    mutants: { type: 'boolean' },
    json: { type: 'boolean' }
  }
})
const count = wholeNumber('count', values.count, COUNT)
const seed = wholeNumber('seed', values.seed, Date.now() % 1_000_000)

await using ground = await openGround()
const view = await ground.view(viewCode())
const startedMs = performance.now()
const seconds = (): string => ((performance.now() - startedMs) / 1_000).toFixed(0)

let done = 0
let saidMs = startedMs
const { disagreements, codes } = await compare(view, { seed, count }, (states) => {
  done += states
  if (values.json || performance.now() - saidMs < PROGRESS_MS) return
  saidMs = performance.now()
  say(`${done} of ${count} states, ${seconds()} s\n`)
})
const sorted = [...codes].sort(([a], [b]) => a - b)
if (!values.json) {
  for (const { index, template, typescript, solidity } of disagreements.slice(0, 20)) {
    say(`state ${index} (${template}): decide() says ${typescript}, Solidity ${solidity}\n`)
  }
  say(`${sorted.map(([code, times]) => `${code === 0 ? 'release' : code}: ${times}`).join(', ')}\n`)
  say(`${count} states of seed ${seed} in ${seconds()} s: ${disagreements.length} disagreements\n`)
}

const mutants: { readonly name: string; readonly caught: boolean }[] = []
function tell(name: string, found: number | undefined): void {
  mutants.push({ name, caught: found !== undefined })
  if (!values.json) say(`${found === undefined ? 'MISSED' : `at ${found}`.padEnd(8)} ${name}\n`)
}
if (values.mutants) {
  const part = { seed, count: MUTANT_STATES }
  for (const check of WORD_CHECKS) {
    tell(
      `decide() without ${check.id} ${check.name}`,
      await foundBy(view, ruleWithout(check), part)
    )
  }
  for (const damage of DAMAGES) {
    const damaged = await ground.view(viewCode(damage))
    tell(`the view with ${damage[0]}`, await foundBy(damaged, theRule, part))
  }
}
if (values.json) {
  const facts = { states: count, seed, disagreements: disagreements.length }
  say(`${JSON.stringify({ ...facts, codes: Object.fromEntries(sorted), mutants })}\n`)
}
process.exitCode = disagreements.length > 0 || mutants.some(({ caught }) => !caught) ? 1 : 0
