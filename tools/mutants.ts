/**
 * Takes checks out of the code one by one and looks whether a test notices: `node tools/mutants.ts
 * [--json] [--only TEXT]`. Prints `check → caught by`, then a count; exits with 1 if a mutant
 * survives, does not apply or does not run. Works on copies in the temporary folder, two at a time;
 * the checkout is only read. The mutants are in tools/mutants-list.ts.
 * @module
 */
import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from './files.ts'
import { MUTANTS, type Mutant } from './mutants-list.ts'

const LANES = 2
/** A mutant whose tests do not end is noticed too; the slowest file takes 10 s. */
const RUN_MAX_MS = 90_000
const FOLDERS = ['core', 'protocols', 'node', 'sim', 'bin', 'contracts', 'test', 'tools']
const FILES = ['package.json', 'tsconfig.json']
// Own configuration: no projects, no global setup, one failure is enough, no cache in node_modules.
const CONFIG = `export default {
  cacheDir: '.cache',
  test: { include: ['test/**/*.test.ts'], bail: 1, retry: 0, testTimeout: 20000 }
}
`

/** What became of a mutant. */
interface Outcome {
  readonly mutant: Mutant
  readonly verdict: 'caught' | 'survived' | 'invalid'
  /** The test that failed, or what is wrong with the mutant. */
  readonly by: string
}

/** The part of vitest's JSON report that is read. */
interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

function copyOf(root: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'keyward-mutants-'))
  for (const name of [...FOLDERS, ...FILES]) {
    if (existsSync(join(root, name)))
      cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  writeFileSync(join(copy, 'vitest.config.ts'), CONFIG)
  return copy
}

/** Runs vitest in a process group of its own, so that a test that hangs can be ended. */
async function runTests(copy: string, tests: readonly string[]): Promise<Report | 'no end'> {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const args = ['run', '--reporter=json', `--outputFile=${report}`, '--no-color', ...tests]
  const child = spawn(join(copy, 'node_modules/.bin/vitest'), args, {
    cwd: copy,
    detached: true,
    stdio: 'ignore'
  })
  const hung = await new Promise<boolean>((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid != null) process.kill(-child.pid, 'SIGKILL')
      resolve(true)
    }, RUN_MAX_MS)
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(timer)
      resolve(false)
    })
  })
  if (hung) return 'no end'
  if (!existsSync(report)) throw new Error(`vitest wrote no report for ${tests.join(' ')}`)
  return JSON.parse(readFileSync(report, 'utf8')) as Report
}

const failedTest = (report: Report): string | undefined =>
  report.testResults
    .flatMap((file) => file.assertionResults)
    .find((test) => test.status === 'failed')?.fullName

/** Applies one mutant to a copy, runs its tests, and undoes it. */
async function tryMutant(copy: string, mutant: Mutant): Promise<Outcome> {
  const path = join(copy, mutant.file)
  const source = readFileSync(path, 'utf8')
  const times = source.split(mutant.find).length - 1
  if (times !== 1) {
    return { mutant, verdict: 'invalid', by: `text occurs ${times} times in ${mutant.file}` }
  }
  writeFileSync(
    path,
    source.replace(mutant.find, () => mutant.replace)
  )
  try {
    const report = await runTests(copy, mutant.tests)
    if (report === 'no end') return { mutant, verdict: 'caught', by: 'its tests do not end' }
    const by = failedTest(report)
    if (by != null) return { mutant, verdict: 'caught', by }
    const broken = report.testResults.find((file) => file.message !== '')
    if (broken != null || report.numPassedTests === 0) {
      const [why] = (broken?.message ?? 'nothing ran').split('\n')
      return { mutant, verdict: 'invalid', by: `does not run: ${why}` }
    }
    return { mutant, verdict: 'survived', by: mutant.tests.join(' ') }
  } finally {
    writeFileSync(path, source)
  }
}

/** All outcomes, in the order of the mutants. */
async function tryAll(mutants: readonly Mutant[]): Promise<Outcome[]> {
  const copies = Array.from({ length: LANES }, () => copyOf(ROOT))
  const outcomes: Outcome[] = []
  try {
    const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))]
    const sound = await runTests(copies[0] as string, tests)
    const fault = sound === 'no end' ? sound : failedTest(sound)
    if (fault != null) throw new Error(`the tests fail without any mutant: ${fault}`)

    const queue = [...mutants.entries()]
    const lane = async (copy: string): Promise<void> => {
      for (let next = queue.shift(); next != null; next = queue.shift()) {
        const [i, mutant] = next
        outcomes[i] = await tryMutant(copy, mutant)
      }
    }
    await Promise.all(copies.map(lane))
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true })
  }
  return outcomes
}

const MARK = { caught: '→', survived: 'SURVIVED', invalid: 'INVALID:' } as const

function table(outcomes: readonly Outcome[]): string {
  const label = ({ mutant }: Outcome) => `${mutant.file.replace(/\.ts$/, '')}: ${mutant.name}`
  const width = Math.max(...outcomes.map((outcome) => label(outcome).length))
  return outcomes
    .map((outcome) => `${label(outcome).padEnd(width)} ${MARK[outcome.verdict]} ${outcome.by}\n`)
    .join('')
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, only: { type: 'string', default: '' } }
  })
  const wanted = Object.entries(MUTANTS).flatMap(([group, mutants]) =>
    mutants.filter(({ file, name }) => `${group} ${file} ${name}`.includes(values.only))
  )
  const outcomes = await tryAll(wanted)
  const count = (verdict: Outcome['verdict']) =>
    outcomes.filter((outcome) => outcome.verdict === verdict).length
  const counts = {
    mutants: outcomes.length,
    caught: count('caught'),
    survived: count('survived'),
    invalid: count('invalid')
  }
  const rows = outcomes.map(({ mutant, verdict, by }) => ({
    file: mutant.file,
    name: mutant.name,
    verdict,
    by
  }))
  process.stdout.write(
    values.json === true
      ? `${JSON.stringify({ ...counts, rows }, null, 2)}\n`
      : `${table(outcomes)}\n${counts.caught} of ${counts.mutants} mutants caught, ` +
          `${counts.survived} survived, ${counts.invalid} invalid\n`
  )
  process.exitCode = counts.caught === counts.mutants ? 0 : 1
}
