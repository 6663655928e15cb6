import { AbiCoder, keccak256 } from 'ethers'
import { describe, expect, it } from 'vitest'
import { concat, toHex, toHex0x } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import { recordTag } from '../../core/grant.ts'
import { address, hash, recordId, recordSecret } from '../../core/ids.ts'
import {
  anchor,
  type Capsule,
  type Content,
  type CustodyMap,
  capsuleShape,
  contentHash,
  custodyHash,
  custodyItem,
  decodeManifest,
  encodeContent,
  encodeCustody,
  encodeManifest,
  type Package,
  packageShape,
  signManifest,
  verifyManifest
} from '../../core/manifest.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { signTyped } from '../../core/typed-data.ts'
import {
  addressOf,
  content,
  custody,
  deployment,
  fill,
  hashOf,
  opening,
  peerOf,
  RECORD
} from '../fixtures/messages.ts'
import vectors from '../vectors/messages.json' with { type: 'json' }

const KEY = fill(0x42)
const owner = address(p.secp256k1Address(KEY))
const owned = (changes: Partial<Content> = {}): Content => content({ owner, ...changes })
const kept = (changes: Partial<CustodyMap> = {}, of = owned()): CustodyMap =>
  custody({ owner, ...changes }, of)
const signed = (of: CustodyMap, about = owned()): Uint8Array =>
  signManifest(about, of, deployment, KEY, p)
const verified = (bytes: Uint8Array) => {
  const manifest = decodeManifest(bytes, p)
  verifyManifest(manifest, deployment, p)
  return manifest
}
const [first, second, third] = kept().shares
type Entry = NonNullable<typeof first>
const withThird = (changes: Partial<Entry>): CustodyMap =>
  kept({ shares: [first as Entry, second as Entry, { ...(third as Entry), ...changes }] })

describe('manifests', () => {
  it('encode and hash to the golden bytes', () => {
    expect(toHex(encodeContent(content()))).toBe(vectors.maps.content)
    expect(toHex(encodeCustody(custody()))).toBe(vectors.maps.custody)
    expect(toHex(contentHash(encodeContent(content()), p))).toBe(vectors.hashes.contentHash)
    expect(toHex(custodyHash(encodeCustody(custody()), p))).toBe(vectors.hashes.custodyHash)
  })

  it('anchor as Solidity would', () => {
    const encoded = AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'bytes32'],
      [hashOf(1), hashOf(2)]
    )

    expect(toHex0x(anchor(hashOf(1), hashOf(2), p))).toBe(keccak256(encoded))
  })

  it('verify as their owner signed them', () => {
    const manifest = verified(signed(kept()))

    expect(manifest.content).toEqual(owned())
    expect(manifest.custody).toEqual(kept())
    expect(toHex(manifest.contentHash)).toBe(toHex(kept().contentHash))
    expect(manifest.bytes).toEqual(signed(kept()))
  })

  it('verify by one signature over several records', () => {
    const other = { recordTag: hashOf(1), shareEpoch: 1, custodyHash: hashOf(2) }
    const items = [other, custodyItem(kept(), p)]
    const sig = signTyped(deployment, 'Custody', { owner, items }, KEY, p)

    expect(verified(encodeManifest(owned(), kept(), items, sig)).items).toHaveLength(2)
  })

  it.each<[string, () => Uint8Array, string]>([
    ['another owner in content', () => signed(kept({}, content()), content()), 'one owner'],
    ['another record', () => signed(kept({ recordId: recordId(fill(9)) })), 'one recordId'],
    ['another version', () => signed(kept({ ver: 2 })), 'one ver'],
    ['another content', () => signed(kept({ contentHash: hashOf(9) })), 'the contentHash'],
    ['a first version after another', () => both({ prev: hashOf(1) }), 'prev from version 2'],
    ['a later version after none', () => both({ ver: 2 }), 'prev from version 2'],
    ['record 0', () => both({ recordId: recordId(fill(0)) }), 'another recordId'],
    ['t above n', () => signed(kept({ t: 4 })), 't <= n'],
    ['fewer shares than n', () => signed(kept({ n: 4 })), 't <= n'],
    ['more shares than n', () => signed(kept({ n: 2 })), 't <= n'],
    ['idx 4 of 3', () => signed(withThird({ idx: 4 })), 'idx 1..n'],
    ['one idx twice', () => signed(withThird({ idx: 2 })), 'idx 1..n'],
    ['one x twice', () => signed(withThird({ x: 101 })), 'distinct x'],
    ['one operator twice', () => signed(withThird({ op: 8 })), 'distinct operators'],
    ['one peer twice', () => signed(withThird({ peer: peerOf(1) })), 'distinct custodians']
  ])('refuse %s', (_name, make, why) => {
    expect(() => verified(make())).toThrow(why)
  })

  it.each<[string, () => Partial<ReturnType<typeof item>>]>([
    ['record', () => ({ recordTag: recordTag(RECORD, 2, p) })],
    ['epoch', () => ({ shareEpoch: 2 })],
    ['custody', () => ({ custodyHash: hashOf(9) })]
  ])('refuse a signature over another %s', (_name, changes) => {
    const items = [{ ...item(), ...changes() }]
    const sig = signTyped(deployment, 'Custody', { owner, items }, KEY, p)

    expect(() => verified(encodeManifest(owned(), kept(), items, sig))).toThrow(
      'this record and epoch'
    )
  })

  it('refuse a signature by another, on another chain, or none', () => {
    const by = (key: Uint8Array, on = deployment) => signManifest(owned(), kept(), on, key, p)
    const none = encodeManifest(owned(), kept(), [item()], new Uint8Array(0))

    for (const bytes of [by(fill(0x43)), by(KEY, { ...deployment, chainId: 1 }), none]) {
      expect(() => verified(bytes)).toThrow("the owner's signature")
    }
    expect(() =>
      verifyManifest(decodeManifest(by(KEY), p), { ...deployment, records: addressOf(1) }, p)
    ).toThrow("the owner's signature")
  })

  it.each<[string, Partial<Content>, Partial<CustodyMap>]>([
    ['a CIDv0', { cid: concat(Uint8Array.of(0x12, 0x20), fill(4, 34)) }, {}],
    ['a CID of dag-cbor', { cid: concat(Uint8Array.of(1, 0x71, 0x12, 0x20), fill(4)) }, {}],
    ['a CID of sha2-512', { cid: concat(Uint8Array.of(1, 0x55, 0x13, 0x20), fill(4)) }, {}],
    ['a CID of another length', { cid: concat(Uint8Array.of(1, 0x55, 0x12, 0x1f), fill(4)) }, {}],
    ['a header of 38 bytes', { hdr: fill(2, 38) }, {}],
    ['version 0', { ver: 0 }, {}],
    ['epoch 0', {}, { shareEpoch: 0 }],
    ['t of 1', {}, { t: 1 }],
    ['n of 17', {}, { n: 17 }],
    ['one share', {}, { shares: [first as Entry] }],
    ['x of 0', {}, { shares: [{ ...(first as Entry), x: 0 }, second as Entry] }],
    ['x of 256', {}, { shares: [{ ...(first as Entry), x: 256 }, second as Entry] }],
    ['9 stand-bys', {}, { standby: Array.from({ length: 9 }, () => peerOf(1)) }]
  ])('do not decode with %s', (_name, about, of) => {
    const bytes = encodeManifest(owned(about), kept(of), [item()], fill(1, 65))

    expect(() => decodeManifest(bytes, p)).toThrow('expected')
  })

  it('take a DAG of several chunks', () => {
    const cid = concat(Uint8Array.of(1, 0x70, 0x12, 0x20), fill(4))

    expect(decodeManifest(both({ cid }), p).content.cid).toEqual(cid)
  })

  it('stay below 12 KiB, and are not canonical with anything behind', () => {
    const bytes = signed(kept())

    expect(() => decodeManifest(new Uint8Array(12 * 1_024 + 1), p)).toThrow('at most 12288 bytes')
    expect(() => decodeManifest(concat(bytes, Uint8Array.of(0)), p)).toThrow('dag-cbor')
  })

  it('fail for every bit that is flipped', () => {
    const bytes = signed(kept())
    const original = toHex(bytes)
    let at = 0
    for (; at < bytes.length; at += 3) {
      const damaged = Uint8Array.from(bytes)
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
      expect(() => verified(damaged), `byte ${at} of ${original.length / 2}`).toThrow()
    }
  })
})

describe('what carries a manifest', () => {
  const parcel: Package = {
    v: 1,
    manifest: fill(1, 100),
    anchorSalt: hashOf(2),
    idx: 1,
    ckEpoch: 1,
    ck: { suite: 1, enc: fill(3, 1_120) },
    env: fill(4, 105)
  }
  const capsule: Capsule = {
    v: 1,
    owner,
    opening: opening(),
    tags: [hash(RECORD)],
    except: [],
    tree: undefined,
    records: [
      {
        recordId: RECORD,
        ver: 1,
        manifest: fill(1, 100),
        anchorSalt: hashOf(2),
        so: recordSecret(fill(5))
      },
      { recordId: RECORD, ver: 2, manifest: fill(1, 100), anchorSalt: hashOf(2), so: undefined }
    ],
    addrs: [{ peer: peerOf(1), addrs: [fill(1, 8)] }]
  }

  it('decodes as encoded', () => {
    const known = { ...parcel, ck: undefined }

    expect(decode(packageShape, encode(parcel), 'package')).toEqual(parcel)
    expect(decode(packageShape, encode(known), 'package')).toEqual(known)
    expect(decode(capsuleShape, encode(capsule), 'capsule')).toEqual(capsule)
  })

  it('keeps bounds', () => {
    const records = Array.from({ length: 65 }, () => capsule.records[0])
    const env = { ...parcel, env: fill(4, 104) }

    expect(() => decode(capsuleShape, encode({ ...capsule, records }), 'capsule')).toThrow(
      'a list of 0..64'
    )
    expect(() => decode(packageShape, encode(env), 'package')).toThrow('105 bytes')
  })
})

function both(changes: Partial<Content>): Uint8Array {
  const about = owned(changes)
  return signed(kept({ recordId: about.recordId, ver: about.ver }, about), about)
}

function item() {
  return custodyItem(kept(), p)
}
