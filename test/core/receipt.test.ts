import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../core/bytes.ts'
import { encode } from '../../core/codec.ts'
import { peerIdOf } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import {
  appendLink,
  bodyHash,
  CHAIN_START,
  type ChainEntry,
  decodeBody,
  decodeExport,
  decodeLink,
  encodeBody,
  encodeExport,
  linkHash,
  type ReceiptBody,
  verifyChain
} from '../../core/receipt.ts'
import { sign } from '../../core/signed.ts'
import {
  ack,
  COLLEAGUE,
  destroy,
  fill,
  hashOf,
  peerOf,
  refuse,
  release
} from '../fixtures/messages.ts'
import vectors from '../vectors/messages.json' with { type: 'json' }

const SEED = fill(7)
const PEER = peerIdOf(p.ed25519PublicKey(SEED))
const G = 120
const NOW = 1_800_000_000

/** A chain of n links, `at` of each as given or a second apart. */
function chainOf(n: number, at: readonly number[] = []): ChainEntry[] {
  const entries: ChainEntry[] = []
  let end = CHAIN_START
  for (let i = 0; i < n; i++) {
    const body = encodeBody(release({ salt: hashOf(i) }))
    const by = { peer: PEER, seed: SEED, atSeconds: at[i] ?? NOW + i }
    const next = appendLink(end, body, by, p)
    entries.push({ link: next.link, body })
    end = next.end
  }
  return entries
}
const faultsOf = (entries: readonly ChainEntry[]): string[] =>
  verifyChain(entries, PEER, G, p).faults.map(({ index, fault }) => `${index} ${fault}`)
/** One entry of a chain, rewritten and signed anew. */
const resigned = (entry: ChainEntry, changes: object): ChainEntry => {
  const b = encode({ ...decodeLink(entry.link.b), ...changes })
  return { ...entry, link: sign('link', b, SEED, p) }
}

describe('receipt bodies', () => {
  it.each<[keyof typeof vectors.maps, ReceiptBody]>([
    ['release', release()],
    ['passedRelease', release({ account: COLLEAGUE, sub: hashOf(0x96) })],
    ['refuse', refuse()],
    ['ack', ack()],
    ['destroy', destroy()]
  ])('encode to the golden bytes of a %s, and back', (name, body) => {
    expect(toHex(encodeBody(body))).toBe(vectors.maps[name])
    expect(decodeBody(encodeBody(body))).toEqual(body)
  })

  it('may name a record in a refusal, and no grant words in an emergency', () => {
    const { kind: _, code: __, count: ___, ...rest } = release()
    const named = refuse({ ...rest, code: 506, count: 1 })
    const emergency = release({ emergency: true, words: { conf: undefined, head: undefined } })

    expect(decodeBody(encodeBody(named))).toEqual(named)
    expect(decodeBody(encodeBody(emergency))).toEqual(emergency)
  })

  it.each<[string, object]>([
    ['of another kind', { ...release(), kind: 'other' }],
    ['of a release with a code', { ...release(), code: 506 }],
    ['of a release that counts', { ...release(), count: 2 }],
    ['of a release without its record', { ...release(), recordId: undefined }],
    ['of a refusal with code 0', { ...refuse(), code: 0 }],
    ['of a refusal that never was', { ...refuse(), count: 0 }],
    ['of a destruction for another cause', { ...destroy(), cause: 'fire' }],
    ['with a salt of 31 bytes', { ...ack(), salt: fill(1, 31) }]
  ])('refuse a body %s', (_name, body) => {
    expect(() => decodeBody(encode(body))).toThrow('"receipt')
  })
})

describe('links', () => {
  it('encode and hash to the golden bytes', () => {
    const body = encodeBody(release())
    const by = { peer: peerOf(1), seed: SEED, atSeconds: NOW + 1 }
    const { link, end } = appendLink(CHAIN_START, body, by, p)

    expect(toHex(link.b)).toBe(vectors.maps.link)
    expect(toHex(bodyHash(body, p))).toBe(vectors.hashes.bodyHash)
    expect(toHex(linkHash(link, p))).toBe(vectors.hashes.linkHash)
    expect(end).toEqual({ seq: 1, hash: linkHash(link, p), atSeconds: NOW + 1 })
  })

  it('are 138 to 146 bytes', () => {
    const last = fromHex(vectors.maps.lastLink)

    expect(fromHex(vectors.maps.link)).toHaveLength(138)
    expect(last).toHaveLength(146)
    expect(decodeLink(last).seq).toBe(2 ** 53 - 1)
  })
})

describe('a chain of receipts', () => {
  it('is whole as it was made', () => {
    const entries = chainOf(5)

    expect(verifyChain(entries, PEER, G, p)).toMatchObject({
      count: 5,
      faults: [],
      end: { seq: 5 }
    })
    expect(verifyChain([], PEER, G, p)).toEqual({ count: 0, faults: [], end: CHAIN_START })
  })

  it('is whole with bodies left out', () => {
    expect(faultsOf(chainOf(3).map(({ link }) => ({ link, body: undefined })))).toEqual([])
  })

  it.each<[string, (entries: ChainEntry[]) => ChainEntry[], string[]]>([
    ['a link left out', ([a, , c]) => [a, c] as ChainEntry[], ['1 seq', '1 prev']],
    ['a link twice', ([a, b]) => [a, a, b] as ChainEntry[], ['1 seq', '1 prev']],
    [
      'two links changed over',
      ([a, b, c]) => [a, c, b] as ChainEntry[],
      ['1 seq', '1 prev', '2 seq', '2 prev']
    ],
    ['no first link', ([, b, c]) => [b, c] as ChainEntry[], ['0 seq', '0 prev']],
    [
      'another body',
      ([a, b, c]) => [a, { ...b, body: encodeBody(ack()) }, c] as ChainEntry[],
      ['1 body']
    ],
    [
      'a seq rewritten',
      ([a, b, c]) => [a, resigned(b as ChainEntry, { seq: 7 }), c] as ChainEntry[],
      ['1 seq', '2 seq', '2 prev']
    ],
    [
      'another history',
      ([a, b, c]) => [a, resigned(b as ChainEntry, { prev: hashOf(9) }), c] as ChainEntry[],
      ['1 prev', '2 prev']
    ],
    [
      "another node's link",
      ([a, b, c]) => [a, resigned(b as ChainEntry, { by: peerOf(9) }), c] as ChainEntry[],
      ['1 peer', '2 prev']
    ],
    [
      'a bad signature',
      ([a, b, c]) =>
        [a, { ...b, link: { ...(b as ChainEntry).link, s: fill(1, 64) } }, c] as ChainEntry[],
      ['1 signature']
    ],
    [
      'bytes that are no link',
      ([a, b, c]) =>
        [a, { ...b, link: { ...(b as ChainEntry).link, b: fill(1, 138) } }, c] as ChainEntry[],
      ['1 form', '2 prev']
    ]
  ])('shows %s', (_name, change, faults) => {
    expect(faultsOf(change(chainOf(3)))).toEqual(faults)
  })

  it('lets the clock go back by G, and by no more', () => {
    expect(faultsOf(chainOf(3, [NOW, NOW - G, NOW]))).toEqual([])
    expect(faultsOf(chainOf(3, [NOW, NOW - G - 1, NOW]))).toEqual(['1 time'])
  })

  it('measures the clock against the latest link, so that it cannot creep back', () => {
    expect(faultsOf(chainOf(3, [NOW, NOW - G, NOW - 2 * G]))).toEqual(['2 time'])
  })

  it('is of one peer', () => {
    const { faults } = verifyChain(chainOf(1), peerOf(9), G, p)

    expect(faults.map(({ fault }) => fault)).toEqual(['peer', 'signature'])
  })

  it('shows any flipped bit', () => {
    const entries = chainOf(3)

    fc.assert(
      fc.property(fc.nat(2), fc.nat(137), fc.nat(7), (index, at, bit) => {
        const damaged = entries.map((entry, i) => {
          if (i !== index) return entry
          const b = Uint8Array.from(entry.link.b)
          b[at] = (b[at] as number) ^ (1 << bit)
          return { ...entry, link: { ...entry.link, b } }
        })

        expect(faultsOf(damaged)).not.toEqual([])
      })
    )
  })
})

describe('an export', () => {
  it('holds the golden bytes', () => {
    const link = { b: fromHex(vectors.maps.link), s: fill(0x6b, 64) }
    const entries = [
      { link, body: fromHex(vectors.maps.release) },
      { link, body: undefined }
    ]

    expect(toHex(encodeExport(entries))).toBe(vectors.export)
    expect(decodeExport(fromHex(vectors.export))).toEqual(entries)
  })

  it('carries a chain whole', () => {
    const entries = chainOf(4)

    expect(faultsOf([...decodeExport(encodeExport(entries))])).toEqual([])
  })

  it('refuses what is no list of links', () => {
    const entry = { link: { b: fill(1, 138), s: fill(1, 63) }, body: null }

    expect(() => decodeExport(encode([entry]))).toThrow('"export[0].link.s"')
    expect(() => decodeExport(encode({ entries: [] }))).toThrow('"export"')
    expect(() => decodeExport(fill(1, 10))).toThrow('"export" expected dag-cbor')
  })
})
