/**
 * Lets work on one thing happen one after the other, and on other things meanwhile: deals of a
 * version, updates of a record.
 * @module
 */
export class Turns<K> {
  readonly #last = new Map<K, Promise<unknown>>()

  /** Runs once all that was asked for this key before has ended, well or not. */
  async run<T>(key: K, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work, work)
    this.#last.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key)
    }
  }

  /** Is anything of this key under way? */
  has(key: K): boolean {
    return this.#last.has(key)
  }
}
