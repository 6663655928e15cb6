/**
 * Derivations from the root secret, against golden bytes of a second implementation.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../core/bytes.ts'
import { rootSecret } from '../../core/ids.ts'
import {
  accountKey,
  chartKey,
  kemSeed,
  peerSeed,
  storeKey,
  type TagDimension,
  tag
} from '../../core/keys.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import type { Primitives } from '../../core/primitives.ts'
import { filled } from '../fixtures/streams.ts'
import vectors from '../vectors/formats.json' with { type: 'json' }

const { keys } = vectors
const root = rootSecret(fromHex(keys.root))

describe('keys of a root', () => {
  it('gives the golden seeds', () => {
    expect(toHex(peerSeed(root, p))).toBe(keys.peerSeed)
    expect(toHex(kemSeed(root, p))).toBe(keys.kemSeed)
    expect(toHex(storeKey(root, p))).toBe(keys.storeKey)
  })

  it.each(keys.charts)('gives the golden keys of chart $chart', (v) => {
    expect(toHex(accountKey(root, p, v.chart))).toBe(v.accountKey)
    expect(toHex(chartKey(root, p, v.chart))).toBe(v.chartKey)
  })

  it('takes chart 0 if none is named', () => {
    expect(accountKey(root, p)).toEqual(accountKey(root, p, 0))
    expect(chartKey(root, p)).toEqual(chartKey(root, p, 0))
  })

  it.each(keys.tags)('gives the golden tag of $dimension $value', (v) => {
    const made = tag(chartKey(root, p), v.dimension as TagDimension, v.value, p)

    expect(toHex(made)).toBe(v.tag)
  })

  it('gives other keys to other roots, uses and charts', () => {
    const all = [root, rootSecret(filled(1))].flatMap((r) => [
      peerSeed(r, p),
      kemSeed(r, p),
      storeKey(r, p),
      ...[0, 1].flatMap((chart) => [accountKey(r, p, chart), chartKey(r, p, chart)])
    ])

    expect(new Set(all.map(toHex)).size).toBe(14)
  })

  it('keeps a dimension apart from its value', () => {
    const key = chartKey(root, p)

    expect(tag(key, 'class', 'x', p)).not.toEqual(tag(key, 'label', 'x', p))
    expect(tag(key, 'level', 'N', p)).not.toEqual(tag(key, 'level', 'R', p))
  })

  it.each([
    ['zero', filled(0, 48), `${'0'.repeat(63)}1`],
    // order − 2 stays, and becomes the largest scalar, order − 1
    [
      'order - 2',
      fromHex(`${'0'.repeat(32)}fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd036413f`),
      'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140'
    ],
    // order − 1 wraps to the smallest
    [
      'order - 1',
      fromHex(`${'0'.repeat(32)}fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140`),
      `${'0'.repeat(63)}1`
    ]
  ])('maps %s to a scalar of the curve', (_, wide, scalar) => {
    const fixed: Primitives = { ...p, hkdfExpand: () => wide.slice() }
    const key = accountKey(root, fixed)

    expect(toHex(key)).toBe(scalar)
    expect(p.secp256k1Address(key).byteLength).toBe(20)
  })

  it.each([-1, 2 ** 32, 0.5])('refuses chart %d', (chart) => {
    expect(() => accountKey(root, p, chart)).toThrow('integer expected to fit 4 bytes')
    expect(() => chartKey(root, p, chart)).toThrow('integer expected to fit 4 bytes')
  })
})
