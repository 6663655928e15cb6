/**
 * Damages copies of the checkout one place at a time and looks whether a test notices: what
 * tools/mutants.ts and tools/rules.ts share. Works in the temporary folder, two copies at a time;
 * the checkout is only read. Damaged Solidity is compiled before its tests run.
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
import { ROOT } from './files.ts'
import type { Edit, Mutant } from './mutant.ts'
import { runCommand } from './run-command.ts'

const LANES = 2
/** A mutant whose tests do not end is noticed too; the slowest file takes 10 s. */
const RUN_MAX_MS = 90_000
const FOLDERS = ['core', 'protocols', 'node', 'sim', 'bin', 'contracts', 'test', 'tools']
const FILES = ['package.json', 'tsconfig.json', 'hardhat.config.ts']
/** What a compiler left in the checkout: a copy begins with it. */
const BUILT = ['artifacts', 'cache']
// Own configuration: no projects, no global setup, one failure is enough, no cache in node_modules.
const CONFIG = `export default {
  cacheDir: '.cache',
  test: { include: ['test/**/*.test.ts'], bail: 1, retry: 0, testTimeout: 20000 }
}
`

/** What became of a mutant. */
export interface Outcome<M extends Mutant = Mutant> {
  readonly mutant: M
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

/** A copy of the checkout, and whether its artifacts are those of damaged contracts. */
interface Copy {
  readonly path: string
  stale: boolean
}

const isSolidity = ({ file }: Edit): boolean => file.endsWith('.sol')
const editsOf = (mutant: Mutant): readonly Edit[] => [mutant, ...(mutant.also ?? [])]

function copyOf(root: string, compiles: boolean): Copy {
  const path = mkdtempSync(join(tmpdir(), 'keyward-mutants-'))
  for (const name of [...FOLDERS, ...FILES, ...(compiles ? BUILT : [])]) {
    if (existsSync(join(root, name)))
      cpSync(join(root, name), join(path, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  writeFileSync(join(path, 'vitest.config.ts'), CONFIG)
  return { path, stale: false }
}

/** Undefined if it compiles; else what the compiler says first. */
async function compile(copy: Copy): Promise<string | undefined> {
  const { code, output } = await runCommand('hardhat', ['build', '--no-tests'], { cwd: copy.path })
  if (code === 0) return undefined
  return output.split('\n').find((line) => /error/i.test(line)) ?? output.slice(0, 200)
}

/** Runs vitest in a process group of its own, so that a test that hangs can be ended. */
async function runTests(
  { path }: Copy,
  tests: readonly string[],
  named?: string
): Promise<Report | 'no end'> {
  const report = join(path, 'report.json')
  rmSync(report, { force: true })
  const only = named == null ? [] : ['-t', named]
  const args = ['run', '--reporter=json', `--outputFile=${report}`, '--no-color', ...only, ...tests]
  const child = spawn(join(path, 'node_modules/.bin/vitest'), args, {
    cwd: path,
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
async function tryMutant<M extends Mutant>(copy: Copy, mutant: M): Promise<Outcome<M>> {
  const before = new Map<string, string>()
  try {
    for (const edit of editsOf(mutant)) {
      const path = join(copy.path, edit.file)
      const source = readFileSync(path, 'utf8')
      const times = source.split(edit.find).length - 1
      if (times !== 1) {
        return { mutant, verdict: 'invalid', by: `text occurs ${times} times in ${edit.file}` }
      }
      if (!before.has(path)) before.set(path, source)
      writeFileSync(
        path,
        source.replace(edit.find, () => edit.replace)
      )
    }
    if (copy.stale || editsOf(mutant).some(isSolidity)) {
      copy.stale = editsOf(mutant).some(isSolidity)
      const fault = await compile(copy)
      if (fault != null) return { mutant, verdict: 'invalid', by: `does not compile: ${fault}` }
    }
    return { mutant, ...(await judge(copy, mutant)) }
  } finally {
    for (const [path, source] of before) writeFileSync(path, source)
  }
}

async function judge(copy: Copy, { tests, named }: Mutant): Promise<Omit<Outcome, 'mutant'>> {
  const report = await runTests(copy, tests, named)
  if (report === 'no end') return { verdict: 'caught', by: 'its tests do not end' }
  const by = failedTest(report)
  if (by != null) return { verdict: 'caught', by }
  const broken = report.testResults.find((file) => file.message !== '')
  if (broken != null || report.numPassedTests === 0) {
    const [why] = (broken?.message ?? 'nothing ran').split('\n')
    return { verdict: 'invalid', by: `does not run: ${why}` }
  }
  return { verdict: 'survived', by: tests.join(' ') }
}

/**
 * All outcomes, in the order of the mutants.
 * @throws {Error} if there are none, or the tests fail without any mutant.
 */
export async function tryAll<M extends Mutant>(mutants: readonly M[]): Promise<Outcome<M>[]> {
  if (mutants.length === 0) throw new Error('no mutant is named so')
  const compiles = mutants.some((mutant) => editsOf(mutant).some(isSolidity))
  const copies = Array.from({ length: LANES }, () => copyOf(ROOT, compiles))
  const outcomes: Outcome<M>[] = []
  try {
    const first = copies[0] as Copy
    const fault = compiles ? await compile(first) : undefined
    if (fault != null) throw new Error(`the contracts do not compile: ${fault}`)
    const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))]
    const sound = await runTests(first, tests)
    const failed = sound === 'no end' ? sound : failedTest(sound)
    if (failed != null) throw new Error(`the tests fail without any mutant: ${failed}`)

    const queue = [...mutants.entries()]
    const lane = async (copy: Copy): Promise<void> => {
      for (let next = queue.shift(); next != null; next = queue.shift()) {
        const [i, mutant] = next
        outcomes[i] = await tryMutant(copy, mutant)
      }
    }
    await Promise.all(copies.map(lane))
  } finally {
    for (const { path } of copies) rmSync(path, { recursive: true, force: true })
  }
  return outcomes
}

/** How many there are of each verdict. */
export const countsOf = (outcomes: readonly Outcome[]) => {
  const count = (verdict: Outcome['verdict']) =>
    outcomes.filter((outcome) => outcome.verdict === verdict).length
  return {
    mutants: outcomes.length,
    caught: count('caught'),
    survived: count('survived'),
    invalid: count('invalid')
  }
}

const MARK = { caught: '→', survived: 'SURVIVED', invalid: 'INVALID:' } as const

/** One line each, "label → test". */
export function outcomeTable<M extends Mutant>(
  outcomes: readonly Outcome<M>[],
  label: (mutant: M) => string
): string {
  const width = Math.max(...outcomes.map(({ mutant }) => label(mutant).length))
  return outcomes
    .map(({ mutant, verdict, by }) => `${label(mutant).padEnd(width)} ${MARK[verdict]} ${by}\n`)
    .join('')
}
