/**
 * What a record is before it is sealed (hop 1 of 12): any bytes, recognised by their shape alone.
 * Whether FHIR is valid is node/fhir's to say; here nothing is parsed further than its name.
 * @module
 */
import { recogniseDicom } from './formats/dicom.ts'
import { recogniseFhir } from './formats/fhir.ts'
import { isPdf } from './formats/pdf.ts'
import { recogniseText } from './formats/text.ts'
import type { RecordId } from './ids.ts'

export interface HealthRecord {
  readonly recordId: RecordId
  readonly name: string
  readonly mime: string
  /** FHIR resource type, such as "Bundle". */
  readonly fhir?: string
}

/** What the first bytes of a file tell. */
export interface Recognised {
  readonly mime: string
  /** FHIR resource type that it claims. */
  readonly fhir?: string
  /** DICOM modality, such as "MR". */
  readonly modality?: string
}

/**
 * Recognises a record by its first bytes (RECOGNISE_BYTES of it, or all). The name decides only
 * what bytes cannot: which kind of text it is.
 */
export function recognise(first: Uint8Array, name: string): Recognised {
  const dicom = recogniseDicom(first)
  if (dicom != null) return { mime: 'application/dicom', ...dicom }
  if (isPdf(first)) return { mime: 'application/pdf' }
  const text = recogniseText(first, name)
  if (text == null) return { mime: 'application/octet-stream' }
  const fhir = text.mime === 'application/json' ? recogniseFhir(text.text) : undefined
  return fhir == null ? { mime: text.mime } : { mime: 'application/fhir+json', fhir }
}
