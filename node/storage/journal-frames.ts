/**
 * Reads the frames of a journal in bounded memory, and judges what stands behind the last good one:
 * a tail that a crash tore (never acknowledged, may go) or damage (acknowledged, must be reported).
 * @module
 */
import { equalBytes } from '../../core/bytes.ts'
import { nativePrimitives } from '../crypto/native.ts'
import type { OpenFile } from './files.ts'

export interface Frame {
  /** A copy: the caller may keep it. */
  readonly payload: Uint8Array
  /** Where the next frame starts. */
  readonly end: number
  readonly sum: Uint8Array<ArrayBuffer>
}

const LENGTH_BYTES = 4
const SUM_BYTES = 8
const OVERHEAD = LENGTH_BYTES + SUM_BYTES
const READ_BYTES = 256 * 1_024
/** Hashing that the search for a frame behind a bad one may cost: about a second. */
const SEARCH_MAX_BYTES = 1_024 * 1_024 * 1_024

export class FrameReader {
  readonly maxEntryBytes: number
  readonly size: number
  readonly #file: OpenFile
  #buffer = new Uint8Array(0)
  #bufferAt = 0

  constructor(file: OpenFile, size: number, maxEntryBytes: number) {
    this.#file = file
    this.size = size
    this.maxEntryBytes = maxEntryBytes
  }

  /** Good frames from `at` on; ends quietly at the first that is not. */
  async *frames(at: number, previous: Uint8Array): AsyncGenerator<Frame> {
    let frame = await this.frame(at, previous)
    while (frame != null) {
      yield frame
      frame = await this.frame(frame.end, frame.sum)
    }
  }

  /** The frame at `at`, or undefined if there is none whose checksum follows `previous`. */
  async frame(at: number, previous: Uint8Array): Promise<Frame | undefined> {
    const length = await this.lengthAt(at)
    if (length == null || length > this.maxEntryBytes) return undefined
    const whole = await this.bytes(at, OVERHEAD + length)
    if (whole == null) return undefined
    const body = whole.subarray(0, LENGTH_BYTES + length)
    const sum = whole.slice(LENGTH_BYTES + length)
    const expected = nativePrimitives.sha256(body, previous).subarray(0, SUM_BYTES)
    if (!equalBytes(sum, expected)) return undefined
    return { payload: body.slice(LENGTH_BYTES), end: at + whole.byteLength, sum }
  }

  async lengthAt(at: number): Promise<number | undefined> {
    const b = await this.bytes(at, LENGTH_BYTES)
    return b == null ? undefined : new DataView(b.buffer, b.byteOffset).getUint32(0)
  }

  /** A view that the next read may overwrite; undefined if the file ends before. */
  async bytes(at: number, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (at + length > this.size) return undefined
    const offset = at - this.#bufferAt
    if (offset < 0 || offset + length > this.#buffer.byteLength) {
      const wanted = Math.min(Math.max(length, READ_BYTES), this.size - at)
      const buffer = new Uint8Array(wanted)
      const got = await this.#file.read(buffer, at)
      this.#buffer = buffer.subarray(0, got)
      this.#bufferAt = at
      if (got < length) return undefined
      return this.#buffer.subarray(0, length)
    }
    return this.#buffer.subarray(offset, offset + length)
  }
}

/**
 * True if the bytes from `at` to the end are what a crash leaves of an unfinished commit: a frame
 * that the file cuts short, or one that ends in bytes which were never written (zeros). A good frame
 * behind them proves that the bad one was once whole, and so does a whole frame that is wrong.
 */
export async function isTornTail(reader: FrameReader, at: number): Promise<boolean> {
  const { size, maxEntryBytes } = reader
  if (size - at < OVERHEAD) return true
  const length = (await reader.lengthAt(at)) as number
  const unwritten = (await reader.bytes(size - SUM_BYTES, SUM_BYTES))?.every((b) => b === 0)
  if (unwritten !== true && (length > maxEntryBytes || at + OVERHEAD + length <= size)) return false
  let hashed = 0
  const last = Math.min(size - OVERHEAD, at + OVERHEAD + maxEntryBytes)
  for (let y = at + OVERHEAD; y <= last && hashed < SEARCH_MAX_BYTES; y++) {
    const candidate = (await reader.lengthAt(y)) as number
    if (candidate > maxEntryBytes || y + OVERHEAD + candidate > size) continue
    const previous = (await reader.bytes(y - SUM_BYTES, SUM_BYTES))?.slice()
    hashed += OVERHEAD + candidate
    if (previous != null && (await reader.frame(y, previous)) != null) return false
  }
  return true
}
