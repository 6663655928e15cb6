import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encode } from '../../../core/codec.ts'
import {
  answeredRequest,
  decodeHello,
  encodeHello,
  hashKey,
  signedBody
} from '../../../protocols/access/messages.ts'

const bytes = (max: number) => fc.uint8Array({ maxLength: max })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const signed = (b: Uint8Array): Uint8Array => encode({ b, s: new Uint8Array(64) })

describe('access messages', () => {
  it('finds the body of any signed map, without copying it', () => {
    fc.assert(
      fc.property(bytes(70_000), (b) => {
        const frame = signed(b)
        const body = signedBody(frame)

        expect(body).toEqual(b)
        expect(body.buffer).toBe(frame.buffer)
      }),
      { numRuns: 50 }
    )
  })

  it('finds the request that any answer answers, whatever its other fields hold', () => {
    const scalar = fc.oneof(bytes(1_200), fc.nat(), fc.boolean(), fc.constant(null))
    const fields = fc.record({ v: scalar, ok: scalar, ct: scalar, enc: scalar, idx: scalar })
    const later = fc.record({ body: scalar, link: fc.record({ b: bytes(200), s: bytes(64) }) })
    fc.assert(
      fc.property(hash, fields, later, (req, first, rest) => {
        expect(answeredRequest(signed(encode({ ...first, ...rest, req })))).toBe(hashKey(req))
      })
    )
  })

  it('refuses all else by name, and never throws anything else', () => {
    const cut = fc
      .tuple(hash, fc.nat(60))
      .map(([req, at]) => signed(encode({ v: 1, req })).slice(0, at))
    fc.assert(
      fc.property(fc.oneof(bytes(300), cut, bytes(300).map(signed)), (frame) => {
        for (const read of [signedBody, answeredRequest, decodeHello]) {
          try {
            read(frame)
          } catch (err) {
            expect((err as Error).name).toBe('InvalidMessageError')
          }
        }
      }),
      { numRuns: 2_000 }
    )
  })

  it.each([31, 33])('refuses a req of %i bytes', (length) => {
    const answer = signed(encode({ req: new Uint8Array(length), body: new Uint8Array(64) }))

    expect(() => answeredRequest(answer)).toThrow(/signed map/)
  })

  it('refuses a map before req, where canonical answers have none', () => {
    expect(() => answeredRequest(signed(encode({ ct: {}, req: new Uint8Array(32) })))).toThrow()
  })

  it('takes a hello of 32 bytes only', () => {
    const challenge = new Uint8Array(32).fill(7)

    expect(decodeHello(encodeHello(challenge))).toEqual({ v: 1, challenge })
    expect(() => decodeHello(encodeHello(challenge.subarray(1)))).toThrow(/32 bytes/)
  })
})
