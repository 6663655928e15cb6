/**
 * Messages of /keyward/blocks/1.0.0: one request map, then frames of raw blocks, then an end map
 * (SPEC.md). A block's frame is one byte and the block itself, so that it is never copied to send.
 * @module
 */
import { CID } from 'multiformats/cid'
import { bytes, decode, encode, map, type Of, oneOf, uint, variant } from '../../core/codec.ts'
import { InvalidMessageError } from '../../core/errors.ts'
import { DAG_BLOCKS_MAX } from '../../core/limits.ts'
import {
  BLOCKS_VERSION,
  CID_BYTES,
  DAG_PB,
  FRAME_BLOCK,
  FRAME_END,
  RAW,
  SHA2_256
} from './constants.ts'

const RETRY_MAX_MS = 86_400_000

const requestShape = map({
  v: oneOf(BLOCKS_VERSION),
  root: bytes(CID_BYTES),
  from: uint(DAG_BLOCKS_MAX)
})

const endShape = variant('type', {
  /** The DAG is complete; it has `blocks` blocks in all. */
  end: map({ type: oneOf('end'), blocks: uint(DAG_BLOCKS_MAX) }),
  refused: map({ type: oneOf('refused'), code: uint(2 ** 32 - 1, 1), retryMs: uint(RETRY_MAX_MS) })
})

export interface BlocksRequest {
  readonly root: CID
  readonly from: number
}

export type BlocksEnd = Of<typeof endShape>

export const encodeRequest = (request: BlocksRequest): Uint8Array =>
  encode({ v: BLOCKS_VERSION, root: request.root.bytes, from: request.from })

/** @throws InvalidMessageError */
export function decodeRequest(frame: Uint8Array): BlocksRequest {
  const { root, from } = decode(requestShape, frame, 'blocks request')
  return { root: supportedCid(cidOf(root), 'root'), from }
}

/** The head of a block's frame; the block follows as it is. */
export const BLOCK_HEAD = Uint8Array.of(FRAME_BLOCK)

/** A whole last frame. */
export function encodeEnd(end: BlocksEnd): Uint8Array {
  const body = encode(end)
  const frame = new Uint8Array(1 + body.byteLength)
  frame[0] = FRAME_END
  frame.set(body, 1)
  return frame
}

/** Either a block, as a view of the frame, or the end. @throws InvalidMessageError */
export function decodeFrame(frame: Uint8Array): Uint8Array | BlocksEnd {
  if (frame[0] === FRAME_BLOCK) return frame.subarray(1)
  if (frame[0] === FRAME_END) return decode(endShape, frame.subarray(1), 'blocks end')
  throw new InvalidMessageError(`"frame" expected a block or an end, got kind ${frame[0]}`)
}

/**
 * Returns `cid` if it is a CIDv1 of dag-pb or raw by sha2-256: what UnixFS payloads consist of.
 * @throws InvalidMessageError
 */
export function supportedCid(cid: CID, name: string): CID {
  if (
    cid.version !== 1 ||
    (cid.code !== DAG_PB && cid.code !== RAW) ||
    cid.multihash.code !== SHA2_256 ||
    cid.multihash.digest.byteLength !== 32
  ) {
    throw new InvalidMessageError(`"${name}" expected a CIDv1 of dag-pb or raw by sha2-256`)
  }
  return cid
}

function cidOf(bytes: Uint8Array): CID {
  try {
    return CID.decode(bytes)
  } catch (err) {
    throw new InvalidMessageError('"root" expected a CID', { cause: err })
  }
}
