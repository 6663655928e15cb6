/**
 * The payload of a container: age v1's STREAM over the padded record, 64 KiB chunks of
 * ChaCha20-Poly1305 whose nonce is u88be(i) ‖ last (SECURITY.md §4). Sealed and opened piece by
 * piece, in memory that does not grow with the record; hops 2 and 11c of 12.
 * @module
 */

import { isZero, release, wipe } from './bytes.ts'
import type { ContainerKeys, UnlockedKeys } from './container.ts'
import { DecryptionFailedError, InvalidParametersError } from './errors.ts'
import { type Hash, hash } from './ids.ts'
import { CHUNK_BYTES, RECORD_MAX_BYTES, RECORD_MIN_PADDED_BYTES } from './limits.ts'
import type { ChunkCipher, Primitives } from './primitives.ts'

const TAG_BYTES = 16
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
/** Chunks of one UnixFS leaf: 4 × 65,552 = 262,208 B, the fixed chunker of SECURITY.md §4. */
export const CHUNKS_PER_PIECE = 4

const ZEROS = new Uint8Array(CHUNK_BYTES)

export interface PayloadFacts {
  /** Plaintext bytes, unpadded. */
  readonly length: number
  /** SHA-256 of the unpadded plaintext. */
  readonly sha256: Hash
  /** Ciphertext bytes. */
  readonly size: number
}

export interface SealPayloadOptions {
  /**
   * Each piece is valid only until the next is asked for: for a reader that has written it by then.
   * Saves a tenth of the CPU.
   * @default false
   */
  readonly reusePieces?: boolean
}

export interface OpenPayloadOptions {
  /**
   * Each piece is valid only until the next is asked for; then its memory is freed. Saves a third of
   * the CPU.
   * @default false
   */
  readonly freePieces?: boolean
}

/**
 * P: the length of a padded record. Padmé: with E = ⌊log2 L⌋ and S = ⌊log2 E⌋ + 1, up to a multiple
 * of 2^(E−S), in exact arithmetic; at most 6.3 % more, and only the size class shows.
 */
export function padme(length: number): number {
  if (!Number.isSafeInteger(length) || length < 0 || length > RECORD_MAX_BYTES) {
    throw new InvalidParametersError(`"length" expected 0..2^40, got ${length}`)
  }
  const l = Math.max(length, RECORD_MIN_PADDED_BYTES)
  const e = log2Floor(l)
  const step = 2 ** (e - log2Floor(e) - 1)
  return Math.ceil(l / step) * step
}

/** ⌊log2 n⌋ by counting bits: Math.log2 rounds. */
function log2Floor(n: number): number {
  const high = Math.floor(n / 2 ** 32)
  return high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(n)
}

/** Bytes of the payload of a record of `length` bytes: P + 16·⌈P/65536⌉. */
export function payloadBytes(length: number): number {
  const padded = padme(length)
  return padded + TAG_BYTES * Math.ceil(padded / CHUNK_BYTES)
}

/** u88be(i) ‖ last. */
export function chunkNonce(index: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  const view = new DataView(nonce.buffer)
  view.setUint32(3, Math.floor(index / 2 ** 32))
  view.setUint32(7, index % 2 ** 32)
  nonce[11] = last ? 1 : 0
  return nonce
}

/** Cuts pieces of any size into chunks; a chunk that lies whole in its piece is not copied. */
class ChunkCutter {
  readonly #pending: Uint8Array
  #held = 0

  constructor(maxBytes: number) {
    this.#pending = new Uint8Array(maxBytes)
  }

  /** The chunks that end in this piece, each `size()` long, until that is 0; keeps the rest. */
  *cut(piece: Uint8Array, size: () => number): Generator<Uint8Array> {
    let rest = piece
    for (let wanted = size(); wanted > 0; wanted = size()) {
      if (this.#held === 0 && rest.byteLength >= wanted) {
        const chunk = rest.subarray(0, wanted)
        rest = rest.subarray(wanted)
        yield chunk
        continue
      }
      const taken = Math.min(rest.byteLength, wanted - this.#held)
      this.#pending.set(rest.subarray(0, taken), this.#held)
      this.#held += taken
      rest = rest.subarray(taken)
      if (this.#held < wanted) return
      this.#held = 0
      yield this.#pending.subarray(0, wanted)
    }
  }

  wipe(): void {
    wipe(this.#pending)
  }
}

/** Seals chunks one after the other into pieces of four, the size of a UnixFS leaf. */
class PieceSealer {
  readonly #cipher: ChunkCipher
  readonly #reuse: boolean
  #piece = new Uint8Array(CHUNKS_PER_PIECE * SEALED_CHUNK_BYTES)
  #used = 0
  #index = 0
  #lastPlainBytes = 0
  /** Plaintext sealed so far. */
  plainBytes = 0

  constructor(key: Uint8Array, reuse: boolean, p: Primitives) {
    this.#cipher = p.chachaChunks(key)
    this.#reuse = reuse
  }

  /** The piece, if it is full; then there is room for the next chunk. */
  full(): Uint8Array | undefined {
    if (this.#used < this.#piece.byteLength) return undefined
    const piece = this.#piece
    if (!this.#reuse) this.#piece = new Uint8Array(piece.byteLength)
    this.#used = 0
    return piece
  }

  /** Seals a chunk that is not the last. */
  add(chunk: Uint8Array): void {
    this.#seal(chunk, this.#index++, false)
    this.plainBytes += chunk.byteLength
  }

  /**
   * Seals the chunk added last once more, now as the last, and gives what is left to emit. A stream
   * learns that a chunk was its last only afterwards; the first form has never left this object.
   */
  finish(): Uint8Array {
    const index = this.#index - 1
    this.#used -= this.#lastPlainBytes + TAG_BYTES
    const sealed = this.#piece.subarray(this.#used, this.#used + this.#lastPlainBytes + TAG_BYTES)
    const plain = this.#cipher.open(chunkNonce(index, false), sealed)
    try {
      this.#seal(plain, index, true)
    } finally {
      wipe(plain)
    }
    return this.#piece.subarray(0, this.#used)
  }

  #seal(chunk: Uint8Array, index: number, last: boolean): void {
    const end = this.#used + chunk.byteLength + TAG_BYTES
    const out = this.#piece.subarray(this.#used, end)
    this.#cipher.sealInto(chunkNonce(index, last), chunk, out)
    this.#used = end
    this.#lastPlainBytes = chunk.byteLength
  }
}

/**
 * Seals a record whose length need not be known; every emitted piece but the last has 262,208 B.
 * `done` tells the facts for manifest and meta once `payload` was read to its end, and fails if
 * that was left early or the source failed. The source may reuse its buffers.
 */
export function sealPayload(
  source: AsyncIterable<Uint8Array>,
  keys: ContainerKeys,
  p: Primitives,
  options: SealPayloadOptions = {}
): { readonly payload: AsyncIterable<Uint8Array>; readonly done: Promise<PayloadFacts> } {
  const { promise, resolve, reject } = Promise.withResolvers<PayloadFacts>()
  promise.catch(() => {}) // whoever reads `payload` hears of its failure there
  const sealer = new PieceSealer(keys.payload, options.reusePieces ?? false, p)
  return { payload: sealing(source, sealer, p, resolve, reject), done: promise }
}

async function* sealing(
  source: AsyncIterable<Uint8Array>,
  sealer: PieceSealer,
  p: Primitives,
  resolve: (facts: PayloadFacts) => void,
  reject: (err: unknown) => void
): AsyncGenerator<Uint8Array> {
  const digest = p.sha256Stream()
  const cutter = new ChunkCutter(CHUNK_BYTES)
  let length = 0
  try {
    for await (const given of source) {
      digest.update(given)
      length += given.byteLength
      for (const chunk of cutter.cut(given, () => CHUNK_BYTES)) {
        const piece = sealer.full()
        if (piece != null) yield piece
        sealer.add(chunk)
      }
    }
    const padded = padme(length)
    const left = () => Math.min(CHUNK_BYTES, padded - sealer.plainBytes)
    for (let zeros = padded - length; left() > 0; zeros -= CHUNK_BYTES) {
      const padding = ZEROS.subarray(0, Math.max(0, Math.min(CHUNK_BYTES, zeros)))
      for (const chunk of cutter.cut(padding, left)) {
        const piece = sealer.full()
        if (piece != null) yield piece
        sealer.add(chunk)
      }
    }
    yield sealer.finish()
    resolve({ length, sha256: hash(digest.digest(), 'sha256'), size: payloadBytes(length) })
  } catch (err) {
    reject(err)
    throw err
  } finally {
    cutter.wipe()
    reject(new InvalidParametersError('payload expected to be read to its end')) // no-op if settled
  }
}

/**
 * Opens a payload of a record of `length` bytes (from its meta map) chunk by chunk. Nothing of a
 * chunk is given before its tag was checked, and the last content only after the stream has ended.
 * @throws DecryptionFailedError if a chunk was changed, swapped or dropped, the stream ends early
 * or goes on, or the padding is not zeros
 */
export async function* openPayload(
  source: AsyncIterable<Uint8Array>,
  keys: UnlockedKeys,
  length: number,
  p: Primitives,
  options: OpenPayloadOptions = {}
): AsyncGenerator<Uint8Array> {
  const size = payloadBytes(length)
  const opener = new ChunkOpener(keys.payload, length, p)
  const cutter = new ChunkCutter(SEALED_CHUNK_BYTES)
  let seen = 0
  let final: Uint8Array = new Uint8Array(0)
  for await (const given of source) {
    seen += given.byteLength
    if (seen > size) throw new DecryptionFailedError()
    for (const chunk of cutter.cut(given, () => opener.sealedBytes)) {
      const plain = opener.next(chunk)
      if (opener.atEnd) final = plain
      else {
        if (plain.byteLength > 0) yield plain
        if (options.freePieces) release(plain)
      }
    }
  }
  if (!opener.atEnd) throw new DecryptionFailedError()
  if (final.byteLength > 0) yield final
}

/** Opens the chunks of one payload and strips its padding. */
export class ChunkOpener {
  readonly #cipher: ChunkCipher
  readonly #length: number
  readonly #padded: number
  /** Chunks of this payload. */
  readonly count: number
  #index = 0

  constructor(key: Uint8Array, length: number, p: Primitives) {
    this.#cipher = p.chachaChunks(key)
    this.#length = length
    this.#padded = padme(length)
    this.count = Math.ceil(this.#padded / CHUNK_BYTES)
  }

  /** Bytes that the next chunk has, sealed; 0 after the last. */
  get sealedBytes(): number {
    if (this.atEnd) return 0
    return Math.min(CHUNK_BYTES, this.#padded - this.#index * CHUNK_BYTES) + TAG_BYTES
  }

  get atEnd(): boolean {
    return this.#index === this.count
  }

  next(sealed: Uint8Array): Uint8Array {
    const plain = this.at(this.#index, sealed)
    this.#index++
    return plain
  }

  /** The content of chunk `index`; its padding, if it has any, is checked and left out. */
  at(index: number, sealed: Uint8Array): Uint8Array {
    const plain = this.#cipher.open(chunkNonce(index, index === this.count - 1), sealed)
    const content = Math.min(Math.max(this.#length - index * CHUNK_BYTES, 0), plain.byteLength)
    if (!isZero(plain.subarray(content))) {
      wipe(plain)
      throw new DecryptionFailedError()
    }
    return plain.subarray(0, content)
  }
}
