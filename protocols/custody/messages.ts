/**
 * Messages of /keyward/custody/1.0.0: dag-cbor maps told apart by `type`, answers by the `id` of
 * their request (SPEC.md).
 * @module
 */
import {
  bytesUpTo,
  decode,
  encode,
  map,
  nullable,
  type Of,
  oneOf,
  uint,
  variant
} from '../../core/codec.ts'
import { CUSTODY_FRAME_MAX_BYTES, DAG_BLOCKS_MAX } from '../../core/limits.ts'
import { recordIdShape, versionShape } from '../../core/manifest.ts'
import { signedLinkShape } from '../../core/receipt.ts'
import { addressShape, hashShape, signedMessageShape } from '../../core/typed-data.ts'

const U32_MAX = 2 ** 32 - 1
/** The longest retry that is worth telling: a day. */
const RETRY_MAX_MS = 86_400_000

const id = uint(U32_MAX, 1)

const requestShape = variant('type', {
  deal: map({ id, type: oneOf('deal'), package: bytesUpTo(CUSTODY_FRAME_MAX_BYTES) }),
  pin: map({
    id,
    type: oneOf('pin'),
    owner: addressShape,
    recordId: recordIdShape,
    ver: versionShape
  }),
  notice: map({ id, type: oneOf('notice'), notice: signedMessageShape })
})

const answerShape = variant('type', {
  receipt: map({
    id,
    type: oneOf('receipt'),
    link: signedLinkShape,
    body: bytesUpTo(CUSTODY_FRAME_MAX_BYTES)
  }),
  notice: map({
    id,
    type: oneOf('notice'),
    tx: nullable(
      map({
        hash: hashShape,
        block: map({ number: uint(), hash: hashShape }),
        gasUsed: uint()
      })
    ),
    code: uint(U32_MAX)
  }),
  refused: map({
    id,
    type: oneOf('refused'),
    code: uint(U32_MAX, 1),
    retryMs: uint(RETRY_MAX_MS)
  }),
  progress: map({ id, type: oneOf('progress'), done: uint(DAG_BLOCKS_MAX) })
})

export type CustodyRequest = Of<typeof requestShape>
export type CustodyReply = Of<typeof answerShape>

export const encodeRequest = (request: CustodyRequest): Uint8Array => encode(request)
export const encodeReply = (reply: CustodyReply): Uint8Array => encode(reply)

/** @throws InvalidMessageError */
export const decodeRequest = (frame: Uint8Array): CustodyRequest =>
  decode(requestShape, frame, 'custody request')

/** @throws InvalidMessageError */
export const decodeReply = (frame: Uint8Array): CustodyReply =>
  decode(answerShape, frame, 'custody answer')
