/**
 * The bounded memory of checked keys; the judging itself is in test/compliance/primitives.test.ts.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../core/bytes.ts'
import { isStrictEd25519Key, isStrictEd25519Signature, remembering } from '../../core/ed25519.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { filled } from '../fixtures/streams.ts'
import vectors from '../vectors/ed25519.json' with { type: 'json' }

describe('remembering', () => {
  it('makes each result once, by the bytes of its argument', () => {
    let made = 0
    const count = remembering(() => ++made, 3)

    expect([count(filled(1)), count(filled(1)), count(filled(2)), count(filled(1))]).toEqual([
      1, 1, 2, 1
    ])
  })

  it('remembers undefined too, since junk keys must not cost anew', () => {
    let made = 0
    const nothing = remembering(() => {
      made++
      return undefined
    }, 3)
    nothing(filled(1))
    nothing(filled(1))

    expect(made).toBe(1)
  })

  it('forgets the oldest beyond its bound', () => {
    let made = 0
    const count = remembering(() => ++made, 2)
    for (const byte of [1, 2, 3]) count(filled(byte))

    expect([count(filled(2)), count(filled(3))]).toEqual([2, 3])
    expect(count(filled(1))).toBe(4)
  })

  it('keeps nothing of a call that threw', () => {
    let made = 0
    const failing = remembering(() => {
      if (++made === 1) throw new RangeError('once')
      return made
    }, 2)

    expect(() => failing(filled(1))).toThrow('once')
    expect(failing(filled(1))).toBe(2)
  })
})

describe('strict Ed25519', () => {
  it('takes honest keys and refuses those of mixed or small order', () => {
    expect(isStrictEd25519Key(p.ed25519PublicKey(filled(1)))).toBe(true)
    for (const { name, key } of vectors.cases.filter((each) => / key/.test(each.name))) {
      expect(isStrictEd25519Key(fromHex(key)), name).toBe(/honest/.test(name))
    }
    expect(isStrictEd25519Key(filled(1, 31))).toBe(false)
    expect(isStrictEd25519Key(filled(1, 10 ** 6)), 'too long to remember').toBe(false)
  })

  it('has vectors on which the libraries differ, or this file would prove nothing', () => {
    expect(vectors.cases.some(({ node, valid }) => node && !valid)).toBe(true)
    expect(vectors.cases.some(({ node, noble }) => node !== noble)).toBe(true)
  })

  it('takes no signature of another length or with the identity as R', () => {
    expect(isStrictEd25519Signature(filled(1, 64))).toBe(true)
    expect(isStrictEd25519Signature(filled(1, 63))).toBe(false)
    const identity = new Uint8Array(64)
    identity[0] = 1
    expect(isStrictEd25519Signature(identity)).toBe(false)
    expect(isStrictEd25519Signature(identity.with(31, 0x80))).toBe(true) // no encoding at all
  })
})
