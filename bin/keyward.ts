#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/**
 * The one command: the node's commands and the simulator's on the streams and signals of this process.
 * @module
 */
import { Output } from '../node/cli/output.ts'
import { createProgram } from '../node/cli/program.ts'
import { realShell } from '../node/cli/real-shell.ts'
import { addSimCommands } from '../sim/command.ts'

const shell = realShell(() => import('../node/index.ts'))
const { command, context, run } = createProgram(shell)
addSimCommands(command, {
  shell,
  output: (flags) => new Output(shell, flags),
  setExit: (code) => {
    context.exit = code
  }
})
const exit = await run(process.argv.slice(2))
process.stdout.write('', () => process.exit(exit))
