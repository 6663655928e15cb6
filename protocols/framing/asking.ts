/**
 * The asking side of a request protocol on one stream: sends in order, a bounded number at once,
 * and matches answers to requests by a key, since they come as each is done.
 * @module
 */
import { InvalidMessageError, PeerUnavailableError } from '../../core/errors.ts'
import { type FrameChannel, NothingCameError } from './channel.ts'
import { unavailable } from './errors.ts'
import type { StreamLimits } from './limits.ts'
import { Places, withSignal } from './waiting.ts'

/** A frame as an answer: to which request, and whether it is the last. */
export interface Matched<Answer> {
  readonly key: string | number
  readonly last: boolean
  readonly answer: Answer
}

export interface Asked<Answer> {
  /**
   * Makes the request once it is its turn; `seq` counts the requests that this stream carried, from
   * 1 by 1. If it throws, nothing is sent and the number is used again.
   */
  readonly make: (seq: number) => Promise<{
    readonly key: string | number
    readonly frame: Uint8Array
  }>
  /** Without a frame about this request for so long, the peer counts as gone. */
  readonly waitMs: number
  /** Takes answers that are not the last. */
  readonly onAnswer?: ((answer: Answer) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

interface Pending<Answer> {
  readonly asked: Asked<Answer>
  readonly answer: PromiseWithResolvers<Answer>
  timer: ReturnType<typeof setTimeout> | undefined
}

interface AskingInit<Answer> extends Pick<StreamLimits, 'idleMs' | 'pipelined' | 'queued'> {
  /** @throws InvalidMessageError */
  readonly match: (frame: Uint8Array) => Matched<Answer>
}

export class AskingSession<Answer> {
  readonly #channel: FrameChannel
  readonly #init: AskingInit<Answer>
  readonly #pending = new Map<string | number, Pending<Answer>>()
  /** Requests under way. */
  readonly #places: Places
  /** The end of the line of requests being made and sent. */
  #sending: Promise<unknown> = Promise.resolve()
  #seq = 0
  #ended: Error | undefined

  constructor(channel: FrameChannel, init: AskingInit<Answer>) {
    this.#channel = channel
    this.#init = init
    this.#places = new Places(init.pipelined, init.queued)
    void this.#read()
  }

  /** May it be asked? */
  get open(): boolean {
    return this.#ended == null && this.#channel.open
  }

  /** Fires once the stream is gone. */
  get signal(): AbortSignal {
    return this.#channel.signal
  }

  /**
   * Resolves with the last answer. A request given up by its signal keeps its place
   * until it is answered, so that the other side is never asked more than it takes.
   * @throws PeerUnavailableError, RateLimitedError, InvalidMessageError, or what `make` throws
   */
  async ask(asked: Asked<Answer>): Promise<Answer> {
    asked.signal?.throwIfAborted()
    await this.#places.take(asked.signal)
    const sent = this.#sending.then(() => this.#send(asked))
    this.#sending = sent.catch(() => {})
    return await withSignal(
      sent.then((pending) => pending.answer.promise),
      asked.signal
    )
  }

  /** Ends the stream; whoever still waits hears that the peer is gone. */
  async close(): Promise<void> {
    this.#end(new PeerUnavailableError('stream was closed on this side'))
    await this.#channel.close()
  }

  async #send(asked: Asked<Answer>): Promise<Pending<Answer>> {
    let sending: { key: string | number; pending: Pending<Answer> } | undefined
    try {
      if (this.#ended != null) throw this.#ended
      asked.signal?.throwIfAborted()
      const { key, frame } = await withSignal(asked.make(this.#seq + 1), asked.signal)
      if (this.#ended != null) throw this.#ended
      const pending: Pending<Answer> = { asked, answer: Promise.withResolvers(), timer: undefined }
      pending.answer.promise.catch(() => {}) // its asker may have left
      sending = { key, pending }
      this.#pending.set(key, pending)
      this.#time(pending)
      await this.#channel.send(frame)
      this.#seq += 1
      return pending
    } catch (err) {
      if (sending != null) {
        clearTimeout(sending.pending.timer)
        this.#pending.delete(sending.key)
      }
      this.#places.leave()
      throw err
    }
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const frame = await this.#nextFrame()
        if (frame == null) break
        this.#onFrame(frame)
      }
      this.#end(new PeerUnavailableError('stream was ended'))
      await this.#channel.close()
    } catch (err) {
      const invalid = (err as Error).name === InvalidMessageError.name
      this.#end(invalid ? (err as Error) : unavailable('stream broke', err))
      this.#channel.abort(err as Error)
    }
  }

  /** Waits for a frame; a stream on which nothing is under way is closed before the other side's. */
  async #nextFrame(): Promise<Uint8Array | undefined> {
    for (;;) {
      try {
        return await this.#channel.next(this.#init.idleMs / 2)
      } catch (err) {
        if (!(err instanceof NothingCameError)) throw err
        if (!this.#places.empty) continue
        this.#end(new PeerUnavailableError('stream was closed as it rested')) // before anyone asks
        return undefined
      }
    }
  }

  #onFrame(frame: Uint8Array): void {
    const { key, last, answer } = this.#init.match(frame)
    const pending = this.#pending.get(key)
    if (pending == null) throw new InvalidMessageError('answer expected to match a request')
    if (!last) {
      this.#time(pending)
      pending.asked.onAnswer?.(answer)
      return
    }
    clearTimeout(pending.timer)
    this.#pending.delete(key)
    this.#places.leave()
    pending.answer.resolve(answer)
  }

  #time(pending: Pending<Answer>): void {
    clearTimeout(pending.timer)
    pending.timer = setTimeout(() => {
      const late = new PeerUnavailableError(`no answer within ${pending.asked.waitMs} ms`)
      this.#end(late)
      this.#channel.abort(late)
    }, pending.asked.waitMs)
  }

  #end(err: Error): void {
    if (this.#ended != null) return
    this.#ended = err
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer)
      pending.answer.reject(err)
    }
    this.#pending.clear()
    this.#places.close(err)
  }
}
