/**
 * Which KEM a daemon runs. The bytes are test/compliance/primitives.test.ts's.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { type Kem, nobleKem } from '../../../core/hpke.ts'
import { hpkeAndName, nativePrimitives } from '../../../node/crypto/native.ts'
import { proven } from '../../../node/crypto/native-kem.ts'
import { filled } from '../../fixtures/streams.ts'

describe('the KEM of node:crypto', () => {
  it('is trusted when it gives the answers of noble', () => {
    expect(proven(nobleKem)).toBe(nobleKem)
  })

  const throwing = (): never => {
    throw new TypeError('ML-KEM is not here')
  }
  it.each<[string, Partial<Kem>]>([
    ['is not there', { decap: throwing }],
    ['cannot seal', { encap: throwing }],
    ['finds another secret', { decap: () => filled(1) }],
    ['sends a secret that it does not find again', { encap: broken }],
    [
      'agrees with itself alone',
      { decap: () => filled(1), encap: (to) => ({ ...nobleKem.encap(to), secret: filled(1) }) }
    ],
    ['has another public key', { publicKey: () => nobleKem.publicKey(filled(1)) }]
  ])('is not trusted when it %s', (_, fault) => {
    expect(proven({ ...nobleKem, ...fault })).toBeUndefined()
  })

  it('is named, and so is what stands in for it', async () => {
    expect(nativePrimitives.name).toBe('node, KEM node')
    expect(hpkeAndName(nobleKem).name).toBe('node, KEM node')
    const fallback = hpkeAndName(undefined)
    expect(fallback.name).toBe('node, KEM noble')
    expect(await fallback.kemPublicKey(filled(7))).toEqual(nobleKem.publicKey(filled(7)))
  })
})

function broken(to: Uint8Array): { enc: Uint8Array; secret: Uint8Array } {
  return { ...nobleKem.encap(to), secret: filled(0) }
}
