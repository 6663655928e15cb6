/**
 * `npm run check`: all that a change must pass before it is committed, two steps at a time, one
 * line each. What a step says is shown only if it fails.
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './files.ts'
import { runCommand } from './run-command.ts'

/** One step: its name, and the command that passes by exiting with 0. */
type Step = readonly [name: string, command: string, ...args: string[]]

// While the program is still being put together its parts have no users yet: until all its doors
// stand, knip only looks for packages and files that are used and missing.
const doors = ['bin/keyward.ts', 'node/index.ts', 'sim/main.ts']
const whole = doors.every((door) => existsSync(join(ROOT, door)))
const knipScope = whole ? [] : ['--include', 'unlisted,unresolved,duplicates']

// The longest first, so that two lanes end at about the same time.
const steps: Step[] = [
  ['unit tests', 'vitest', 'run', '--project', 'unit', '--reporter=dot', '--passWithNoTests'],
  ['types', 'tsc', '--noEmit'],
  ['layers', 'node', 'tools/check-layers.ts'],
  ['unused code', 'knip', '--no-progress', ...knipScope],
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
