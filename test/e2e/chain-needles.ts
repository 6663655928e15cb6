/**
 * Looks for what must not be public: each secret in the forms in which a careless line of code
 * could give it away, whole or cut, and hashed without a salt.
 * @module
 */
import { createHash } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { concat, isZero, u32be } from '../../core/bytes.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import type { Piece } from './chain-dump.ts'

export interface Finding {
  readonly needle: string
  readonly where: string
}

/** Shorter than that, and bytes may stand somewhere by chance. */
const SHORTEST = 5
/** A cut piece of a secret or a hash that nothing else would hold. */
const CUT = 16
/** Of a text: a word of storage holds 32 characters. */
const CUT_TEXT = 24
const KEY_BYTES = 5

/** Hashes that anybody could try on a guess. */
const HASHES: Readonly<Record<string, (of: Uint8Array) => Uint8Array>> = {
  sha256: (of) => p.sha256(of),
  'sha256 twice': (of) => p.sha256(p.sha256(of)),
  keccak: (of) => p.keccak256(of),
  'keccak of sha256': (of) => p.keccak256(p.sha256(of)),
  'sha256 of keccak': (of) => p.sha256(p.keccak256(of)),
  'keccak of the word': (of) => p.keccak256(of.length < 32 ? padded(of) : of),
  'keccak of abi.encode(bytes)': (of) => p.keccak256(abiBytes(of)),
  sha512: (of) => createHash('sha512').update(of).digest(),
  sha1: (of) => createHash('sha1').update(of).digest(),
  ripemd160: (of) => createHash('ripemd160').update(p.sha256(of)).digest(),
  blake2b: (of) => createHash('blake2b512').update(of).digest()
}

const padded = (of: Uint8Array): Uint8Array => concat(new Uint8Array(32 - of.length), of)
const abiBytes = (of: Uint8Array): Uint8Array =>
  concat(padded(Uint8Array.of(32)), padded(u32be(of.length)), of, new Uint8Array(-of.length & 31))

/** Hashes of a pair of things, as a mapping or an event's key would hold them. */
export function pairHashes(a: Uint8Array, b: Uint8Array): Uint8Array[] {
  const pairs = [
    concat(padded(a), padded(b)),
    concat(a, b),
    concat(padded(b), padded(a)),
    concat(b, a)
  ]
  const plain = pairs.flatMap((each) => [p.keccak256(each), p.sha256(each)])
  const slots = Array.from({ length: 8 }, (_, slot) => padded(Uint8Array.of(slot)))
  return [
    ...plain,
    ...plain.flatMap((each) => slots.map((slot) => p.keccak256(each, slot))),
    ...slots.flatMap((slot) => [
      p.keccak256(padded(b), p.keccak256(padded(a), slot)),
      p.keccak256(padded(a), p.keccak256(padded(b), slot))
    ])
  ]
}

const isFlat = (bytes: Uint8Array): boolean => new Set(bytes).size < 4

/** Bytes, and texts that show them. A number is padded to a word, and may be packed in five bytes. */
function shapesOf(secret: Uint8Array): Uint8Array[] {
  const raw = Buffer.from(secret)
  if (isFlat(secret.subarray(0, CUT))) {
    return isZero(secret.subarray(0, 28)) ? [secret, secret.subarray(-KEY_BYTES)] : [secret]
  }
  const hex = raw.toString('hex')
  const texts = [
    hex,
    hex.toUpperCase(),
    raw.toString('base64').replace(/=+$/, '').slice(0, -1),
    raw.toString('base64url').slice(0, -1),
    base58btc.baseEncode(raw),
    base32.baseEncode(raw),
    raw.toString('latin1').toLowerCase(),
    raw.toString('latin1').toUpperCase()
  ]
  const cuts = secret.length > CUT ? [secret.subarray(0, CUT), secret.subarray(-CUT)] : []
  const reversed = Uint8Array.from(secret).reverse()
  const written = texts.flatMap((text) =>
    text.length > CUT_TEXT ? [text.slice(0, CUT_TEXT), text.slice(-CUT_TEXT)] : [text]
  )
  return [secret, reversed, ...cuts, ...written.map((text) => Buffer.from(text, 'latin1'))]
}

export class PublicSearch {
  /** By their first bytes. */
  readonly #shapes = new Map<number, { readonly name: string; readonly bytes: Buffer }[]>()
  #count = 0

  constructor(secrets: ReadonlyMap<string, Uint8Array>) {
    const known = new Set<string>()
    for (const [name, secret] of secrets) {
      const hex = Buffer.from(secret).toString('hex')
      if (known.has(hex)) continue
      known.add(hex)
      for (const shape of shapesOf(secret)) this.#add(name, shape)
      for (const [how, hashed] of Object.entries(HASHES)) {
        this.#addHash(`${how} of ${name}`, hashed(secret))
      }
    }
  }

  /** How many forms are looked for. */
  get size(): number {
    return this.#count
  }

  /** A hash by itself: bytes, cut to an address or half a word, or as hex. */
  #addHash(name: string, hashed: Uint8Array): void {
    const shapes = [hashed.subarray(0, CUT), hashed.subarray(-CUT)]
    for (const shape of shapes) this.#add(name, shape)
    this.#add(name, Buffer.from(Buffer.from(shapes[0] as Uint8Array).toString('hex')))
  }

  addHashes(name: string, hashes: readonly Uint8Array[]): void {
    for (const each of hashes) this.#addHash(name, each)
  }

  #add(name: string, shape: Uint8Array): void {
    if (shape.length < SHORTEST) return
    const bytes = Buffer.from(shape)
    const key = bytes.readUIntBE(0, KEY_BYTES)
    const known = this.#shapes.get(key)
    if (known == null) this.#shapes.set(key, [{ name, bytes }])
    else known.push({ name, bytes })
    this.#count++
  }

  in(where: string, bytes: Buffer): Finding[] {
    const found = new Set<string>()
    for (let at = 0; at + KEY_BYTES <= bytes.length; at++) {
      for (const { name, bytes: shape } of this.#shapes.get(bytes.readUIntBE(at, KEY_BYTES)) ??
        []) {
        if (bytes.subarray(at, at + shape.length).equals(shape)) found.add(name)
      }
    }
    return [...found].map((needle) => ({ needle, where }))
  }

  inAll(pieces: readonly Piece[]): Finding[] {
    return pieces.flatMap(({ where, bytes }) => this.in(where, bytes))
  }
}
