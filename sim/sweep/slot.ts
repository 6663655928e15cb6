/**
 * A place where one point runs at a time, in a process of its own. The process is made when it is
 * needed, kept for the next point, and made anew after it died.
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { SimProgress } from '../engine.ts'
import {
  SWEEP_POINT_MAX_MS,
  SWEEP_READY_MAX_MS,
  SWEEP_REASON_MAX_CHARS,
  SWEEP_STOP_MAX_MS
} from '../limits.ts'
import { PointCrashedError, PointFailedError, SlotBrokenError } from './errors.ts'
import { decodeOutcome, type PointOutcome } from './outcome.ts'
import type { SweepPoint } from './plan.ts'
import type { FromPointProcess, ToPointProcess } from './point-process.ts'

export interface SlotInit {
  /** URL of a module that exports `runPoint`. @default run-point.ts */
  readonly runner?: string
  /** That files are named from in the scenario. @default the working directory */
  readonly baseFolder?: string
  /** A point that takes longer is failed. @default SWEEP_POINT_MAX_MS */
  readonly pointMaxMs?: number
}

export interface SlotRunOptions {
  readonly signal: AbortSignal
  progress?(event: SimProgress): void
}

interface Living {
  readonly process: ChildProcess
  /** Last words on stderr. */
  words(): string
}

const PROGRAM = new URL('point-process.ts', import.meta.url)
const RUNNER = new URL('run-point.ts', import.meta.url).href

export class Slot implements AsyncDisposable {
  readonly #runner: string
  readonly #baseFolder: string
  readonly #pointMaxMs: number
  #living: Living | undefined

  constructor(init: SlotInit = {}) {
    this.#runner = init.runner ?? RUNNER
    this.#baseFolder = init.baseFolder ?? process.cwd()
    this.#pointMaxMs = init.pointMaxMs ?? SWEEP_POINT_MAX_MS
  }

  /**
   * Runs a point to its end.
   * @throws PointFailedError when its run threw, gave nonsense or took too long
   * @throws PointCrashedError when its process died
   * @throws SlotBrokenError when no process can be made
   * @throws the signal's reason; the process has ended by then
   */
  async run(point: SweepPoint, options: SlotRunOptions): Promise<PointOutcome> {
    const { signal } = options
    signal.throwIfAborted()
    const living = await this.#alive()
    try {
      signal.throwIfAborted()
      return await this.#exchange(living, point, options)
    } catch (err) {
      // one that told of its failure is ready for the next; one that took too long may never listen
      if (!(err instanceof PointFailedError)) await this.stop()
      else if (!err.told) await this.stop({ politely: false })
      throw err
    }
  }

  #exchange(living: Living, point: SweepPoint, options: SlotRunOptions): Promise<PointOutcome> {
    const { process } = living
    const { promise, resolve, reject } = Promise.withResolvers<PointOutcome>()
    const onMessage = (message: FromPointProcess) => {
      if (message.kind === 'ready' || message.id !== point.id) return
      if (message.kind === 'progress') options.progress?.(message.event)
      else if (message.kind === 'failed') {
        reject(new PointFailedError(short(message.reason), { told: true }))
      } else {
        try {
          resolve(decodeOutcome(message.outcome))
        } catch (cause) {
          reject(new PointFailedError(`its run gave no outcome: ${(cause as Error).message}`))
        }
      }
    }
    const onExit = (code: number | null, signal: string | null) =>
      reject(
        new PointCrashedError(short(`its process ended by ${signal ?? code}${living.words()}`))
      )
    const onAbort = () => reject(options.signal.reason)
    const late = setTimeout(
      () => reject(new PointFailedError(`its run took more than ${this.#pointMaxMs} ms`)),
      // setTimeout takes 2^31 - 1 ms at most
      Math.min(this.#pointMaxMs, 0x7fff_ffff)
    )
    process.on('message', onMessage)
    process.once('exit', onExit)
    options.signal.addEventListener('abort', onAbort, { once: true })
    send(process, { kind: 'run', point, baseFolder: this.#baseFolder })
    return promise.finally(() => {
      clearTimeout(late)
      process.off('message', onMessage)
      process.off('exit', onExit)
      options.signal.removeEventListener('abort', onAbort)
    })
  }

  async #alive(): Promise<Living> {
    if (this.#living != null && !hasEnded(this.#living.process)) return this.#living
    const living = start(this.#runner)
    this.#living = living
    const { process } = living
    const ready = AbortSignal.timeout(SWEEP_READY_MAX_MS)
    const end = new AbortController()
    const either = { signal: AbortSignal.any([ready, end.signal]) }
    try {
      const [first] = await Promise.race([
        once(process, 'message', either),
        once(process, 'exit', either).then(() => [undefined])
      ])
      if ((first as FromPointProcess | undefined)?.kind !== 'ready') {
        throw new SlotBrokenError(short(`a process for points did not start${living.words()}`))
      }
    } catch (err) {
      await this.stop()
      if (!ready.aborted) throw err
      throw new SlotBrokenError(`a process for points was not ready in ${SWEEP_READY_MAX_MS} ms`)
    } finally {
      end.abort()
    }
    return living
  }

  /** Ends the process: politely, then not. May be called twice. */
  async stop({ politely = true } = {}): Promise<void> {
    const process = this.#living?.process
    this.#living = undefined
    if (process == null || hasEnded(process)) return
    const gone = once(process, 'exit')
    send(process, { kind: 'stop' })
    const kill = setTimeout(() => process.kill('SIGKILL'), politely ? SWEEP_STOP_MAX_MS : 0)
    await gone.finally(() => clearTimeout(kill))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function start(runner: string): Living {
  const process = fork(PROGRAM, [runner], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc']
  })
  let last = ''
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    last = `${last}${text}`.slice(-4 * SWEEP_REASON_MAX_CHARS)
  })
  // without a listener a failed fork would throw here
  process.on('error', (err) => {
    last = err.message
  })
  return { process, words: () => lastWords(last) }
}

const hasEnded = ({ exitCode, signalCode, pid }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null || pid === undefined

/** The line that names an error, or the last one. */
function lastWords(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const line = lines.findLast((each) => /error/i.test(each)) ?? lines.at(-1)
  return line == null ? '' : `: ${line.trim()}`
}

const short = (text: string): string =>
  text.length > SWEEP_REASON_MAX_CHARS ? `${text.slice(0, SWEEP_REASON_MAX_CHARS - 1)}…` : text

function send(process: ChildProcess, message: ToPointProcess): void {
  // a process that is gone tells so by its exit
  if (process.connected) process.send(message, () => {})
}
