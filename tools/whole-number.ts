/**
 * A whole number from a flag, or the end of the program with a word about it.
 * @module
 */
export function wholeNumber(flag: string, text: string | undefined, otherwise: number): number {
  const number = Number(text ?? otherwise)
  if (Number.isSafeInteger(number) && number >= 0) return number
  process.stderr.write(`--${flag} expected a whole number, got ${text}\n`)
  process.exit(2)
}
