/**
 * The records' bytes: random, from the seed alone, so that a piece of them that turns up anywhere
 * outside is no accident. Files of patients, in the run's folder.
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Rng } from '../../random.ts'
import type { Scenario } from '../../scenario/shape.ts'
import type { Stage } from '../stage.ts'

/** Lengths of the sample data: a FHIR Bundle, an ECG and an MR slice in DICOM. */
const CLINICAL_BYTES = [97_647, 291_088, 50_684] as const

export function recordLength({ records: { sizes } }: Scenario, rng: Rng): number {
  switch (sizes.model) {
    case 'fixed':
      return sizes.bytes
    case 'lognormal':
      return Math.max(1, Math.round(rng.lognormal(sizes.medianBytes, sizes.sigma)))
    case 'clinical':
      return rng.pick(CLINICAL_BYTES)
  }
}

/** The same each time, for the same seed. */
export function recordBytes(
  scenario: Scenario,
  rng: Rng,
  record: number,
  version: number
): Uint8Array {
  const own = rng.derive(`record-${record}/version-${version}`)
  const bytes = own.bytes(recordLength(scenario, own))
  // its first bytes are text, so that it is taken for no format that has rules of its own
  bytes.set(new TextEncoder().encode('synthetic record\n').subarray(0, bytes.byteLength))
  return bytes
}

/** Writes one version of a record; gives its path. */
export async function writeRecordFile(
  { folder, scenario, rng }: Pick<Stage, 'folder' | 'scenario' | 'rng'>,
  record: number,
  version: number
): Promise<string> {
  const path = join(folder, `record-${record}.${version}.bin`)
  await writeFile(path, recordBytes(scenario, rng, record, version))
  return path
}

/** Of the first records, one piece each: more would slow the search, not sharpen it. */
export function recordCanaries({ scenario, rng }: Stage, records: number): readonly Uint8Array[] {
  return Array.from({ length: Math.min(records, CANARY_RECORDS_MAX) }, (_, record) => {
    const bytes = recordBytes(scenario, rng, record, 1)
    const last = Math.max(0, bytes.byteLength - CANARY_BYTES)
    const at = rng.derive(`record-${record}/canary`).below(last + 1)
    return bytes.slice(at, at + CANARY_BYTES)
  }).filter(({ byteLength }) => byteLength === CANARY_BYTES)
}

const CANARY_RECORDS_MAX = 64
const CANARY_BYTES = 24
