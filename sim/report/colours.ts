/**
 * The colours of figures and pages: Okabe and Ito's, which people with any colour vision tell apart,
 * each with a lighter twin for dark pages. Figures are drawn in the light ones; a page replaces them
 * by names that its style sheet defines for both (page.ts).
 * @module
 */
export interface Ink {
  /** Of the style sheet's custom property: "--ink". */
  readonly name: string
  readonly light: string
  readonly dark: string
}

const ink = (name: string, light: string, dark: string): Ink => ({ name: `--${name}`, light, dark })

export const PAPER = ink('paper', '#ffffff', '#14181d')
export const TEXT = ink('text', '#1a1f26', '#e8ebef')
export const QUIET = ink('quiet', '#545d69', '#a9b2bd')
export const RULE = ink('rule', '#d9dde3', '#363d47')

export const SERIES: readonly Ink[] = [
  ink('blue', '#0067a3', '#5cb3ea'),
  ink('vermilion', '#c44f00', '#ff9a5c'),
  ink('green', '#00805d', '#3fd0a3'),
  ink('purple', '#a8508a', '#eaa6cf'),
  ink('orange', '#9a6a00', '#f2bd4d'),
  ink('sky', '#3f8fc4', '#9ad6f8'),
  ink('grey', '#6b7079', '#c3c8cf'),
  ink('red', '#a4262c', '#ff8f8f')
]

/** So that lines differ in print without colours as well. */
export const DASHES: readonly (string | readonly number[])[] = [
  'solid',
  [9, 4],
  [2, 3],
  [12, 3, 2, 3],
  [5, 3],
  [14, 5],
  [1, 4],
  [8, 3, 2, 3, 2, 3]
]

export const GOOD = ink('good', '#00694c', '#4fd6aa')
export const BAD = ink('bad', '#a4262c', '#ff9b9b')

export const INKS: readonly Ink[] = [PAPER, TEXT, QUIET, RULE, ...SERIES, GOOD, BAD]

export const series = (i: number): string => (SERIES[i % SERIES.length] as Ink).light
export const dash = (i: number): string | number[] => {
  const of = DASHES[i % DASHES.length] as string | readonly number[]
  return typeof of === 'string' ? of : [...of]
}
