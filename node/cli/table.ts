/**
 * Small aligned tables. Text of other people (names, reasons) is stripped of control characters:
 * a name must not move the cursor or turn the line around.
 * @module
 */

/** Removes what a terminal would act on: C0, C1, line and direction controls. */
export const clean = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '')

type Cell = string | number | boolean | undefined | null

const cellText = (cell: Cell): string => (cell == null || cell === '' ? '-' : clean(String(cell)))

/** Rows under their headings, or `none` when there are no rows. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  none: string
): string {
  if (rows.length === 0) return `${none}\n`
  return aligned([headings, ...rows.map((row) => row.map(cellText))])
}

/** "key  value" lines; absent values are left out. */
export function facts(entries: readonly (readonly [string, Cell])[]): string {
  return aligned(
    entries
      .filter(([, value]) => value != null && value !== '')
      .map(([key, value]) => [key, cellText(value)])
  )
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`
    )
    .join('')
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** "85.3 kB" */
export function size(bytes: number): string {
  let unit = 0
  let value = bytes
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}
