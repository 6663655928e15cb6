/**
 * One suite for both implementations of the primitives: published answers, strictness, and that
 * they give each other's bytes on random inputs (SECURITY.md F17). RUNS=1000000 for a release.
 * @module
 */
import { MLKEM768X25519 } from '@noble/post-quantum/hybrid.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../core/bytes.ts'
import { hpkeOver, nobleKem } from '../../core/hpke.ts'
import { noblePrimitives } from '../../core/noble.ts'
import type { Primitives } from '../../core/primitives.ts'
import { nativePrimitives } from '../../node/crypto/native.ts'
import { nativeKem } from '../../node/crypto/native-kem.ts'
import { filled, pattern } from '../fixtures/streams.ts'
import ed25519Vectors from '../vectors/ed25519.json' with { type: 'json' }
import hpkeVectors from '../vectors/hpke.json' with { type: 'json' }

const numRuns = Number(process.env['RUNS'] ?? 50)
const implementations: [string, Primitives][] = [
  ['noble', noblePrimitives],
  ['node', nativePrimitives]
]
const hex = (bytes: Uint8Array | undefined): string => toHex(bytes ?? new Uint8Array(0))
const any = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const some = fc.uint8Array({ maxLength: 300 })

const goodKey = nobleKem.publicKey(filled(1))

const SUNSCREEN = utf8(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, " +
    'sunscreen would be it.'
)
const AEAD_KEY = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i)
const AEAD_AAD = fromHex('50515253c0c1c2c3c4c5c6c7')

describe.each(implementations)('primitives of %s', (_, p) => {
  it('says what it is', () => {
    expect(p.name).toMatch(/^(noble, KEM noble|node, KEM (node|noble))$/)
  })

  it('hashes (FIPS 180-4; Ethereum)', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(hex(p.sha256(utf8('abc')))).toBe(abc)
    expect(hex(p.sha256(utf8('a'), utf8(''), utf8('bc')))).toBe(abc)
    expect(hex(p.sha256())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(hex(p.keccak256())).toBe(
      'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
    )
    const stream = p.sha256Stream()
    stream.update(utf8('ab'))
    stream.update(utf8('c'))
    expect(hex(stream.digest())).toBe(abc)
  })

  it('authenticates and derives (RFC 4231 case 2, RFC 5869 A.1 and A.3)', () => {
    expect(hex(p.hmac(utf8('Jefe'), utf8('what do ya want '), utf8('for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    )
    const salt = fromHex('000102030405060708090a0b0c')
    const info = fromHex('f0f1f2f3f4f5f6f7f8f9')
    const okm =
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865'
    expect(hex(p.hkdf(filled(0x0b, 22), salt, info, 42))).toBe(okm)
    expect(hex(p.hkdfExpand(p.hmac(salt, filled(0x0b, 22)), info, 42))).toBe(okm)
    const none = new Uint8Array(0)
    expect(hex(p.hkdf(filled(0x0b, 22), none, none, 42))).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8'
    )
    expect(p.hkdfExpand(filled(1), none, 8_160).byteLength).toBe(8_160)
    expect(() => p.hkdfExpand(filled(1), none, 8_161)).toThrow()
  })

  it('seals with ChaCha20-Poly1305 (RFC 8439 §2.8.2)', () => {
    const nonce = fromHex('070000004041424344454647')
    const sealed = p.chachaSeal(AEAD_KEY, nonce, AEAD_AAD, SUNSCREEN)

    expect(hex(sealed)).toBe(
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92' +
        '728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585' +
        '808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691'
    )
    expect(p.chachaOpen(AEAD_KEY, nonce, AEAD_AAD, sealed)).toEqual(SUNSCREEN)
  })

  it('seals with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03 A.3.1)', () => {
    const nonce = Uint8Array.from({ length: 24 }, (_, i) => 0x40 + i)
    const sealed = p.xchachaSeal(AEAD_KEY, nonce, AEAD_AAD, SUNSCREEN)

    expect(hex(sealed)).toBe(
      'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda' +
        '7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2' +
        '383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49'
    )
    expect(p.xchachaOpen(AEAD_KEY, nonce, AEAD_AAD, sealed)).toEqual(SUNSCREEN)
  })

  it.each(['chacha', 'xchacha'] as const)('opens with %s nothing that was changed', (which) => {
    const [seal, open] =
      which === 'chacha' ? [p.chachaSeal, p.chachaOpen] : [p.xchachaSeal, p.xchachaOpen]
    const nonce = filled(2, which === 'chacha' ? 12 : 24)
    const refused = expect.objectContaining({ name: 'DecryptionFailedError' })
    const sealed = seal(AEAD_KEY, nonce, AEAD_AAD, SUNSCREEN)
    const flip = (bytes: Uint8Array, i: number): Uint8Array =>
      bytes.with(i >> 3, (bytes[i >> 3] as number) ^ (1 << (i & 7)))

    for (let bit = 0; bit < sealed.byteLength * 8; bit++) {
      const changed = flip(sealed, bit)
      expect(() => open(AEAD_KEY, nonce, AEAD_AAD, changed), `bit ${bit}`).toThrow(refused)
    }
    for (let length = 0; length < sealed.byteLength; length += 5) {
      expect(() => open(AEAD_KEY, nonce, AEAD_AAD, sealed.subarray(0, length))).toThrow(refused)
    }
    expect(() => open(flip(AEAD_KEY, 9), nonce, AEAD_AAD, sealed)).toThrow(refused)
    expect(() => open(AEAD_KEY, flip(nonce, 9), AEAD_AAD, sealed)).toThrow(refused)
    expect(() => open(AEAD_KEY, nonce, flip(AEAD_AAD, 9), sealed)).toThrow(refused)
    expect(() => open(AEAD_KEY, nonce, new Uint8Array(0), sealed)).toThrow(refused)
  })

  it('seals chunks as it seals anything', () => {
    const none = new Uint8Array(0)
    const chunk = pattern(65_536)
    const key = AEAD_KEY.slice()
    const chunks = p.chachaChunks(key)
    key.fill(0) // a stream outlives its caller's keys
    const out = new Uint8Array(chunk.byteLength + 16)
    chunks.sealInto(filled(3, 12), chunk, out)

    expect(out).toEqual(p.chachaSeal(AEAD_KEY, filled(3, 12), none, chunk))
    expect(chunks.open(filled(3, 12), out)).toEqual(chunk)
    expect(() => chunks.open(filled(4, 12), out)).toThrow('decryption failed')
    expect(() => chunks.open(filled(3, 12), out.subarray(1))).toThrow('decryption failed')
    expect(() => chunks.open(filled(3, 12), out.subarray(0, 15))).toThrow('decryption failed')
  })

  it.each([
    ['a key of 31 bytes', () => p.chachaSeal(filled(1, 31), filled(2, 12), filled(3), filled(4))],
    ['a key of 33 bytes', () => p.chachaOpen(filled(1, 33), filled(2, 12), filled(3), filled(4))],
    ['a nonce of 8 bytes', () => p.chachaSeal(filled(1), filled(2, 8), filled(3), filled(4))],
    ['a nonce of 24 bytes', () => p.chachaOpen(filled(1), filled(2, 24), filled(3), filled(4))],
    ['a chunk key of 16 bytes', () => p.chachaChunks(filled(1, 16))],
    [
      'room that is too small',
      () => p.chachaChunks(filled(1)).sealInto(filled(2, 12), filled(3), filled(0, 47))
    ],
    [
      'room that is too large',
      () => p.chachaChunks(filled(1)).sealInto(filled(2, 12), filled(3), filled(0, 49))
    ]
  ])('refuses %s', (_, act) => {
    expect(act).toThrow(expect.objectContaining({ name: 'InvalidParametersError' }))
  })

  it.each([
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9' +
        'b46bd25bf5f0595bbe24655141438e7a100b'
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d' +
        'c6594a7c15e9716ed28dc027beceea1ec40a'
    ]
  ])('signs with Ed25519 (RFC 8032 §7.1) by %s', (seed, key, message, signature) => {
    const [s, k, m] = [fromHex(seed), fromHex(key), fromHex(message)]

    expect(hex(p.ed25519PublicKey(s))).toBe(key)
    expect(hex(p.ed25519Sign(s, m))).toBe(signature)
    expect(p.ed25519Verify(k, m, fromHex(signature))).toBe(true)
  })

  it.each(ed25519Vectors.cases)('judges $name: $valid', ({ key, msg, sig, valid }) => {
    expect(p.ed25519Verify(fromHex(key), fromHex(msg), fromHex(sig))).toBe(valid)
  })

  it('verifies no changed signature, message or key, nor any of another length', () => {
    const key = p.ed25519PublicKey(filled(1))
    const signature = p.ed25519Sign(filled(1), SUNSCREEN)

    for (let i = 0; i < 64; i++) {
      const changed = signature.with(i, (signature[i] as number) ^ 1)
      expect(p.ed25519Verify(key, SUNSCREEN, changed), `byte ${i}`).toBe(false)
    }
    expect(p.ed25519Verify(key, SUNSCREEN.subarray(1), signature)).toBe(false)
    expect(p.ed25519Verify(p.ed25519PublicKey(filled(2)), SUNSCREEN, signature)).toBe(false)
    expect(p.ed25519Verify(key, SUNSCREEN, signature.subarray(0, 63))).toBe(false)
    expect(p.ed25519Verify(key, SUNSCREEN, concat(signature, filled(0, 1)))).toBe(false)
    expect(p.ed25519Verify(key.subarray(0, 31), SUNSCREEN, signature)).toBe(false)
    expect(p.ed25519Verify(concat(key, filled(0, 1)), SUNSCREEN, signature)).toBe(false)
    expect(p.ed25519Verify(filled(2), SUNSCREEN, signature), 'no point').toBe(false)
    expect(p.ed25519Verify(filled(2, 10 ** 6), SUNSCREEN, signature), 'too long').toBe(false)
  })

  it('signs with the seed as it is now, even if its array held another', () => {
    const seed = filled(1)
    const first = p.ed25519Sign(seed, SUNSCREEN)
    seed.fill(2)

    expect(p.ed25519Sign(seed, SUNSCREEN)).toEqual(p.ed25519Sign(filled(2), SUNSCREEN))
    expect(p.ed25519Sign(seed, SUNSCREEN)).not.toEqual(first)
    expect(() => p.ed25519Sign(filled(1, 31), SUNSCREEN)).toThrow()
  })

  it('signs for Ethereum (RFC 6979; well-known keys)', () => {
    const one = fromHex('1'.padStart(64, '0'))
    expect(hex(p.secp256k1Address(one))).toBe('7e5f4552091a69125d5dfcb7b8c2659029395bdf')
    const digest = p.sha256(utf8('Satoshi Nakamoto'))
    const signature = p.secp256k1Sign(one, digest)

    expect(hex(signature.subarray(0, 64))).toBe(
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8' +
        '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5'
    )
    expect(signature[64] === 27 || signature[64] === 28).toBe(true)
    expect(hex(p.secp256k1Recover(digest, signature))).toBe(hex(p.secp256k1Address(one)))
    expect(() => p.secp256k1Sign(one, filled(1, 31))).toThrow('"digest"')
  })

  it('recovers nobody from a signature that is malleable or malformed', () => {
    const order = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_baae_dce6_af48_a03b_bfd2_5e8c_d036_4141n
    const digest = p.sha256(utf8('x'))
    const good = p.secp256k1Sign(filled(1), digest)
    const word = (n: bigint): Uint8Array => fromHex(n.toString(16).padStart(64, '0'))
    const r = good.subarray(0, 32)
    const s = BigInt(`0x${hex(good.subarray(32, 64))}`)
    const v = good.subarray(64)
    const other = Uint8Array.of(55 - (v[0] as number))
    const cases: [string, Uint8Array][] = [
      ['high s', concat(r, word(order - s), other)],
      ['r = 0', concat(filled(0), word(s), v)],
      ['s = 0', concat(r, filled(0), v)],
      ['r = order', concat(word(order), word(s), v)],
      ['s = order', concat(r, word(order), v)],
      ['r on no point', concat(word(5n), word(s), v)],
      ['v = 0', good.with(64, 0)],
      ['v = 1', good.with(64, 1)],
      ['v = 26', good.with(64, 26)],
      ['v = 29', good.with(64, 29)],
      ['64 bytes', good.subarray(0, 64)],
      ['66 bytes', concat(good, filled(0, 1))],
      ['nothing', new Uint8Array(0)]
    ]

    for (const [name, signature] of cases) {
      expect(p.secp256k1Recover(digest, signature), name).toBeUndefined()
    }
    expect(p.secp256k1Recover(digest.subarray(1), good)).toBeUndefined()
    // For such small r a point with x = r + order exists, which other software names by v = 29, 30.
    for (let small = 1n; small < 20n; small++) {
      for (const beyond of [29, 30]) {
        const signature = concat(word(small), word(s), Uint8Array.of(beyond))
        expect(p.secp256k1Recover(digest, signature), `r ${small}, v ${beyond}`).toBeUndefined()
      }
    }
    const flipped = p.secp256k1Recover(digest, good.with(64, other[0] as number))
    expect(hex(flipped)).not.toBe(hex(p.secp256k1Address(filled(1))))
  })

  it('opens what another path sealed (test/vectors/make-hpke.mjs)', async () => {
    const v = Object.fromEntries(
      Object.entries(hpkeVectors).map(([key, value]) => [key, key === 'made' ? '' : fromHex(value)])
    ) as Record<keyof typeof hpkeVectors, Uint8Array>

    expect(hex(await p.kemPublicKey(v.seed))).toBe(hpkeVectors.publicKey)
    expect(await p.hpkeOpen(v.seed, v.info, v.aad, v)).toEqual(v.plain)
    const got = await p.hpkeExportFrom(v.seed, v.info, v.exportEnc, v.exporterContext, 32)
    expect(got).toEqual(v.exported)
  })

  it.each([0, 1_088, 1_119, 1_121])('does not open an enc of %i bytes', async (length) => {
    const none = new Uint8Array(0)
    const refused = { name: 'DecryptionFailedError' }
    const sealed = { enc: filled(1, length), ct: filled(2, 16) }

    await expect(p.hpkeOpen(filled(1), none, none, sealed)).rejects.toMatchObject(refused)
    await expect(p.hpkeExportFrom(filled(1), none, sealed.enc, none, 32)).rejects.toMatchObject(
      refused
    )
  })

  /** A good key but for one coefficient: 0 is the low one of its three bytes, 1 the high one. */
  const withCoefficient = (index: number, value: number): Uint8Array => {
    const key = goodKey.slice()
    const at = (index >> 1) * 3
    const [a, b, c] = key.subarray(at, at + 3) as unknown as [number, number, number]
    const bytes =
      index % 2 === 0
        ? [value & 255, (b & 0xf0) | (value >> 8), c]
        : [a, (b & 15) | ((value & 15) << 4), value >> 4]
    key.set(bytes, at)
    return key
  }

  it('seals to a key whose coefficients are all below q', async () => {
    const none = new Uint8Array(0)
    for (const index of [0, 1, 766, 767]) {
      await expect(
        p.hpkeSeal(withCoefficient(index, 3_328), none, none, none)
      ).resolves.toBeDefined()
    }
  })

  it.each([
    ['of another length', filled(1, 1_215)],
    ['whose ML-KEM half is out of range', filled(0xff, 1_216)],
    ['whose first coefficient is q', withCoefficient(0, 3_329)],
    ['whose second coefficient is q', withCoefficient(1, 3_329)],
    ['whose last coefficient but one is q', withCoefficient(766, 3_329)],
    ['whose last coefficient is q', withCoefficient(767, 3_329)],
    ['with a coefficient of 4095', withCoefficient(300, 4_095)]
  ])('refuses to seal to a key %s', async (_, key) => {
    const none = new Uint8Array(0)
    const wrong = { name: 'InvalidParametersError' }

    await expect(p.hpkeSeal(key, none, none, none)).rejects.toMatchObject(wrong)
    await expect(p.hpkeExportTo(key, none, none, 32)).rejects.toMatchObject(wrong)
  })

  it.each([
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
    `${'00'.repeat(31)}80` // X25519 ignores the top bit
  ])('neither seals to nor opens with the X25519 point %s of small order', async (u) => {
    const seed = filled(1)
    const none = new Uint8Array(0)
    const key = (await p.kemPublicKey(seed)).slice()
    const { enc, ct } = await p.hpkeSeal(key, none, none, none)
    key.set(fromHex(u), 1_184)
    const forged = enc.slice()
    forged.set(fromHex(u), 1_088)

    await expect(p.hpkeSeal(key, none, none, none)).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })
    const refused = { name: 'DecryptionFailedError' }
    await expect(p.hpkeOpen(seed, none, none, { enc: forged, ct })).rejects.toMatchObject(refused)
    await expect(p.hpkeExportFrom(seed, none, forged, none, 32)).rejects.toMatchObject(refused)
  })
})

describe.each([
  ['noble', nobleKem],
  ['node', nativeKem() ?? nobleKem]
])('X-Wing of %s', (_, kem) => {
  it('gives the secret of draft-connolly-cfrg-xwing-kem, appendix C', () => {
    const seed = fromHex('7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26')
    const coins = fromHex(
      '3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa' +
        '2f75ab916a58d974918835d25e6a435085b2'
    )
    const publicKey = kem.publicKey(seed)
    const sent = MLKEM768X25519.encapsulate(publicKey, coins)

    expect(hex(publicKey.subarray(0, 16))).toBe('e2236b35a8c24b39b10aa1323a96a919')
    expect(hex(kem.decap(seed, sent.cipherText))).toBe(
      'd2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384'
    )
  })
})

it('runs the KEM of node:crypto on this Node', () => {
  expect(nativePrimitives.name).toBe('node, KEM node')
})

describe('noble and node', () => {
  const [n, d] = [noblePrimitives, nativePrimitives]

  it('hash, authenticate and derive alike', () => {
    const length = fc.integer({ min: 1, max: 200 })
    fc.assert(
      fc.property(some, some, some, length, (a, b, c, l) => {
        expect(hex(d.sha256(a, b))).toBe(hex(n.sha256(a, b)))
        expect(hex(d.sha256(a))).toBe(hex(n.sha256(a)))
        expect(hex(d.hmac(a, b, c))).toBe(hex(n.hmac(a, b, c)))
        expect(hex(d.hkdf(a, b, c, l))).toBe(hex(n.hkdf(a, b, c, l)))
        expect(hex(d.hkdfExpand(d.sha256(a), c, l))).toBe(hex(n.hkdfExpand(n.sha256(a), c, l)))
        expect(hex(d.keccak256(a, b))).toBe(hex(n.keccak256(a, b)))
      }),
      { numRuns }
    )
  })

  it('seal alike and open each other', () => {
    fc.assert(
      fc.property(any(32), any(12), any(24), some, some, (key, nonce, long, aad, plain) => {
        const sealed = n.chachaSeal(key, nonce, aad, plain)
        expect(hex(d.chachaSeal(key, nonce, aad, plain))).toBe(hex(sealed))
        expect(hex(d.chachaOpen(key, nonce, aad, sealed))).toBe(hex(plain))
        const extended = n.xchachaSeal(key, long, aad, plain)
        expect(hex(d.xchachaSeal(key, long, aad, plain))).toBe(hex(extended))
        expect(hex(d.xchachaOpen(key, long, aad, extended))).toBe(hex(plain))
      }),
      { numRuns }
    )
  })

  it('sign alike and judge alike, right or wrong', () => {
    const broken = fc.option(fc.nat({ max: 511 }))
    fc.assert(
      fc.property(any(32), some, broken, broken, (seed, message, inSignature, inKey) => {
        const flip = (bytes: Uint8Array, bit: number | null): Uint8Array =>
          bit == null
            ? bytes
            : bytes.with(
                (bit >> 3) % bytes.byteLength,
                (bytes[(bit >> 3) % bytes.byteLength] as number) ^ (1 << (bit & 7))
              )
        const signature = n.ed25519Sign(seed, message)
        expect(hex(d.ed25519Sign(seed, message))).toBe(hex(signature))
        const key = flip(n.ed25519PublicKey(seed), inKey)
        const given = flip(signature, inSignature)
        const verdict = n.ed25519Verify(key, message, given)
        expect(d.ed25519Verify(key, message, given)).toBe(verdict)
        expect(verdict).toBe(inSignature == null && inKey == null)
      }),
      { numRuns }
    )
  })

  it('find the same KEM keys, and open each other', async () => {
    await fc.assert(
      fc.asyncProperty(any(32), some, some, some, async (seed, info, aad, plain) => {
        const to = await n.kemPublicKey(seed)
        expect(hex(await d.kemPublicKey(seed))).toBe(hex(to))
        for (const [ours, theirs] of [
          [n, d],
          [d, n]
        ] as const) {
          const sealed = await ours.hpkeSeal(to, info, aad, plain)
          expect(hex(await theirs.hpkeOpen(seed, info, aad, sealed))).toBe(hex(plain))
          const { enc, secret } = await ours.hpkeExportTo(to, info, aad, 32)
          expect(hex(await theirs.hpkeExportFrom(seed, info, enc, aad, 32))).toBe(hex(secret))
        }
      }),
      { numRuns: Math.ceil(numRuns / 5) }
    )
  })

  it('reject an enc that nobody made with the same secret (FIPS 203 implicit rejection)', () => {
    const kem = nativeKem() ?? nobleKem
    fc.assert(
      fc.property(any(32), fc.uint8Array({ minLength: 1_120, maxLength: 1_120 }), (seed, enc) => {
        expect(hex(kem.decap(seed, enc))).toBe(hex(nobleKem.decap(seed, enc)))
      }),
      { numRuns: Math.ceil(numRuns / 5) }
    )
  })

  it('leave the seed of their caller alone', async () => {
    const seed = filled(7)
    for (const hpke of [hpkeOver(nobleKem), hpkeOver(nativeKem() ?? nobleKem)]) {
      const none = new Uint8Array(0)
      const sealed = await hpke.hpkeSeal(await hpke.kemPublicKey(seed), none, none, none)
      await hpke.hpkeOpen(seed, none, none, sealed)
      expect(seed).toEqual(filled(7))
    }
  })
})
