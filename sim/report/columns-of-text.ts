/**
 * Rows as columns of text for a terminal: as wide as the widest, numbers set to the right.
 * @module
 */
export function columnsOfText(
  rows: readonly (readonly string[])[],
  options: { readonly right?: readonly number[] } = {}
): string {
  const count = Math.max(0, ...rows.map(({ length }) => length))
  const widths = Array.from({ length: count }, (_, i) =>
    Math.max(...rows.map((row) => [...(row[i] ?? '')].length))
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => {
        const blank = ' '.repeat((widths[i] as number) - [...cell].length)
        return options.right?.includes(i) === true ? blank + cell : cell + blank
      })
      .join('  ')
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}
