/**
 * Looks at a file before it becomes a record: what it is, and that it is what it says. FHIR that is
 * not valid is refused, since nobody could read it later; anything else is taken as it is.
 * @module
 */
import { constants, type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { Worker } from 'node:worker_threads'
import { InvalidParametersError, InvalidRecordError } from '../../core/errors.ts'
import {
  FHIR_FAULTS_TOLD,
  FHIR_MAX_BYTES,
  RECOGNISE_BYTES,
  RECORD_MAX_BYTES
} from '../../core/limits.ts'
import { type HealthRecord, recognise } from '../../core/record.ts'
import type { Judgement } from './judge.ts'

/** Below this the node waits: at most 60 ms. */
const INLINE_BYTES = 256 * 1_024
/** A parsed file takes up to ten times its size. */
const WORKER_HEAP_MB = 2_048

export interface CheckOptions {
  /** @default the file's name */
  readonly name?: string | undefined
  /** @default what its content says */
  readonly mime?: string | undefined
  /** Refuse anything that is not FHIR. @default false */
  readonly insist?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** A record without its id, and what came of looking. */
export interface CheckedFile extends Omit<HealthRecord, 'recordId'> {
  readonly bytes: number
  /** DICOM modality. */
  readonly modality?: string
}

/**
 * @throws InvalidParametersError if there is no such file
 * @throws InvalidRecordError if it claims FHIR and is not valid R4, with a line for each fault
 */
export async function checkRecord(path: string, options: CheckOptions = {}): Promise<CheckedFile> {
  const file = await openFile(path)
  try {
    const { size } = await file.stat()
    if (size > RECORD_MAX_BYTES) {
      throw new InvalidRecordError(`record expected at most ${RECORD_MAX_BYTES} bytes, got ${size}`)
    }
    const name = options.name ?? basename(path)
    const first = await readFirst(file, Math.min(size, RECOGNISE_BYTES))
    const seen = recognise(first, name)
    const judged = /json$/.test(seen.mime) ? await judgeFile(file, size, seen.fhir, options) : seen
    if (options.insist === true && judged.fhir == null) {
      throw new InvalidRecordError(`FHIR JSON expected, got ${judged.mime}`)
    }
    return { ...judged, mime: options.mime ?? judged.mime, name, bytes: size }
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle
  try {
    // a pipe that nobody writes to would otherwise take a thread for good before it can be refused
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (err) {
    throw new InvalidParametersError(`"path" expected a readable file, got ${path}`, { cause: err })
  }
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new InvalidParametersError(`"path" expected a file, got ${path}`)
}

async function readFirst(file: FileHandle, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let at = 0
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return bytes.subarray(0, at)
}

/** The final word on a JSON file: FHIR, other JSON, or text. */
async function judgeFile(
  file: FileHandle,
  size: number,
  claimed: string | undefined,
  options: CheckOptions
): Promise<{ readonly mime: string; readonly fhir?: string }> {
  if (size > FHIR_MAX_BYTES) {
    if (claimed == null) return { mime: 'application/json' }
    throw new InvalidRecordError(`FHIR expected at most ${FHIR_MAX_BYTES} bytes, got ${size}`)
  }
  const bytes = await readFirst(file, size)
  const { claims, json, faults } =
    size <= INLINE_BYTES
      ? (await import('./judge.ts')).judge(bytes, claimed)
      : await judgeBeside(bytes, claimed, options.signal)
  if (faults.length > 0) throw refusal(faults)
  if (!json) return { mime: 'text/plain' }
  return claims == null
    ? { mime: 'application/json' }
    : { mime: 'application/fhir+json', fhir: claims }
}

/** In a thread of its own, ended by the signal. */
async function judgeBeside(
  bytes: Uint8Array,
  claimed: string | undefined,
  signal: AbortSignal | undefined
): Promise<Judgement> {
  signal?.throwIfAborted()
  const worker = new Worker(new URL('./judge-worker.ts', import.meta.url), {
    workerData: { bytes, claimed },
    transferList: [bytes.buffer as ArrayBuffer],
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB }
  })
  const { promise, resolve, reject } = Promise.withResolvers<Judgement>()
  const abort = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  worker.once('message', resolve)
  worker.once('error', (err) => {
    reject(new InvalidRecordError('FHIR could not be checked', [], { cause: err }))
  })
  worker.once('exit', () => reject(new InvalidRecordError('FHIR could not be checked')))
  try {
    return await promise
  } finally {
    signal?.removeEventListener('abort', abort)
    await worker.terminate()
  }
}

function refusal(faults: readonly string[]): InvalidRecordError {
  const told = faults.slice(0, FHIR_FAULTS_TOLD)
  const more = faults.length - told.length
  if (faults.length === 1 && faults[0]?.startsWith('FHIR R4'))
    return new InvalidRecordError(faults[0])
  return new InvalidRecordError(
    `FHIR R4 expected, got ${faults.length} fault${faults.length === 1 ? '' : 's'}`,
    more > 0 ? [...told, `and ${more} more`] : told
  )
}
