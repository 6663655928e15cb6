/**
 * One libp2p stream as frames: unsigned-varint length, then that many bytes. Reads by demand and
 * pauses the stream when nobody does, so that the muxer's window holds the sender back; waits for
 * the `drain` event after each `send` that asks for it (P2P.md §3: `onDrain()` waits only once, and
 * async iteration queues without bound). Frames sent in one turn leave as one.
 * @module
 */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { allocUnsafe } from 'uint8arrays/alloc'
import { InvalidMessageError, PeerUnavailableError } from '../../core/errors.ts'
import { FRAME_BYTES_PER_SECOND, FRAME_MAX_BYTES } from '../../core/limits.ts'
import { unavailable } from './errors.ts'

export interface FrameChannelInit {
  readonly frameMaxBytes: number
  /** For an unfinished frame (longer for large ones, FRAME_BYTES_PER_SECOND), and for closing. */
  readonly frameMaxMs: number
  /**
   * How long the other side may read nothing of what waits for it.
   * @default as for an unfinished frame of frameMaxBytes
   */
  readonly sendMaxMs?: number
}

/** Thrown by `next` when no frame began in time; the channel stays as it is. */
export class NothingCameError extends Error {
  static override readonly name = 'NothingCameError'
  override readonly name = 'NothingCameError'
}

export class FrameChannel {
  readonly #stream: Stream
  readonly #init: FrameChannelInit
  /** Bytes that came and were not read, oldest first. */
  #pieces: Uint8Array[] = []
  #buffered = 0
  /** Length of the frame whose head was read; undefined between frames. */
  #body: number | undefined
  #waiting: PromiseWithResolvers<Uint8Array | undefined> | undefined
  #readTimer: ReturnType<typeof setTimeout> | undefined
  /** Is the read timer that of an unfinished frame? Then more bytes do not extend it. */
  #frameTimed = false
  #resuming = false
  #ended = false
  #error: Error | undefined
  #out: Uint8ArrayList | undefined
  #blocked: PromiseWithResolvers<void> | undefined
  #sendTimer: ReturnType<typeof setTimeout> | undefined
  #closeTimer: ReturnType<typeof setTimeout> | undefined
  readonly #gone = new AbortController()

  constructor(stream: Stream, init: FrameChannelInit) {
    this.#stream = stream
    this.#init = init
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('drain', this.#onDrain)
    stream.addEventListener('end', this.#onEnd)
    stream.addEventListener('close', this.#onClose)
    if (stream.status !== 'open') this.#onClose()
    else if (stream.readableEnded) this.#onEnd()
  }

  /** Fires once the stream is gone, whoever ended it. */
  get signal(): AbortSignal {
    return this.#gone.signal
  }

  /** May frames still be sent? */
  get open(): boolean {
    return this.#error == null && !this.#ended && this.#stream.writeStatus === 'writable'
  }

  /**
   * The next frame, or undefined once the other side has ended its part between two frames. One
   * caller at a time.
   * @throws NothingCameError if none began within `waitMs`
   * @throws InvalidMessageError if the frame is too long, or empty
   * @throws PeerUnavailableError if the stream broke, ended inside a frame, or the frame was slow
   */
  next(waitMs?: number): Promise<Uint8Array | undefined> {
    this.#waiting = Promise.withResolvers()
    const { promise } = this.#waiting
    this.#advance()
    if (this.#waiting != null && !this.#frameTimed && waitMs != null) {
      this.#readTimer = setTimeout(() => this.#settle(undefined, new NothingCameError()), waitMs)
    }
    return promise
  }

  /**
   * Sends one frame made of `parts`, which must not change until it has left. Await it before the
   * next one, or send a bounded number at once: those leave together.
   * @throws PeerUnavailableError if the stream is gone, or the other side does not read
   */
  async send(...parts: readonly Uint8Array[]): Promise<void> {
    while (this.#blocked != null) await this.#blocked.promise
    if (this.#error != null) throw this.#error
    const body = new Uint8ArrayList(...parts)
    if (body.byteLength > this.#init.frameMaxBytes) {
      const max = this.#init.frameMaxBytes
      throw new InvalidMessageError(`"frame" expected at most ${max} bytes, got ${body.byteLength}`)
    }
    const frame = encode.single(body, NO_BOUND)
    if (this.#out == null) {
      this.#out = frame
      queueMicrotask(this.#flush)
    } else {
      this.#out.append(frame)
    }
  }

  /** Ends our part once everything has left, then waits a while for the other's. */
  async close(): Promise<void> {
    this.#flush()
    if (this.#stream.status !== 'open') return
    this.#closeTimer ??= setTimeout(
      () => this.abort(new PeerUnavailableError('stream was not closed in time')),
      this.#init.frameMaxMs
    )
    try {
      await this.#stream.close()
    } catch (err) {
      this.abort(unavailable('stream broke while closing', err))
    }
  }

  /** Resets the stream; `err` stays here. */
  abort(err: Error): void {
    this.#fail(err)
    this.#stream.abort(err)
  }

  // ---- reading

  readonly #onMessage = (event: StreamMessageEvent): void => {
    const { data } = event
    if (data instanceof Uint8Array) this.#pieces.push(plain(data))
    else for (const piece of data) this.#pieces.push(plain(piece))
    this.#buffered += data.byteLength
    this.#advance()
    // whoever reads resumes; until then at most what the muxer's window allows is on its way
    if (this.#waiting == null && !this.#resuming) this.#pause()
  }

  readonly #onEnd = (): void => {
    // a reset ends too, and a lost connection ends without an error: only frames tell what is whole
    if (this.#stream.status === 'aborted' || this.#stream.status === 'reset') {
      this.#error ??= new PeerUnavailableError('stream was reset')
    }
    this.#ended = true
    this.#advance()
  }

  readonly #onClose = (event?: StreamCloseEvent): void => {
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('drain', this.#onDrain)
    this.#stream.removeEventListener('end', this.#onEnd)
    this.#stream.removeEventListener('close', this.#onClose)
    if (event?.error != null) this.#error ??= unavailable('stream broke', event.error)
    this.#ended = true
    clearTimeout(this.#closeTimer)
    const reason = this.#error ?? new PeerUnavailableError('stream was closed')
    this.#unblock(reason)
    this.#advance()
    this.#gone.abort(reason)
  }

  /** Gives the waiting reader a frame, the end or an error, if there is one. */
  #advance(): void {
    if (this.#waiting == null) return
    try {
      const frame = this.#take()
      if (frame != null) this.#settle(frame)
      else if (this.#error != null) this.#settle(undefined, this.#error)
      else if (!this.#ended) this.#await()
      else if (this.#buffered === 0 && this.#body == null) this.#settle(undefined)
      else this.#settle(undefined, new PeerUnavailableError('stream ended inside a frame'))
    } catch (err) {
      this.abort(err as Error)
    }
  }

  #settle(frame: Uint8Array | undefined, err?: Error): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    clearTimeout(this.#readTimer)
    this.#frameTimed = false
    if (err != null) waiting?.reject(err)
    else waiting?.resolve(frame)
  }

  #await(): void {
    this.#resume()
    if (this.#waiting == null || this.#frameTimed) return
    if (this.#buffered === 0 && this.#body == null) return
    clearTimeout(this.#readTimer)
    this.#frameTimed = true
    this.#readTimer = setTimeout(
      () => this.abort(new PeerUnavailableError('frame was not whole in time')),
      this.#frameMs(this.#body ?? 0)
    )
  }

  /** A large frame may take longer than one of FRAME_MAX_BYTES: slow links are slow. */
  #frameMs(bytes: number): number {
    const extraBytes = Math.max(0, bytes - FRAME_MAX_BYTES)
    return this.#init.frameMaxMs + (extraBytes * 1_000) / FRAME_BYTES_PER_SECOND
  }

  #take(): Uint8Array | undefined {
    this.#body ??= this.#takeHead()
    if (this.#body == null || this.#buffered < this.#body) return undefined
    const length = this.#body
    this.#body = undefined
    return this.#takeBytes(length)
  }

  /** The varint before a frame, or undefined if it is not whole yet. */
  #takeHead(): number | undefined {
    let length = 0
    for (let i = 0; i < HEAD_MAX_BYTES; i++) {
      const byte = this.#peek(i)
      if (byte == null) return undefined
      length += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) {
        if (byte === 0) throw new InvalidMessageError('"frame" expected a length, got 0')
        if (length > this.#init.frameMaxBytes) break
        this.#takeBytes(i + 1)
        return length
      }
    }
    const max = this.#init.frameMaxBytes
    throw new InvalidMessageError(`"frame" expected at most ${max} bytes, got more`)
  }

  #peek(at: number): number | undefined {
    let left = at
    for (const piece of this.#pieces) {
      if (left < piece.byteLength) return piece[left]
      left -= piece.byteLength
    }
    return undefined
  }

  /** Removes `length` bytes that are there: a view if they came in one piece, else a copy. */
  #takeBytes(length: number): Uint8Array {
    this.#buffered -= length
    const first = this.#pieces[0] as Uint8Array
    if (length <= first.byteLength) {
      if (length === first.byteLength) this.#pieces.shift()
      else this.#pieces[0] = first.subarray(length)
      return first.subarray(0, length)
    }
    const out = allocUnsafe(length)
    let at = 0
    let used = 0
    while (at < length) {
      const piece = this.#pieces[used] as Uint8Array
      const part = piece.subarray(0, length - at)
      out.set(part, at)
      at += part.byteLength
      if (part.byteLength === piece.byteLength) used++
      else this.#pieces[used] = piece.subarray(part.byteLength)
    }
    this.#pieces.splice(0, used)
    return out
  }

  #pause(): void {
    if (this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  /**
   * `resume()` hands out what waited before it tells the muxer, so that pausing while it does so
   * would leave the muxer running into a stream that is paused, up to the 4 MiB that break it.
   */
  #resume(): void {
    if (this.#stream.readStatus !== 'paused') return
    this.#resuming = true
    try {
      this.#stream.resume()
    } finally {
      this.#resuming = false
    }
    if (this.#waiting == null) this.#pause()
  }

  // ---- sending

  readonly #flush = (): void => {
    const out = this.#out
    this.#out = undefined
    if (out == null || this.#error != null) return
    try {
      if (!this.#stream.send(out)) this.#block()
    } catch (err) {
      this.abort(unavailable('could not send', err))
    }
  }

  #block(): void {
    if (this.#blocked != null) return
    this.#blocked = Promise.withResolvers()
    this.#blocked.promise.catch(() => {}) // nobody may be sending just now
    this.#timeSending()
  }

  readonly #onDrain = (): void => {
    // libp2p's own listener, added first, sends what is left in a microtask; look after it
    queueMicrotask(() => {
      if (this.#blocked == null) return
      if (this.#stream.writableNeedsDrain) this.#timeSending()
      else this.#unblock()
    })
  }

  #timeSending(): void {
    clearTimeout(this.#sendTimer)
    this.#sendTimer = setTimeout(
      () => this.abort(new PeerUnavailableError('peer does not read what we send')),
      this.#init.sendMaxMs ?? this.#frameMs(this.#init.frameMaxBytes)
    )
  }

  #unblock(err?: Error): void {
    clearTimeout(this.#sendTimer)
    const blocked = this.#blocked
    this.#blocked = undefined
    if (err == null) blocked?.resolve()
    else blocked?.reject(err)
  }

  #fail(err: Error): void {
    this.#error ??= err
    this.#pieces = []
    this.#buffered = 0
    this.#body = undefined
    this.#out = undefined
    this.#unblock(this.#error)
    this.#settle(undefined, this.#error)
  }
}

/** 2^28 - 1 at most. */
const HEAD_MAX_BYTES = 4
/** Bounds are checked here, by protocol. */
const NO_BOUND = { maxDataLength: Number.MAX_SAFE_INTEGER }

/** TCP gives Node's Buffers, whose `slice` shares memory where a Uint8Array's copies. */
const plain = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
