import { describe, expect, it } from 'vitest'
import { encode } from '../../../core/codec.ts'
import { hash } from '../../../core/ids.ts'
import { decodeAnswer, encodeAnswer } from '../../../core/request.ts'
import {
  answeredRequest,
  decodeHello,
  encodeHello,
  hashKey,
  signedBody
} from '../../../protocols/access/messages.ts'
import { sha256 } from '../nodes.ts'
import { exampleOf, examplesOf } from '../spec.ts'

const examples = examplesOf('access')
const named = (name: string): Uint8Array => exampleOf(examples, name)
const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)

const request = { b: Uint8Array.of(0xa1, 0x61, 0x76, 0x01), s: filled(64, 0x0a) }
const link = { b: filled(140, 0x0b), s: filled(64, 0x0c) }
const req = hash(sha256(request.b))
const released = {
  v: 1,
  ok: true,
  req,
  code: 0,
  retryMs: 0,
  idx: 2,
  shareEpoch: 1,
  suite: 1,
  enc: filled(1_120, 0x0d),
  ct: filled(81, 0x0e),
  link,
  body: filled(3, 0x0f)
} as const
const refused = {
  ...released,
  ok: false,
  code: 400,
  retryMs: 0,
  idx: undefined,
  shareEpoch: undefined,
  suite: undefined,
  enc: undefined,
  ct: undefined,
  body: undefined
} as const

describe('access SPEC.md', () => {
  it('frames a hello as the codec does', () => {
    const hello = encodeHello(filled(32, 0x07))

    expect(named('frame-hello')).toEqual(Uint8Array.of(hello.byteLength, ...hello))
    expect(decodeHello(hello)).toEqual({ v: 1, challenge: filled(32, 0x07) })
  })

  it('gives a signed request of which b and its hash are found', () => {
    expect(named('request')).toEqual(encode(request))
    expect(signedBody(named('request'))).toEqual(request.b)
    expect(named('request-hash')).toEqual(req)
  })

  it.each([
    { id: 'answer-released', answer: released },
    { id: 'answer-denied', answer: refused }
  ])('gives $id as the codec does, matched to its request', ({ id, answer }) => {
    const signed = encode({ b: encodeAnswer(answer), s: filled(64, 0x0a) })

    expect(named(id)).toEqual(signed)
    expect(answeredRequest(signed)).toBe(hashKey(req))
    expect(decodeAnswer(signedBody(signed))).toEqual(answer)
  })
})
