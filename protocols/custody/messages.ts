/**
 * Messages of /keyward/custody/1.0.0: dag-cbor maps told apart by `type`, answers by the `id` of
 * their request (SPEC.md).
 * @module
 */
import { bytesUpTo, map, nullable, type Of, oneOf, uint, variant } from '../../core/codec.ts'
import { noticeShape } from '../../core/hand-back.ts'
import { CUSTODY_FRAME_MAX_BYTES, DAG_BLOCKS_MAX } from '../../core/limits.ts'
import { recordIdShape, versionShape } from '../../core/manifest.ts'
import { signedLinkShape } from '../../core/receipt.ts'
import { addressShape, hashShape } from '../../core/typed-data.ts'
import { identifiedMessages, refusedShape, requestIdShape } from '../framing.ts'

const U32_MAX = 2 ** 32 - 1
const id = requestIdShape

const requestShape = variant('type', {
  deal: map({ id, type: oneOf('deal'), package: bytesUpTo(CUSTODY_FRAME_MAX_BYTES) }),
  pin: map({
    id,
    type: oneOf('pin'),
    owner: addressShape,
    recordId: recordIdShape,
    ver: versionShape
  }),
  notice: map({ id, type: oneOf('notice'), notice: noticeShape })
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
  refused: refusedShape,
  progress: map({ id, type: oneOf('progress'), done: uint(DAG_BLOCKS_MAX) })
})

export type CustodyRequest = Of<typeof requestShape>
export type CustodyReply = Of<typeof answerShape>

export const { encodeRequest, decodeRequest, encodeReply, decodeReply } = identifiedMessages(
  'custody',
  requestShape,
  answerShape
)
