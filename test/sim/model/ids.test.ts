/**
 * Sorted 64-bit ids, and the nearest of them beside a plain sort of all.
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Ids,
  idsFrom,
  isNearer,
  randomIds,
  rankOf,
  trueClosest
} from '../../../sim/model/ids.ts'
import { Rng } from '../../../sim/random.ts'

const anyWord = fc.oneof(fc.nat(0xffff_ffff), fc.nat(7), fc.constantFrom(0x8000_0000, 0xffff_ffff))
const anyPairs = fc.uniqueArray(fc.tuple(anyWord, anyWord), {
  minLength: 1,
  maxLength: 60,
  selector: ([hi, lo]) => `${hi}/${lo}`
})

const distance = (ids: Ids, i: number, hi: number, lo: number): bigint =>
  (BigInt(((ids.hi[i] as number) ^ hi) >>> 0) << 32n) | BigInt(((ids.lo[i] as number) ^ lo) >>> 0)

describe('ids', () => {
  it('are distinct and sorted', () => {
    const ids = randomIds(50_000, new Rng(1))

    for (let i = 1; i < ids.count; i++)
      expect(rankOf(ids, ids.hi[i] as number, ids.lo[i] as number), `${i}`).toBe(i)
  })

  it('remember the order they came in', () => {
    fc.assert(
      fc.property(anyPairs, (pairs) => {
        const { ids, order } = idsFrom(pairs)

        for (const [rank, i] of order.entries())
          expect([ids.hi[rank], ids.lo[rank]]).toEqual(pairs[i])
      })
    )
  })

  it('refuse to hold one twice', () => {
    expect(() =>
      idsFrom([
        [1, 2],
        [3, 4],
        [1, 2]
      ])
    ).toThrow(/distinct/)
  })

  it('compare distances by all 64 bits', () => {
    const { ids } = idsFrom([
      [0xffff_ffff, 0xffff_fffe],
      [0xffff_ffff, 0xffff_ffff]
    ])

    expect(isNearer(ids, 0, 1, 0, 0)).toBe(true)
    expect(isNearer(ids, 1, 0, 0, 0)).toBe(false)
  })

  it('give the nearest that a sort of all gives, without the asker and those away', () => {
    fc.assert(
      fc.property(
        anyPairs,
        anyWord,
        anyWord,
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: -1, max: 59 }),
        fc.infiniteStream(fc.boolean()),
        (pairs, hi, lo, k, except, up) => {
          const { ids } = idsFrom(pairs)
          const online = Uint8Array.from(pairs, () => Number(up.next().value))
          const ranks = pairs.map((_, i) => i).filter((i) => i !== except)
          const sorted = ranks.toSorted((a, b) =>
            distance(ids, a, hi, lo) < distance(ids, b, hi, lo) ? -1 : 1
          )

          expect([...trueClosest(ids, hi, lo, k, except)]).toEqual(sorted.slice(0, k))
          expect([...trueClosest(ids, hi, lo, k, except, online)]).toEqual(
            sorted.filter((i) => online[i] === 1).slice(0, k)
          )
        }
      )
    )
  })
})
