/**
 * Opens a part of a record without reading all of it. STREAM marks its last chunk, and a reader of
 * ranges would not notice a payload that was cut: so it opens the chunk that must be the last first
 * (SECURITY.md §4).
 * @module
 */

import type { UnlockedKeys } from './container.ts'
import {
  CHUNKS_PER_PIECE,
  ChunkOpener,
  payloadBytes,
  SEALED_CHUNK_BYTES
} from './container-payload.ts'
import { DecryptionFailedError, InvalidParametersError } from './errors.ts'
import { CHUNK_BYTES } from './limits.ts'
import type { Primitives } from './primitives.ts'

/** Reads ciphertext: exactly `length` bytes from `offset`. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>

/**
 * Plaintext bytes `from`..`to` (half-open) of a record of `length` bytes whose payload has `size`.
 * Reads at most one UnixFS leaf (4 chunks) at a time.
 * @throws DecryptionFailedError as `openPayload` does, for the chunks it opens and for another size
 * @throws InvalidParametersError if the range is not within the record
 */
export async function* openRange(
  read: ReadAt,
  size: number,
  keys: UnlockedKeys,
  length: number,
  from: number,
  to: number,
  p: Primitives
): AsyncGenerator<Uint8Array> {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from) {
    throw new InvalidParametersError(`range expected 0 <= from <= to, got ${from}..${to}`)
  }
  if (to > length) throw new InvalidParametersError(`"to" expected <= ${length}, got ${to}`)
  if (size !== payloadBytes(length)) throw new DecryptionFailedError()

  const opener = new ChunkOpener(keys.payload, length, p)
  const chunksAt = async (first: number, end: number): Promise<Uint8Array> => {
    const offset = first * SEALED_CHUNK_BYTES
    const wanted = Math.min(end * SEALED_CHUNK_BYTES, size) - offset
    const sealed = await read(offset, wanted)
    if (sealed.byteLength !== wanted) throw new DecryptionFailedError()
    return sealed
  }
  const last = opener.count - 1
  const lastContent = opener.at(last, await chunksAt(last, opener.count))

  const end = from === to ? 0 : Math.ceil(to / CHUNK_BYTES)
  const cut = (index: number, content: Uint8Array): Uint8Array => {
    const start = index * CHUNK_BYTES
    return content.subarray(Math.max(from - start, 0), Math.min(to - start, content.byteLength))
  }
  for (let next = Math.floor(from / CHUNK_BYTES); next < Math.min(end, last); ) {
    const leafEnd = (Math.floor(next / CHUNKS_PER_PIECE) + 1) * CHUNKS_PER_PIECE
    const stop = Math.min(end, leafEnd, last)
    const sealed = await chunksAt(next, stop)
    for (let at = 0; next < stop; next++, at += SEALED_CHUNK_BYTES) {
      yield cut(next, opener.at(next, sealed.subarray(at, at + SEALED_CHUNK_BYTES)))
    }
  }
  if (end > last) yield cut(last, lastContent)
}
