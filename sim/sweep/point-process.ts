/**
 * A process for points: runs one after another as its parent says, and is nothing without the
 * parent. A point that takes the process down takes nothing else with it (slot.ts).
 * @module
 */
import { Worker } from 'node:worker_threads'
import type { SimProgress } from '../engine.ts'
import type { PointOutcome } from './outcome.ts'
import type { SweepPoint } from './plan.ts'

/** What runs a point; a module that exports `runPoint` (run-point.ts). */
export type RunPoint = (point: SweepPoint, options: PointOptions) => Promise<PointOutcome>

export interface PointOptions {
  /** That files are named from in the scenario. */
  readonly baseFolder: string
  readonly signal: AbortSignal
  progress(event: SimProgress): void
}

export type ToPointProcess =
  | { readonly kind: 'run'; readonly point: SweepPoint; readonly baseFolder: string }
  | { readonly kind: 'stop' }

export type FromPointProcess =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly id: string; readonly event: SimProgress }
  | { readonly kind: 'done'; readonly id: string; readonly outcome: unknown }
  | { readonly kind: 'failed'; readonly id: string; readonly reason: string }

/** A parent that was killed leaves us to another one. Runs beside a run that never yields. */
const WATCH_PARENT = `
const { workerData } = require('node:worker_threads')
setInterval(() => { if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL') }, 500)
`

const PROGRESS_EVERY_MS = 500

if (import.meta.main && process.send != null) await serve(process.argv[2] as string)

async function serve(runner: string): Promise<void> {
  new Worker(WATCH_PARENT, { eval: true, workerData: process.ppid }).unref()
  // Ctrl-C reaches the whole group; the parent decides what it means for us
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit(0))
  const stop = new AbortController()
  const { runPoint } = (await import(runner)) as { runPoint: RunPoint }
  let running: Promise<void> = Promise.resolve()
  process.on('message', (message: ToPointProcess) => {
    if (message.kind === 'run') running = runOne(runPoint, message, stop.signal)
    else {
      stop.abort()
      void running.then(() => process.exit(0))
    }
  })
  tell({ kind: 'ready' })
}

async function runOne(
  run: RunPoint,
  { point, baseFolder }: Extract<ToPointProcess, { kind: 'run' }>,
  signal: AbortSignal
): Promise<void> {
  const { id } = point
  let toldAtMs = Number.NEGATIVE_INFINITY
  const progress = (event: SimProgress) => {
    if (performance.now() - toldAtMs < PROGRESS_EVERY_MS) return
    toldAtMs = performance.now()
    tell({ kind: 'progress', id, event })
  }
  try {
    tell({ kind: 'done', id, outcome: await run(point, { baseFolder, signal, progress }) })
  } catch (err) {
    tell({ kind: 'failed', id, reason: reasonOf(err) })
  }
}

/** Class and message, and those of its cause. */
function reasonOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err)
  const { faults } = err as { faults?: unknown }
  const lines = Array.isArray(faults) ? `: ${faults.join('; ')}` : ''
  const cause = err.cause instanceof Error ? ` (${reasonOf(err.cause)})` : ''
  return `${err.name}: ${err.message}${lines}${cause}`
}

function tell(message: FromPointProcess): void {
  if (process.connected) process.send?.(message)
}
