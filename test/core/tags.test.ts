import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { covers } from '../../core/grant.ts'
import { chartKey, recordId } from '../../core/ids.ts'
import { type TagDimension, tag } from '../../core/keys.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import {
  isStrictlyAscending,
  labelsUnder,
  levelsUpTo,
  type RecordMarks,
  type ScopeMarks,
  tagRecord,
  tagScope
} from '../../core/tags.ts'
import { fill, hashOf } from '../fixtures/messages.ts'

const tagOf = (dimension: TagDimension, value: string) =>
  tag(chartKey(fill(5)), dimension, value, p)
const X = recordId(fill(1))
const marks = (changes: Partial<RecordMarks> = {}): RecordMarks => ({
  chart: 'main',
  class: 'Observation',
  level: 'N',
  labels: [],
  months: ['2026-11'],
  ...changes
})
const scope = (changes: Partial<ScopeMarks> = {}): ScopeMarks => ({
  records: [],
  classes: ['Observation'],
  upTo: 'N',
  labels: [],
  ...changes
})
const isCovered = (of: ScopeMarks, record: RecordMarks): boolean =>
  covers({ tags: tagScope(of, tagOf), except: [] }, { recordId: X, tags: tagRecord(record, tagOf) })

describe('tags', () => {
  it('names all levels up to one', () => {
    expect(levelsUpTo('R')).toEqual(['U', 'L', 'M', 'N', 'R'])
    expect(levelsUpTo('U')).toEqual(['U'])
  })

  it.each([
    ['ETH', ['ETH', 'ETHUD', 'OPIOIDUD', 'SUD']],
    ['SUD', ['ETH', 'ETHUD', 'OPIOIDUD', 'SUD']],
    ['BH', ['BH', 'COGN', 'DVD', 'EMOTDIS']],
    ['SDV', ['SDV']],
    ['SICKLE', ['SCA']],
    ['PSY', ['PSY']],
    [
      'SPI',
      [
        'BH',
        'COGN',
        'DVD',
        'EMOTDIS',
        'ETH',
        'ETHUD',
        'MH',
        'OPIOIDUD',
        'PSY',
        'PSYTHPN',
        'SPI',
        'SUD'
      ]
    ],
    ['toString', ['toString']]
  ])('lets the label %s name what is under it', (label, names) => {
    expect([...labelsUnder(label)].sort()).toEqual(names)
  })

  it('gives ascending lists without repetition', () => {
    const of = tagScope(
      scope({ records: [X, X], classes: ['A', 'B', 'A'], chart: 'main', labels: ['SUD', 'ETH'] }),
      tagOf
    )

    expect(isStrictlyAscending(of)).toBe(true)
    expect(of).toHaveLength(1 + 2 + 1 + 4 + 4 + 1)
    expect(isStrictlyAscending([hashOf(2), hashOf(1)])).toBe(false)
    expect(isStrictlyAscending([hashOf(2), hashOf(2)])).toBe(false)
  })

  it.each<[string, Partial<ScopeMarks>, Partial<RecordMarks>, boolean]>([
    ['any date', {}, {}, true],
    ['any date, undated', {}, { months: [] }, true],
    ['its month', { months: ['2026-11'] }, {}, true],
    ['one of its months', { months: ['2026-12'] }, { months: ['2026-11', '2026-12'] }, true],
    ['another month', { months: ['2026-10'] }, {}, false],
    ['a month, undated', { months: ['2026-11'] }, { months: [] }, false],
    ['undated only', { months: ['none'] }, { months: [] }, true],
    ['a lower level', { upTo: 'R' }, { level: 'U' }, true],
    ['a higher level', { upTo: 'N' }, { level: 'R' }, false],
    ['a label not named', {}, { labels: ['HIV'] }, false],
    ['a label named', { labels: ['HIV'] }, { labels: ['HIV'] }, true],
    ['one of two labels named', { labels: ['HIV'] }, { labels: ['HIV', 'PSY'] }, false],
    ['a label under another', { labels: ['SPI'] }, { labels: ['OPIOIDUD'] }, true],
    ['another class', {}, { class: 'DiagnosticReport' }, false],
    ['another class by chart', { chart: 'main' }, { class: 'DiagnosticReport' }, true],
    ['another class by id', { records: [X] }, { class: 'DiagnosticReport' }, true]
  ])('decides coverage by %s', (_name, of, record, covered) => {
    expect(isCovered(scope(of), marks(record))).toBe(covered)
  })

  it('tells equal words of two dimensions apart', () => {
    expect(toHex(tagOf('class', 'N'))).not.toBe(toHex(tagOf('level', 'N')))
  })
})
