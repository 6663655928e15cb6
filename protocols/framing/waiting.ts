/**
 * Waiting with an end: until a signal fires, for a time, for one's turn.
 * @module
 */
import { RateLimitedError } from '../../core/errors.ts'

/** `promise`, or the signal's reason if that fires first; `promise` is then left to itself. */
export function withSignal<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal == null) return promise
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    const done = (): void => signal.removeEventListener('abort', onAbort)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    promise.then(
      (value) => {
        done()
        resolve(value)
      },
      (err) => {
        done()
        reject(err)
      }
    )
  })
}

/** Waits `ms` milliseconds. @throws the signal's reason */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  return withSignal(promise, signal).finally(() => clearTimeout(timer))
}

/** So many places, given in order of coming; the line before them is bounded too. */
export class Places {
  readonly #count: number
  readonly #queued: number
  readonly #line: PromiseWithResolvers<void>[] = []
  #taken = 0
  #closed: Error | undefined

  constructor(count: number, queued: number) {
    this.#count = count
    this.#queued = queued
  }

  /** Nobody holds a place or waits for one. */
  get empty(): boolean {
    return this.#taken === 0
  }

  /** @throws RateLimitedError if the line is full; the signal's reason; what `close` was given */
  async take(signal?: AbortSignal): Promise<void> {
    if (this.#closed != null) throw this.#closed
    if (this.#taken < this.#count) {
      this.#taken += 1
      return
    }
    if (this.#line.length >= this.#queued) throw new RateLimitedError(FULL_RETRY_MS)
    const turn = Promise.withResolvers<void>()
    this.#line.push(turn)
    try {
      await withSignal(turn.promise, signal)
    } catch (err) {
      const at = this.#line.indexOf(turn)
      if (at >= 0) this.#line.splice(at, 1)
      else if (this.#closed == null) this.leave() // the place came as its taker gave up
      throw err
    }
  }

  leave(): void {
    const next = this.#line.shift()
    if (next != null) next.resolve()
    else this.#taken -= 1
  }

  /** Turns away whoever waits or comes. */
  close(err: Error): void {
    this.#closed ??= err
    for (const turn of this.#line.splice(0)) turn.reject(err)
  }
}

/** When our own line for a peer is full: a few answers later. */
const FULL_RETRY_MS = 1_000
