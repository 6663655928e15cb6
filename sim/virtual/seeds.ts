/**
 * Many virtual runs, one process each, as many at once as there are cores. A law that did not hold
 * ends it with the seed that shows it; `twice` runs each seed again and compares what happened.
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { assertAllHold } from '../checks/violated.ts'
import type { SimProgress } from '../engine.ts'
import { NotDeterministicError, RunFailedError } from './errors.ts'
import type { VirtualInit, VirtualResult } from './run.ts'

export interface SeedsInit extends Omit<VirtualInit, 'seed' | 'onLine'> {
  readonly from: number
  readonly count: number
  /** @default false */
  readonly twice?: boolean
  readonly signal: AbortSignal
  progress(event: SimProgress): void
}

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

/** @throws CheckViolatedError, NotDeterministicError, RunFailedError, each naming the seed */
export async function runSeeds(init: SeedsInit): Promise<readonly VirtualResult[]> {
  const { from, count, twice = false, signal, progress, ...story } = init
  const results: VirtualResult[] = []
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  let next = 0
  const slot = async (): Promise<void> => {
    while (next < count) {
      const seed = from + next++
      const result = await runOne({ ...story, seed }, either)
      assertAllHold(result.checks, { seed, repeat: 0 })
      if (twice) {
        const again = await runOne({ ...story, seed }, either)
        if (again.traceHash !== result.traceHash) throw new NotDeterministicError(seed)
      }
      results.push(result)
      progress({ step: 'seeds', done: results.length, total: count })
    }
  }
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, slot))
  } finally {
    stop.abort()
  }
  return results.sort((a, b) => a.seed - b.seed)
}

/** One run in its process. @throws RunFailedError with what it said last, the signal's reason */
export async function runOne(
  init: VirtualInit & { readonly trace?: boolean },
  signal: AbortSignal
): Promise<VirtualResult> {
  signal.throwIfAborted()
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, JSON.stringify(init)],
    { stdio: ['ignore', 'pipe', 'pipe'] }
  )
  const kill = (): void => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  try {
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close')
    ])
    signal.throwIfAborted()
    if (code !== 0) throw new RunFailedError(init.seed, err)
    return JSON.parse(out.trimEnd().split('\n').at(-1) as string) as VirtualResult
  } finally {
    signal.removeEventListener('abort', kill)
  }
}
