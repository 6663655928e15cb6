import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { DAG_PB, SHA2_256 } from '../../../protocols/blocks/constants.ts'
import {
  BLOCK_HEAD,
  decodeFrame,
  decodeRequest,
  encodeEnd,
  encodeRequest
} from '../../../protocols/blocks/messages.ts'
import { exampleOf, examplesOf } from '../spec.ts'

const examples = examplesOf('blocks')
const named = (name: string): Uint8Array => exampleOf(examples, name)
const root = CID.createV1(DAG_PB, digestOf(SHA2_256, new Uint8Array(32).fill(0x44)))

describe('blocks SPEC.md', () => {
  it('gives a request as the codec does', () => {
    expect(named('request')).toEqual(encodeRequest({ root, from: 3 }))
    expect(decodeRequest(named('request'))).toEqual({ root, from: 3 })
  })

  it('gives a block in its frame', () => {
    const block = Uint8Array.of(0xaa, 0xbb, 0xcc)

    expect(named('frame-block')).toEqual(Uint8Array.of(4, ...BLOCK_HEAD, ...block))
    expect(decodeFrame(named('frame-block').subarray(1))).toEqual(block)
  })

  it.each([
    { id: 'end', message: { type: 'end', blocks: 11 } },
    { id: 'refused', message: { type: 'refused', code: 400, retryMs: 0 } }
  ] as const)('gives $id as the codec does', ({ id, message }) => {
    expect(named(id)).toEqual(encodeEnd(message))
    expect(decodeFrame(named(id))).toEqual(message)
  })

  it('has no example that is not held against the codec', () => {
    expect([...examples.keys()].toSorted()).toEqual(['end', 'frame-block', 'refused', 'request'])
  })
})
