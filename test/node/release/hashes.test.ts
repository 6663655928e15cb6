import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../core/bytes.ts'
import { PROVEN_CACHE_ITEMS } from '../../../core/limits.ts'
import { noblePrimitives } from '../../../core/noble.ts'
import { rememberingHashes } from '../../../node/release/hashes.ts'

/** Primitives that count how often they hash. */
function counting() {
  const counted = { hashes: 0 }
  const keccak256 = (...parts: Uint8Array[]): Uint8Array => {
    counted.hashes++
    return noblePrimitives.keccak256(...parts)
  }
  return { counted, p: rememberingHashes({ ...noblePrimitives, keccak256 }) }
}

describe('remembered hashes', () => {
  it('are those of the bytes, however they are cut', () => {
    const { p, counted } = counting()
    const whole = noblePrimitives.keccak256(utf8('grant'))

    expect(p.keccak256(utf8('grant'))).toEqual(whole)
    expect(p.keccak256(utf8('gr'), utf8('ant'))).toEqual(whole)
    expect(counted.hashes).toBe(1)
  })

  it('differ for bytes that differ in one', () => {
    const { p } = counting()

    expect(p.keccak256(Uint8Array.of(0xff))).not.toEqual(p.keccak256(Uint8Array.of(0xfe)))
    expect(p.keccak256(Uint8Array.of(0))).not.toEqual(p.keccak256())
  })

  it('are bounded: the oldest is hashed anew', () => {
    const { p, counted } = counting()
    const number = (i: number): Uint8Array => utf8(String(i))

    for (let i = 0; i <= PROVEN_CACHE_ITEMS; i++) p.keccak256(number(i))
    p.keccak256(number(PROVEN_CACHE_ITEMS))
    p.keccak256(number(0))

    expect(counted.hashes).toBe(PROVEN_CACHE_ITEMS + 2)
  })
})
