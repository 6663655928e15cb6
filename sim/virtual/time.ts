/**
 * Virtual time: timers of the whole process run on a clock that moves only when nothing is left to
 * do. Installed in a process of its own, since it takes the place of setTimeout, setInterval, Date,
 * performance.now and AbortSignal.timeout for every library there (node code is not told).
 *
 * What stays real: setImmediate and I/O, which take no virtual time; the loop waits for them before
 * the clock moves.
 * @module
 */
import { syncBuiltinESMExports } from 'node:module'
import timersPromises from 'node:timers/promises'
import { Heap } from './heap.ts'

interface Due {
  readonly atMs: number
  /** Among those of one instant, so that an order does not hang on who asked first. */
  readonly rank: string
  readonly seq: number
  run: (() => void) | undefined
}

/** What setTimeout gives. */
class Timer {
  readonly #cancel: () => void
  readonly #renew: () => void
  constructor(cancel: () => void, renew: () => void) {
    this.#cancel = cancel
    this.#renew = renew
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  hasRef(): boolean {
    return true
  }
  refresh(): this {
    this.#renew()
    return this
  }
  close(): this {
    this.#cancel()
    return this
  }
  [Symbol.dispose](): void {
    this.#cancel()
  }
}

/** Turns of the event loop without anything under way before the clock may move. */
const QUIET_TURNS = 3
/** Files that are being read, written or closed, as getActiveResourcesInfo names them. */
const IO = /Req/

const realImmediate = setImmediate

export class VirtualTime {
  readonly #due = new Heap<Due>(
    (a, b) => a.atMs - b.atMs || (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0) || a.seq - b.seq
  )
  #nowMs: number
  #seq = 0
  #fired = 0

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Timers and messages that came due so far. */
  get fired(): number {
    return this.#fired
  }

  /** Runs `run` in `afterMs`; gives what takes it back. */
  after(afterMs: number, run: () => void, rank = '~'): () => void {
    const atMs = this.#nowMs + Math.max(0, afterMs)
    const due: Due = { atMs, rank, seq: this.#seq++, run }
    this.#due.push(due)
    return () => {
      due.run = undefined
    }
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  /** Lets everything happen until `untilMs`, or until `stop` says so. */
  async run(untilMs: number, stop: () => boolean = () => false): Promise<void> {
    for (;;) {
      await settle()
      if (stop()) return
      const next = this.#due.peek()
      if (next == null || next.atMs > untilMs) break
      this.#due.pop()
      if (next.run == null) continue
      this.#nowMs = next.atMs
      this.#fired++
      next.run()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  /** Takes the place of the process's timers and clocks. */
  install(): void {
    const timeout = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer => {
      let cancel = (): void => {}
      const begin = (): void => {
        cancel()
        cancel = this.after(finite(ms), () => run(...args))
      }
      begin()
      return new Timer(() => cancel(), begin)
    }
    const interval = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer => {
      const timer: Timer = timeout(
        () => {
          timer.refresh()
          run(...args)
        },
        Math.max(1, finite(ms))
      )
      return timer
    }
    const clear = (timer: unknown): void => {
      if (timer instanceof Timer) timer.close()
    }
    const wait = (
      ms = 0,
      value?: unknown,
      { signal }: { signal?: AbortSignal } = {}
    ): Promise<unknown> =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason)
          return
        }
        const onAbort = (): void => {
          cancel()
          reject(new DOMException('This operation was aborted', 'AbortError'))
        }
        const cancel = this.after(finite(ms), () => {
          signal?.removeEventListener('abort', onAbort)
          resolve(value)
        })
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    const until = (ms: number): AbortSignal => {
      const ends = new AbortController()
      this.after(ms, () => ends.abort(new DOMException('timed out', 'TimeoutError')))
      return ends.signal
    }
    Object.assign(globalThis, {
      setTimeout: timeout,
      clearTimeout: clear,
      setInterval: interval,
      clearInterval: clear
    })
    Object.assign(timersPromises, { setTimeout: wait })
    syncBuiltinESMExports()
    Object.assign(AbortSignal, { timeout: until })
    Object.assign(Date, { now: () => Math.floor(this.#nowMs) })
    Object.defineProperty(performance, 'now', { value: () => this.#nowMs, configurable: true })
  }
}

const finite = (ms: number): number => (Number.isFinite(ms) ? Number(ms) : 2 ** 40)

/** Until promises, immediates and I/O have nothing more to say. */
async function settle(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
    await new Promise((resolve) => realImmediate(resolve))
    if (process.getActiveResourcesInfo().some((name) => IO.test(name))) quiet = -1
  }
}
