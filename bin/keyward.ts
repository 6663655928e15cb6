#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/**
 * The one command: the node's commands on the streams and signals of this process.
 * @module
 */
import { createProgram } from '../node/cli/program.ts'
import { realShell } from '../node/cli/real-shell.ts'

const { run } = createProgram(realShell(() => import('../node/index.ts')))
const exit = await run(process.argv.slice(2))
process.stdout.write('', () => process.exit(exit))
