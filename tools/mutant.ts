/**
 * One damage that tools/mutate.ts does, and how lists of them are written.
 * @module
 */
export interface Edit {
  readonly file: string
  /** Text that occurs once in `file`. */
  readonly find: string
  readonly replace: string
}

export interface Mutant extends Edit {
  /** What is no longer checked, in words. */
  readonly name: string
  /** Further edits of the same damage. */
  readonly also?: readonly Edit[]
  /** Test files of which one has to fail. */
  readonly tests: readonly string[]
  /** Only tests whose names have this in them. @default all of the files */
  readonly named?: string
}

export type Damage = readonly [name: string, find: string, replace: string]

export const of = (file: string, tests: readonly string[], damages: readonly Damage[]): Mutant[] =>
  damages.map(([name, find, replace]) => ({ name, file, find, replace, tests }))
