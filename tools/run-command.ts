/**
 * Runs a program, such as those of node_modules/.bin and gathers what it says.
 * @module
 */
import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { ROOT } from './files.ts'

/** What came of a command: its exit code (1 if a signal ended it) and stdout with stderr. */
export interface CommandResult {
  readonly code: number
  readonly output: string
}

/** Options of one command. */
export interface CommandOptions {
  /** Working directory. @default the checkout */
  readonly cwd?: string
  /** Let output through instead of gathering it. @default false */
  readonly stream?: boolean
  /** Gather stdout alone, for output that is parsed. @default false */
  readonly stdoutOnly?: boolean
}

/** Runs `command` to its end; never throws for a non-zero exit. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {}
): Promise<CommandResult> {
  const bin = join(ROOT, 'node_modules/.bin')
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
    stdio: options.stream ? 'inherit' : ['ignore', 'pipe', 'pipe']
  })
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!options.stdoutOnly) child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exit) => resolve(exit ?? 1))
  })
  return { code, output: Buffer.concat(chunks).toString() }
}
