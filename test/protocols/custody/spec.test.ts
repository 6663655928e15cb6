import { describe, expect, it } from 'vitest'
import { address, hash, recordId } from '../../../core/ids.ts'
import {
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest
} from '../../../protocols/custody/messages.ts'
import { exampleOf, examplesOf } from '../spec.ts'

const examples = examplesOf('custody')
const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)
const owner = address(filled(20, 0x11))

const requests = [
  { id: 'deal', message: { id: 1, type: 'deal', package: filled(16, 0xab) } },
  {
    id: 'pin',
    message: { id: 2, type: 'pin', owner, recordId: recordId(filled(32, 0x33)), ver: 1 }
  },
  {
    id: 'notice',
    message: {
      id: 3,
      type: 'notice',
      notice: { type: 'RevokeAll', message: { owner, epoch: 2 }, sig: filled(65, 0x04) }
    }
  },
  {
    id: 'hand-back',
    message: {
      id: 4,
      type: 'notice',
      notice: {
        type: 'HandBack',
        message: {
          owner,
          openingHash: hash(filled(32, 0x33)),
          account: address(filled(20, 0x22)),
          subGrant: hash(filled(32, 0))
        },
        sig: filled(65, 0x04)
      }
    }
  }
] as const

const replies = [
  {
    id: 'receipt',
    message: {
      id: 1,
      type: 'receipt',
      link: { b: filled(140, 0x0b), s: filled(64, 0x0c) },
      body: filled(16, 0x0f)
    }
  },
  { id: 'progress', message: { id: 2, type: 'progress', done: 57 } },
  { id: 'refused', message: { id: 2, type: 'refused', code: 707, retryMs: 30_000 } },
  {
    id: 'notice-mined',
    message: {
      id: 3,
      type: 'notice',
      tx: {
        hash: hash(filled(32, 5)),
        block: { number: 7, hash: hash(filled(32, 6)) },
        gasUsed: 26_206
      },
      code: 0
    }
  },
  { id: 'notice-kept', message: { id: 3, type: 'notice', tx: undefined, code: 709 } }
] as const

describe('custody SPEC.md', () => {
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
