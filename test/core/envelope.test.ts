/**
 * Sealing to one recipient: info strings byte for byte, and that nothing opens where it should not.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import type { Deployment } from '../../core/deployment.ts'
import {
  capsuleInfo,
  custodyInfo,
  exportCustodyKey,
  importCustodyKey,
  inboxInfo,
  kemKeyHash,
  open,
  type SealLabel,
  seal,
  sealedShape,
  shareInfo
} from '../../core/envelope.ts'
import {
  address,
  grantId,
  hash,
  type KemPublicKey,
  kemPublicKey,
  kemSeed,
  peerIdOf,
  recordId
} from '../../core/ids.ts'
import { noblePrimitives } from '../../core/noble.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { filled } from '../fixtures/streams.ts'
import vectors from '../vectors/formats.json' with { type: 'json' }

const deployment: Deployment = {
  chainId: 31_337,
  grants: address(filled(0xaa, 20)),
  records: address(filled(0xbb, 20)),
  directory: address(filled(0xcc, 20)),
  codeHashes: { grants: hash(filled(1)), records: hash(filled(2)), directory: hash(filled(3)) }
}
const owner = address(filled(0x11, 20))
const share = {
  deployment,
  owner,
  ids: { recordId: recordId(filled(0x33)), ver: 1, shareEpoch: 2, idx: 3 },
  grantId: grantId(filled(0x44)),
  custodian: peerIdOf(filled(0x55)),
  requester: peerIdOf(filled(0x66)),
  challenge: filled(0x77),
  seq: 5
}
const custody = { deployment, owner, custodian: peerIdOf(filled(0x55)), ckEpoch: 9 }
const capsule = {
  deployment,
  owner,
  grantId: grantId(filled(0x44)),
  kemKeyHash: hash(filled(0x88))
}
const infos: Record<SealLabel, Uint8Array> = {
  share: shareInfo(share),
  custody: custodyInfo(custody),
  capsule: capsuleInfo(capsule),
  inbox: inboxInfo(capsule)
}

describe('info strings', () => {
  it.each([
    ['share', 254],
    ['custody', 109],
    ['capsule', 131],
    ['inbox', 97]
  ] as const)('gives the golden bytes of %s, %i of them', (label, length) => {
    expect(infos[label].byteLength).toBe(length)
    expect(toHex(infos[label])).toBe(vectors.infos[label])
  })

  it.each([
    ['chain', { deployment: { ...deployment, chainId: 1 } }],
    ['registry', { deployment: { ...deployment, grants: deployment.records } }],
    ['owner', { owner: address(filled(0x12, 20)) }],
    ['record', { ids: { ...share.ids, recordId: recordId(filled(0x34)) } }],
    ['version', { ids: { ...share.ids, ver: 2 } }],
    ['epoch', { ids: { ...share.ids, shareEpoch: 3 } }],
    ['place', { ids: { ...share.ids, idx: 4 } }],
    ['grant', { grantId: grantId(filled(0x45)) }],
    ['custodian', { custodian: share.requester }],
    ['requester', { requester: share.custodian }],
    ['challenge', { challenge: filled(0x78) }],
    ['sequence number', { seq: 6 }]
  ])('binds a share to its %s', (_, other) => {
    expect(shareInfo({ ...share, ...other })).not.toEqual(infos.share)
  })

  it('refuses fields of another size', () => {
    expect(() => shareInfo({ ...share, challenge: filled(1, 31) })).toThrow('"challenge"')
    expect(() => shareInfo({ ...share, seq: -1 })).toThrow('integer expected')
    expect(() => custodyInfo({ ...custody, ckEpoch: 2 ** 32 })).toThrow('integer expected')
  })
})

describe('sealing to one recipient', () => {
  const seed = kemSeed(filled(7))
  const aad = filled(4)
  const plain = filled(5, 65)
  const to = async (): Promise<KemPublicKey> => kemPublicKey(await p.kemPublicKey(seed))

  it.each(['share', 'custody', 'capsule', 'inbox'] as const)('opens a %s', async (label) => {
    const sealed = await seal(label, infos[label], await to(), plain, aad, p)

    expect(sealed).toMatchObject({ v: 1, suite: 1 })
    expect(sealed.enc.byteLength).toBe(1_120)
    expect(sealed.ct.byteLength).toBe(81)
    expect(await open(label, infos[label], seed, sealed, aad, p)).toEqual(plain)
    expect(await open(label, infos[label], seed, sealed, aad, noblePrimitives)).toEqual(plain)
  })

  it('is never the same twice', async () => {
    const one = await seal('inbox', infos.inbox, await to(), plain, aad, p)
    const two = await seal('inbox', infos.inbox, await to(), plain, aad, p)

    expect(one.enc).not.toEqual(two.enc)
    expect(one.ct).not.toEqual(two.ct)
  })

  it('opens under nothing but the same info, aad, key and bytes', async () => {
    const sealed = await seal('share', infos.share, await to(), plain, aad, p)
    const other = shareInfo({ ...share, seq: 6 })
    const flip = (bytes: Uint8Array, i: number): Uint8Array =>
      bytes.with(i, (bytes[i] as number) ^ 1)
    const cases: [string, () => Promise<unknown>][] = [
      ['info', () => open('share', other, seed, sealed, aad, p)],
      ['aad', () => open('share', infos.share, seed, sealed, filled(6), p)],
      ['key', () => open('share', infos.share, kemSeed(filled(8)), sealed, aad, p)],
      ...[0, 1_087, 1_088, 1_119].map((i): [string, () => Promise<unknown>] => [
        `enc ${i}`,
        () => open('share', infos.share, seed, { ...sealed, enc: flip(sealed.enc, i) }, aad, p)
      ]),
      ...Array.from({ length: 81 }, (_, i): [string, () => Promise<unknown>] => [
        `ct ${i}`,
        () => open('share', infos.share, seed, { ...sealed, ct: flip(sealed.ct, i) }, aad, p)
      ]),
      [
        'a shorter enc',
        () => {
          const enc = sealed.enc.subarray(0, 1_119)
          return open('share', infos.share, seed, { ...sealed, enc }, aad, p)
        }
      ],
      [
        'an empty ct',
        () => {
          const ct = new Uint8Array(0)
          return open('share', infos.share, seed, { ...sealed, ct }, aad, p)
        }
      ],
      [
        'another suite',
        () => {
          return open('share', infos.share, seed, { ...sealed, suite: 2 as never }, aad, p)
        }
      ],
      [
        'another version',
        () => {
          return open('share', infos.share, seed, { ...sealed, v: 2 as never }, aad, p)
        }
      ]
    ]

    for (const [name, opening] of cases) {
      await expect(opening(), name).rejects.toMatchObject({ name: 'DecryptionFailedError' })
    }
  })

  it('takes no info string of another label, for sealing or opening', async () => {
    const sealed = await seal('capsule', infos.capsule, await to(), plain, aad, p)
    const wrong = { name: 'InvalidParametersError' }

    await expect(seal('inbox', infos.capsule, await to(), plain, aad, p)).rejects.toMatchObject(
      wrong
    )
    await expect(open('inbox', infos.capsule, seed, sealed, aad, p)).rejects.toMatchObject(wrong)
    await expect(exportCustodyKey(await to(), infos.share, p)).rejects.toMatchObject(wrong)
    await expect(importCustodyKey(seed, infos.share, sealed.enc, p)).rejects.toMatchObject(wrong)
    await expect(
      seal('inbox', infos.inbox.subarray(0, 5), await to(), plain, aad, p)
    ).rejects.toMatchObject(wrong)
  })

  it('names a key by its hash', async () => {
    expect(kemKeyHash(await to(), p)).toEqual(p.sha256(await p.kemPublicKey(seed)))
  })
})

describe('custody key', () => {
  const seed = kemSeed(filled(7))

  it('is the same on both sides, whoever computes it', async () => {
    const to = kemPublicKey(await p.kemPublicKey(seed))
    for (const [ours, theirs] of [
      [p, noblePrimitives],
      [noblePrimitives, p]
    ] as const) {
      const { enc, ck } = await exportCustodyKey(to, infos.custody, ours)

      expect(enc.byteLength).toBe(1_120)
      expect(ck.byteLength).toBe(32)
      expect(await importCustodyKey(seed, infos.custody, enc, theirs)).toEqual(ck)
    }
  })

  it('is another for another epoch, custodian or key', async () => {
    const to = kemPublicKey(await p.kemPublicKey(seed))
    const { enc, ck } = await exportCustodyKey(to, infos.custody, p)
    const epoch = custodyInfo({ ...custody, ckEpoch: 10 })

    expect(await importCustodyKey(seed, epoch, enc, p)).not.toEqual(ck)
    expect(await importCustodyKey(kemSeed(filled(8)), infos.custody, enc, p)).not.toEqual(ck)
    await expect(importCustodyKey(seed, infos.custody, enc.subarray(1), p)).rejects.toMatchObject({
      name: 'DecryptionFailedError'
    })
  })
})

describe('sealed map', () => {
  const shape = sealedShape(100)
  const good = { v: 1, suite: 1, enc: filled(1, 1_120), ct: filled(2, 100) }

  it('reads what it wrote', () => {
    expect(decode(shape, encode(good), 'sealed')).toEqual(good)
    expect(decode(shape, encode({ ...good, ct: filled(2, 16) }), 'sealed').ct.byteLength).toBe(16)
  })

  it.each([
    ['another version', { v: 2 }],
    ['another suite', { suite: 2 }],
    ['a shorter enc', { enc: filled(1, 1_119) }],
    ['a longer ct', { ct: filled(2, 101) }],
    ['a ct without a tag', { ct: filled(2, 15) }],
    ['another key', { extra: null }]
  ])('refuses %s', (_, wrong) => {
    expect(() => decode(shape, encode({ ...good, ...wrong }), 'sealed')).toThrow(
      expect.objectContaining({ name: 'InvalidMessageError' })
    )
  })

  it('refuses a missing field', () => {
    const { suite: _, ...rest } = good

    expect(() => decode(shape, encode(rest), 'sealed')).toThrow('"sealed.suite" is missing')
  })
})
