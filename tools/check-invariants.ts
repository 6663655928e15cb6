/**
 * Calls the contracts at random and looks at what must always hold, by forge: `npm run
 * check:invariants -- [--runs N] [--depth N] [--seed S] [--contract NAME] [--mutants] [--json]` (the
 * tests of every change run 10^5 such calls on Hardhat's chain, test/contracts/solidity.test.ts). Each
 * invariant gets `runs` sequences of `depth` calls: by default 10 × 200 × 500, a million. With
 * `--mutants` mistakes are put into the contracts, one at a time in a copy, and each has to be found.
 * Exits with 1 otherwise.
 * @module
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from './files.ts'
import { campaign, MISTAKES } from './invariants.ts'
import { wholeNumber } from './whole-number.ts'

/** SECURITY.md §14 F18. */
const INVARIANTS = 10
const RUNS = 200
const DEPTH = 500
/** Enough to find a mistake, as a rule within the first hundreds of 10,000 calls. */
const MISTAKE_RUNS = 20

const say = (text: string): void => void process.stdout.write(text)

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    depth: { type: 'string' },
    seed: { type: 'string' },
    contract: { type: 'string' },
    mutants: { type: 'boolean' },
    json: { type: 'boolean' }
  }
})
const runs = wholeNumber('runs', values.runs, RUNS)
const depth = wholeNumber('depth', values.depth, DEPTH)
const seed = values.seed == null ? undefined : wholeNumber('seed', values.seed, 0)

/** A copy that may be damaged; what is compiled already comes along. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'keyward-invariants-'))
  for (const name of [
    'contracts',
    'test/contracts/solidity',
    'tools/solc',
    'foundry.toml',
    '.forge'
  ]) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** One contract alone, or all. */
const only = values.contract
const wanted = MISTAKES.filter(({ tests }) => only == null || tests.includes(only))

const startedMs = performance.now()
const seconds = (): string => ((performance.now() - startedMs) / 1_000).toFixed(0)
const { calls, passed, failed, output } = await campaign({
  runs,
  depth,
  seed,
  cwd: ROOT,
  contract: only
})
const ran = passed.length + failed.length
const isWhole = only == null ? ran === INVARIANTS : ran > 0
if (!values.json) {
  if (!isWhole || failed.length > 0) say(output)
  say(`${calls} calls under ${ran} invariants in ${seconds()} s: ${failed.length} violations\n`)
}

const mutants: { readonly name: string; readonly caught: boolean }[] = []
if (values.mutants) {
  const copy = copyTree()
  try {
    for (const { name, file, find, replace, tests } of wanted) {
      const source = readFileSync(join(copy, file), 'utf8')
      if (source.split(find).length !== 2)
        throw new Error(`"${name}" does not occur once in ${file}`)
      writeFileSync(
        join(copy, file),
        source.replace(find, () => replace)
      )
      const [contract = ''] = tests
      const found = await campaign({ runs: MISTAKE_RUNS, depth: DEPTH, seed, cwd: copy, contract })
      if (found.passed.length + found.failed.length === 0) throw new Error(found.output)
      writeFileSync(join(copy, file), source)
      mutants.push({ name: `${contract}: ${name}`, caught: found.failed.length > 0 })
      if (values.json) continue
      say(`${found.failed.length > 0 ? found.failed.join(', ') : 'MISSED'}  ${contract}: ${name}\n`)
    }
  } finally {
    rmSync(copy, { recursive: true })
  }
}
if (values.json) {
  say(`${JSON.stringify({ calls, invariants: ran, violations: failed.length, mutants })}\n`)
}
const allCaught = mutants.every(({ caught }) => caught)
process.exitCode = isWhole && failed.length === 0 && allCaught ? 0 : 1
