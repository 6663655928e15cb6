import type { BaseWallet } from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  addressKey,
  bits,
  bytes32,
  createWorld,
  FOREVER,
  keyOf,
  opening,
  openingHash,
  outcome,
  type World
} from './world.ts'

const HASH = openingHash(opening())
const OTHER = openingHash(opening({ budget: 11 }))

let world: World

beforeAll(async () => {
  world = await createWorld()
})

const grantId = (owner: string, hash: string): string =>
  keyOf(['address', 'bytes32'], [owner, hash])
const grantWord = (owner: BaseWallet, hash = HASH): Promise<bigint> =>
  world.read(world.grants, 'grantWord', grantId(owner.address, hash))
const ownerWord = (owner: BaseWallet): Promise<bigint> =>
  world.read(world.grants, 'ownerWord', owner.address)
const act = (owner: BaseWallet, method: string, ...args: unknown[]) =>
  world.send(owner, world.grants, method, args)
const grant = (owner: BaseWallet, version: number, epoch = 1, hash = HASH) =>
  act(owner, 'grant', hash, version, epoch, FOREVER)

// One way in per form of the same message: (owner, hash, version, epoch, deadline).
type Way = (o: BaseWallet, h: string, v: number, e: number, d: bigint) => Promise<unknown>
const signGrants = (
  o: BaseWallet,
  version: number,
  epoch: number,
  deadline: bigint,
  hash: string
) => {
  const item = { opening: hash === OTHER ? opening({ budget: 11 }) : opening(), version }
  const message = { owner: o.address, items: [item], epoch, deadline }
  return world.sign(o, world.grants, 'Grants', message)
}
const granting: Record<string, Way> = {
  grant: (o, h, v, e, d) => act(o, 'grant', h, v, e, d),
  grantBatch: (o, h, v, e, d) => act(o, 'grantBatch', [{ openingHash: h, version: v }], e, d),
  grantBySig: async (o, h, v, e, d) => {
    const args = [o.address, h, v, e, d, await signGrants(o, v, e, d, h)]
    return await world.send(world.relayer, world.grants, 'grantBySig', args)
  },
  grantBatchBySig: async (o, h, v, e, d) => {
    const items = [{ openingHash: h, version: v }]
    const args = [o.address, items, e, d, await signGrants(o, v, e, d, h)]
    return await world.send(world.relayer, world.grants, 'grantBatchBySig', args)
  }
}
const signRevocations = (o: BaseWallet, items: object[]) =>
  world.sign(o, world.grants, 'Revocations', { owner: o.address, items })
const revoking: Record<string, (o: BaseWallet, h: string, v: number) => Promise<unknown>> = {
  revoke: (o, h, v) => act(o, 'revoke', h, v),
  revokeBatch: (o, h, v) => act(o, 'revokeBatch', [{ openingHash: h, version: v }]),
  revokeBySig: async (o, h, v) => {
    const items = [{ openingHash: h, version: v }]
    const args = [o.address, items, await signRevocations(o, items)]
    return await world.send(world.relayer, world.grants, 'revokeBySig', args)
  }
}
const revokingAll: Record<string, (o: BaseWallet, epoch: number) => Promise<unknown>> = {
  revokeAll: (o, epoch) => act(o, 'revokeAll', epoch),
  revokeAllBySig: async (o, epoch) => {
    const message = { owner: o.address, epoch }
    const sig = await world.sign(o, world.grants, 'RevokeAll', message)
    return await world.send(world.relayer, world.grants, 'revokeAllBySig', [o.address, epoch, sig])
  }
}
const optingOut: Record<string, (o: BaseWallet, p: number, v: number) => Promise<unknown>> = {
  optOut: (o, purposes, version) => act(o, 'optOut', purposes, version),
  optOutBySig: async (o, purposes, version) => {
    const message = { owner: o.address, purposes, version }
    const sig = await world.sign(o, world.grants, 'OptOut', message)
    const args = [o.address, purposes, version, sig]
    return await world.send(world.relayer, world.grants, 'optOutBySig', args)
  }
}

describe('the first grant', () => {
  it.each(Object.entries(granting))('by %s writes both words', async (_name, way) => {
    const owner = await world.person()

    await way(owner, HASH, 1, 1, FOREVER)

    const block = await world.ethers.provider.getBlock('latest')
    const word = await grantWord(owner)
    expect(bits(word, 0, 7)).toBe(1n)
    expect(bits(word, 8, 39)).toBe(1n)
    expect(bits(word, 40, 103)).toBe(1n)
    expect(bits(word, 104, 143)).toBe(BigInt(block?.timestamp ?? 0))
    expect(bits(word, 144, 151)).toBe(0n)
    expect(bits(word, 152, 199)).toBe(BigInt(block?.number ?? 0))
    expect(word >> 200n).toBe(0n)
    const opened = await ownerWord(owner)
    expect(bits(opened, 0, 7)).toBe(1n)
    expect(bits(opened, 8, 39)).toBe(1n)
    expect(bits(opened, 40, 79)).toBe(BigInt(block?.timestamp ?? 0))
    expect(opened >> 80n).toBe(0n)
  })

  it('tells of both words by key and word', async () => {
    const owner = await world.person()

    const receipt = await grant(owner, 1)

    const seen = receipt.logs.map(({ topics, data }) => [topics[1], BigInt(data)])
    expect(seen).toEqual([
      [addressKey(owner.address), await ownerWord(owner)],
      [grantId(owner.address, HASH), await grantWord(owner)]
    ])
  })

  it('stands, and stops standing when revoked or outdated by an epoch', async () => {
    const owner = await world.person()
    const stands = async (): Promise<boolean> =>
      (await world.read<[boolean]>(world.grants, 'standing', owner.address, HASH))[0]

    const seen = [await stands()]
    await grant(owner, 1)
    seen.push(await stands())
    await act(owner, 'revoke', HASH, 2)
    seen.push(await stands())
    await grant(owner, 3)
    seen.push(await stands())
    await act(owner, 'revokeAll', 2)
    seen.push(await stands())

    expect(seen).toEqual([false, true, false, true, false])
  })
})

// CHAIN.md §8, rule 15: every path checks every term.
describe('rule 15: a bad term of a grant is refused', () => {
  const terms: [string, string, string, number, number, bigint][] = [
    ['a zero opening', 'GrantRegistryZeroOpening', bytes32(0), 3, 2, FOREVER],
    ['version zero', 'GrantRegistryStaleVersion', HASH, 0, 2, FOREVER],
    ['an old version', 'GrantRegistryStaleVersion', HASH, 1, 2, FOREVER],
    ['the stored version', 'GrantRegistryStaleVersion', HASH, 2, 2, FOREVER],
    ['a skipped version', 'GrantRegistryStaleVersion', HASH, 4, 2, FOREVER],
    ['a first version above 1', 'GrantRegistryStaleVersion', OTHER, 2, 2, FOREVER],
    ['epoch zero', 'GrantRegistryWrongEpoch', HASH, 3, 0, FOREVER],
    ['an older epoch', 'GrantRegistryWrongEpoch', HASH, 3, 1, FOREVER],
    ['a later epoch', 'GrantRegistryWrongEpoch', HASH, 3, 3, FOREVER],
    ['a passed deadline', 'TypedMessagesExpired', HASH, 3, 2, 1n]
  ]
  const cases = Object.entries(granting).flatMap(([name, way]) =>
    terms.map((term) => ({ name, way, term }))
  )

  it.each(cases)('by $name: $term.0', async ({ name, way, term }) => {
    const [, expected, hash, version, epoch, deadline] = term
    const owner = await world.person()
    await grant(owner, 1)
    await grant(owner, 2)
    await act(owner, 'revokeAll', 2)
    const before = await grantWord(owner)

    // A signed item is an opening, so there is none whose hash is zero: a wrong signature instead.
    const signedZero = name.endsWith('BySig') && hash === bytes32(0)
    const want = signedZero ? 'TypedMessagesBadSignature' : expected
    expect(await outcome(way(owner, hash, version, epoch, deadline))).toBe(want)
    expect(await grantWord(owner)).toBe(before)
  })

  it.each([0, 65])('in every form of a list of %i items', async (length) => {
    const owner = await world.person()
    const openings = Array.from({ length }, (_, i) => opening({ budget: i }))
    const items = openings.map((o) => ({ openingHash: openingHash(o), version: 1 }))
    const signed = await world.sign(owner, world.grants, 'Grants', {
      owner: owner.address,
      items: openings.map((o) => ({ opening: o, version: 1 })),
      epoch: 1,
      deadline: FOREVER
    })
    const bySig = [owner.address, items, 1, FOREVER, signed]
    const revocation = [owner.address, items, await signRevocations(owner, items)]
    const outcomes = [
      await outcome(act(owner, 'grantBatch', items, 1, FOREVER)),
      await outcome(act(owner, 'grantBatchBySig', ...bySig)),
      await outcome(act(owner, 'revokeBatch', items)),
      await outcome(act(owner, 'revokeBySig', ...revocation))
    ]

    expect(outcomes).toEqual(outcomes.map(() => 'TypedMessagesListLength'))
  })

  it('a deadline counts to its last second', async () => {
    const owner = await world.person()
    const at = BigInt(await world.now()) + 100n
    const params = [`0x${at.toString(16)}`]
    await world.provider.request({ method: 'evm_setNextBlockTimestamp', params })

    expect(await outcome(act(owner, 'grant', HASH, 1, 1, at))).toBe('accepted')
  })
})

describe('a grant', () => {
  it.each(Object.entries(granting))(
    'by %s is renewed by the next version only',
    async (_n, way) => {
      const owner = await world.person()
      await way(owner, HASH, 1, 1, FOREVER)

      expect(await outcome(way(owner, HASH, 1, 1, FOREVER))).toBe('GrantRegistryStaleVersion')
      expect(await outcome(way(owner, HASH, 2, 1, FOREVER))).toBe('accepted')
      expect(bits(await grantWord(owner), 40, 103)).toBe(2n)
    }
  )

  it('in a batch stands or falls with the whole batch', async () => {
    const owner = await world.person()
    const items = [
      { openingHash: HASH, version: 1 },
      { openingHash: OTHER, version: 2 }
    ]

    expect(await outcome(act(owner, 'grantBatch', items, 1, FOREVER))).toBe(
      'GrantRegistryStaleVersion'
    )
    expect(await grantWord(owner)).toBe(0n)
    expect(await ownerWord(owner)).toBe(0n)
  })

  it('fits 64 times into one signed message below the gas cap of a transaction', async () => {
    const owner = await world.person()
    const openings = Array.from({ length: 64 }, (_, i) => opening({ budget: i }))
    const items = openings.map((o) => ({ openingHash: openingHash(o), version: 1 }))
    const message = {
      owner: owner.address,
      items: openings.map((o) => ({ opening: o, version: 1 })),
      epoch: 1,
      deadline: FOREVER
    }
    const signature = await world.sign(owner, world.grants, 'Grants', message)

    await world.send(world.relayer, world.grants, 'grantBatchBySig', [
      owner.address,
      items,
      1,
      FOREVER,
      signature
    ])

    for (const { openingHash: hash } of items) {
      expect(bits(await grantWord(owner, hash), 0, 7), hash).toBe(1n)
    }
  })

  it('of one owner is out of every other owner’s reach', async () => {
    const [owner, eve] = [await world.person(), await world.person()]
    await grant(owner, 1)
    const before = await grantWord(owner)

    await act(eve, 'revoke', HASH, 2)
    await grant(eve, 3)

    expect(await grantWord(owner)).toBe(before)
  })
})

describe('a revocation', () => {
  it.each(Object.entries(revoking))('by %s needs a higher version, any', async (_name, way) => {
    const owner = await world.person()
    await grant(owner, 1)

    expect(await outcome(way(owner, HASH, 0))).toBe('GrantRegistryStaleVersion')
    expect(await outcome(way(owner, HASH, 1))).toBe('GrantRegistryStaleVersion')
    expect(await outcome(way(owner, bytes32(0), 2))).toBe('GrantRegistryZeroOpening')
    expect(await outcome(way(owner, HASH, 9))).toBe('accepted')
    expect(await outcome(way(owner, HASH, 9))).toBe('GrantRegistryStaleVersion')
    const word = await grantWord(owner)
    expect(bits(word, 0, 7)).toBe(2n)
    expect(bits(word, 40, 103)).toBe(9n)
  })

  it('of the highest version is for ever', async () => {
    const owner = await world.person()
    const highest = 2n ** 64n - 1n

    await act(owner, 'revoke', HASH, highest)

    for (const version of [0n, 1n, highest]) {
      expect(await outcome(act(owner, 'grant', HASH, version, 1, FOREVER)), `${version}`).toBe(
        'GrantRegistryStaleVersion'
      )
    }
  })

  it('has the epoch that holds for the owner, and opens nothing', async () => {
    const owner = await world.person()
    await act(owner, 'revoke', HASH, 1)
    expect(bits(await grantWord(owner), 8, 39)).toBe(1n)
    expect(await ownerWord(owner)).toBe(0n)

    await act(owner, 'revokeAll', 7)
    await act(owner, 'revoke', HASH, 2)

    expect(bits(await grantWord(owner), 8, 39)).toBe(7n)
  })

  it('signed once still counts years later', async () => {
    const owner = await world.person()
    await grant(owner, 1)
    const items = [{ openingHash: HASH, version: 2 }]
    const signature = await signRevocations(owner, items)

    await world.pass(10 * 365 * 86_400)

    const args = [owner.address, items, signature]
    expect(await outcome(act(world.relayer, 'revokeBySig', ...args))).toBe('accepted')
  })

  it('in a list with a stale item changes nothing', async () => {
    const owner = await world.person()
    await grant(owner, 1)
    await grant(owner, 1, 1, OTHER)
    const items = [
      { openingHash: HASH, version: 2 },
      { openingHash: OTHER, version: 1 }
    ]

    expect(await outcome(act(owner, 'revokeBatch', items))).toBe('GrantRegistryStaleVersion')
    expect(bits(await grantWord(owner), 0, 7)).toBe(1n)
  })
})

describe('revoking all', () => {
  it.each(Object.entries(revokingAll))('by %s needs a higher epoch', async (_name, way) => {
    const owner = await world.person()
    await grant(owner, 1)

    expect(await outcome(way(owner, 0))).toBe('GrantRegistryStaleEpoch')
    expect(await outcome(way(owner, 1))).toBe('GrantRegistryStaleEpoch')
    expect(await outcome(way(owner, 3))).toBe('accepted')
    expect(await outcome(way(owner, 3))).toBe('GrantRegistryStaleEpoch')
    expect(await outcome(way(owner, 2))).toBe('GrantRegistryStaleEpoch')
    expect(bits(await ownerWord(owner), 8, 39)).toBe(3n)
  })

  it.each(Object.entries(revokingAll))('by %s opens an owner above epoch 1', async (_name, way) => {
    const owner = await world.person()

    expect(await outcome(way(owner, 1))).toBe('GrantRegistryStaleEpoch')
    expect(await outcome(way(owner, 2))).toBe('accepted')
    expect(bits(await ownerWord(owner), 0, 39)).toBe(0x201n)
  })

  it('keeps the opt-out', async () => {
    const owner = await world.person()
    await act(owner, 'optOut', 1_024, 5)

    await act(owner, 'revokeAll', 2)

    expect(bits(await ownerWord(owner), 80, 143)).toBe((5n << 32n) | 1_024n)
  })
})

describe('an opt-out', () => {
  it.each(Object.entries(optingOut))('by %s needs a higher version', async (_name, way) => {
    const owner = await world.person()

    expect(await outcome(way(owner, 1, 0))).toBe('GrantRegistryStaleOptOut')
    expect(await outcome(way(owner, 1, 4))).toBe('accepted')
    expect(await outcome(way(owner, 2, 4))).toBe('GrantRegistryStaleOptOut')
    expect(await outcome(way(owner, 2, 3))).toBe('GrantRegistryStaleOptOut')
    expect(await outcome(way(owner, 0, 5))).toBe('accepted')
    const word = await ownerWord(owner)
    expect(bits(word, 0, 39)).toBe(0x101n)
    expect(bits(word, 80, 143)).toBe(5n << 32n)
  })

  it('names purposes that exist, and every one of them', async () => {
    const unknown = Array.from({ length: 32 }, (_, bit) => bit).filter((b) => b === 13 || b > 14)
    const owner = await world.person()

    for (const bit of unknown) {
      const call = act(owner, 'optOut', 2n ** BigInt(bit), 1)
      expect(await outcome(call), `bit ${bit}`).toBe('GrantRegistryUnknownPurposes')
    }
    expect(await outcome(act(owner, 'optOut', 0x5fff, 1))).toBe('accepted')
  })

  it('keeps the epoch', async () => {
    const owner = await world.person()
    await act(owner, 'revokeAll', 9)

    await act(owner, 'optOut', 1, 1)

    expect(bits(await ownerWord(owner), 8, 39)).toBe(9n)
  })
})
