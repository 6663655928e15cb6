/**
 * Random numbers of one history, from a seed and its index alone: so it can be played again by
 * itself, and no number depends on how many workers there were (sfc32, Chris Doty-Humphrey).
 * @module
 */
export class Rng {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, index: number) {
    this.#a = seed | 0
    this.#b = index | 0
    this.#c = Math.floor(index / 2 ** 32) ^ Math.floor(seed / 2 ** 32)
    for (let i = 0; i < 12; i++) this.next()
  }

  /** 32 bits. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** 0..n-1 */
  below(n: number): number {
    return this.next() % n
  }

  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T
  }
}
