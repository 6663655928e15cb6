import { AbiCoder, keccak256 } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBigInt, toHex0x } from '../../core/bytes.ts'
import { grantId } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import * as words from '../../core/words.ts'
import { ACCOUNT, fill, hashOf, OWNER } from '../fixtures/messages.ts'

const abi = AbiCoder.defaultAbiCoder()
const hashed = (types: string[], values: unknown[]) => keccak256(abi.encode(types, values))
const [key, group, account] = [hashOf(1), hashOf(2), toHex0x(ACCOUNT)]

/** A word with every field filled, by the bit ranges of SECURITY.md §7. */
const layouts = [
  {
    name: 'grant',
    decode: words.decodeGrantWord,
    encode: words.encodeGrantWord,
    fields: [
      ['status', 0, 8],
      ['epoch', 8, 32],
      ['version', 40, 64],
      ['changedAt', 104, 40],
      ['changedBlock', 152, 48]
    ],
    known: [1, 2]
  },
  {
    name: 'owner',
    decode: words.decodeOwnerWord,
    encode: words.encodeOwnerWord,
    fields: [
      ['status', 0, 8],
      ['epoch', 8, 32],
      ['changedAt', 40, 40],
      ['optOut', 80, 32],
      ['optOutVersion', 112, 32]
    ],
    known: [1]
  },
  {
    name: 'record',
    decode: words.decodeRecordWord,
    encode: words.encodeRecordWord,
    fields: [
      ['status', 0, 8],
      ['shareEpoch', 8, 32],
      ['changedAt', 40, 40],
      ['confirmed', 80, 16],
      ['rejected', 96, 16],
      ['quorum', 112, 8],
      ['barredOrg', 120, 32]
    ],
    known: [1, 2, 3, 4, 5]
  },
  {
    name: 'account',
    decode: words.decodeAccountWord,
    encode: words.encodeAccountWord,
    fields: [
      ['status', 0, 8],
      ['bindingEpoch', 8, 32],
      ['org', 40, 32],
      ['roles', 72, 16],
      ['changedAt', 88, 40]
    ],
    known: [1, 2]
  },
  {
    name: 'organisation',
    decode: words.decodeOrganisationWord,
    encode: words.encodeOrganisationWord,
    fields: [
      ['status', 0, 8],
      ['changedAt', 8, 40]
    ],
    known: [1, 2]
  },
  {
    name: 'member',
    decode: words.decodeMemberWord,
    encode: words.encodeMemberWord,
    fields: [
      ['status', 0, 8],
      ['changedAt', 8, 40]
    ],
    known: [1]
  },
  {
    name: 'wish',
    decode: words.decodeWishWord,
    encode: words.encodeWishWord,
    fields: [
      ['wish', 0, 8],
      ['version', 8, 64],
      ['changedAt', 72, 40]
    ],
    known: [1, 2, 3]
  },
  {
    name: 'review',
    decode: words.decodeReviewWord,
    encode: words.encodeReviewWord,
    fields: [
      ['status', 0, 8],
      ['changedAt', 8, 40],
      ['dueAt', 48, 40],
      ['org1', 88, 32],
      ['org2', 120, 32],
      ['org3', 152, 32],
      ['org4', 184, 32],
      ['org5', 216, 32]
    ],
    known: [1, 2]
  },
  {
    name: 'guardianship',
    decode: words.decodeGuardianshipWord,
    encode: words.encodeGuardianshipWord,
    fields: [
      ['status', 0, 8],
      ['rights', 8, 16],
      ['epoch', 24, 32],
      ['version', 56, 32],
      ['until', 88, 40],
      ['changedAt', 128, 40]
    ],
    known: [1, 2]
  },
  {
    name: 'recovery',
    decode: words.decodeRecoveryWord,
    encode: words.encodeRecoveryWord,
    fields: [
      ['status', 0, 8],
      ['round', 8, 32],
      ['readyAt', 40, 40],
      ['bindingEpoch', 80, 32],
      ['changedAt', 112, 40]
    ],
    known: [1, 2, 3]
  }
] as const

type Codec = {
  decode(word: bigint): Record<string, number> | undefined
  encode(word: Record<string, number>): bigint
}

describe('storage keys', () => {
  it.each([
    [
      'a grant',
      words.grantSlot(grantId(key), p),
      'grants',
      hashed(['bytes32', 'uint256'], [key, 0])
    ],
    [
      'an owner',
      words.ownerSlot(ACCOUNT, p),
      'grants',
      hashed(['address', 'uint256'], [account, 1])
    ],
    ['a record', words.recordSlot(key, p), 'records', hashed(['bytes32', 'uint256'], [key, 0])],
    ['an anchor', words.anchorSlot(key, p), 'records', hashed(['bytes32', 'uint256'], [key, 1])],
    [
      'a verdict',
      words.verdictSlot(key, 7, p),
      'records',
      hashed(['bytes32', 'uint256'], [hashed(['bytes32', 'uint256'], [key, 7]), 2])
    ],
    [
      'an account',
      words.accountSlot(ACCOUNT, p),
      'directory',
      hashed(['address', 'uint256'], [account, 0])
    ],
    [
      'an organisation',
      words.organisationSlot(7, p),
      'directory',
      hashed(['uint256', 'uint256'], [7, 1])
    ],
    [
      'a membership',
      words.memberSlot(group, ACCOUNT, p),
      'directory',
      hashed(['bytes32', 'uint256'], [hashed(['bytes32', 'address'], [group, account]), 2])
    ],
    [
      'a wish',
      words.wishSlot(OWNER, p),
      'emergency',
      hashed(['address', 'uint256'], [toHex0x(OWNER), 0])
    ],
    ['a notice', words.noticeSlot(key, p), 'emergency', hashed(['bytes32', 'uint256'], [key, 1])],
    [
      'a review',
      words.reviewSlot(key, p),
      'emergency',
      hashed(['bytes32', 'uint256'], [hashed(['bytes32'], [key]), 2])
    ],
    [
      'an outcome',
      words.outcomeSlot(key, p),
      'emergency',
      hashed(['bytes32', 'uint256'], [key, 3])
    ],
    [
      'a guardianship',
      words.guardianshipSlot(OWNER, ACCOUNT, p),
      'guardians',
      hashed(['bytes32', 'uint256'], [hashed(['address', 'address'], [toHex0x(OWNER), account]), 0])
    ],
    [
      'a plan',
      words.planSlot(ACCOUNT, p),
      'guardians',
      hashed(['address', 'uint256'], [account, 1])
    ],
    [
      'a plan’s hash',
      words.planHashSlot(ACCOUNT, p),
      'guardians',
      hashed(['address', 'uint256'], [account, 2])
    ],
    [
      'a candidate',
      words.candidateSlot(ACCOUNT, p),
      'guardians',
      hashed(['address', 'uint256'], [account, 4])
    ],
    [
      'a successor',
      words.successorSlot(ACCOUNT, p),
      'guardians',
      hashed(['address', 'uint256'], [account, 5])
    ],
    [
      'a recovery',
      words.recoverySlot(ACCOUNT, p),
      'guardians',
      hashed(['address', 'uint256'], [account, 3])
    ],
    [
      'a root',
      words.rootSlot(ACCOUNT, key, p),
      'audit',
      hashed(['bytes32', 'uint256'], [hashed(['address', 'bytes32'], [account, key]), 0])
    ],
    [
      'a log',
      words.logSlot(ACCOUNT, key, p),
      'audit',
      hashed(['bytes32', 'uint256'], [hashed(['address', 'bytes32'], [account, key]), 1])
    ]
  ])("of %s are Solidity's", (_name, ref, contract, slot) => {
    expect([ref.contract, toHex0x(ref.slot)]).toEqual([contract, slot])
  })
})

describe.each(layouts)('the $name word', ({ decode, encode, fields, known }) => {
  const codec = { decode, encode } as unknown as Codec
  const widest = Object.fromEntries(
    fields.map(([name, , bits]) => [name, Math.min(2 ** bits - 1, 2 ** 53 - 1)])
  )
  const word = (changes: Record<string, number>) => ({ ...widest, [fields[0][0]]: 1, ...changes })
  const used = fields.reduce(
    (mask, [, at, bits]) => mask | (((1n << BigInt(bits)) - 1n) << BigInt(at)),
    0n
  )

  it('keeps each field at its bits', () => {
    for (const [name, at, bits] of fields.slice(1)) {
      const value = Math.min(2 ** bits - 1, 2 ** 53 - 1)
      const zeros = Object.fromEntries(fields.map(([each]) => [each, 0]))
      const only = { ...zeros, [fields[0][0]]: 1, [name]: value }
      const expected = 1n | (BigInt(value) << BigInt(at))

      expect(codec.encode(only), name).toBe(expected)
      expect(codec.decode(expected), name).toEqual(only)
    }
  })

  it('is 0 when absent', () => {
    expect(Object.values(codec.decode(0n) ?? {})).toEqual(fields.map(() => 0))
  })

  it('knows its statuses only', () => {
    for (let status = 0; status < 256; status++) {
      const decoded = codec.decode(codec.encode(word({ [fields[0][0]]: status })))
      expect(decoded !== undefined, `${status}`).toBe((known as readonly number[]).includes(status))
    }
  })

  it('refuses every unused bit', () => {
    for (let bit = 0n; bit < 256n; bit++) {
      if (((used >> bit) & 1n) === 0n)
        expect(codec.decode(1n | (1n << bit)), `${bit}`).toBeUndefined()
    }
  })

  it('refuses what is no word', () => {
    expect(codec.decode(-1n)).toBeUndefined()
    expect(codec.decode(1n | (1n << 256n))).toBeUndefined()
  })

  it('encodes what it decodes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), (any) => {
        const decoded = codec.decode((any & used & ~0xffn) | 1n)

        if (decoded !== undefined) expect(codec.encode(decoded)).toBe((any & used & ~0xffn) | 1n)
      })
    )
  })

  it('refuses to encode what does not fit', () => {
    for (const [name, , bits] of fields) {
      for (const value of [-1, 0.5, Math.min(2 ** bits, 2 ** 53)]) {
        expect(() => codec.encode(word({ [name]: value })), `${name} ${value}`).toThrow(`"${name}"`)
      }
    }
  })
})

describe('words', () => {
  it('refuses a version that no number holds', () => {
    expect(words.decodeGrantWord(1n | (1n << (40n + 53n)))).toBeUndefined()
    expect(words.decodeGrantWord(1n | (((1n << 53n) - 1n) << 40n))?.version).toBe(2 ** 53 - 1)
  })

  it('tells a notice from a grant by its flag', () => {
    const fields = { status: 1, epoch: 7, version: 1, changedAt: 1_800_000_000, changedBlock: 9 }
    const grant = words.encodeGrantWord(fields)
    const notice = words.encodeNoticeWord({ ...fields, flags: words.NOTICE_FLAG })

    expect(notice).toBe(grant | (1n << 144n))
    expect(words.decodeNoticeWord(notice)).toEqual({ ...fields, flags: 1 })
    expect(words.decodeNoticeWord(0n)?.status).toBe(0)
    expect(words.decodeGrantWord(notice)).toBeUndefined()
    for (const wrong of [grant, grant | (2n << 144n), notice | (1n << 200n), notice + 1n, -1n]) {
      expect(words.decodeNoticeWord(wrong), `${wrong}`).toBeUndefined()
    }
  })

  it('reads how far a log is anchored', () => {
    const at = 1_800_000_000

    expect(words.decodeLogWord(900n | (BigInt(at) << 64n))).toEqual({ toSeq: 900, changedAt: at })
    expect(words.decodeLogWord(0n)).toEqual({ toSeq: 0, changedAt: 0 })
    for (const wrong of [1n << 53n, 1n | (1n << 104n), 1n << 255n, -1n]) {
      expect(words.decodeLogWord(wrong), `${wrong}`).toBeUndefined()
    }
    expect(words.decodeLogWord((1n << 53n) - 1n)?.toSeq).toBe(2 ** 53 - 1)
  })

  it('reads a verdict with its attester', () => {
    const attester = BigInt(account) << 80n
    const word = 2n | (1_800_000_000n << 40n) | attester

    expect(words.decodeVerdictWord(word)).toEqual({
      verdict: 2,
      changedAt: 1_800_000_000,
      attester: ACCOUNT
    })
    expect(words.decodeVerdictWord(0n)).toEqual({ verdict: 0, changedAt: 0, attester: fill(0, 20) })
    for (const wrong of [4n, attester, 1n | (1n << 8n), 1n | (1n << 240n), -1n]) {
      expect(words.decodeVerdictWord(wrong), `${wrong}`).toBeUndefined()
    }
  })

  it('reads and writes a plan for recovery, and refuses more than it holds', () => {
    const plan = { version: 3, delaySeconds: 604_800, changedAt: 1_800_000_000 }

    expect(words.decodePlanWord(words.encodePlanWord(plan))).toEqual(plan)
    expect(words.decodePlanWord(0n)).toEqual({ version: 0, delaySeconds: 0, changedAt: 0 })
    expect(words.decodePlanWord(1n << 104n)).toBeUndefined()
  })

  it('reads the address that fills a word', () => {
    const word = (1n << 159n) + 5n

    expect(toBigInt(words.decodeAddressWord(word) ?? new Uint8Array())).toBe(word)
    expect(words.decodeAddressWord(0n)).toBeUndefined()
    expect(words.decodeAddressWord(1n << 160n)).toBeUndefined()
  })
})
