/**
 * The last line of `npm test`, which build machines read.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { summary, tally } from '../../tools/test.ts'

const report = (passed: number, failed: number, skipped = 0, files: string[] = []) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: skipped,
  numTodoTests: 0,
  testResults: files.map((status) => ({ status, assertionResults: [] }))
})

describe('tally', () => {
  it.each([
    { id: 'all passed', line: '7 passed, 0 failed', got: tally(report(7, 0), 0) },
    { id: 'one failed', line: '6 passed, 1 failed', got: tally(report(6, 1), 1) },
    { id: 'some skipped', line: '6 passed, 0 failed, 1 skipped', got: tally(report(6, 0, 1), 0) },
    {
      id: 'a file that does not load',
      line: '6 passed, 1 failed',
      got: tally(report(6, 0, 0, ['passed', 'failed']), 1)
    },
    { id: 'an error outside any test', line: '6 passed, 1 failed', got: tally(report(6, 0), 1) },
    { id: 'nothing ran', line: '0 passed, 1 failed', got: tally(report(0, 0), 0) },
    { id: 'only skipped', line: '0 passed, 1 failed, 3 skipped', got: tally(report(0, 0, 3), 0) },
    { id: 'vitest did not start', line: '0 passed, 1 failed', got: tally(undefined, 1) }
  ])('says "$line" for: $id', ({ got, line }) => {
    expect(summary(got)).toBe(line)
  })
})
