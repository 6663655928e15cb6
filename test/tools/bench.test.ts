/**
 * That a bench runs and prints its rows; what they say depends on the machine and fails nothing.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../tools/run-command.ts'
import { isMet, pairedRow, rowText, verdict } from '../bench/measure.ts'

const bench = (...args: string[]) =>
  runCommand('node', ['--no-warnings', 'tools/bench.ts', ...args], { stdoutOnly: true })

describe('npm run bench', () => {
  it('prints the machine and a row for each figure', async () => {
    const { code, output } = await bench('container', '--quick', '--json')

    const [header, ...rows] = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(header).toMatchObject({ seed: 'keyward', quick: true, node: process.versions.node })
    expect(rows).toHaveLength(3)
    for (const row of rows) {
      expect(row, row.what).toMatchObject({ bench: 'container', unit: 'MB/cpu-s' })
      expect(row.ratio.min).toBeGreaterThan(0)
    }
  }, 60_000)

  it('names its benches when it does not know one', async () => {
    const { code, output } = await bench('nonsense')

    expect(code).toBe(2)
    expect(output).toContain('there are: container, ')
  })
})

describe('a goal', () => {
  const atLeast = { atLeast: 0.6 }
  const row = (...ours: number[]) =>
    pairedRow(
      { what: 'put', unit: 'MB/cpu-s', goal: atLeast },
      ours,
      ours.map(() => 100)
    )

  it.each([
    { id: 'the median meets it', row: row(70, 65, 60), says: 'met 0.65 >= 0.60' },
    { id: 'the median misses it', row: row(70, 52, 50), says: 'MISSED 0.52 < 0.60' },
    {
      id: 'a repeat misses it by more than a tenth',
      row: row(70, 65, 50),
      says: 'MISSED by a repeat: 0.50 < 0.54'
    }
  ])('says "$says" when $id', ({ row, says }) => {
    expect(verdict(row)).toBe(says)
    expect(rowText(row)).toContain(says)
  })

  it('that is a most is missed above it', () => {
    expect(isMet({ atMost: 1 }, { min: 0.9, median: 1.2, max: 1.3 })).toBe(false)
    expect(isMet({ atMost: 1 }, { min: 0.5, median: 0.9, max: 1.05 })).toBe(true)
  })
})
