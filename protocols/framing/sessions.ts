/**
 * One open session for each peer: opened by whoever asks first, shared by those who ask meanwhile,
 * opened anew when it broke.
 * @module
 */
import type { AbortOptions, PeerId, Stream } from '@libp2p/interface'
import { PeerUnavailableError } from '../../core/errors.ts'
import { unavailable } from './errors.ts'
import { withSignal } from './waiting.ts'

export interface Session {
  readonly open: boolean
  readonly signal: AbortSignal
  close(): Promise<void>
}

export class PeerSessions<S extends Session> {
  readonly #sessions = new Map<string, Promise<S>>()
  readonly #openStream: (peer: PeerId, options: AbortOptions) => Promise<Stream>
  readonly #begin: (stream: Stream, options: AbortOptions) => Promise<S>
  readonly #openMaxMs: number
  #closing = new AbortController()

  /** `begin` makes a session of a fresh stream; it resolves once the session may be asked. */
  constructor(init: {
    readonly openStream: (peer: PeerId, options: AbortOptions) => Promise<Stream>
    readonly begin: (stream: Stream, options: AbortOptions) => Promise<S>
    readonly openMaxMs: number
  }) {
    this.#openStream = init.openStream
    this.#begin = init.begin
    this.#openMaxMs = init.openMaxMs
  }

  /** @throws PeerUnavailableError, or the signal's reason */
  async get(peer: PeerId, signal: AbortSignal | undefined): Promise<S> {
    const key = peer.toString()
    const known = this.#sessions.get(key)
    if (known != null) {
      const session = await withSignal(known, signal)
      if (session.open) return session
      if (this.#sessions.get(key) === known) this.#sessions.delete(key)
    }
    return await withSignal(this.#sessions.get(key) ?? this.#open(peer, key), signal)
  }

  /** Closes all, and gives up those being opened. */
  async closeAll(): Promise<void> {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    this.#closing.abort(new PeerUnavailableError('closed on this side'))
    this.#closing = new AbortController()
    await Promise.allSettled(sessions.map(async (session) => (await session).close()))
  }

  #open(peer: PeerId, key: string): Promise<S> {
    const opening = this.#begun(peer)
    this.#sessions.set(key, opening)
    const forget = (): void => {
      if (this.#sessions.get(key) === opening) this.#sessions.delete(key)
    }
    opening.then((session) => {
      if (session.signal.aborted) forget()
      else session.signal.addEventListener('abort', forget, { once: true })
    }, forget)
    return opening
  }

  async #begun(peer: PeerId): Promise<S> {
    // not the asker's signal: others may wait for the same stream
    const signal = AbortSignal.any([AbortSignal.timeout(this.#openMaxMs), this.#closing.signal])
    let stream: Stream | undefined
    try {
      stream = await this.#openStream(peer, { signal })
      return await withSignal(this.#begin(stream, { signal }), signal)
    } catch (err) {
      const failed = unavailable('could not open a stream', err)
      stream?.abort(failed)
      throw failed
    }
  }
}
