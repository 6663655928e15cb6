/**
 * Header, keys, meta map and file form of the container. Vectors: test/vectors/make.py, which is a
 * second implementation in Python.
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, domain, fromHex, toHex, u32be } from '../../core/bytes.ts'
import { encode } from '../../core/codec.ts'
import {
  type ContainerHeader,
  decodeHeader,
  decodeKwdPrefix,
  deriveKeys,
  encodeKwdPrefix,
  KWD_PREFIX_MAX_BYTES,
  makeHeader,
  openMeta,
  type RecordMeta,
  sealMeta,
  unlock,
  wipeKeys
} from '../../core/container.ts'
import { hash } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { keysFor, secretOf } from '../fixtures/containers.ts'
import { filled } from '../fixtures/streams.ts'
import vectors from '../vectors/formats.json' with { type: 'json' }

const open = makeHeader(filled(2), { sealed: false })
const sealed = makeHeader(filled(2), { sealed: true })
const letter: RecordMeta = {
  name: 'letter.txt',
  mime: 'text/plain',
  length: 7,
  sha256: hash(filled(9))
}

describe('container header', () => {
  it('reads what it makes', () => {
    expect(decodeHeader(sealed.bytes)).toEqual(sealed)
    expect(decodeHeader(open.bytes)).toEqual(open)
    expect(open).toMatchObject({ suite: 1, sealed: false, salt: filled(2) })
  })

  it.each([
    ['another magic', 0, 0x4c],
    ['a suite it does not know', 4, 2],
    ['suite 0', 4, 0],
    ['a flag beside sealed mode', 5, 2],
    ['sealed mode with another flag', 5, 3],
    ['the top flag', 5, 0x80],
    ['smaller chunks', 6, 15],
    ['larger chunks', 6, 17]
  ])('refuses %s', (_, at, byte) => {
    const bytes = open.bytes.slice()
    bytes[at] = byte

    expect(() => decodeHeader(bytes)).toThrow(
      expect.objectContaining({ name: 'InvalidMessageError' })
    )
  })

  it.each([0, 38, 40])('refuses %i bytes', (length) => {
    expect(() => decodeHeader(concat(open.bytes, filled(0)).subarray(0, length))).toThrow(
      expect.objectContaining({ name: 'InvalidMessageError' })
    )
  })

  it('keeps its own copy of the bytes', () => {
    const bytes = open.bytes.slice()
    const header = decodeHeader(bytes)
    bytes.fill(0)

    expect(header).toEqual(open)
  })

  it('refuses a salt of another length', () => {
    expect(() => makeHeader(filled(2, 31), { sealed: false })).toThrow('"salt" expected 32 bytes')
  })
})

describe('container keys', () => {
  it.each(vectors.containers)('gives the K and kcom of $name', (v) => {
    const header = decodeHeader(fromHex(v.hdr))
    const so = v.sealed ? secretOf(3) : undefined
    const ikm = concat(secretOf(1), so ?? new Uint8Array(32))
    const info = concat(domain('keyward/v1/root'), header.bytes.subarray(0, 7))

    expect(toHex(p.hkdf(ikm, header.salt, info, 32))).toBe(v.K)
    expect(toHex(deriveKeys(header, secretOf(1), so, p).kcom)).toBe(v.kcom)
    expect(makeHeader(filled(2), { sealed: v.sealed })).toEqual(header)
  })

  it.each([
    ['sealed mode without an owner secret', sealed, undefined],
    ['sealed mode with a zero owner secret', sealed, secretOf(0)],
    ['an owner secret outside of sealed mode', open, secretOf(3)],
    ['even a zero owner secret outside of sealed mode', open, secretOf(0)],
    ['an owner secret of 31 bytes', sealed, filled(3, 31) as never]
  ])('refuses %s', (_, header, ownerSecret) => {
    expect(() => deriveKeys(header, secretOf(1), ownerSecret, p)).toThrow(
      expect.objectContaining({ name: 'InvalidParametersError' })
    )
  })

  it('refuses a secret of another length', () => {
    expect(() => deriveKeys(open, filled(1, 64) as never, undefined, p)).toThrow('"secret"')
  })

  it('unlocks with the secrets that the commitment was made of', () => {
    const keys = deriveKeys(sealed, secretOf(1), secretOf(3), p)

    expect(unlock(sealed, keys.kcom, secretOf(1), secretOf(3), p)).toEqual(keys)
  })

  it.each([
    ['another secret', sealed, 9, 3],
    ['another owner secret', sealed, 1, 9],
    ['another salt', makeHeader(filled(7), { sealed: true }), 1, 3]
  ])('does not unlock with %s', (_, header, secret, ownerSecret) => {
    const { kcom } = deriveKeys(sealed, secretOf(1), secretOf(3), p)

    expect(() => unlock(header, kcom, secretOf(secret), secretOf(ownerSecret), p)).toThrow(
      expect.objectContaining({ name: 'DecryptionFailedError' })
    )
  })

  it('does not unlock with a commitment that was changed or cut', () => {
    const { kcom } = deriveKeys(open, secretOf(1), undefined, p)
    for (let bit = 0; bit < 256; bit++) {
      const changed = kcom.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => unlock(open, changed, secretOf(1), undefined, p), `bit ${bit}`).toThrow(
        'decryption failed'
      )
    }

    expect(() => unlock(open, kcom.subarray(0, 31), secretOf(1), undefined, p)).toThrow()
    expect(() => unlock(open, new Uint8Array(0), secretOf(1), undefined, p)).toThrow()
  })

  it('wipes keys', () => {
    const keys = deriveKeys(open, secretOf(1), undefined, p)
    wipeKeys(keys)

    expect([keys.payload, keys.commit, keys.meta]).toEqual([filled(0), filled(0), filled(0)])
  })

  it('leaves the secrets of its caller alone', () => {
    const secret = secretOf(1)
    deriveKeys(open, secret, undefined, p)

    expect(secret).toEqual(filled(1))
  })
})

describe('meta map', () => {
  it.each(vectors.containers)('gives the golden bytes of $name', (v) => {
    const header = decodeHeader(fromHex(v.hdr))
    const keys = keysFor(header, p)
    const { name, mime, fhir } = v.meta
    const meta: RecordMeta = {
      name,
      mime,
      length: v.length,
      sha256: hash(fromHex(v.contentSha256)),
      ...(fhir == null ? {} : { fhir })
    }

    expect(toHex(sealMeta(meta, header, keys, filled(4, 24), p))).toBe(v.sealedMeta)
    expect(openMeta(fromHex(v.sealedMeta), header, keys, p)).toEqual(meta)
  })

  it('opens what it seals, in multiples of 256 bytes', () => {
    const keys = keysFor(open, p)
    const anyText = fc.string({ unit: 'grapheme', maxLength: 40 })
    fc.assert(
      fc.property(anyText, anyText, fc.nat(), fc.boolean(), (name, mime, length, hasFhir) => {
        fc.pre(!name.startsWith('\ufeff') && !mime.startsWith('\ufeff'))
        const meta = { ...letter, name, mime, length, ...(hasFhir ? { fhir: 'Patient' } : {}) }
        const bytes = sealMeta(meta, open, keys, filled(4, 24), p)

        expect((bytes.byteLength - 40) % 256).toBe(0)
        expect(openMeta(bytes, open, keys, p)).toEqual(meta)
      })
    )
  })

  const reseal = (plain: Uint8Array, header: ContainerHeader = open): Uint8Array =>
    concat(filled(4, 24), p.xchachaSeal(keysFor(open, p).meta, filled(4, 24), header.bytes, plain))
  const map = encode({ ...letter, fhir: null })
  const padded = (total: number, length = map.byteLength): Uint8Array =>
    concat(u32be(length), map, new Uint8Array(total - 4 - map.byteLength))
  const ended = (byte: number): Uint8Array => {
    const bytes = padded(256)
    bytes[255] = byte
    return bytes
  }

  it.each([
    ['no padding', padded(4 + map.byteLength)],
    ['padding to less than 256', padded(255)],
    ['padding that is not minimal', padded(512)],
    ['padding that is not zeros', ended(1)],
    ['a length beyond the map', padded(256, 253)],
    ['a length far beyond', padded(256, 0xffff_ffff)],
    ['no length', new Uint8Array(3)],
    ['nothing', new Uint8Array(0)]
  ])('refuses %s', (_, plain) => {
    expect(() => openMeta(reseal(plain), open, keysFor(open, p), p)).toThrow(
      expect.objectContaining({ name: 'DecryptionFailedError' })
    )
  })

  it('refuses a map with another key, and a shorter length that cuts the map', () => {
    const other = encode({ ...letter, fhir: null, extra: 1 })
    const plain = new Uint8Array(256)
    plain.set(concat(u32be(other.byteLength), other))

    for (const bytes of [plain, padded(256, map.byteLength - 1)]) {
      expect(() => openMeta(reseal(bytes), open, keysFor(open, p), p)).toThrow()
    }
  })

  it('refuses another header, another key and every flipped byte', () => {
    const keys = keysFor(open, p)
    const bytes = sealMeta(letter, open, keys, filled(4, 24), p)

    expect(() => openMeta(bytes, sealed, keys, p)).toThrow('decryption failed')
    expect(() => openMeta(bytes, open, keysFor(sealed, p), p)).toThrow('decryption failed')
    for (let i = 0; i < bytes.byteLength; i++) {
      const flipped = bytes.slice()
      flipped[i] = (flipped[i] as number) ^ 0x40
      expect(() => openMeta(flipped, open, keys, p), `byte ${i}`).toThrow('decryption failed')
    }
  })

  it('refuses bytes beyond its bounds before deciphering', () => {
    const keys = keysFor(open, p)
    let opened = 0
    const counting = {
      ...p,
      xchachaOpen: () => {
        opened++
        return new Uint8Array(0)
      }
    }

    for (const length of [0, 39, 4_137, 2 ** 20]) {
      expect(() => openMeta(filled(0, length), open, keys, counting), `${length}`).toThrow(
        'decryption failed'
      )
    }
    expect(opened).toBe(0)
  })

  it.each([
    ['a name that is too long', { name: 'n'.repeat(256) }],
    ['an empty FHIR type', { fhir: '' }],
    ['a negative length', { length: -1 }],
    ['a length beyond 2^40', { length: 2 ** 40 + 1 }],
    ['a hash of another length', { sha256: filled(1, 31) as never }]
  ])('does not seal %s', (_, wrong) => {
    const meta = { ...letter, ...wrong }

    expect(() => sealMeta(meta, open, keysFor(open, p), filled(4, 24), p)).toThrow(
      expect.objectContaining({ name: 'InvalidMessageError' })
    )
  })

  it('does not seal under a nonce of another length', () => {
    expect(() => sealMeta(letter, open, keysFor(open, p), filled(4, 12), p)).toThrow('"nonce"')
  })
})

describe('.kwd file', () => {
  const keys = keysFor(open, p)
  const meta = sealMeta(letter, open, keys, filled(4, 24), p)
  const prefix = encodeKwdPrefix(open, keys.kcom, meta)

  it('reads its head back, whatever follows', () => {
    const read = decodeKwdPrefix(concat(prefix, filled(5, 100)))

    expect(read).toEqual({ header: open, kcom: keys.kcom, meta, payloadAt: prefix.byteLength })
    expect(decodeKwdPrefix(prefix).payloadAt).toBe(prefix.byteLength)
  })

  it('refuses every shorter head', () => {
    for (let length = 0; length < prefix.byteLength; length++) {
      expect(() => decodeKwdPrefix(prefix.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ name: 'InvalidMessageError' })
      )
    }
  })

  it('refuses a meta map beyond its bound, however many bytes follow', () => {
    const bytes = concat(open.bytes, keys.kcom, u32be(4_137), filled(0, 5_000))

    expect(() => decodeKwdPrefix(bytes)).toThrow('another length of meta')
    expect(KWD_PREFIX_MAX_BYTES).toBe(39 + 32 + 4 + 4_136)
  })

  it('reads a view into a larger buffer', () => {
    const larger = concat(filled(9, 3), prefix)

    expect(decodeKwdPrefix(larger.subarray(3)).meta).toEqual(meta)
  })
})
