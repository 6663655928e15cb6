/**
 * Which records a grant covers, from the owner's words to tags. A grant that names records alone
 * covers these and nothing else. One that names classes or the chart goes on for records added
 * later, up to level N unless it says more, and never covers a sensitive record whose labels it
 * does not name (SECURITY.md §5, scope tags).
 * @module
 */
import { compareBytes, fromHex, toHex } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { covers, type ScopeLists } from '../../core/grant.ts'
import { type Hash, hash, type RecordId, recordId } from '../../core/ids.ts'
import type { TagDimension } from '../../core/keys.ts'
import { SCOPE_EXCEPT_MAX, SCOPE_TAGS_MAX } from '../../core/limits.ts'
import {
  LEVELS,
  type Level,
  labelsUnder,
  levelsUpTo,
  type RecordTags,
  tagScope
} from '../../core/tags.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { GivableVersion, GrantSource } from './grant-source.ts'
import { CHART } from './marks.ts'

export interface ScopeWords {
  readonly records?: readonly string[] | undefined
  readonly classes?: readonly string[] | undefined
  readonly chart?: boolean | undefined
  readonly upTo?: Level | undefined
  readonly labels?: readonly string[] | undefined
  readonly months?: readonly string[] | undefined
  readonly except?: readonly string[] | undefined
}

export interface Scope extends ScopeLists {
  /** As the ledger keeps them. */
  readonly marks: EntryOf<'terms'>['scope']
}

const BROAD_LEVEL: Level = 'N'
const HEX32 = /^(0x)?[0-9a-f]{64}$/i
const ANY_MONTH = '*'

/** @throws InvalidParametersError, RecordNotFoundError for a named record that is not there */
export function scopeOf(source: GrantSource, words: ScopeWords): Scope {
  const { classes = [], chart = false, labels = [], months = [], except = [] } = words
  const records = [...new Set((words.records ?? []).map((id) => bare(id)))]
  const ids = records.map((id) => recordId(fromHex(id)))
  const broad = classes.length > 0 || chart
  if (!broad && ids.length === 0) {
    throw new InvalidParametersError('"records" expected a record, a class or the whole chart')
  }
  const named = ids.map((id) => versionsOfRecord(source, id))
  const marks = {
    records: ids,
    classes: [...classes],
    chart,
    upTo: words.upTo ?? (broad ? BROAD_LEVEL : undefined),
    labels: [...labels],
    months: [...months],
    except: except.map((each) => (HEX32.test(each) ? bare(each) : each))
  }
  const tags = tagsOf(source, marks, named.flat())
  const excepted = marks.except.map((each) =>
    HEX32.test(each) ? hash(fromHex(each)) : hash(tagOf(source, 'except')('class', each))
  )
  const scope = { tags: ascending(tags), except: ascending(excepted), marks }
  assertWithin('records', scope.tags, SCOPE_TAGS_MAX)
  assertWithin('except', scope.except, SCOPE_EXCEPT_MAX)
  for (const versions of named) assertCovered(scope, versions)
  return scope
}

/** Of records that are named alone, exactly their own levels and labels; else what was said. */
function tagsOf(
  source: GrantSource,
  marks: Scope['marks'],
  named: readonly GivableVersion[]
): readonly Uint8Array[] {
  const { records, classes, chart, upTo, labels, months } = marks
  if (classes.length > 0 || chart) {
    const words = {
      records,
      classes,
      ...(chart && { chart: CHART }),
      upTo: upTo ?? BROAD_LEVEL,
      labels,
      ...(months.length > 0 && { months })
    }
    return tagScope(words, tagOf(source, chart ? 'chart' : 'classes'))
  }
  const own = named.map(({ manifest }) => manifest.custody.tags)
  const made = (field: string, dimension: TagDimension, values: readonly string[]) =>
    values.map((value) => tagOf(source, field)(dimension, value))
  return [
    ...records,
    ...(upTo == null ? own.map(({ level }) => level) : made('upTo', 'level', levelsUpTo(upTo))),
    ...(labels.length === 0
      ? own.flatMap((tags) => tags.labels)
      : made('labels', 'label', labels.flatMap(labelsUnder))),
    ...(months.length > 0 ? made('months', 'month', months) : anyMonth(source, own))
  ]
}

/** Who cannot make the tag of "any month" finds it among those of each record. */
const anyMonth = ({ tagOf: make }: GrantSource, own: readonly RecordTags[]) =>
  make == null ? own.flatMap(({ months }) => months) : [make('month', ANY_MONTH)]

function tagOf(source: GrantSource, field: string): NonNullable<GrantSource['tagOf']> {
  if (source.tagOf == null) {
    throw new InvalidParametersError(
      `"${field}" expected nothing: for these records access can be given by their ids alone`
    )
  }
  return source.tagOf
}

/** @throws RecordNotFoundError */
function versionsOfRecord(source: GrantSource, id: RecordId): readonly GivableVersion[] {
  const versions = source.versions().filter((each) => compareBytes(each.recordId, id) === 0)
  if (versions.length === 0) throw new RecordNotFoundError(`no such own record: ${toHex(id)}`)
  return versions
}

/** Who names a record means it: terms that shut all of it out are a mistake, and told. */
function assertCovered(scope: ScopeLists, versions: readonly GivableVersion[]): void {
  if (versions.some((version) => isCovered(scope, version))) return
  const id = toHex((versions[0] as GivableVersion).recordId)
  throw new InvalidParametersError(
    `"records" expected what the other terms cover: ${id} has another level, label or month, or is excepted`
  )
}

export const isCovered = (
  scope: ScopeLists,
  { recordId: id, manifest }: Pick<GivableVersion, 'recordId' | 'manifest'>
): boolean => covers(scope, { recordId: id, tags: manifest.custody.tags })

function assertWithin(field: string, list: readonly Hash[], max: number): void {
  if (list.length > max) {
    throw new InvalidParametersError(
      `"${field}" expected a scope of at most ${max} tags, got ${list.length}`
    )
  }
}

function ascending(tags: readonly Uint8Array[]): readonly Hash[] {
  const unique = new Map(tags.map((tag) => [toHex(tag), hash(tag)]))
  return [...unique.values()].sort(compareBytes)
}

const bare = (id: string): string => id.toLowerCase().replace(/^0x/, '')

/** "all records up to level N, label PSY, month 2026-11; not ImagingStudy" */
export function scopeText(marks: Scope['marks']): string {
  const { records, classes, chart, upTo, labels, months, except } = marks
  const what = [
    ...(chart ? ['all records'] : []),
    ...(classes.length > 0 ? [`class ${classes.join(', ')}`] : []),
    ...(records.length > 0 ? [`${records.length} by id`] : [])
  ].join(' and ')
  const narrowed = [
    ...(upTo == null || upTo === LEVELS.at(-1) ? [] : [` up to level ${upTo}`]),
    ...(labels.length > 0 ? [`, label ${labels.join(', ')}`] : []),
    ...(months.length > 0 ? [`, month ${months.join(', ')}`] : []),
    ...(except.length > 0 ? [`; not ${except.join(', ')}`] : [])
  ]
  return what + narrowed.join('')
}
