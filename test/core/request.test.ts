import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import { hash, kemPublicKey } from '../../core/ids.ts'
import { FRAME_MAX_BYTES } from '../../core/limits.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { encodeBody } from '../../core/receipt.ts'
import {
  type AccessRequest,
  type Answer,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  helloShape,
  requestHash
} from '../../core/request.ts'
import type { ShownSub } from '../../core/subgrant.ts'
import {
  brokenGlass,
  fill,
  hashOf,
  opening,
  passedOn,
  release,
  request
} from '../fixtures/messages.ts'
import vectors from '../vectors/messages.json' with { type: 'json' }

const answer = (changes: Partial<Answer> = {}): Answer => ({
  v: 1,
  ok: true,
  req: requestHash(encodeRequest(request()), p),
  code: 0,
  retryMs: 0,
  idx: 2,
  shareEpoch: 1,
  suite: 1,
  enc: fill(0x6c, 1_120),
  ct: fill(0x6d, 81),
  link: { b: fromHex(vectors.maps.link), s: fill(0x6b, 64) },
  body: encodeBody(release()),
  ...changes
})
const nothing = {
  idx: undefined,
  shareEpoch: undefined,
  suite: undefined,
  enc: undefined,
  ct: undefined
} as const
const denied = (changes: Partial<Answer> = {}): Answer =>
  answer({ ok: false, code: 400, ...nothing, body: undefined, ...changes })

describe('requests', () => {
  it.each([
    ['request', request()],
    ['emergency', brokenGlass()],
    ['passedOn', passedOn()]
  ] as const)('encode to the golden bytes of a %s, and back', (name, of) => {
    const bytes = encodeRequest(of)

    expect(toHex(bytes)).toBe(vectors.maps[name])
    expect(decodeRequest(bytes)).toEqual(of)
  })

  it('hash without a domain', () => {
    expect(toHex(requestHash(fromHex(vectors.maps.request), p))).toBe(vectors.hashes.requestHash)
  })

  it('leave version and want to the gate', () => {
    expect(decodeRequest(encodeRequest(request({ v: 2, want: 'all' })))).toMatchObject({
      v: 2,
      want: 'all'
    })
  })

  it.each<[string, Partial<AccessRequest>]>([
    ['a key of another KEM', { kem: fill(1, 32) as AccessRequest['kem'] }],
    ['a binding signature of 2,049 bytes', { bindingSig: fill(1, 2_049) }],
    ['129 tags', { tags: Array.from({ length: 129 }, () => hashOf(1)) }],
    ['65 exceptions', { except: Array.from({ length: 65 }, () => hashOf(1)) }],
    ['a tree of 1,025 bytes', { tree: fill(1, 1_025) }],
    ['purpose 32', { purpose: 32 }],
    ['a code of 33 characters', { hl7: 'X'.repeat(33) }],
    ['version 0', { ver: 0 }],
    ['epoch 0', { shareEpoch: 0 }],
    ['kind 256', { opening: opening({ granteeKind: 256 }) }],
    ['verTo of 33 bits', { opening: opening({ verTo: 2 ** 32 }) }],
    [
      '9 signers',
      {
        emergency: {
          reasonHash: hashOf(1),
          epoch: 1,
          signers: Array.from({ length: 9 }, () => ({
            account: request().owner,
            sig: fill(1, 65)
          }))
        }
      }
    ]
  ])('are malformed with %s', (_name, changes) => {
    expect(() => decodeRequest(encodeRequest(request(changes)))).toThrow('"request.')
  })

  it.each<[string, Partial<ShownSub>]>([
    ['65 tags', { tags: Array.from({ length: 65 }, () => hashOf(1)) }],
    ['33 exceptions', { except: Array.from({ length: 33 }, () => hashOf(1)) }],
    ['a signature of 64 bytes', { sig: fill(1, 64) }],
    ['a signature of 66 bytes', { sig: fill(1, 66) }],
    ['verTo of 33 bits', { grant: { ...(passedOn().sub as ShownSub).grant, verTo: 2 ** 32 } }]
  ])('are malformed with a sub-grant of %s', (_name, changes) => {
    expect(() => decodeRequest(encodeRequest(passedOn(changes)))).toThrow('"request.sub.')
  })

  it.each(Object.keys(request()))('are malformed without %s', (key) => {
    const { [key as keyof AccessRequest]: _, ...rest } = request()

    expect(() => decodeRequest(encode(rest))).toThrow(`"request.${key}" is missing`)
  })

  it('are malformed with any key more, and when cut anywhere', () => {
    const bytes = encodeRequest(request())

    expect(() => decodeRequest(encode({ ...request(), extra: 1 }))).toThrow('no key "extra"')
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => decodeRequest(bytes.subarray(0, length)), `${length} bytes`).toThrow()
    }
  })

  it('fit a frame even when everything is as large as it may be', () => {
    const many = (n: number) => Array.from({ length: n }, (_, i) => hash(fill(i)))
    const of = request()
    const top = Number.MAX_SAFE_INTEGER
    const wide = 0xffff_ffff
    const { sub } = passedOn({ tags: many(64), except: many(32) })
    const largest = request({
      want: 'x'.repeat(16),
      hl7: 'X'.repeat(32),
      chain: top,
      seq: top,
      deadline: top,
      ver: wide,
      shareEpoch: wide,
      binding: { ...of.binding, validFrom: top, validUntil: top, bindingEpoch: wide },
      opening: opening({ purposes: wide, budget: wide, window: wide, notBefore: top }),
      conf: { ...of.conf, n: top },
      sub: sub && {
        ...sub,
        grant: {
          ...sub.grant,
          version: top,
          verFrom: wide,
          verTo: wide,
          purposes: wide,
          notBefore: top,
          notAfter: top,
          budget: wide
        }
      },
      bindingSig: fill(1, 2_048),
      tags: many(128),
      except: many(64),
      tree: fill(1, 1_024),
      kem: kemPublicKey(fill(1, 1_216))
    })

    const signed = encode({ b: encodeRequest(largest), s: fill(1, 64) })
    expect(signed.length).toBeLessThan(FRAME_MAX_BYTES)
  })
})

describe('the challenge', () => {
  it('is 32 bytes under version 1', () => {
    const hello = { v: 1, challenge: hashOf(1) } as const

    expect(decode(helloShape, encode(hello), 'hello')).toEqual(hello)
    expect(() => decode(helloShape, encode({ ...hello, v: 2 }), 'hello')).toThrow('hello.v')
  })
})

describe('answers', () => {
  it.each([
    ['answer', answer()],
    ['denied', denied()]
  ] as const)('encode to the golden bytes of an %s, and back', (name, of) => {
    const bytes = encodeAnswer(of)

    expect(toHex(bytes)).toBe(vectors.maps[name])
    expect(decodeAnswer(bytes)).toEqual(of)
  })

  it.each<[string, Answer]>([
    ['blocks, without a share', answer(nothing)],
    ['a refusal without a receipt of its own', denied({ code: 104, retryMs: 500, link: undefined })]
  ])('may say %s', (_name, of) => {
    expect(decodeAnswer(encodeAnswer(of))).toEqual(of)
  })

  it.each<[string, Answer]>([
    ['a release with a code', answer({ code: 400 })],
    ['a release without receipt', answer({ link: undefined })],
    ['a release without body', answer({ body: undefined })],
    ['half a share', answer({ ct: undefined })],
    ['a refusal without a code', denied({ code: 0 })],
    ['a refusal with a share', denied({ ct: fill(1, 81) })],
    ['a refusal with a body', denied({ body: encodeBody(release()) })]
  ])('never say %s', (_name, of) => {
    expect(() => decodeAnswer(encodeAnswer(of))).toThrow('the fields of its code')
  })

  it.each<[string, Partial<Answer>]>([
    ['a share of 80 bytes', { ct: fill(1, 80) }],
    ['another KEM', { enc: fill(1, 32) }],
    ['a link of 137 bytes', { link: { b: fill(1, 137), s: fill(1, 64) } }],
    ['a link of 147 bytes', { link: { b: fill(1, 147), s: fill(1, 64) } }],
    ['share 0', { idx: 0 }],
    ['share 17', { idx: 17 }]
  ])('are malformed with %s', (_name, changes) => {
    expect(() => decodeAnswer(encodeAnswer(answer(changes)))).toThrow('"answer.')
  })

  it('are malformed with bytes behind', () => {
    expect(() => decodeAnswer(concat(encodeAnswer(answer()), Uint8Array.of(0)))).toThrow()
  })
})
