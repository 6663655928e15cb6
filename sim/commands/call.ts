/**
 * What a command of `keyward sim` is given: the process it runs in, how it speaks, its flags.
 * @module
 */
import type { Command } from 'commander'
import type { EngineName } from '../engine.ts'

export interface TextSink {
  write(text: string): unknown
  readonly isTTY?: boolean
}

/** What the simulator needs of a process. */
export interface SimShell {
  readonly stdout: TextSink
  readonly stderr: TextSink
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** How a command speaks: the node's way (data on stdout, the rest on stderr, JSON when asked). */
export interface SimOutput {
  readonly json: boolean
  data<T>(value: T, text: (value: T) => string): void
  note(text: string): void
  progress(event: { readonly step: string; readonly detail?: string }): void
}

export interface SimContext {
  readonly shell: SimShell
  output(flags: SimFlags): SimOutput
  setExit(code: number): void
}

/** Flags as commander gathers them, by camel-case name. */
export interface SimFlags {
  readonly [name: string]: unknown
  readonly engine?: EngineName
  readonly seed?: number
  readonly out?: string
  readonly set?: readonly string[]
  readonly json?: boolean
  readonly quiet?: boolean
}

export interface SimCall {
  readonly shell: SimShell
  readonly out: SimOutput
  readonly flags: SimFlags
  /** What stands without a flag: a scenario, a folder. */
  readonly given: readonly string[]
}

/** Exit codes: those of the node's commands that a simulation can end with. */
export const SimExit = { AsExpected: 0, NotAsExpected: 7 } as const

export interface Spec {
  /** "run <scenario>" */
  readonly usage: string
  readonly summary: string
  readonly examples: readonly string[]
  options?(command: Command, context: SimContext): void
  load(): Promise<(call: SimCall) => Promise<number>>
}
