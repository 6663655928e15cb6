/**
 * What a verb is: one use case that the command line, the HTTP interface and programs call alike.
 * The table of them is the node's public face; arguments are checked by the verb's own schema at
 * every door, so `run` starts from values that are right.
 * @module
 */
import type { ZodType } from 'zod'

/** One step of a verb under way, for a progress line. Never content, keys or names of people. */
export interface VerbProgress {
  readonly step: string
  readonly done?: number
  readonly total?: number
  readonly detail?: string
}

/** Per call: who may end it, and who hears how far it is. */
export interface VerbOptions {
  readonly signal: AbortSignal
  progress(event: VerbProgress): void
}

/** A use case of a running node. `A` and `R` travel as JSON: ids and bytes in them are hex text. */
export interface Verb<A, R, N> {
  readonly name: string
  readonly args: ZodType<A>
  run(node: N, args: A, options: VerbOptions): Promise<R>
}

/** A use case that needs neither a node nor its folder. */
export interface OfflineVerb<A, R> {
  readonly name: string
  readonly args: ZodType<A>
  run(args: A, options: VerbOptions): Promise<R>
}

/** The verbs of a node by name. */
export type VerbTable<N> = ReadonlyMap<string, Verb<unknown, unknown, N>>

export const verbTable = <N>(...verbs: readonly Verb<unknown, unknown, N>[]): VerbTable<N> =>
  new Map(verbs.map((verb) => [verb.name, verb]))
