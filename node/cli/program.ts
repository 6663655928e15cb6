/**
 * `keyward`: the tree of commands, and how a run of it ends: usage errors are 2, errors have the
 * exit code of their class, an interrupted command 130. What is heavy loads inside its command.
 * @module
 */
import { Command, CommanderError } from 'commander'
import { Exit, errorBody, errorText } from '../api/error.ts'
import type { CommandContext } from './command.ts'
import { addAttestCommands } from './commands/attest.ts'
import { addAuditCommands } from './commands/audit.ts'
import { addConsentCommands } from './commands/consent.ts'
import { addContractsCommands } from './commands/contracts.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addDeviceCommands } from './commands/device.ts'
import { addDirectoryCommands } from './commands/directory.ts'
import { addEmergencyCommands } from './commands/emergency.ts'
import { addFolderCommands } from './commands/folder.ts'
import { addGuardianCommands } from './commands/guardian.ts'
import { addPassingCommands } from './commands/passing.ts'
import { addProgramCommands } from './commands/program.ts'
import { addRecordCommands } from './commands/record.ts'
import { Output } from './output.ts'
import type { Shell } from './shell.ts'

export interface Program {
  /** Others hang commands of their own beside ours (bin/keyward.ts). */
  readonly command: Command
  /** Where a command's action leaves its exit code. */
  readonly context: CommandContext
  /** Runs one command line (without "node keyward") and gives the exit code. Never throws. */
  run(argv: readonly string[]): Promise<number>
}

export function createProgram(shell: Shell): Program {
  const context: CommandContext = { shell, exit: Exit.Done }
  const program = new Command('keyward')
    .description('Health records shared peer to peer, opened only with the patient’s consent')
    .usage('<command> [options]')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.stdout.write(text),
      writeErr: (text) => shell.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 error, 2 usage, 3 not initialised, 4 no daemon, 5 denied,' +
        '\n  6 not found, 7 verification failed, 130 interrupted' +
        '\n\nExample:\n  $ keyward demo\n'
    )
  addFolderCommands(program, context)
  addRecordCommands(program, context)
  addConsentCommands(program, context)
  addPassingCommands(program, context)
  addGuardianCommands(program, context)
  addAttestCommands(program, context)
  addDeviceCommands(program, context)
  addDirectoryCommands(program, context)
  addAuditCommands(program, context)
  addContractsCommands(program, context)
  addEmergencyCommands(program, context)
  addProgramCommands(program, context)
  addDemoCommand(program, context)
  return { command: program, context, run: (argv) => run(program, context, argv) }
}

async function run(
  program: Command,
  context: CommandContext,
  argv: readonly string[]
): Promise<number> {
  try {
    await program.parseAsync(argv, { from: 'user' })
    return context.exit
  } catch (err) {
    if (err instanceof CommanderError) return err.exitCode === 0 ? Exit.Done : Exit.Usage
    const body = errorBody(err)
    if (body.exit === Exit.Interrupted) return body.exit
    const place = body.name === 'InternalError' && err instanceof Error ? errorText(err) : undefined
    new Output(context.shell, { json: argv.includes('--json') }).error(body, place)
    return body.exit
  }
}
