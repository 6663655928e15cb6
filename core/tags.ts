/**
 * Scope tags: how a custodian matches a record against a grant without learning what either is
 * about (SECURITY.md §5, §7). The owner's device expands trees and synonyms before it tags
 * (INTEROP.md §4.2); everybody else compares bytes.
 * @module
 */
import { compareBytes, toHex } from './bytes.ts'
import { bytes, list, map, type Of } from './codec.ts'
import { type Hash, hash, type RecordId } from './ids.ts'
import type { TagDimension } from './keys.ts'
import { LABELS_MAX, MONTHS_MAX } from './limits.ts'

/** core/keys.ts `tag` under one chart's key. */
export type TagOf = (dimension: TagDimension, value: string) => Uint8Array

export const tagShape = bytes(32, (b) => hash(b, 'tag'))

/** A record's own tags, as `custody` carries them; `months` always holds the tag of "*". */
export const recordTagsShape = map({
  chart: tagShape,
  class: tagShape,
  level: tagShape,
  labels: list(tagShape, LABELS_MAX),
  months: list(tagShape, MONTHS_MAX)
})
export type RecordTags = Of<typeof recordTagsShape>

/** What the owner says of a record; `months` like "2026-11", none when it is undated. */
export interface RecordMarks {
  readonly chart: string
  readonly class: string
  readonly level: Level
  readonly labels: readonly string[]
  readonly months: readonly string[]
}

/** HL7's confidentiality, from open to closed. */
export const LEVELS = ['U', 'L', 'M', 'N', 'R', 'V'] as const
export type Level = (typeof LEVELS)[number]

const ANY_MONTH = '*'
const NO_MONTH = 'none'

/**
 * Tags one record. The tag of "*" joins its months, because a custodian that compares bytes could
 * not know which of a grant's tags means "any date".
 */
export function tagRecord(marks: RecordMarks, tagOf: TagOf): RecordTags {
  const months = marks.months.length > 0 ? marks.months : [NO_MONTH]
  return {
    chart: hash(tagOf('chart', marks.chart)),
    class: hash(tagOf('class', marks.class)),
    level: hash(tagOf('level', marks.level)),
    labels: ascending(marks.labels.map((label) => tagOf('label', label))),
    months: ascending([...months, ANY_MONTH].map((month) => tagOf('month', month)))
  }
}

/** What the owner picked for a grant; all lists of codes and months, `records` of ids. */
export interface ScopeMarks {
  readonly records: readonly RecordId[]
  readonly classes: readonly string[]
  readonly chart?: string
  /** "Up to" this level: all lower ones are named too. */
  readonly upTo: Level
  readonly labels: readonly string[]
  /** Undefined: any date. */
  readonly months?: readonly string[]
}

/** The strictly ascending list of a grant's tags. */
export function tagScope(marks: ScopeMarks, tagOf: TagOf): readonly Hash[] {
  return ascending([
    ...marks.records,
    ...marks.classes.map((name) => tagOf('class', name)),
    ...(marks.chart == null ? [] : [tagOf('chart', marks.chart)]),
    ...levelsUpTo(marks.upTo).map((level) => tagOf('level', level)),
    ...marks.labels.flatMap(labelsUnder).map((label) => tagOf('label', label)),
    ...(marks.months ?? [ANY_MONTH]).map((month) => tagOf('month', month))
  ])
}

export const levelsUpTo = (level: Level): readonly Level[] =>
  LEVELS.slice(0, LEVELS.indexOf(level) + 1)

/** Substance abuse: HL7 puts the disorders under SUD, PCF under ETH; here they are one group. */
const SUBSTANCE = ['ETH', 'SUD', 'ETHUD', 'OPIOIDUD']
const BEHAVIOUR = ['BH', 'COGN', 'DVD', 'EMOTDIS']
const UNDER: Readonly<Record<string, readonly string[]>> = {
  SPI: ['SPI', ...BEHAVIOUR, 'MH', 'PSY', 'PSYTHPN', ...SUBSTANCE],
  BH: BEHAVIOUR,
  SUD: SUBSTANCE,
  ETH: SUBSTANCE,
  SICKLE: ['SCA']
}

/** A sensitivity label and what it names besides itself. */
export const labelsUnder = (label: string): readonly string[] =>
  Object.hasOwn(UNDER, label) ? (UNDER[label] as readonly string[]) : [label]

/** Sorted, each once. */
function ascending(tags: readonly Uint8Array[]): readonly Hash[] {
  const unique = new Map(tags.map((tag) => [toHex(tag), hash(tag, 'tag')]))
  return [...unique.values()].sort(compareBytes)
}

export const isStrictlyAscending = (items: readonly Uint8Array[]): boolean =>
  items.every((item, i) => i === 0 || compareBytes(items[i - 1] as Uint8Array, item) < 0)
