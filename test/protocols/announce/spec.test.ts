import { describe, expect, it } from 'vitest'
import { hash } from '../../../core/ids.ts'
import { decodeHint, encodeHint } from '../../../protocols/announce/messages.ts'
import { exampleOf, examplesOf } from '../spec.ts'

describe('announce SPEC.md', () => {
  it('gives a hint as the codec does', () => {
    const block = { number: 21_000_000, hash: hash(new Uint8Array(32).fill(0x55)) }
    const example = exampleOf(examplesOf('announce'), 'hint')

    expect(example).toEqual(encodeHint({ type: 'grants', block }))
    expect(decodeHint(example)).toEqual({ type: 'grants', block })
  })
})
