/**
 * A bounded memory of what is dear to work out and always comes out the same; the oldest goes first.
 * @module
 */
export class Remembered<T extends NonNullable<unknown>> {
  readonly #known = new Map<string, T>()
  readonly #items: number

  constructor(items: number) {
    this.#items = items
  }

  /** What was made for this key before, else what `make` gives now. */
  get(key: string, make: () => T): T {
    const known = this.#known.get(key)
    if (known != null) return known
    const made = make()
    const [oldest] = this.#known.keys()
    if (this.#known.size >= this.#items && oldest != null) this.#known.delete(oldest)
    this.#known.set(key, made)
    return made
  }
}
