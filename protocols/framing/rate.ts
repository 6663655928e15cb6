/**
 * A token bucket for each peer: so many requests a second, so many at once. Peers that did not ask
 * for long have full buckets and are forgotten first.
 * @module
 */
import { RATE_PEERS } from '../../core/limits.ts'

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
}

interface Bucket {
  /** Thousandths, so that integers do. */
  tokens: number
  atMs: number
}

const TOKEN = 1_000

export class RateLimiter {
  /** In order of last use. */
  readonly #buckets = new Map<string, Bucket>()
  readonly #perSecond: number
  readonly #burst: number
  readonly #peers: number
  readonly #clock: Clock

  constructor(perSecond: number, burst: number, clock: Clock, peers: number = RATE_PEERS) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#clock = clock
    this.#peers = peers
  }

  /** 0 if the peer may ask now, which takes a token; else milliseconds until it may. */
  take(peer: string): number {
    const nowMs = this.#clock.nowMs()
    const bucket = this.#buckets.get(peer) ?? { tokens: this.#burst * TOKEN, atMs: nowMs }
    this.#buckets.delete(peer)
    this.#buckets.set(peer, bucket)
    const oldest = this.#buckets.size > this.#peers ? this.#buckets.keys().next().value : undefined
    if (oldest != null) this.#buckets.delete(oldest)
    // a clock that was set back earns nothing and costs nothing
    const elapsedMs = Math.max(0, nowMs - bucket.atMs)
    bucket.tokens = Math.min(this.#burst * TOKEN, bucket.tokens + elapsedMs * this.#perSecond)
    bucket.atMs = nowMs
    if (bucket.tokens < TOKEN) return Math.ceil((TOKEN - bucket.tokens) / this.#perSecond)
    bucket.tokens -= TOKEN
    return 0
  }
}
