/**
 * Spreads and hears hints on keyward/announce/1. The validator is ours and synchronous: a size, one
 * small canonical map, seen or not, and how often this neighbour passes hints on (SECURITY.md T13).
 * @module
 */
import type { PeerId } from '@libp2p/interface'
import { toHex } from '../../core/bytes.ts'
import {
  GOSSIP_MESSAGE_BYTES,
  HINTS_SEEN,
  REQUESTS_BURST,
  REQUESTS_PER_SECOND
} from '../../core/limits.ts'
import { RateLimiter } from '../framing.ts'
import { ANNOUNCE_TOPIC } from './constants.ts'
import type { Announce, AnnounceComponents, AnnounceInit, Hint } from './index.ts'
import { decodeHint, encodeHint } from './messages.ts'

export const defaultAnnounceInit = {
  hintsPerSecond: REQUESTS_PER_SECOND,
  hintsBurst: REQUESTS_BURST
} as const satisfies Partial<AnnounceInit>

/** gossipsub's TopicValidatorResult, by value. */
type Verdict = 'accept' | 'ignore' | 'reject'

export class AnnounceService implements Announce {
  readonly #components: AnnounceComponents
  readonly #onHint: (hint: Hint) => void
  readonly #rates: RateLimiter
  /** Hints heard or said, oldest first. */
  readonly #seen = new Set<string>()
  #started = false

  constructor(components: AnnounceComponents, init: AnnounceInit) {
    const { hintsPerSecond, hintsBurst } = { ...defaultAnnounceInit, ...init }
    this.#components = components
    this.#onHint = init.onHint
    this.#rates = new RateLimiter(hintsPerSecond, hintsBurst, init.clock)
  }

  /** gossipsub takes subscriptions only while it runs, and starts and stops beside us. */
  start(): void {}

  afterStart(): void {
    if (this.#started) return
    this.#started = true
    const { pubsub } = this.#components
    pubsub.topicValidators.set(ANNOUNCE_TOPIC, this.#validate)
    pubsub.subscribe(ANNOUNCE_TOPIC)
  }

  stop(): void {
    this.beforeStop()
  }

  beforeStop(): void {
    if (!this.#started) return
    this.#started = false
    const { pubsub } = this.#components
    pubsub.unsubscribe(ANNOUNCE_TOPIC)
    pubsub.topicValidators.delete(ANNOUNCE_TOPIC)
  }

  async publish(hint: Hint): Promise<number> {
    if (!this.#isNew(hint)) return 0
    try {
      const { pubsub } = this.#components
      return (await pubsub.publish(ANNOUNCE_TOPIC, encodeHint(hint))).recipients.length
    } catch {
      return 0 // gossipsub throws when nobody listens; a hint that nobody hears is no failure
    }
  }

  /** What passes is heard here too: gossipsub delivers exactly what its validator accepts. */
  readonly #validate = (peer: PeerId, message: { readonly data: Uint8Array }): Verdict => {
    if (message.data.byteLength > GOSSIP_MESSAGE_BYTES) return 'reject'
    let hint: Hint
    try {
      hint = decodeHint(message.data)
    } catch {
      return 'reject'
    }
    if (this.#rates.take(peer.toString()) > 0 || !this.#isNew(hint)) return 'ignore'
    this.#onHint(hint)
    return 'accept'
  }

  #isNew({ type, block }: Hint): boolean {
    const key = `${type} ${block.number} ${toHex(block.hash)}`
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    const oldest = this.#seen.size > HINTS_SEEN ? this.#seen.values().next().value : undefined
    if (oldest != null) this.#seen.delete(oldest)
    return true
  }
}
