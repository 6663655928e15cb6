#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/**
 * The one command: the node's commands on the real streams. The first SIGINT or SIGTERM asks the
 * command to end, the second ends the process.
 * @module
 */
import { createProgram } from '../node/cli/program.ts'

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => (stop.signal.aborted ? process.exit(130) : stop.abort()))
}
// A reader that closes early, such as `head`, has what it wanted.
process.stdout.on('error', () => process.exit(0))

const { run } = createProgram({
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: stop.signal,
  loadNode: () => import('../node/index.ts')
})
const exit = await run(process.argv.slice(2))
process.stdout.write('', () => process.exit(exit))
