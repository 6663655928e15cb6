/**
 * Our HPKE against the suites that `hpke` and `@panva/hpke-noble` bring themselves.
 * @module
 */
import * as noble from '@panva/hpke-noble'
import * as hpke from 'hpke'
import { describe, expect, it } from 'vitest'
import { hpkeOver, KEM_ENC_BYTES, nobleKem } from '../../core/hpke.ts'
import { filled } from '../fixtures/streams.ts'

const ours = hpkeOver(nobleKem)
const suites: [string, hpke.CipherSuite][] = [
  [
    '@panva/hpke-noble',
    new hpke.CipherSuite(
      noble.KEM_MLKEM768_X25519,
      noble.KDF_HKDF_SHA256,
      noble.AEAD_ChaCha20Poly1305
    )
  ],
  [
    'hpke over WebCrypto',
    new hpke.CipherSuite(hpke.KEM_MLKEM768_X25519, hpke.KDF_HKDF_SHA256, hpke.AEAD_ChaCha20Poly1305)
  ]
]
const [seed, info, aad, plain, context] = [
  filled(1),
  filled(2, 97),
  filled(3),
  filled(4, 65),
  filled(5)
]

describe.each(suites)('HPKE beside %s', (_, suite) => {
  it('has the suite of SECURITY.md §6', () => {
    expect([suite.KEM.id, suite.KDF.id, suite.AEAD.id]).toEqual([0x647a, 0x0001, 0x0003])
    expect([suite.KEM.Npk, suite.KEM.Nsk, suite.KEM.Nenc]).toEqual([1_216, 32, KEM_ENC_BYTES])
  })

  it('opens and imports what the other sends', async () => {
    const to = await suite.DeserializePublicKey(await ours.kemPublicKey(seed))
    const sealed = await suite.Seal(to, plain, { info, aad })
    const sent = await suite.SendExport(to, context, 32, { info })

    expect(
      await ours.hpkeOpen(seed, info, aad, {
        enc: sealed.encapsulatedSecret,
        ct: sealed.ciphertext
      })
    ).toEqual(plain)
    expect(await ours.hpkeExportFrom(seed, info, sent.encapsulatedSecret, context, 32)).toEqual(
      sent.exportedSecret
    )
  })

  it('sends what the other opens and imports', async () => {
    const to = await ours.kemPublicKey(seed)
    const key = await suite.DeserializePrivateKey(seed)
    const { enc, ct } = await ours.hpkeSeal(to, info, aad, plain)
    const sent = await ours.hpkeExportTo(to, info, context, 32)

    expect(await suite.Open(key, enc, ct, { info, aad })).toEqual(plain)
    expect(await suite.ReceiveExport(key, sent.enc, context, 32, { info })).toEqual(sent.secret)
  })
})

describe('HPKE', () => {
  it('takes seeds of 32 bytes alone', async () => {
    const wrong = { name: 'InvalidParametersError' }
    const sealed = await ours.hpkeSeal(await ours.kemPublicKey(seed), info, aad, plain)
    const short = filled(1, 31)

    await expect(ours.kemPublicKey(short)).rejects.toMatchObject(wrong)
    await expect(ours.hpkeOpen(short, info, aad, sealed)).rejects.toMatchObject(wrong)
    await expect(ours.hpkeExportFrom(short, info, sealed.enc, context, 32)).rejects.toMatchObject(
      wrong
    )
  })
})
