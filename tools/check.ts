/**
 * `npm run check`: all that a change must pass before it is committed, two steps at a time, one
 * line each. What a step says is shown only if it fails.
 * @module
 */
import { runCommand } from './run-command.ts'

/** One step: its name, and the command that passes by exiting with 0. */
type Step = readonly [name: string, command: string, ...args: string[]]

// The longest first, so that two lanes end at about the same time.
const steps: Step[] = [
  ['unit tests', 'vitest', 'run', '--project', 'unit', '--reporter=dot', '--passWithNoTests'],
  ['types', 'tsc', '--noEmit'],
  ['layers', 'node', 'tools/check-layers.ts'],
  ['unused code', 'knip', '--no-progress'],
  ['solidity', 'solhint', '--noPoster', 'contracts/**/*.sol'],
  ['advisories', 'node', 'tools/advisories.ts'],
  ['biome', 'biome', 'check', '--diagnostic-level=error', '.']
]
const LANES = 2

const failures: string[] = []

async function lane(): Promise<void> {
  for (let step = steps.shift(); step != null; step = steps.shift()) {
    const [name, command, ...args] = step
    const startedMs = performance.now()
    const { code, output } = await runCommand(command, args)
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`)
    if (code !== 0) failures.push(`\n--- ${name}\n${output}`)
  }
}

await Promise.all(Array.from({ length: LANES }, lane))
process.stdout.write(failures.join(''))
process.exitCode = failures.length > 0 ? 1 : 0
