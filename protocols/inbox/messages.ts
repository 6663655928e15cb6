/**
 * Messages of /keyward/inbox/1.0.0: dag-cbor maps told apart by `type`, answers by the `id` of
 * their request (SPEC.md).
 * @module
 */
import { cardShape } from '../../core/binding.ts'
import {
  bool,
  bytesUpTo,
  list,
  map,
  nullable,
  type Of,
  oneOf,
  uint,
  variant
} from '../../core/codec.ts'
import { sealedShape } from '../../core/envelope.ts'
import { INBOX_FRAME_MAX_BYTES, MAIL_PER_PAGE } from '../../core/limits.ts'
import { addressShape } from '../../core/typed-data.ts'
import { identifiedMessages, refusedShape, requestIdShape } from '../framing.ts'

const id = requestIdShape
const mail = bytesUpTo(INBOX_FRAME_MAX_BYTES, 1)

const requestShape = variant('type', {
  card: map({ id, type: oneOf('card'), account: nullable(addressShape) }),
  register: map({ id, type: oneOf('register'), card: cardShape }),
  put: map({ id, type: oneOf('put'), to: addressShape, mail }),
  list: map({ id, type: oneOf('list'), account: addressShape, after: uint() }),
  remove: map({ id, type: oneOf('remove'), account: addressShape, upTo: uint() }),
  receipts: map({ id, type: oneOf('receipts'), account: addressShape, after: uint() })
})

const answerShape = variant('type', {
  card: map({ id, type: oneOf('card'), card: cardShape }),
  done: map({ id, type: oneOf('done') }),
  mail: map({
    id,
    type: oneOf('mail'),
    items: list(map({ seq: uint(Number.MAX_SAFE_INTEGER, 1), mail }), MAIL_PER_PAGE),
    more: bool
  }),
  page: map({
    id,
    type: oneOf('page'),
    page: nullable(sealedShape(INBOX_FRAME_MAX_BYTES)),
    more: bool
  }),
  refused: refusedShape
})

export type InboxRequest = Of<typeof requestShape>
export type InboxReply = Of<typeof answerShape>

export const { encodeRequest, decodeRequest, encodeReply, decodeReply } = identifiedMessages(
  'inbox',
  requestShape,
  answerShape
)
