/**
 * What all stories of the demo stand on: a folder, a chain and daemons that end with the story
 * whatever happens, and afterwards a search for plaintext wherever it should not be.
 * @module
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidParametersError } from '../../core/errors.ts'
import type { TextSink } from '../cli/shell.ts'
import type { VerbProgress } from '../verbs/verb.ts'
import { dumpChain, findLeaks, type LeakReport, plantCanaries } from './leaks.ts'
import { SampleNetwork } from './sample-network.ts'

/** How a story is told, whichever it is. */
export interface TellOptions {
  readonly json: boolean
  readonly signal: AbortSignal
  readonly stdout: TextSink
  progress(event: VerbProgress): void
  /** Where the network's folders stay. @default a temporary folder that is removed */
  readonly keep?: string | undefined
}

export interface Told<T> {
  readonly result: T
  /** Folders that hold the owner's and the grantees' own plaintext. */
  readonly ownFolders: readonly string[]
}

export interface Staged<T> {
  readonly result: T
  readonly leaks: LeakReport
  readonly elapsedMs: number
}

const sample = (name: string): string => fileURLToPath(new URL(`data/${name}`, import.meta.url))
export const SAMPLES = ['synthea-bundle.json', 'mr-slice.dcm', 'ecg.dcm'].map(sample)

/** `records` are the files whose plaintext is searched for. */
export async function onStage<T>(
  records: readonly string[],
  { signal, progress, keep }: TellOptions,
  play: (network: SampleNetwork) => Promise<Told<T>>
): Promise<Staged<T>> {
  const startedMs = performance.now()
  const folder = await makeFolder(keep)
  const network = new SampleNetwork(folder, signal)
  try {
    const scanner = await plantCanaries(folder, records)
    progress({ step: 'chain', detail: 'starts and gets its contracts' })
    await network.startChain()
    const { result, ownFolders } = await play(network)
    progress({ step: 'leaks', detail: 'searches wire, disks, chain and logs for plaintext' })
    const dump = await dumpChain(network.chain.url, signal)
    await network.stop()
    const leaks = await findLeaks(folder, scanner, dump, ownFolders)
    return { result, leaks, elapsedMs: Math.round(performance.now() - startedMs) }
  } finally {
    await network.stop()
    if (keep == null) await rm(folder, { recursive: true, force: true })
  }
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
