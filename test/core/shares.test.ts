/**
 * Splitting and joining secrets, commitments, dealt envelopes. The library draws its randomness
 * itself (HOUSE.md F12), so laws stand for bytes there; the rest has golden bytes.
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, equalBytes, fromHex, toHex, u8, u32be } from '../../core/bytes.ts'
import {
  custodyKey,
  hash,
  type RecordSecret,
  recordId,
  recordSecret,
  type Share,
  share
} from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import {
  combine,
  openShare,
  SHARE_ENVELOPE_BYTES,
  type ShareIds,
  sealShare,
  shareCommitment,
  shareSalt,
  shareX,
  split
} from '../../core/shares.ts'
import { filled } from '../fixtures/streams.ts'
import vectors from '../vectors/formats.json' with { type: 'json' }

const anySecret = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes): RecordSecret => recordSecret(bytes))
const anyQuorum = fc
  .tuple(fc.integer({ min: 2, max: 16 }), fc.integer({ min: 2, max: 16 }))
  .map(([a, b]) => (a < b ? [a, b] : [b, a]) as [number, number])

describe('splitting a secret', () => {
  it('gives it back from any t of its n shares, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(
        anySecret,
        anyQuorum,
        fc.infiniteStream(fc.nat()),
        async (secret, [t, n], any) => {
          const shares = await split(secret, t, n)
          const chosen = shares
            .map((each) => ({ each, key: any.next().value as number }))
            .toSorted((a, b) => a.key - b.key)
            .slice(0, t)
            .map(({ each }) => each)

          expect(shares.length).toBe(n)
          expect(new Set(shares.map(shareX)).size).toBe(n)
          expect(shares.map(shareX)).not.toContain(0)
          expect(await combine(chosen)).toEqual(secret)
          expect(await combine(shares)).toEqual(secret)
          expect(combineSlowly(chosen)).toEqual(secret)
        }
      ),
      { numRuns: 40 }
    )
  })

  it('gives something else, without error, from one share fewer', async () => {
    const secret = recordSecret(filled(1))
    for (let t = 3; t <= 16; t++) {
      const shares = await split(secret, t, 16)
      expect(await combine(shares.slice(0, t - 1)), `t ${t}`).not.toEqual(secret)
    }
  })

  it('gives something else, without error, when shares of two splits meet', async () => {
    const secret = recordSecret(filled(1))
    const [old, young] = [await split(secret, 3, 5), await split(secret, 3, 5)]
    const xs = new Set(old.slice(0, 2).map(shareX))
    const stranger = young.find((each) => !xs.has(shareX(each))) as Share

    expect(await combine([...old.slice(0, 2), stranger])).not.toEqual(secret)
  })

  it('leaves the secret alone, and takes one that is a view or a Buffer', async () => {
    const secret = recordSecret(Buffer.alloc(40, 7).subarray(8))
    const shares = await split(secret, 2, 3)

    expect(equalBytes(secret, filled(7))).toBe(true)
    expect(await combine(shares.map((each) => share(Buffer.from(each))))).toEqual(filled(7))
  })

  it.each([
    [1, 3],
    [0, 3],
    [4, 3],
    [2, 17],
    [2.5, 5],
    [2, 4.5],
    [Number.NaN, 3]
  ])('refuses %d of %d', async (t, n) => {
    await expect(split(recordSecret(filled(1)), t, n)).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })
  })
})

describe('joining shares', () => {
  const at = (x: number, y = 1): Share => {
    const bytes = filled(y, 33)
    bytes[32] = x
    return share(bytes)
  }

  it.each([
    ['two with the same x', [at(1), at(2), at(1, 9)]],
    ['the same one twice', [at(1), at(1)]],
    ['one whose x is zero', [at(1), at(0), at(2)]],
    ['one alone', [at(1)]],
    ['none', []],
    ['seventeen', Array.from({ length: 17 }, (_, i) => at(i + 1))],
    ['one of another length', [at(1), filled(1, 32) as never]]
  ])('refuses %s', async (_, shares) => {
    await expect(combine(shares)).rejects.toMatchObject({ name: 'InvalidParametersError' })
  })

  it('leaves the shares alone', async () => {
    const shares = [at(1), at(2, 5)]
    await combine(shares)

    expect(shares).toEqual([at(1), at(2, 5)])
  })
})

/** Lagrange at zero over GF(2^8) modulo 0x11b, by long multiplication and no tables. */
function combineSlowly(shares: readonly Share[]): Uint8Array {
  const times = (a: number, b: number): number => {
    let product = 0
    for (let bit = 7; bit >= 0; bit--) {
      product <<= 1
      if (product & 0x100) product ^= 0x11b
      if ((b >> bit) & 1) product ^= a
    }
    return product
  }
  const inverse = (a: number): number => {
    let power = 1
    for (let i = 0; i < 254; i++) power = times(power, a)
    return power
  }
  const out = new Uint8Array(32)
  for (const [i, one] of shares.entries()) {
    let basis = 1
    for (const [j, other] of shares.entries()) {
      if (i === j) continue
      basis = times(basis, times(shareX(other), inverse(shareX(other) ^ shareX(one))))
    }
    for (let k = 0; k < 32; k++) out[k] = (out[k] as number) ^ times(one[k] as number, basis)
  }
  return out
}

const ids: ShareIds = { recordId: recordId(filled(0x33)), ver: 1, shareEpoch: 1, idx: 1 }
const others: [string, ShareIds][] = [
  ['another record', { ...ids, recordId: recordId(filled(0x34)) }],
  ['another version', { ...ids, ver: 2 }],
  ['another epoch', { ...ids, shareEpoch: 2 }],
  ['another place', { ...ids, idx: 2 }]
]

describe('share commitment', () => {
  const of = { ...ids, salt: filled(5), share: share(filled(6, 33)) }

  it('gives the known answer', () => {
    expect(toHex(shareCommitment(of, p))).toBe(
      '4d4e2ac1cff5ed645f9548183693e8a8e7bcea5612d24a6675adddfebcdc34c7'
    )
    expect(vectors.shares.com).toBe(toHex(shareCommitment(of, p)))
  })

  it.each([
    ...others,
    ['another salt', { salt: filled(4) }],
    ['another share', { share: share(filled(7, 33)) }]
  ])('is another for %s', (_, changed) => {
    expect(shareCommitment({ ...of, ...changed }, p)).not.toEqual(shareCommitment(of, p))
  })

  it.each([
    ['a salt of another length', { salt: filled(5, 31) }],
    ['a share of another length', { share: filled(6, 32) as never }],
    ['a version beyond u32', { ver: 2 ** 32 }],
    ['a place beyond u8', { idx: 256 }]
  ])('refuses %s', (_, wrong) => {
    expect(() => shareCommitment({ ...of, ...wrong }, p)).toThrow(
      expect.objectContaining({ name: 'InvalidParametersError' })
    )
  })

  it('salts each place from one seed', () => {
    expect(toHex(shareSalt(filled(7), 1, p))).toBe(vectors.shares.salt)
    expect(shareSalt(filled(7), 2, p)).not.toEqual(shareSalt(filled(7), 1, p))
    expect(() => shareSalt(filled(7, 31), 1, p)).toThrow('"saltSeed"')
    expect(hash(shareSalt(filled(7), 16, p)).byteLength).toBe(32)
  })
})

describe('dealt share', () => {
  const ck = custodyKey(filled(8))
  const dealt = { saltSeed: filled(7), share: share(filled(6, 33)) }
  const env = sealShare(ck, ids, dealt.saltSeed, dealt.share, filled(9, 24), p)

  it('gives the golden 105 bytes, and opens', () => {
    expect(toHex(env)).toBe(vectors.shares.env)
    expect(env.byteLength).toBe(SHARE_ENVELOPE_BYTES)
    expect(openShare(ck, ids, env, p)).toEqual(dealt)
    expect(openShare(ck, ids, fromHex(vectors.shares.env), p)).toEqual(dealt)
  })

  it.each(others)('does not open as %s', (_, wrong) => {
    expect(() => openShare(ck, wrong, env, p)).toThrow('decryption failed')
  })

  it('does not open under another key, cut, lengthened or with any byte flipped', () => {
    const refused = expect.objectContaining({ name: 'DecryptionFailedError' })

    expect(() => openShare(custodyKey(filled(9)), ids, env, p)).toThrow(refused)
    for (let length = 0; length < env.byteLength; length++) {
      expect(() => openShare(ck, ids, env.subarray(0, length), p), `${length}`).toThrow(refused)
    }
    expect(() => openShare(ck, ids, filled(0, 106), p)).toThrow(refused)
    for (let i = 0; i < env.byteLength; i++) {
      const flipped = env.slice()
      flipped[i] = (flipped[i] as number) ^ 1
      expect(() => openShare(ck, ids, flipped, p), `byte ${i}`).toThrow(refused)
    }
  })

  it.each([64, 66])('does not open %i bytes, however well sealed', (length) => {
    const aad = concat(ids.recordId, u32be(ids.ver), u32be(ids.shareEpoch), u8(ids.idx))
    const nonce = filled(9, 24)
    const sealed = concat(nonce, p.xchachaSeal(ck, nonce, aad, filled(1, length)))

    expect(() => openShare(ck, ids, sealed, p)).toThrow('decryption failed')
  })

  it.each([
    ['a seed of another length', filled(7, 31), dealt.share, filled(9, 24)],
    ['a share of another length', dealt.saltSeed, filled(6, 34) as never, filled(9, 24)],
    ['a nonce of another length', dealt.saltSeed, dealt.share, filled(9, 12)]
  ])('refuses to seal %s', (_, saltSeed, each, nonce) => {
    expect(() => sealShare(ck, ids, saltSeed, each, nonce, p)).toThrow(
      expect.objectContaining({ name: 'InvalidParametersError' })
    )
  })
})
