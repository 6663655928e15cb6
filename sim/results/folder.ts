/**
 * A run's folder. Each repeat is kept as soon as it is done, so an interrupted run goes on where it
 * stopped; when the last one is there, the tables are written for other programs to read, and the
 * manifest, which names every file with its SHA-256, closes the folder.
 *
 *     manifest.json   scenario.yaml   summary.json   checks.json   trace.jsonl
 *     operations.{csv,jsonl,parquet}  nodes.*  series.*  …one set a table, all repeats together
 *     repeats/0.tables, 0.json        canonical bytes (canonical.ts); facts, checks, trace
 * @module
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { utf8 } from '../../core/bytes.ts'
import { InvalidConfigError, InvalidMessageError, StoreCorruptError } from '../../core/errors.ts'
import type { CheckResult, RunResult, TraceEvent } from '../engine.ts'
import { scenarioShape } from '../scenario/shape.ts'
import { decodeTables, encodeTables } from './canonical.ts'
import { differences } from './differences.ts'
import { digestOfDigests, tablesOf } from './digest.ts'
import { exportTables } from './export.ts'
import { type FileSeal, json, parseJson, readSealed, sha256, writeWhole } from './files.ts'
import { decodeManifest, encodeManifest, MANIFEST, type Sealed } from './manifest.ts'
import type { RunManifest, StoredRun, Summary } from './run.ts'
import { decodeSummary, summarise } from './summarise.ts'

export type {
  Calibration,
  Expectation,
  Host,
  Interval,
  RunManifest,
  StoredRun,
  Summary
} from './run.ts'

/**
 * Makes the folder of a run, or opens it again to go on.
 * Returns which repeats it already has, verified.
 * @throws InvalidConfigError when the folder holds something else, or another run (naming what differs)
 * @throws StoreCorruptError when what it has is damaged
 */
export async function beginRun(
  folder: string,
  manifest: RunManifest
): Promise<{ readonly done: readonly number[] }> {
  const there = await readManifest(folder)
  if (there == null) {
    const entries = await readdir(folder).catch(() => [])
    if (entries.length > 0) {
      throw new InvalidConfigError(
        `${folder} expected a new or empty folder or a run's, got ${entries.length} other entries`
      )
    }
    await writeManifest(folder, { ...manifest, digest: '', endedAt: '', complete: false }, {})
    return { done: [] }
  }
  const differ = differences(there.manifest, manifest)
  if (differ.length > 0) {
    throw new InvalidConfigError(`${folder} holds another run: ${differ.join('; ')}`)
  }
  const done = await repeatsIn(folder)
  for (const repeat of done) await readRepeat(folder, repeat)
  return { done }
}

/** Keeps one repeat; from here on it is not run again. Keeping it twice keeps the last. */
export async function keepRepeat(folder: string, repeat: number, result: RunResult): Promise<void> {
  const tables = await writeWhole(join(folder, tablesFile(repeat)), [
    encodeTables(tablesOf(result))
  ])
  const { facts, checks, trace } = result
  // written last: a repeat without it has not happened
  await writeWhole(join(folder, repeatFile(repeat)), [json({ tables, facts, checks, trace })])
}

/**
 * Closes a run whose repeats are all kept: tables for other programs, summary, digest.
 * @throws InvalidConfigError when a repeat is missing
 */
export async function finishRun(
  folder: string,
  manifest: RunManifest
): Promise<{ readonly summary: Summary; readonly manifest: RunManifest }> {
  const missing = await missingRepeats(folder, manifest.repeats)
  if (missing.length > 0) {
    throw new InvalidConfigError(`${folder} expected ${manifest.repeats} repeats, ${list(missing)}`)
  }
  const results: RunResult[] = []
  const digests: string[] = []
  const files: Record<string, FileSeal> = {}
  for (let repeat = 0; repeat < manifest.repeats; repeat++) {
    const { result, tables } = await readRepeat(folder, repeat)
    results.push(result)
    digests.push(tables.sha256)
    files[tablesFile(repeat)] = tables
    files[repeatFile(repeat)] = await sealOf(folder, repeatFile(repeat))
  }
  const summary = summarise(manifest.scenario, results)
  const put = async (name: string, parts: Iterable<string | Uint8Array>) => {
    files[name] = await writeWhole(join(folder, name), parts)
  }
  await put('scenario.yaml', [utf8(stringify(manifest.scenario))])
  await put('summary.json', [json(summary)])
  await put('checks.json', [json(summary.checks)])
  await put('trace.jsonl', results.flatMap(traceLines))
  for (const { name, parts } of exportTables(results)) await put(name, parts)
  const begun = (await readManifest(folder))?.manifest.startedAt ?? manifest.startedAt
  const digest = await digestOfDigests(digests)
  const closed = { ...manifest, startedAt: begun, digest, complete: true }
  await writeManifest(folder, closed, files)
  return { summary, manifest: closed }
}

/** Writes a whole run at once. */
export async function writeRun(
  folder: string,
  manifest: RunManifest,
  results: readonly RunResult[]
): Promise<Summary> {
  const { done } = await beginRun(folder, manifest)
  for (const [repeat, result] of results.entries()) {
    if (!done.includes(repeat)) await keepRepeat(folder, repeat, result)
  }
  return (await finishRun(folder, manifest)).summary
}

/**
 * Reads a complete run; every file it names has been verified.
 * @throws InvalidConfigError when the folder is not a run's, or the run is not complete
 * @throws StoreCorruptError naming the file that is missing, torn or changed
 */
export async function readRun(folder: string): Promise<StoredRun> {
  const { manifest, files } = await readComplete(folder)
  let summary: Summary | undefined
  for (const [name, seal] of Object.entries(files)) {
    const bytes = await readSealed(folder, name, seal)
    if (name === 'summary.json') summary = decodeSummary(parseJson(name, bytes))
  }
  if (summary == null) throw new StoreCorruptError('manifest.json expected to name summary.json')
  const results: RunResult[] = []
  const digests: string[] = []
  for (let repeat = 0; repeat < manifest.repeats; repeat++) {
    const { result, tables } = await readRepeat(folder, repeat)
    results.push(result)
    digests.push(tables.sha256)
  }
  const digest = await digestOfDigests(digests)
  if (digest !== manifest.digest) {
    throw new StoreCorruptError(`manifest.json expected digest ${digest}, got ${manifest.digest}`)
  }
  return { folder, manifest, results, summary }
}

/**
 * Reads who made a complete run and what came out, without its tables: what a sweep compares by the
 * thousand. Only the two files read are verified.
 * @throws as `readRun`
 */
export async function readOutcome(
  folder: string
): Promise<{ readonly manifest: RunManifest; readonly summary: Summary }> {
  const { manifest, files } = await readComplete(folder)
  const seal = files['summary.json']
  if (seal == null) throw new StoreCorruptError('manifest.json expected to name summary.json')
  const bytes = await readSealed(folder, 'summary.json', seal)
  return { manifest, summary: decodeSummary(parseJson('summary.json', bytes)) }
}

async function readComplete(folder: string): Promise<Sealed> {
  const sealed = await readManifest(folder)
  if (sealed == null) {
    throw new InvalidConfigError(`${folder} expected a run's folder (manifest.json), found none`)
  }
  const { complete, repeats } = sealed.manifest
  if (!complete) {
    const missing = await missingRepeats(folder, repeats)
    const what = missing.length > 0 ? list(missing) : 'its tables are not written yet'
    throw new InvalidConfigError(
      `${folder} expected a complete run, ${what}: run it again with the same --out to go on`
    )
  }
  return sealed
}

async function readManifest(folder: string): Promise<Sealed | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(join(folder, MANIFEST))
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'ENOTDIR') throw new InvalidConfigError(`${folder} expected a folder`)
    throw err
  }
  return await decodeManifest(folder, bytes, (value) => scenarioShape.parse(value))
}

async function writeManifest(
  folder: string,
  manifest: RunManifest,
  files: Readonly<Record<string, FileSeal>>
): Promise<void> {
  await writeWhole(join(folder, MANIFEST), [await encodeManifest({ manifest, files })])
}

interface KeptRepeat {
  readonly tables: FileSeal
  readonly facts: RunResult['facts']
  readonly checks: readonly CheckResult[]
  readonly trace: readonly TraceEvent[]
}

async function readRepeat(
  folder: string,
  repeat: number
): Promise<{ readonly result: RunResult; readonly tables: FileSeal }> {
  const name = repeatFile(repeat)
  const kept = parseJson(name, await readThere(folder, name)) as KeptRepeat
  if (kept.tables?.sha256 == null) {
    throw new StoreCorruptError(`${name} expected a repeat, got other JSON`)
  }
  const bytes = await readSealed(folder, tablesFile(repeat), kept.tables)
  const { facts, checks, trace } = kept
  try {
    const [operations, nodes, series, ...more] = decodeTables(bytes)
    if (operations == null || nodes == null || series == null) {
      throw new InvalidMessageError('expected at least 3 tables')
    }
    const result = { operations, nodes, series, more, facts, checks, trace }
    return { result, tables: kept.tables }
  } catch (cause) {
    throw new StoreCorruptError(`${tablesFile(repeat)} expected tables`, { cause })
  }
}

async function readThere(folder: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  return await readFile(join(folder, name)).catch((cause: unknown) => {
    throw new StoreCorruptError(`${name} expected a file, got none`, { cause })
  })
}

async function sealOf(folder: string, name: string): Promise<FileSeal> {
  const bytes = await readThere(folder, name)
  return { bytes: bytes.length, sha256: await sha256(bytes) }
}

async function repeatsIn(folder: string): Promise<number[]> {
  const names = await readdir(join(folder, 'repeats')).catch(() => [])
  const numbers = names.map((name) => /^(\d+)\.json$/.exec(name)?.[1])
  return numbers.flatMap((n) => (n == null ? [] : [Number(n)])).sort((a, b) => a - b)
}

async function missingRepeats(folder: string, repeats: number): Promise<number[]> {
  const done = new Set(await repeatsIn(folder))
  return Array.from({ length: repeats }, (_, i) => i).filter((repeat) => !done.has(repeat))
}

const list = (missing: readonly number[]): string => {
  const some = missing.slice(0, 8).join(', ')
  return `repeat ${some}${missing.length > 8 ? ', …' : ''} is missing`
}

const traceLines = (result: RunResult, repeat: number): string[] =>
  result.trace.map((event) => `${JSON.stringify({ repeat, ...event })}\n`)

const tablesFile = (repeat: number): string => `repeats/${repeat}.tables`
const repeatFile = (repeat: number): string => `repeats/${repeat}.json`
