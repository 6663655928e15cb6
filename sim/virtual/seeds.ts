/**
 * Many virtual runs, one process each, as many at once as there are cores. A law that did not hold
 * ends it with the seed that shows it; `twice` runs each seed again and compares what happened.
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
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

/**
 * One run in its process; with `onLine` all that happens is told as it does.
 * @throws RunFailedError with what it said last, the signal's reason
 */
export async function runOne(
  init: Omit<VirtualInit, 'onLine'>,
  signal: AbortSignal,
  onLine?: (line: string) => void
): Promise<VirtualResult> {
  signal.throwIfAborted()
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      MAIN,
      JSON.stringify({ ...init, ...(onLine != null && { trace: true }) })
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] }
  )
  const kill = (): void => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  try {
    let last = ''
    const read = async (): Promise<void> => {
      for await (const line of createInterface({ input: child.stdout })) {
        if (last !== '') onLine?.(last)
        last = line
      }
    }
    const [, said, [code]] = await Promise.all([read(), text(child.stderr), once(child, 'close')])
    signal.throwIfAborted()
    if (code !== 0) throw new RunFailedError(init.seed, said)
    return JSON.parse(last) as VirtualResult
  } finally {
    signal.removeEventListener('abort', kill)
  }
}
