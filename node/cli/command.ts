/**
 * One shape for every command: the common options, an example in its help, and an action that gets
 * a `Run` and says the exit code.
 * @module
 */
import { type Command, Option } from 'commander'
import { Exit } from '../api/error.ts'
import { defaultRepoPath } from '../repo/layout.ts'
import { Output } from './output.ts'
import { type Run, runVerb } from './run-verb.ts'
import type { Shell } from './shell.ts'

/** Where actions leave the exit code. */
export interface CommandContext {
  readonly shell: Shell
  exit: number
}

export interface CommonFlags {
  readonly repo?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly set?: string[]
  readonly passphraseFile?: string
  readonly logLevel?: Run['logLevel']
  readonly logFile?: string
}

/** Parsed flags of a command: what commander gathered, by camel-case name. */
export type Flags = Readonly<Record<string, unknown>> & CommonFlags

export interface CommandSpec {
  /** "get <recordId>" */
  readonly usage: string
  readonly summary: string
  /** Runs when its group is given none of its commands. @default false */
  readonly isDefault?: boolean
  /** What to type, without the `$`. */
  readonly example: string
  /** Takes the options that only a command with a node needs. @default true */
  readonly node?: boolean
  options?(command: Command): void
  run(
    run: Run,
    positional: readonly (string | string[] | undefined)[],
    flags: Flags
  ): Promise<number | undefined>
}

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace']

/** Hangs a command under `parent`. */
export function addCommand(parent: Command, context: CommandContext, spec: CommandSpec): void {
  const isDefault = spec.isDefault === true
  const command = parent.command(spec.usage, { isDefault }).description(spec.summary)
  spec.options?.(command)
  command
    .option('--repo <folder>', 'the node’s folder (default: $KEYWARD_PATH, else ~/.keyward)')
    .option('--json', 'print JSON')
    .option('--quiet', 'no progress and no notes')
  if (spec.node !== false) {
    command
      .option('--set <key=value>', 'a setting for this run; may be repeated', repeated)
      .option('--passphrase-file <file>', 'opens the keystore (default: $KEYWARD_PASSPHRASE)')
      .addOption(
        new Option('--log-level <level>', 'log to stderr').choices(LOG_LEVELS).env('KEYWARD_LOG')
      )
      .addOption(
        new Option('--log-file <file>', 'log to a file, relative to logs/').env('KEYWARD_LOG_FILE')
      )
  }
  command.addHelpText('after', `\nExample:\n  $ keyward ${spec.example}\n`)
  command.action(async (...actionArgs: unknown[]) => {
    const flags = command.opts<Flags>()
    const positional = actionArgs.slice(0, -2) as (string | string[] | undefined)[]
    context.exit = (await spec.run(makeRun(context.shell, flags), positional, flags)) ?? Exit.Done
  })
}

const makeRun = (shell: Shell, flags: Flags): Run => ({
  shell,
  out: new Output(shell, flags),
  repoPath: defaultRepoPath(flags.repo, shell.env),
  flags: flags.set ?? [],
  passphraseFile: flags.passphraseFile,
  logLevel: flags.logLevel,
  logFile: flags.logFile
})

/** A command that runs one verb and prints what it gives. */
export interface VerbSpec<R> extends Omit<CommandSpec, 'run'> {
  readonly verb: string
  args(
    positional: readonly (string | string[] | undefined)[],
    flags: Flags,
    shell: Shell
  ): Record<string, unknown>
  text(result: R): string
  /** For results that are a failure. @default 0 */
  exit?(result: R): number
}

export function addVerb<R>(parent: Command, context: CommandContext, spec: VerbSpec<R>): void {
  addCommand(parent, context, {
    ...spec,
    async run(run, positional, flags) {
      const args = withoutAbsent(spec.args(positional, flags, run.shell))
      const result = (await runVerb(run, spec.verb, args)) as R
      run.out.data(result, spec.text)
      return spec.exit?.(result)
    }
  })
}

/** JSON has no undefined; schemas know absent fields only. */
const withoutAbsent = (args: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined))

/** Gathers a flag that may be repeated. Commander's own lists would swallow what follows them. */
export const repeated = (value: string, before: string[] = []): string[] => [...before, value]

/** The same, several at once: "a,b". */
export const listed = (value: string, before: string[] = []): string[] => [
  ...before,
  ...value.split(',').filter((each) => each !== '')
]

/** People, several at once: "a,b"; commas within a contact OWNER@PEER,PEER stay. */
export const people = (value: string, before: string[] = []): string[] =>
  value.includes('@') ? [...before, value] : listed(value, before)

/** A whole number, or the text itself for the schema to refuse by name. */
export const numberFlag = (text: unknown): unknown =>
  typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : text

/** A group of commands, such as `record`. */
export function addGroup(parent: Command, name: string, summary: string): Command {
  return parent.command(name).description(summary).helpCommand(false)
}
