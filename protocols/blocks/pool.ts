/**
 * Streams to peers that blocks were fetched from, kept for a while for the next fetch: opening one
 * costs as much as sending a small record.
 * @module
 */
import type { AbortOptions, PeerId, Stream } from '@libp2p/interface'
import { PeerUnavailableError } from '../../core/errors.ts'
import { FrameChannel, Places, type StreamLimits, unavailable } from '../framing.ts'

interface Kept {
  readonly places: Places
  /** Streams that rest, and when each is let go. */
  readonly resting: { readonly channel: FrameChannel; readonly timer: Timer }[]
}

type Timer = ReturnType<typeof setTimeout>

export class StreamPool {
  readonly #peers = new Map<string, Kept>()
  readonly #taken = new Set<FrameChannel>()
  readonly #limits: StreamLimits
  readonly #openStream: (peer: PeerId, options: AbortOptions) => Promise<Stream>

  constructor(
    limits: StreamLimits,
    openStream: (peer: PeerId, options: AbortOptions) => Promise<Stream>
  ) {
    this.#limits = limits
    this.#openStream = openStream
  }

  /**
   * A stream for one fetch, at most `streamsOut` a peer; give it back or abort it, then `leave`.
   * @throws PeerUnavailableError, RateLimitedError, or the signal's reason
   */
  async take(peer: PeerId, signal: AbortSignal | undefined): Promise<FrameChannel> {
    const key = peer.toString()
    const kept = this.#peers.get(key) ?? {
      places: new Places(this.#limits.streamsOut, this.#limits.queued),
      resting: []
    }
    this.#peers.set(key, kept)
    await kept.places.take(signal)
    try {
      const channel = this.#rested(kept) ?? (await this.#open(peer, signal))
      this.#taken.add(channel)
      return channel
    } catch (err) {
      this.#leave(key, kept)
      throw err
    }
  }

  /** Takes a stream back: for the next fetch if it is open and nothing is under way on it. */
  give(peer: PeerId, channel: FrameChannel): void {
    const key = peer.toString()
    const kept = this.#peers.get(key)
    if (!this.#taken.delete(channel) || kept == null) return
    if (channel.open) {
      const timer = setTimeout(() => {
        kept.resting.splice(
          kept.resting.findIndex((each) => each.channel === channel),
          1
        )
        void channel.close()
        this.#forget(key, kept)
      }, this.#limits.idleMs / 2)
      kept.resting.push({ channel, timer })
    }
    this.#leave(key, kept)
  }

  closeAll(): void {
    const closed = new PeerUnavailableError('closed on this side')
    for (const { places, resting } of this.#peers.values()) {
      places.close(closed)
      for (const { channel, timer } of resting.splice(0)) {
        clearTimeout(timer)
        void channel.close()
      }
    }
    this.#peers.clear()
    for (const channel of this.#taken) channel.abort(closed)
    this.#taken.clear()
  }

  #rested(kept: Kept): FrameChannel | undefined {
    for (;;) {
      const resting = kept.resting.pop()
      if (resting == null) return undefined
      clearTimeout(resting.timer)
      if (resting.channel.open) return resting.channel
      void resting.channel.close()
    }
  }

  async #open(peer: PeerId, asked: AbortSignal | undefined): Promise<FrameChannel> {
    const timeout = AbortSignal.timeout(this.#limits.openMaxMs)
    const signal = asked == null ? timeout : AbortSignal.any([timeout, asked])
    try {
      return new FrameChannel(await this.#openStream(peer, { signal }), this.#limits)
    } catch (err) {
      asked?.throwIfAborted()
      throw unavailable('could not open a stream', err)
    }
  }

  #leave(key: string, kept: Kept): void {
    kept.places.leave()
    this.#forget(key, kept)
  }

  #forget(key: string, kept: Kept): void {
    if (!kept.places.empty || kept.resting.length > 0) return
    if (this.#peers.get(key) === kept) this.#peers.delete(key)
  }
}
