/**
 * Seeded randomness, the only kind in the simulator: xoshiro128** (Blackman and Vigna 2018) on 32-bit
 * words, one generator for each actor and purpose, so that drawing once more in one place changes
 * nothing anywhere else. The same numbers on every machine.
 * @module
 */
import { exactExp, exactLog, exactPow } from './exact-math.ts'

export class Rng {
  readonly #name: string
  readonly #seed: number
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number, name = '') {
    this.#seed = seed >>> 0
    this.#name = name
    const next = splitmix32(hash32(name, this.#seed))
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1 // never all zero
  }

  /** A generator of its own for a purpose: "workload", "clinic-12/latency". */
  derive(label: string): Rng {
    return new Rng(this.#seed, `${this.#name}/${label}`)
  }

  /** Uniform in [0, 2^32). */
  u32(): number {
    const result = Math.imul(rotl(Math.imul(this.#b, 5), 7), 9) >>> 0
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = rotl(this.#d, 11)
    return result
  }

  /** Uniform in [0, 1), 53 bits. */
  unit(): number {
    const high = this.u32() >>> 5
    return (high * 0x4000000 + (this.u32() >>> 6)) / 0x20000000000000
  }

  /** Uniform in [0, n) without bias (Lemire 2019, by rejection). `n` at most 2^32. */
  below(n: number): number {
    const limit = 0x100000000 - (0x100000000 % n)
    for (;;) {
      const value = this.u32()
      if (value < limit) return value % n
    }
  }

  chance(probability: number): boolean {
    return this.unit() < probability
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  /** In place, Fisher and Yates. */
  shuffle<T extends { length: number; [index: number]: unknown }>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const held = values[i]
      values[i] = values[j]
      values[j] = held
    }
    return values
  }

  exponential(mean: number): number {
    return -mean * exactLog(1 - this.unit())
  }

  /** Weibull with the given mean; shape below 1 has a heavy tail. */
  weibull(mean: number, shape: number): number {
    const scale = mean / gamma(1 + 1 / shape)
    return scale * exactPow(-exactLog(1 - this.unit()), 1 / shape)
  }

  /** Standard normal, by the polar method of Marsaglia; the second value is not kept. */
  normal(): number {
    for (;;) {
      const x = 2 * this.unit() - 1
      const y = 2 * this.unit() - 1
      const r = x * x + y * y
      // Math.sqrt is exact by IEEE 754
      if (r > 0 && r < 1) return x * Math.sqrt((-2 * exactLog(r)) / r)
    }
  }

  lognormal(median: number, sigma: number): number {
    return median * exactExp(sigma * this.normal())
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i += 4) {
      const word = this.u32()
      for (let j = 0; j < 4 && i + j < length; j++) out[i + j] = word >>> (8 * j)
    }
    return out
  }
}

/** FNV-1a over the label's UTF-16 units and the seed, then mixed. */
function hash32(label: string, seed: number): number {
  let h = 0x811c9dc5 ^ seed
  for (let i = 0; i < label.length; i++) h = Math.imul(h ^ label.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function splitmix32(state: number): () => number {
  let s = state
  return () => {
    s = (s + 0x9e3779b9) | 0
    let z = s ^ (s >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }
}

const rotl = (x: number, n: number): number => (x << n) | (x >>> (32 - n))

/** Γ(x) for x ≥ 1, by Lanczos (g 7, 9 terms), relative error below 1e-13. */
function gamma(x: number): number {
  const terms = LANCZOS.reduce((sum, c, i) => (i === 0 ? c : sum + c / (x - 1 + i)), 0)
  const t = x + 6.5
  return Math.sqrt(2 * Math.PI) * exactPow(t, x - 0.5) * exactExp(-t) * terms
}

const LANCZOS = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406,
  12.507343278686905, -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7
] as const
