/**
 * A comparison as text for a terminal.
 * @module
 */
import type { Comparison, Difference } from '../compare.ts'
import { columnsOfText } from './columns-of-text.ts'
import { figureUnit, number, rangeInWords, withUnit } from './words.ts'

export function comparisonText({ labels, mixed, identical, figures }: Comparison): string {
  const head = [
    'figure',
    ...labels,
    ...labels.slice(1).flatMap(() => ['difference', '95 % interval', 'ratio', 'differs'])
  ]
  const rows = figures.map(({ figure, values, differences }) => {
    const unit = figureUnit(figure)
    return [
      figure,
      ...values.map(({ value }) => withUnit(value, unit)),
      ...differences.flatMap((difference) => differenceCells(difference, unit))
    ]
  })
  const right = head.map((_, i) => i).filter((i) => i > 0 && head[i] !== 'differs')
  return [
    ...mixed.map((line) => `not the same: ${line}\n`),
    ...identical.map((label) => `${label}: the same tables as ${labels[0]}, to the last bit\n`),
    columnsOfText([head, ...rows], { right })
  ].join('')
}

function differenceCells(
  { difference, interval, ratio, distinguishable }: Difference,
  unit: string
): string[] {
  return [
    `${difference > 0 ? '+' : ''}${withUnit(difference, unit)}`,
    interval == null ? '–' : rangeInWords(interval.low, interval.high, unit),
    number(ratio),
    distinguishable
  ]
}
