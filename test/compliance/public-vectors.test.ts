/**
 * Wycheproof, CCTV's Ed25519 and the HPKE draft's vectors, from a folder outside of this repository
 * since they weigh more than the code: `KEYWARD_VECTORS=<folder>`, skipped without it. In there:
 * Wycheproof's testvectors_v1/*_test.json, CCTV's ed25519vectors.json and `hpke`'s vectors-pq.json.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../core/bytes.ts'
import { noblePrimitives } from '../../core/noble.ts'
import type { Primitives } from '../../core/primitives.ts'
import { nativePrimitives } from '../../node/crypto/native.ts'

const folder = process.env['KEYWARD_VECTORS'] ?? ''
type Fields = Readonly<Record<string, string>>
type Group = { readonly tests: readonly Fields[] } & Readonly<Record<string, unknown>>

const has = (name: string): boolean => folder !== '' && existsSync(join(folder, name))
const load = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T
/** Skipped, not passed, where the files are not there. */
const given = (...files: readonly string[]) => it.skipIf(!files.every(has))
const groups = (name: string): readonly Group[] =>
  load<{ testGroups: readonly Group[] }>(`${name}_test.json`).testGroups
const bytes = (test: Fields, key: string): Uint8Array => fromHex(test[key] ?? '')
const id = (test: Fields): string => `tcId ${test['tcId']}: ${test['comment']}`

describe.each<[string, Primitives]>([
  ['noble', noblePrimitives],
  ['node', nativePrimitives]
])('public vectors, %s', (_, p) => {
  given('chacha20_poly1305_test.json', 'xchacha20_poly1305_test.json').each([
    ['chacha20_poly1305', p.chachaSeal, p.chachaOpen, 96],
    ['xchacha20_poly1305', p.xchachaSeal, p.xchachaOpen, 192]
  ] as const)('Wycheproof %s', (name, seal, open, ivBits) => {
    for (const group of groups(name).filter((each) => each['ivSize'] === ivBits)) {
      for (const test of group.tests) {
        const [key, iv, aad] = [bytes(test, 'key'), bytes(test, 'iv'), bytes(test, 'aad')]
        const sealed = concat(bytes(test, 'ct'), bytes(test, 'tag'))
        if (test['result'] === 'valid') {
          expect(toHex(seal(key, iv, aad, bytes(test, 'msg'))), id(test)).toBe(toHex(sealed))
          expect(toHex(open(key, iv, aad, sealed)), id(test)).toBe(test['msg'])
        } else {
          expect(() => open(key, iv, aad, sealed), id(test)).toThrow('decryption failed')
        }
      }
    }
  })

  given('hmac_sha256_test.json', 'hkdf_sha256_test.json')('Wycheproof HMAC and HKDF', () => {
    for (const group of groups('hmac_sha256')) {
      for (const test of group.tests) {
        const made = toHex(p.hmac(bytes(test, 'key'), bytes(test, 'msg')))
        const same = made.startsWith(test['tag'] ?? 'none')
        expect(same, id(test)).toBe(test['result'] === 'valid')
      }
    }
    for (const test of groups('hkdf_sha256').flatMap((group) => group.tests)) {
      const derive = () =>
        toHex(
          p.hkdf(bytes(test, 'ikm'), bytes(test, 'salt'), bytes(test, 'info'), Number(test['size']))
        )
      if (test['result'] === 'valid') expect(derive(), id(test)).toBe(test['okm'])
      else expect(derive, id(test)).toThrow()
    }
  })

  given('ed25519_test.json')('Wycheproof ed25519', () => {
    for (const group of groups('ed25519')) {
      const key = fromHex((group['publicKey'] as Fields)['pk'] ?? '')
      for (const test of group.tests) {
        const verdict = p.ed25519Verify(key, bytes(test, 'msg'), bytes(test, 'sig'))
        expect(verdict, id(test)).toBe(test['result'] === 'valid')
      }
    }
  })

  given('ed25519vectors.json')('CCTV ed25519: accepts what has no special flag', () => {
    type Vector = { key: string; sig: string; msg: string; flags: string[] | null }
    for (const { key, sig, msg, flags } of load<Vector[]>('ed25519vectors.json')) {
      const verdict = p.ed25519Verify(fromHex(key), utf8(msg), fromHex(sig))
      expect(verdict, `${msg} ${flags}`).toBe((flags ?? []).length === 0)
    }
  })

  given('vectors-pq.json')('HPKE draft, our suite', async () => {
    type Vector = Fields & {
      readonly kem_id: number
      readonly kdf_id: number
      readonly aead_id: number
      readonly encryptions: readonly Fields[]
      readonly exports: readonly Fields[]
    }
    const ours = load<Vector[]>('vectors-pq.json').filter(
      (each) => each.kem_id === 0x647a && each.kdf_id === 1 && each.aead_id === 3
    )
    expect(ours.length).toBe(1)
    for (const v of ours) {
      const [seed, info, enc] = [bytes(v, 'skRm'), bytes(v, 'info'), bytes(v, 'enc')]
      const first = v.encryptions[0] ?? {}
      const opened = await p.hpkeOpen(seed, info, bytes(first, 'aad'), {
        enc,
        ct: bytes(first, 'ct')
      })
      expect(toHex(await p.kemPublicKey(seed))).toBe(v['pkRm'])
      expect(toHex(opened)).toBe(first['pt'])
      for (const each of v.exports) {
        const context = bytes(each, 'exporter_context')
        const secret = await p.hpkeExportFrom(seed, info, enc, context, Number(each['L']))
        expect(toHex(secret)).toBe(each['exported_value'])
      }
    }
  })
})
