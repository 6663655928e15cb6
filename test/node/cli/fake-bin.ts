/**
 * bin/keyward.ts with a fake node, so that signals can be sent to a real process.
 * @module
 */
import { createProgram } from '../../../node/cli/program.ts'
import { realShell } from '../../../node/cli/real-shell.ts'
import { fakeNode } from './harness.ts'

const shell = realShell(async () => fakeNode())
const exit = await createProgram(shell).run(process.argv.slice(2))
process.stdout.write('', () => process.exit(exit))
