import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex0x } from '../../../core/bytes.ts'
import { hash } from '../../../core/ids.ts'
import type { BlockRef, ClaimedHeader } from '../../../node/adapters.ts'
import {
  claimedRef,
  claimOf,
  encodeHeader,
  verifyHeader,
  verifyHeaderRlp
} from '../../../node/chain/header.ts'
import { HEADERS } from './header-vectors.ts'
import { p } from './world.ts'

const vectors = Object.entries(HEADERS)
const latest = HEADERS['Ethereum 24,630,100, with all fields'] as ClaimedHeader
const refOf = (claim: ClaimedHeader): BlockRef => ({
  number: Number(claim['number']),
  hash: hash(fromHex(claim['hash'] ?? ''))
})
const invalid = expect.objectContaining({ name: 'InvalidProofError' })

describe('a claimed header', () => {
  it.each(vectors)('of %s hashes to its hash', (_, claim) => {
    const header = verifyHeader(claim, refOf(claim), p)

    expect(toHex0x(header.stateRoot)).toBe(claim['stateRoot'])
    expect(toHex0x(header.parentHash)).toBe(claim['parentHash'])
    expect(header.timeSeconds).toBe(Number(claim['timestamp']))
    expect(header.number).toBe(Number(claim['number']))
  })

  it.each(vectors)('of %s is the same after its RLP', (_, claim) => {
    const again = claimOf(encodeHeader(claim), refOf(claim).hash)

    expect(claim).toMatchObject(again)
  })

  it('names the block that it claims to be', () => {
    expect(claimedRef(latest)).toEqual(refOf(latest))
    expect(claimedRef({ ...latest, hash: '0x12' })).toBeUndefined()
    expect(claimedRef({ ...latest, number: undefined })).toBeUndefined()
  })

  it('is refused with any one field changed', () => {
    const names = Object.keys(latest).filter((name) => name !== 'hash' && name !== 'size')
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), (name, at) => {
        const value = latest[name] as string
        const digit = 2 + (at % (value.length - 2))
        const other = value[digit] === '1' ? '2' : '1'
        const changed = value.slice(0, digit) + other + value.slice(digit + 1)
        const claim = { ...latest, [name]: changed }
        expect(() => verifyHeader(claim, refOf(latest), p), name).toThrow(invalid)
      })
    )
  })

  it.each<[string, ClaimedHeader]>([
    ['an unknown field', { ...latest, blockAccessListHash: `0x${'00'.repeat(32)}` }],
    ['a missing field', { ...latest, stateRoot: undefined }],
    ['a hole among the later fields', { ...latest, blobGasUsed: undefined }],
    ['without its last field', { ...latest, requestsHash: undefined }],
    ['a short hash', { ...latest, stateRoot: '0x12' }],
    ['a long hash', { ...latest, stateRoot: `${latest['stateRoot']}00` }],
    ['a number with leading zeros', { ...latest, gasUsed: '0x01a4ed69' }],
    ['a number without digits', { ...latest, gasUsed: '0x' }],
    ['a number of 65 bits', { ...latest, gasUsed: `0x1${'0'.repeat(16)}` }],
    ['no hex', { ...latest, miner: `0x${'zz'.repeat(20)}` }],
    ['too much extra data', { ...latest, extraData: `0x${'00'.repeat(5_000)}` }]
  ])('is refused with %s', (_, claim) => {
    expect(() => verifyHeader(claim, refOf(latest), p)).toThrow(invalid)
  })

  it('is refused as another number', () => {
    const { hash: blockHash, number } = refOf(latest)

    expect(() => verifyHeader(latest, { number: number + 1, hash: blockHash }, p)).toThrow(invalid)
  })
})

describe('the RLP of a header', () => {
  const refOfRlp = (rlp: Uint8Array): BlockRef => ({ number: 1, hash: hash(p.keccak256(rlp)) })

  it.each([
    ['nothing', ''],
    ['no list', '80'],
    ['a list of nothing', 'c0'],
    ['damaged', 'c3'],
    ['lists within', `d0${'c0'.repeat(16)}`],
    ['empty fields', `d0${'80'.repeat(16)}`],
    ['too many fields', `d9${'80'.repeat(25)}`]
  ])('is refused with %s', (_, hex) => {
    const rlp = fromHex(hex)

    expect(() => verifyHeaderRlp(rlp, refOfRlp(rlp), p)).toThrow(invalid)
  })

  it('is refused when it is too long, unread', () => {
    const rlp = new Uint8Array(10_000)

    expect(() => verifyHeaderRlp(rlp, refOfRlp(rlp), p)).toThrow(invalid)
  })
})
