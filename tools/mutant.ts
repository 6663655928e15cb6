/**
 * One damage that tools/mutants.ts does, and how lists of them are written.
 * @module
 */
export interface Mutant {
  /** What is no longer checked, in words. */
  readonly name: string
  readonly file: string
  /** Text that occurs once in `file`. */
  readonly find: string
  readonly replace: string
  /** Test files of which one has to fail. */
  readonly tests: readonly string[]
}

export type Damage = readonly [name: string, find: string, replace: string]

export const of = (file: string, tests: readonly string[], damages: readonly Damage[]): Mutant[] =>
  damages.map(([name, find, replace]) => ({ name, file, find, replace, tests }))
