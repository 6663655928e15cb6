/**
 * What a record is about, for scope tags: the owner's say, or a default by its form. Tags are made
 * on her device; custodians compare bytes (core/tags.ts).
 * @module
 */
import type { RootSecret } from '../../core/ids.ts'
import { chartKey, tag } from '../../core/keys.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { Recognised } from '../../core/record.ts'
import { type RecordMarks, type TagOf, tagRecord } from '../../core/tags.ts'
import type { RecordAddArgs } from './shapes.ts'

/** One chart a person for now; a chart is a care relationship (SECURITY.md §13). */
export const CHART = '0'

export const tagMaker = (root: RootSecret, p: Primitives): TagOf => {
  const key = chartKey(root, p)
  return (dimension, value) => tag(key, dimension, value, p)
}

/** The class of a record that nobody classed: FHIR's type, or the kind of file. */
const classOf = ({ fhir, mime }: Recognised): string =>
  fhir ?? (mime === 'application/dicom' ? 'ImagingStudy' : 'DocumentReference')

export function marksOf(recognised: Recognised, tags: RecordAddArgs['tags']): RecordMarks {
  const labels = tags?.labels ?? []
  return {
    chart: CHART,
    class: tags?.class ?? classOf(recognised),
    // missing means N; missing beside any label means R (INTEROP.md §4.2)
    level: tags?.level ?? (labels.length > 0 ? 'R' : 'N'),
    labels,
    months: tags?.month == null || tags.month === 'none' ? [] : [tags.month]
  }
}

/**
 * Whether clinicians find it in an emergency, where its owner did not say: all but what the law or
 * she holds for sensitive (INTEROP.md §4.2), since an allergy that is not found may kill.
 */
export const isForEmergencies = ({ level, labels }: RecordMarks): boolean =>
  level !== 'R' && level !== 'V' && labels.length === 0

export const recordTags = (marks: RecordMarks, root: RootSecret, p: Primitives) =>
  tagRecord(marks, tagMaker(root, p))
