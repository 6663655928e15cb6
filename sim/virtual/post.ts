/**
 * The post between nodes in virtual time: each message gets its delay from the seed, its two ends and
 * its number on that way, so that no delay hangs on what happens elsewhere. Ways keep their order;
 * who is on the other side of a partition gets nothing.
 * @module
 */
import { Rng } from '../random.ts'
import type { VirtualTime } from './time.ts'

export interface PostedMessage {
  readonly from: string
  readonly to: string
  readonly protocol: string
  readonly bytes: number
  deliver(): void
}

export interface PostFaults {
  /** One way, at the least. */
  minMs: number
  /** Mean of what comes on top, exponentially spread. */
  extraMs: number
  /** Messages that have to be sent again, as TCP does. */
  lossShare: number
}

/** After which TCP sends again: RFC 6298's least. */
const RESEND_MS = 1_000

export class Post {
  readonly faults: PostFaults = { minMs: 5, extraMs: 20, lossShare: 0 }
  readonly #time: VirtualTime
  readonly #seed: number
  readonly #ways = new Map<string, { sent: number; lastMs: number; readonly rng: Rng }>()
  readonly #onSent: (message: PostedMessage, arrivesMs: number) => void
  /** Peers on the smaller side; messages between the sides are lost. */
  apart: ReadonlySet<string> = new Set()

  constructor(
    time: VirtualTime,
    seed: number,
    onSent: (message: PostedMessage, arrivesMs: number) => void
  ) {
    this.#time = time
    this.#seed = seed
    this.#onSent = onSent
  }

  readonly carry = (message: PostedMessage): void => {
    const { from, to } = message
    if (this.apart.has(from) !== this.apart.has(to)) return
    const name = `${from}>${to}`
    const way = this.#ways.get(name) ?? {
      sent: 0,
      lastMs: 0,
      rng: new Rng(this.#seed, `post/${name}`)
    }
    this.#ways.set(name, way)
    const { minMs, extraMs, lossShare } = this.faults
    let delayMs = minMs + way.rng.exponential(extraMs)
    while (way.rng.chance(lossShare)) delayMs += RESEND_MS
    // whole microseconds: equal on every machine, and never before what was sent first
    const atMs = Math.max(Math.round((this.#time.nowMs + delayMs) * 1_000) / 1_000, way.lastMs)
    way.lastMs = atMs
    this.#onSent(message, atMs)
    const rank = `${name}#${String(++way.sent).padStart(9, '0')}`
    this.#time.after(atMs - this.#time.nowMs, () => message.deliver(), rank)
  }
}
