import { describe, expect, it } from 'vitest'
import type { Card } from '../../../core/binding.ts'
import { encode } from '../../../core/codec.ts'
import type { Sealed } from '../../../core/envelope.ts'
import { address, hash, kemPublicKey, peerIdOf } from '../../../core/ids.ts'
import {
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest
} from '../../../protocols/inbox/messages.ts'
import { exampleOf, examplesOf } from '../spec.ts'

const examples = examplesOf('inbox')
const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)
const account = address(filled(20, 0x22))
const card: Card = {
  binding: {
    account,
    peerId: peerIdOf(filled(32, 7)),
    kemKeyHash: hash(filled(32, 3)),
    validFrom: 1_800_000_000,
    validUntil: 1_800_086_400,
    bindingEpoch: 1
  },
  bindingSig: filled(65, 4),
  kem: kemPublicKey(filled(1_216, 5)),
  addrs: [Uint8Array.of(4, 127, 0, 0, 1)],
  name: 'Clinic am Park'
}
const sealed: Sealed = { v: 1, suite: 1, enc: filled(1_120, 1), ct: filled(48, 2) }
const mail = encode(sealed)

const requests = [
  { id: 'card', message: { id: 1, type: 'card', account } },
  { id: 'card-own', message: { id: 1, type: 'card', account: undefined } },
  { id: 'register', message: { id: 2, type: 'register', card } },
  { id: 'put', message: { id: 3, type: 'put', to: account, mail } },
  { id: 'list', message: { id: 4, type: 'list', account, after: 41 } },
  { id: 'remove', message: { id: 5, type: 'remove', account, upTo: 42 } },
  { id: 'receipts', message: { id: 6, type: 'receipts', account, after: 0 } }
] as const

const replies = [
  { id: 'answer-card', message: { id: 1, type: 'card', card } },
  { id: 'answer-done', message: { id: 2, type: 'done' } },
  {
    id: 'answer-mail',
    message: { id: 4, type: 'mail', items: [{ seq: 42, mail }], more: false }
  },
  { id: 'answer-page', message: { id: 6, type: 'page', page: sealed, more: true } },
  { id: 'answer-no-page', message: { id: 6, type: 'page', page: undefined, more: false } },
  { id: 'answer-refused', message: { id: 4, type: 'refused', code: 400, retryMs: 0 } }
] as const

describe('inbox SPEC.md', () => {
  it.each(requests)('gives the request $id as the codec does', ({ id, message }) => {
    expect(exampleOf(examples, id)).toEqual(encodeRequest(message))
    expect(decodeRequest(exampleOf(examples, id))).toEqual(message)
  })

  it.each(replies)('gives the answer $id as the codec does', ({ id, message }) => {
    expect(exampleOf(examples, id)).toEqual(encodeReply(message))
    expect(decodeReply(exampleOf(examples, id))).toEqual(message)
  })

  it('has no example that is not held against the codec', () => {
    const held = [...requests, ...replies].map(({ id }) => id)

    expect([...examples.keys()].toSorted()).toEqual(held.toSorted())
  })
})
