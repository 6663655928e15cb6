/**
 * The segment file of the block store: magic(8) ‖ frame …, a frame being 48 bytes of header and the
 * block. Header = magic u32 ‖ codec u32 ‖ length u32 ‖ sha2-256(32) ‖ crc32 of those 44 bytes.
 * A segment describes itself: the index can always be made again by reading it, and since every
 * block carries its hash, what a crash or a disk damaged is left out instead of believed.
 * @module
 */
import { crc32 } from 'node:zlib'
import { equalBytes, utf8 } from '../../core/bytes.ts'
import { BLOCK_MAX_BYTES } from '../../core/limits.ts'
import { nativePrimitives } from '../crypto/native.ts'
import type { OpenFile } from './files.ts'

export const SEGMENT_MAGIC = utf8('KWBLKS1\n')
export const FRAME_HEADER_BYTES = 48
const FRAME_MAGIC = 0x4b574246 // "KWBF"
const MAGIC_BYTES = utf8('KWBF')
const DIGEST_AT = 12
const CRC_AT = 44

export interface BlockHeader {
  readonly codec: number
  readonly length: number
  readonly digest: Uint8Array
}

export interface FoundBlock extends BlockHeader {
  /** Where the frame starts in the segment. */
  readonly at: number
}

/** Writes a header into `out`, or into bytes of its own. */
export function encodeHeader(
  { codec, length, digest }: BlockHeader,
  out: Uint8Array = new Uint8Array(FRAME_HEADER_BYTES)
): Uint8Array {
  const view = new DataView(out.buffer, out.byteOffset, FRAME_HEADER_BYTES)
  view.setUint32(0, FRAME_MAGIC)
  view.setUint32(4, codec)
  view.setUint32(8, length)
  out.set(digest, DIGEST_AT)
  view.setUint32(CRC_AT, crc32(out.subarray(0, CRC_AT)))
  return out
}

export function decodeHeader(bytes: Uint8Array): BlockHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_BYTES)
  const length = view.getUint32(8)
  if (view.getUint32(0) !== FRAME_MAGIC || length > BLOCK_MAX_BYTES) return undefined
  if (view.getUint32(CRC_AT) !== crc32(bytes.subarray(0, CRC_AT))) return undefined
  return { codec: view.getUint32(4), length, digest: bytes.slice(DIGEST_AT, CRC_AT) }
}

/** Headers and blocks as they lie in the file; all headers share one buffer. */
export function framesOf(
  blocks: readonly {
    readonly codec: number
    readonly digest: Uint8Array
    readonly block: Uint8Array
  }[]
): { parts: readonly Uint8Array[]; bytes: number } {
  const headers = new Uint8Array(FRAME_HEADER_BYTES * blocks.length)
  const parts: Uint8Array[] = []
  let bytes = headers.byteLength
  for (const [i, { codec, digest, block }] of blocks.entries()) {
    const header = headers.subarray(FRAME_HEADER_BYTES * i, FRAME_HEADER_BYTES * (i + 1))
    parts.push(encodeHeader({ codec, length: block.byteLength, digest }, header), block)
    bytes += block.byteLength
  }
  return { parts, bytes }
}

export interface Scan {
  readonly found: readonly FoundBlock[]
  /** Behind the last good block. */
  readonly end: number
  /** Frames that were there and are not what they say. */
  readonly damaged: number
}

const WINDOW_BYTES = 2 * (FRAME_HEADER_BYTES + BLOCK_MAX_BYTES)

/** Reads a whole segment and hashes each block in it; steps over what is damaged. */
export async function scanSegment(file: OpenFile): Promise<Scan> {
  const size = await file.size()
  const found: FoundBlock[] = []
  const buffer = new Uint8Array(WINDOW_BYTES)
  let at = SEGMENT_MAGIC.byteLength
  let end = at
  let damaged = 0
  let inDamage = false
  let windowAt = 0
  let windowEnd = 0
  /** A view of the file that holds until the next call. */
  const bytes = async (from: number, length: number): Promise<Uint8Array | undefined> => {
    if (from + length > size) return undefined
    if (from < windowAt || from + length > windowEnd) {
      windowAt = from
      windowEnd = from + (await file.read(buffer, from))
      if (from + length > windowEnd) return undefined
    }
    return buffer.subarray(from - windowAt, from - windowAt + length)
  }
  const nextMagic = async (from: number): Promise<number> => {
    for (let start = from; start + FRAME_HEADER_BYTES <= size; ) {
      const view = (await bytes(start, Math.min(WINDOW_BYTES, size - start))) as Uint8Array
      const found = Buffer.from(view.buffer, view.byteOffset, view.byteLength).indexOf(MAGIC_BYTES)
      if (found >= 0) return start + found
      start += view.byteLength - (MAGIC_BYTES.byteLength - 1)
    }
    return size
  }
  while (at + FRAME_HEADER_BYTES <= size) {
    const header = decodeHeader((await bytes(at, FRAME_HEADER_BYTES)) as Uint8Array)
    const block = header && (await bytes(at + FRAME_HEADER_BYTES, header.length))
    if (header != null && block != null && isWhole(header, block)) {
      found.push({ ...header, at })
      at += FRAME_HEADER_BYTES + header.length
      end = at
      inDamage = false
      continue
    }
    if (!inDamage) damaged++
    inDamage = true
    at = await nextMagic(at + 1)
  }
  // What stands behind the last good block is a torn tail, not a damaged frame.
  return { found, end, damaged: inDamage ? damaged - 1 : damaged }
}

const isWhole = (header: BlockHeader, block: Uint8Array): boolean =>
  equalBytes(nativePrimitives.sha256(block), header.digest)
