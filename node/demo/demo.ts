/**
 * `keyward demo`: the main job on real records with real processes, from an empty folder to the
 * refusal after the revocation, told as it goes. Its summary, or one JSON object, says what was
 * seen; nothing in it is taken on faith: hashes are made from the files, receipts are verified
 * offline, and plaintext is searched everywhere.
 * @module
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidParametersError } from '../../core/errors.ts'
import { CUSTODIANS_MAX, THRESHOLD_MIN } from '../../core/limits.ts'
import { Exit } from '../api/error.ts'
import type { TextSink } from '../cli/shell.ts'
import type { VerbProgress } from '../verbs/verb.ts'
import { dumpChain, findLeaks, plantCanaries } from './leaks.ts'
import type { DemoResult } from './result.ts'
import { SampleNetwork } from './sample-network.ts'
import { playStory } from './story.ts'
import { summary } from './summary.ts'

export interface DemoOptions {
  readonly json: boolean
  readonly signal: AbortSignal
  readonly stdout: TextSink
  progress(event: VerbProgress): void
  /** Files of the caller's, beside the samples. */
  readonly records?: readonly string[]
  /** Where the network's folders stay. @default a temporary folder that is removed */
  readonly keep?: string | undefined
  /** @default 5 */
  readonly custodians?: number
  /** @default 3 */
  readonly threshold?: number
  /** Custodians that are killed before the release. @default 0 */
  readonly kill?: number
  /** Custodians that give a corrupt share. @default 0 */
  readonly lie?: number
}

const sample = (name: string): string => fileURLToPath(new URL(`data/${name}`, import.meta.url))
const SAMPLES = ['synthea-bundle.json', 'mr-slice.dcm', 'ecg.dcm'].map(sample)

/** Exit code: 0 when everything that was promised was seen. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { signal, progress } = options
  const plan = planOf(options)
  const startedMs = performance.now()
  const folder = await makeFolder(options.keep)
  const network = new SampleNetwork(folder, signal)
  const records = [...SAMPLES, ...(options.records ?? []).map((path) => resolve(path))]
  let result: DemoResult
  try {
    const scanner = await plantCanaries(folder, records)
    progress({ step: 'chain', detail: 'starts and gets its contracts' })
    await network.startChain()
    const seen = await playStory(network, { ...plan, records }, { signal, progress })
    progress({ step: 'leaks', detail: 'searches wire, disks, chain and logs for plaintext' })
    const dump = await dumpChain(network.chain.url, signal)
    await network.stop()
    const leaks = await findLeaks(folder, scanner, dump, seen.ownFolders)
    const elapsedMs = Math.round(performance.now() - startedMs)
    result = { ...seen.result, elapsedMs, leaks: leaks.places.length }
    result = { ...result, ok: seen.result.ok && leaks.places.length === 0 }
    if (options.json) options.stdout.write(`${JSON.stringify(result)}\n`)
    else options.stdout.write(summary(result, leaks, options.keep))
  } finally {
    await network.stop()
    if (options.keep == null) await rm(folder, { recursive: true, force: true })
  }
  return result.ok ? Exit.Done : Exit.NotVerified
}

function planOf({ custodians = 5, threshold = 3, kill = 0, lie = 0 }: DemoOptions) {
  const whole = (name: string, value: number, min: number, max: number): void => {
    if (Number.isSafeInteger(value) && value >= min && value <= max) return
    throw new InvalidParametersError(`"${name}" expected ${min}..${max}, got ${value}`)
  }
  whole('custodians', custodians, THRESHOLD_MIN, CUSTODIANS_MAX)
  whole('threshold', threshold, THRESHOLD_MIN, custodians)
  whole('kill', kill, 0, custodians - threshold)
  whole('lie', lie, 0, custodians - threshold - kill)
  return { custodians, threshold, kill, lie }
}

/** @throws InvalidParametersError for a folder that holds something */
async function makeFolder(keep: string | undefined): Promise<string> {
  if (keep == null) return mkdtemp(join(tmpdir(), 'keyward-demo-'))
  const folder = resolve(keep)
  await mkdir(folder, { recursive: true })
  if ((await readdir(folder)).length > 0) {
    throw new InvalidParametersError(`"keep" expected an empty folder, got ${folder}`)
  }
  return folder
}
