/**
 * A worker process as its world sees it: started, asked, and gone without a trace when it is no
 * longer needed. One that dies takes every open question with it, by a WorkerDiedError.
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { LIVE_READY_MAX_MS, LIVE_WORDS_MAX_CHARS } from '../limits.ts'
import { type Answerers, Channel } from './channel.ts'
import { WorkerDiedError } from './errors.ts'
import type { Introduced, WorkerContract, WorkerInit } from './messages.ts'

const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url))

export class Child implements AsyncDisposable {
  readonly index: number
  readonly own: readonly number[]
  readonly channel: Channel<WorkerContract>
  readonly #process: ChildProcess
  #words = ''
  #leaving = false

  constructor(init: Pick<WorkerInit, 'worker' | 'own'>, answerers: Answerers) {
    this.index = init.worker
    this.own = init.own
    this.#process = fork(PROGRAM, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning', ...profiling(init.worker)]
    })
    this.channel = new Channel(this.#process, answerers)
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#words = `${this.#words}${chunk}`.slice(-LIVE_WORDS_MAX_CHARS)
    })
    this.#process.on('error', (err) => this.channel.close(err))
    this.#process.once('exit', (code, signal) => {
      const by = signal ?? `code ${code}`
      const words = this.#leaving ? '' : this.#words.trim()
      this.channel.close(new WorkerDiedError(this.index, by, this.own.length, words))
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Makes the identities of its nodes; none is started. */
  introduce(init: WorkerInit, signal: AbortSignal): Promise<readonly Introduced[]> {
    const limit = AbortSignal.timeout(LIVE_READY_MAX_MS)
    return this.channel.ask('init', init, { signal: AbortSignal.any([signal, limit]) })
  }

  /** Ends it at once; what its nodes keep is in memory alone. May be called twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving = true
    const child = this.#process
    if (child.exitCode != null || child.signalCode != null || child.pid == null) return
    const gone = once(child, 'exit')
    if (PROFILE_FOLDER == null) child.kill('SIGKILL')
    else child.disconnect() // it writes its profile
    await gone
  }
}

/** `KEYWARD_BENCH_PROFILE=FOLDER` leaves a profile of each worker there. */
const PROFILE_FOLDER = process.env['KEYWARD_BENCH_PROFILE']

const profiling = (worker: number): string[] =>
  PROFILE_FOLDER == null
    ? []
    : [
        '--cpu-prof',
        `--cpu-prof-dir=${PROFILE_FOLDER}`,
        `--cpu-prof-name=live-${worker}-${Date.now()}.cpuprofile`
      ]
