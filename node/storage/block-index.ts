/**
 * Where each block lies, by its hash, in memory: about 150 B a block. Keeps count of what lives, in
 * each segment and in all.
 * @module
 */
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { InvalidParametersError } from '../../core/errors.ts'
import { type FoundBlock, FRAME_HEADER_BYTES } from './block-frames.ts'
import type { Segment } from './segment.ts'

export interface Entry {
  readonly segment: Segment
  readonly at: number
  readonly length: number
  readonly codec: number
}

const SHA2_256 = 0x12

export class BlockIndex {
  readonly #entries = new Map<string, Entry>()
  #usedBytes = 0

  /** Bytes of living blocks and their headers. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  keys(): string[] {
    return [...this.#entries.keys()]
  }

  /** Makes a block's hash point to a frame; gives the entry that it pointed to before. */
  place(key: string, segment: Segment, { at, length, codec }: FoundBlock): Entry | undefined {
    const older = this.remove(key)
    this.put(key, { segment, at, length, codec })
    return older
  }

  put(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
    entry.segment.live += sizeOf(entry)
    this.#usedBytes += sizeOf(entry)
  }

  remove(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry == null) return undefined
    this.#entries.delete(key)
    entry.segment.live -= sizeOf(entry)
    this.#usedBytes -= sizeOf(entry)
    return entry
  }
}

/** A block with its header. */
export const sizeOf = ({ length }: { readonly length: number }): number =>
  FRAME_HEADER_BYTES + length

/** @throws InvalidParametersError unless the hash is sha2-256 */
export function keyOf(cid: CID): string {
  if (cid.multihash.code !== SHA2_256) {
    throw new InvalidParametersError(
      `"cid" expected a sha2-256 hash, got 0x${cid.multihash.code.toString(16)}`
    )
  }
  return keyOfDigest(cid.multihash.digest)
}

export const keyOfDigest = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('latin1')

export const digestOfKey = (key: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(key, 'latin1'))

export const cidOf = (key: string, codec: number): CID =>
  CID.createV1(codec, digestOf(SHA2_256, digestOfKey(key)))
