import { AbiCoder, keccak256 } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, toHex0x } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import {
  accountGrantee,
  covers,
  decodeOrganisationGrantee,
  grantId,
  isScopeList,
  openingHash,
  openingShape,
  organisationGrantee,
  recordKey,
  recordTag,
  scopeHash
} from '../../core/grant.ts'
import { type Hash, hash } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import type { RecordTags } from '../../core/tags.ts'
import { grantSlot } from '../../core/words.ts'
import { ACCOUNT, fill, hashOf, OWNER, opening, RECORD } from '../fixtures/messages.ts'
import known from '../vectors/known-answers.json' with { type: 'json' }

const abi = AbiCoder.defaultAbiCoder()
const scope = scopeHash([RECORD], [], p)
const knownOpening = opening({ scope })

describe('grants', () => {
  it('gives the known answers', () => {
    const id = grantId(OWNER, openingHash(knownOpening, p), p)

    expect(toHex(scope)).toBe(known.scope)
    expect(toHex(openingHash(knownOpening, p))).toBe(known.openingHash)
    expect(toHex(id)).toBe(known.grantId)
    expect(toHex(grantSlot(id, p).slot)).toBe(known.storageKey)
    expect(toHex(recordKey(OWNER, recordTag(RECORD, 1, p), p))).toBe(known.recordKey)
  })

  it('hashes ids and versions as Solidity does', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (ver) => {
        const encoded = abi.encode(['bytes32', 'uint32'], [toHex0x(RECORD), ver])

        expect(toHex0x(recordTag(RECORD, ver, p))).toBe(keccak256(encoded))
      })
    )
  })

  it('decodes what it encodes, and refuses another field', () => {
    expect(decode(openingShape, encode(opening()), 'opening')).toEqual(opening())
    expect(() => decode(openingShape, encode({ ...opening(), more: 1 }), 'opening')).toThrow(
      'no key "more"'
    )
  })

  it('changes its hash with every field', () => {
    const others = Object.entries(opening()).map(([name, value]) =>
      opening({ [name]: typeof value === 'number' ? value - 1 : hashOf(0xab) })
    )
    const hashes = new Set([opening(), ...others].map((of) => toHex(openingHash(of, p))))

    expect(hashes.size).toBe(12)
  })
})

describe('grantees', () => {
  it('pads an account to the left', () => {
    expect(toHex(accountGrantee(ACCOUNT))).toBe(`${'00'.repeat(12)}${'22'.repeat(20)}`)
  })

  it('keeps organisation and roles apart, and gives them back', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff), (org, roles) => {
        fc.pre(org !== 0 || roles !== 0)

        expect(decodeOrganisationGrantee(organisationGrantee(org, roles))).toEqual({ org, roles })
      })
    )
  })

  it('refuses bits beyond the roles, and a grantee that asks nothing', () => {
    for (let at = 0; at < 26; at++) {
      const grantee = Uint8Array.from(organisationGrantee(7, 2))
      grantee[at] = 1
      expect(decodeOrganisationGrantee(hash(grantee)), `byte ${at}`).toBeUndefined()
    }
    expect(decodeOrganisationGrantee(hash(new Uint8Array(32)))).toBeUndefined()
  })

  it('reads a grantee that is a part of a larger buffer', () => {
    const buffer = new Uint8Array(40)
    buffer.set(organisationGrantee(7, 2), 5)

    expect(decodeOrganisationGrantee(hash(buffer.subarray(5, 37)))).toEqual({ org: 7, roles: 2 })
  })
})

describe('scope lists', () => {
  const [a, b, c] = [hashOf(1), hashOf(2), hashOf(3)]

  it('parts the tags from the exceptions', () => {
    expect(scopeHash([a, b], [c], p)).not.toEqual(scopeHash([a], [b, c], p))
  })

  it.each<[string, Hash[], Hash[], boolean]>([
    ['ascending lists', [a, b], [c], true],
    ['no exceptions', [a], [], true],
    ['no tags', [], [a], false],
    ['descending tags', [b, a], [], false],
    ['a tag twice', [a, a], [], false],
    ['descending exceptions', [a], [c, b], false],
    ['an exception twice', [a], [b, b], false],
    ['128 tags', many(128), [], true],
    ['129 tags', many(129), [], false],
    ['64 exceptions', [a], many(64), true],
    ['65 exceptions', [a], many(65), false]
  ])('judges %s', (_name, tags, except, good) => {
    expect(isScopeList({ tags, except }, scopeHash(tags, except, p), p)).toBe(good)
  })

  it('refuses lists of another scope', () => {
    expect(isScopeList({ tags: [a], except: [] }, scopeHash([b], [], p), p)).toBe(false)
  })
})

describe('coverage', () => {
  const [chart, kind, level, label, month, any] = [10, 11, 12, 13, 14, 15].map(hashOf) as [
    Hash,
    Hash,
    Hash,
    Hash,
    Hash,
    Hash
  ]
  const tags: RecordTags = { chart, class: kind, level, labels: [label], months: [month, any] }
  const id = hash(RECORD)
  const full = [id, level, label, month]

  it.each<[string, Hash[], Hash[], boolean]>([
    ['its id', full, [], true],
    ['its class', [kind, level, label, month], [], true],
    ['its chart', [chart, level, label, month], [], true],
    ['any date', [id, level, label, any], [], true],
    ['neither id, class nor chart', [level, label, month], [], false],
    ['another level', [id, label, month], [], false],
    ['a label that is not named', [id, level, month], [], false],
    ['another month', [id, level, label], [], false],
    ['an excepted id', full, [id], false],
    ['an excepted chart', full, [chart], false],
    ['an excepted class', full, [kind], false],
    ['an excepted level', full, [level], false],
    ['an excepted label', full, [label], false],
    ['an excepted month', full, [month], false],
    ['an exception of something else', full, [hashOf(99)], true]
  ])('of a record by %s', (_name, given, except, covered) => {
    expect(covers({ tags: given, except }, { recordId: RECORD, tags })).toBe(covered)
  })

  it('needs no label for a record without one', () => {
    const bare = { ...tags, labels: [] }

    expect(covers({ tags: [id, level, month], except: [] }, { recordId: RECORD, tags: bare })).toBe(
      true
    )
  })

  it('covers no record without a month', () => {
    const dateless = { ...tags, months: [] }

    expect(covers({ tags: [...full, any], except: [] }, { recordId: RECORD, tags: dateless })).toBe(
      false
    )
  })
})

function many(n: number): Hash[] {
  return Array.from({ length: n }, (_, i) => hash(Uint8Array.from(fill(0).with(0, i))))
}
