import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../core/bytes.ts'
import { nativePrimitives as p } from '../../../node/crypto/native.ts'
import { foundShare, trueClosest } from '../../../sim/live/closest.ts'
import { deal } from '../../../sim/live/topology.ts'

const servers = fc
  .uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 30, selector: toHex })
  .map((ids) => ids.map((kadId, i) => ({ peer: `peer-${i}`, kadId })))

describe('the true closest', () => {
  it('are those that sorting whole numbers gives, the asker left out', () => {
    const key = Uint8Array.of(1, 2, 3)
    const target = BigInt(`0x${toHex(p.sha256(key))}`)
    fc.assert(
      fc.property(servers, fc.nat(20), (all, k) => {
        const distance = (id: Uint8Array) => BigInt(`0x${toHex(id)}`) ^ target
        const plain = all
          .filter(({ peer }) => peer !== 'peer-0')
          .toSorted((a, b) => (distance(a.kadId) < distance(b.kadId) ? -1 : 1))
          .slice(0, k)

        expect(trueClosest(all, key, k, 'peer-0')).toEqual(plain.map(({ peer }) => peer))
      })
    )
  })

  it.each([
    { truth: ['a', 'b'], found: ['b', 'c'], share: 0.5 },
    { truth: ['a'], found: ['a', 'b'], share: 1 },
    { truth: [], found: ['a'], share: 1 },
    { truth: ['a'], found: [], share: 0 }
  ])('are found to a share of $share', ({ truth, found, share }) => {
    expect(foundShare(truth, found)).toBe(share)
  })
})

describe('a topology', () => {
  it('deals every node to one worker, as evenly as can be', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.integer({ min: 1, max: 9 }), (nodes, workers) => {
        const hands = deal(nodes, workers)
        const sizes = hands.map(({ length }) => length)

        expect(hands.flat().toSorted((a, b) => a - b)).toEqual([...Array(nodes).keys()])
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      })
    )
  })
})
