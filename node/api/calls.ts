/**
 * The calls that a daemon has under way: counted, awaited at a stop, aborted when it cannot wait.
 * @module
 */
export class Calls {
  readonly #open = new Set<AbortController>()
  #onIdle: (() => void) | undefined

  get size(): number {
    return this.#open.size
  }

  begin(): AbortController {
    const call = new AbortController()
    this.#open.add(call)
    return call
  }

  end(call: AbortController): void {
    this.#open.delete(call)
    if (this.#open.size === 0) this.#onIdle?.()
  }

  abort(): void {
    for (const call of this.#open) call.abort()
  }

  /** Resolves when none is under way, or after `waitMs`. */
  async idle(waitMs: number): Promise<void> {
    if (this.#open.size === 0 || waitMs <= 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, waitMs)
    this.#onIdle = resolve
    await promise
    clearTimeout(timer)
  }
}
