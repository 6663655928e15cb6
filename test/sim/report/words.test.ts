import { describe, expect, it } from 'vitest'
import { linearAxis, logAxis, roundStep } from '../../../sim/report/axes.ts'
import {
  bytes,
  duration,
  figureInWords,
  figureUnit,
  number,
  rangeInWords,
  share
} from '../../../sim/report/words.ts'

describe('numbers in words', () => {
  it.each([
    [0, '0'],
    [1_236, '1,236'],
    [1_234.56, '1,234.6'],
    [12_345_678, '12,345,678'],
    [0.98731, '0.9873'],
    [100, '100'],
    [-42.5, '-42.5'],
    [1.2e-7, '1.2 × 10⁻⁷'],
    [1e-5, '10⁻⁵'],
    [3e21, '3 × 10²¹'],
    [Number.NaN, 'none'],
    [Number.POSITIVE_INFINITY, 'unbounded']
  ])('%d is "%s"', (value, words) => {
    expect(number(value)).toBe(words)
  })

  it.each([
    [12.34, '12.34 ms'],
    [1_500, '1.5 s'],
    [-1_500, '-1.5 s'],
    [240_000, '4 min'],
    [36_000_000, '10 h']
  ])('%d ms is "%s"', (ms, words) => {
    expect(duration(ms)).toBe(words)
  })

  it.each([
    [999, '999 B'],
    [4_096, '4.096 kB'],
    [-25_769_803_776, '-25.77 GB']
  ])('%d bytes are "%s"', (value, words) => {
    expect(bytes(value)).toBe(words)
  })

  it.each([
    [1, '100 %'],
    [0.5, '50 %'],
    [0.97321, '97.32 %'],
    [0.99954, '99.954 %'],
    [0.00001, '0.001 %'],
    [1e-9, '10⁻⁷ %']
  ])('a share of %d is "%s"', (value, words) => {
    expect(share(value)).toBe(words)
  })

  it('says a unit once in a range', () => {
    expect(rangeInWords(293.5, 321.6, 'ms')).toBe('293.5 – 321.6 ms')
    expect(rangeInWords(494.2, 1_073, 'ms')).toBe('494.2 ms – 1.073 s')
  })
})

it.each([
  ['retrieve.keyMs.p95', 'time to key of retrieve, 95th percentile', 'ms'],
  ['lookup.ok.share', 'success rate of lookup', 'share'],
  ['load.gini', 'load over nodes, Gini coefficient', ''],
  ['revocations.windowMs.max', 'revocation window, maximum', 'ms'],
  ['nodes.sentBytesPerSecond.mean', 'bytes sent per second of a node, mean', 'bytes/s'],
  ['joinSeconds', 'join seconds', 's'],
  ['rssBytes', 'rss bytes', 'bytes']
])('%s reads "%s"', (name, words, unit) => {
  expect(figureInWords(name)).toBe(words)
  expect(figureUnit(name)).toBe(unit)
})

describe('axes', () => {
  const labels = (option: object): string[] => {
    const { axisLabel } = option as {
      axisLabel: { customValues: number[]; formatter(value: number): string }
    }
    return axisLabel.customValues.map((value) => axisLabel.formatter(value))
  }

  it('have round ticks that hold the highest value', () => {
    expect(labels(linearAxis('x', 4, { whole: true }))).toEqual(['0', '1', '2', '3', '4'])
    expect(labels(linearAxis('x', 0.043))).toEqual(['0', '0.01', '0.02', '0.03', '0.04', '0.05'])
    expect(labels(linearAxis('x', 1_250)).at(-1)).toBe('1,500')
  })

  it('step by 1, 2 or 5', () => {
    expect([0.3, 1, 1.1, 3, 7, 20].map((size) => roundStep(size))).toEqual([0.5, 1, 2, 5, 10, 20])
  })

  it.each([
    [120, 900, ['100', '200', '500', '1,000']],
    [18, 1_037, ['10', '20', '50', '100', '200', '500', '1,000', '2,000']],
    [
      100,
      1e6,
      ['100', '300', '1,000', '3,000', '10,000', '30,000', '100,000', '300,000', '1,000,000']
    ],
    [5, 5, ['5', '6']],
    [23, 48, ['20', '30', '40', '50']]
  ])('have marks from %d to %d on a logarithmic scale', (low, high, marks) => {
    expect(labels(logAxis('x', low, high).option)).toEqual(marks)
  })
})
