/**
 * `npm test`: runs all tests, lets their output through, and ends with one line of counts,
 * `N passed, N failed`. A file that does not load counts as a failure, and so does a run in which
 * nothing ran. Arguments go to vitest: `npm test -- --project node test/node`.
 * @module
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'

/** The part of vitest's JSON report that is counted. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** Counts of one run. */
interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Counts a report; whatever made vitest fail without a failed test counts as one failure. */
export function tally(report: Report | undefined, exitCode: number): Tally {
  if (report == null) return { passed: 0, failed: 1, skipped: 0 }
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
  ).length
  const failed = report.numFailedTests + brokenFiles
  const nothingRan = report.numPassedTests + failed === 0
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && (exitCode !== 0 || nothingRan) ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests
  }
}

/** The last line of a run. */
export function summary({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

if (import.meta.main) {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-test-'))
  const file = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const { code } = await runCommand('vitest', ['run', ...reporters, ...process.argv.slice(2)], {
    stream: true
  })
  const report = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined
  rmSync(folder, { recursive: true })
  const counts = tally(report, code)
  process.exitCode = counts.failed > 0 ? 1 : 0
  process.stdout.write(`\n${summary(counts)}\n`)
}
