/**
 * What is wrong with a scenario, its overrides or a file that it names: everything at once, a line
 * each with place, expectation and what was found, so that one look mends the file.
 * @module
 */
import { KeywardError } from '../../core/errors.ts'

/** Thrown when a scenario cannot be used. Its exit code is that of wrong usage. */
export class InvalidScenarioError extends KeywardError {
  static override readonly name = 'InvalidScenarioError'
  override readonly name = 'InvalidScenarioError'
  readonly exit = 2
  /** "city.yaml:12  records.threshold  expected at most 5 (records.custodians), got 6" */
  readonly faults: readonly string[]
  constructor(message: string, faults: readonly string[], options?: ErrorOptions) {
    super(message, options)
    this.faults = faults
  }
}

/** A fault of a file of data: "king.txt:7  expected a number of µs, got "x"". */
export const fileFault = (file: string, line: number, expected: string, got: string): string =>
  `${file}:${line}  expected ${expected}, got ${shown(got)}`

/** What was found, short enough for a line and without control characters. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
