import { describe, expect, it } from 'vitest'
import { encode } from '../../core/codec.ts'
import { PACK_PAGE_BYTES } from '../../core/limits.ts'
import {
  decodePackAnswer,
  decodePage,
  encodePackAnswer,
  encodePage,
  type PackAnswer,
  type PackPage
} from '../../core/pack.ts'
import { encodeAnswer } from '../../core/request.ts'
import { named } from '../fixtures/gate.ts'

const page: PackPage = {
  v: 1,
  records: [{ manifest: new Uint8Array(300), anchorSalt: named('salt') }],
  addrs: [],
  more: true
}
const answer: PackAnswer = {
  v: 1,
  ok: true,
  req: named('request'),
  code: 0,
  retryMs: 0,
  link: { b: new Uint8Array(140), s: new Uint8Array(64) },
  body: new Uint8Array(3),
  pack: encodePage(page)
}
const refusal = {
  v: 1,
  ok: false,
  req: named('request'),
  code: 400,
  retryMs: 0,
  idx: undefined,
  shareEpoch: undefined,
  suite: undefined,
  enc: undefined,
  ct: undefined,
  link: undefined,
  body: undefined
} as const

describe('an answer to a request for a pack', () => {
  it('is a page with its receipt, or a refusal like any other', () => {
    expect(decodePackAnswer(encodePackAnswer(answer))).toEqual(answer)
    expect(decodePage(answer.pack)).toEqual(page)
    expect(decodePackAnswer(encodeAnswer(refusal))).toEqual(refusal)
  })

  it.each([
    ['a pack in a refusal', { ...answer, ok: false }],
    ['a pack with a code', { ...answer, code: 400 }],
    ['a page beyond its bound', { ...answer, pack: new Uint8Array(PACK_PAGE_BYTES + 1) }],
    ['a pack without a link', { ...answer, link: undefined }],
    ['a field that nobody knows', { ...answer, more: 1 }],
    [
      'a release without a pack',
      { ...refusal, ok: true, code: 0, link: answer.link, body: answer.body }
    ]
  ])('is not %s', (_, wrong) => {
    expect(() => decodePackAnswer(encode(wrong))).toThrow(/expected/)
  })

  it('has a page of whole records only', () => {
    for (const wrong of [
      { ...page, v: 2 },
      { ...page, records: [{ manifest: page.v }] }
    ]) {
      expect(() => decodePage(encode(wrong))).toThrow()
    }
  })
})
