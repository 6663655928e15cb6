import { describe, expect, it } from 'vitest'
import { concat, domain, utf8 } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import { peerIdOf } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { type SignedLabel, sign, signedShape, verify } from '../../core/signed.ts'
import { fill, peerOf } from '../fixtures/messages.ts'

const SEED = fill(7)
const PEER = peerIdOf(p.ed25519PublicKey(SEED))
const B = utf8('exact bytes')
const LABELS: readonly SignedLabel[] = ['request', 'answer', 'link', 'wish', 'reply']

describe('signed bytes', () => {
  it.each(LABELS)('verifies what was signed as %s, and as nothing else', (label) => {
    const signed = sign(label, B, SEED, p)

    expect(LABELS.filter((each) => verify(each, signed, PEER, p))).toEqual([label])
  })

  it('signs D(domain) ‖ b', () => {
    const message = concat(domain('keyward/v1/link'), B)

    expect(sign('link', B, SEED, p).s).toEqual(p.ed25519Sign(SEED, message))
  })

  it('fails for another peer, other bytes, another signature', () => {
    const signed = sign('link', B, SEED, p)
    const flipped = Uint8Array.from(signed.s)
    flipped[0] = (flipped[0] as number) ^ 1

    expect(verify('link', signed, peerOf(8), p)).toBe(false)
    expect(verify('link', { ...signed, b: utf8('exact byteS') }, PEER, p)).toBe(false)
    expect(verify('link', { ...signed, s: flipped }, PEER, p)).toBe(false)
  })

  it('travels as a map of bytes within bounds', () => {
    const signed = sign('link', B, SEED, p)

    expect(decode(signedShape(B.length), encode(signed), 'signed')).toEqual(signed)
    for (const shape of [signedShape(B.length - 1), signedShape(99, B.length + 1)]) {
      expect(() => decode(shape, encode(signed), 'signed')).toThrow('"signed.b" expected')
    }
  })
})
