import type { BaseWallet, Contract } from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  bits,
  bytes32,
  createWorld,
  FOREVER,
  keyOf,
  laterItem,
  nth,
  outcome,
  type RecordItem,
  Role,
  recordItem,
  type World
} from './world.ts'

const TAG = keyOf(['bytes32', 'uint32'], [bytes32(0x33), 1])
const NEXT_TAG = keyOf(['bytes32', 'uint32'], [bytes32(0x33), 2])
const ANCHOR = bytes32(0xa1)
const [CONFIRMED, REJECTED, WITHDRAWN] = [1, 2, 3]
const [STORED, ATTESTED, REFUSED, SUPERSEDED, ERASED] = [1, 2, 3, 4, 5]

let world: World

beforeAll(async () => {
  world = await createWorld()
})

const keyFor = (owner: BaseWallet, tag = TAG): string =>
  keyOf(['address', 'bytes32'], [owner.address, tag])
const recordWord = (owner: BaseWallet, tag = TAG): Promise<bigint> =>
  world.read(world.records, 'recordWord', keyFor(owner, tag))
const anchorOf = (owner: BaseWallet, tag = TAG): Promise<string> =>
  world.read(world.records, 'anchorOf', keyFor(owner, tag))
const verdictWord = (owner: BaseWallet, organisation: number): Promise<bigint> =>
  world.read(world.records, 'verdictWord', keyFor(owner), organisation)
const write = (owner: BaseWallet, ...items: RecordItem[]) =>
  world.send(owner, world.records, 'records', [items, FOREVER])
const attest = (
  attester: BaseWallet,
  owner: BaseWallet,
  verdict: number,
  anchor = ANCHOR,
  contract: Contract = world.records
) => world.send(attester, contract, 'attest', [owner.address, TAG, verdict, anchor])
const attester = (organisation: number) =>
  world.enrol(world.directory, nth(world.admins, organisation - 1), organisation, Role.Attester)

/** An owner with one registered version. */
async function ownerWith(change: Partial<RecordItem> = {}): Promise<BaseWallet> {
  const owner = await world.person()
  await write(owner, recordItem(TAG, change))
  return owner
}

const status = async (owner: BaseWallet): Promise<number> =>
  Number(bits(await recordWord(owner), 0, 7))
const counts = async (owner: BaseWallet): Promise<[number, number]> => {
  const word = await recordWord(owner)
  return [Number(bits(word, 80, 95)), Number(bits(word, 96, 111))]
}

type Way = (owner: BaseWallet, items: RecordItem[], deadline: bigint) => Promise<unknown>
const writing: Record<string, Way> = {
  records: (owner, items, deadline) =>
    world.send(owner, world.records, 'records', [items, deadline]),
  recordsBySig: async (owner, items, deadline) => {
    const message = { owner: owner.address, items, deadline }
    const signature = await world.sign(owner, world.records, 'Records', message)
    const args = [owner.address, items, deadline, signature]
    return await world.send(world.relayer, world.records, 'recordsBySig', args)
  }
}
const ways = Object.entries(writing)

describe('registering a version', () => {
  it.each(ways)('by %s writes word and anchor', async (_name, way) => {
    const owner = await world.person()
    const item = recordItem(TAG, { quorum: 2, barredOrg: 4_294_967_295 })

    await way(owner, [item], FOREVER)

    const word = await recordWord(owner)
    expect(bits(word, 0, 7)).toBe(1n)
    expect(bits(word, 8, 39)).toBe(1n)
    expect(bits(word, 40, 79)).toBe(BigInt(await world.now()))
    expect(bits(word, 80, 111)).toBe(0n)
    expect(bits(word, 112, 119)).toBe(2n)
    expect(bits(word, 120, 151)).toBe(4_294_967_295n)
    expect(word >> 152n).toBe(0n)
    expect(await anchorOf(owner)).toBe(ANCHOR)
  })

  const bad: [string, Partial<RecordItem>, string][] = [
    ['a zero tag', { recordTag: bytes32(0) }, 'RecordRegistryZeroTag'],
    ['a zero anchor', { anchor: bytes32(0) }, 'RecordRegistryBadRegistration'],
    ['no quorum', { quorum: 0 }, 'RecordRegistryBadRegistration'],
    ['status 0', { status: 0 }, 'RecordRegistryBadRegistration'],
    ['an attested status', { status: 2 }, 'RecordRegistryBadRegistration'],
    ['an erased status', { status: 5 }, 'RecordRegistryBadRegistration'],
    ['share epoch 0', { shareEpoch: 0 }, 'RecordRegistryBadRegistration'],
    ['share epoch 2', { shareEpoch: 2 }, 'RecordRegistryBadRegistration']
  ]
  it.each(ways.flatMap(([name, way]) => bad.map((entry) => ({ name, way, entry }))))(
    'by $name refuses $entry.0',
    async ({ way, entry }) => {
      const [, change, expected] = entry
      const owner = await world.person()

      expect(await outcome(way(owner, [recordItem(TAG, change)], FOREVER))).toBe(expected)
      expect(await recordWord(owner)).toBe(0n)
      expect(await anchorOf(owner)).toBe(bytes32(0))
    }
  )

  it.each(ways)('by %s refuses a passed deadline and lists out of bounds', async (_name, way) => {
    const owner = await world.person()
    const many = Array.from({ length: 65 }, (_, i) => recordItem(bytes32(i + 1)))

    expect(await outcome(way(owner, [recordItem(TAG)], 1n))).toBe('TypedMessagesExpired')
    expect(await outcome(way(owner, [], FOREVER))).toBe('TypedMessagesListLength')
    expect(await outcome(way(owner, many, FOREVER))).toBe('TypedMessagesListLength')
  })

  it('takes 64 at once, below the gas cap of a transaction', async () => {
    const owner = await world.person()
    const many = Array.from({ length: 64 }, (_, i) => recordItem(bytes32(i + 1)))

    expect(await outcome(nth(ways, 1)[1](owner, many, FOREVER))).toBe('accepted')
  })

  it('never touches another version', async () => {
    const owner = await ownerWith()
    const before = await recordWord(owner)

    await write(owner, recordItem(NEXT_TAG, { anchor: bytes32(0xa2) }))

    expect(await recordWord(owner)).toBe(before)
    expect(await anchorOf(owner)).toBe(ANCHOR)
    expect(await anchorOf(owner, NEXT_TAG)).toBe(bytes32(0xa2))
  })

  it('tells of the word alone, never of the anchor', async () => {
    const owner = await world.person()

    const { logs } = await write(owner, recordItem(TAG))

    expect(logs.map(({ topics, data }) => [topics[1], BigInt(data)])).toEqual([
      [keyFor(owner), await recordWord(owner)]
    ])
  })
})

describe('changing a version', () => {
  const bad: [string, Partial<RecordItem>, string][] = [
    ['the same registration', recordItem(TAG), 'RecordRegistryAlreadyRegistered'],
    ['another anchor', laterItem(TAG, 0, 3, { anchor: ANCHOR }), 'RecordRegistryAlreadyRegistered'],
    ['another quorum', laterItem(TAG, 0, 3, { quorum: 1 }), 'RecordRegistryAlreadyRegistered'],
    ['another bar', laterItem(TAG, 0, 3, { barredOrg: 1 }), 'RecordRegistryAlreadyRegistered'],
    ['the stored share epoch', laterItem(TAG, 0, 2), 'RecordRegistryBadChange'],
    ['a lower share epoch', laterItem(TAG, 0, 1), 'RecordRegistryBadChange'],
    ['status 1', laterItem(TAG, 1, 2), 'RecordRegistryBadChange'],
    ['status 2 by its owner', laterItem(TAG, 2, 2), 'RecordRegistryBadChange'],
    ['status 3 by its owner', laterItem(TAG, 3, 2), 'RecordRegistryBadChange'],
    ['status 6', laterItem(TAG, 6, 2), 'RecordRegistryBadChange'],
    ['status 255', laterItem(TAG, 255, 2), 'RecordRegistryBadChange'],
    ['status 4 with a higher epoch', laterItem(TAG, 4, 3), 'RecordRegistryBadChange'],
    ['status 5 with a higher epoch', laterItem(TAG, 5, 3), 'RecordRegistryBadChange'],
    ['status 5 with a lower epoch', laterItem(TAG, 5, 1), 'RecordRegistryBadChange']
  ]
  it.each(ways.flatMap(([name, way]) => bad.map((entry) => ({ name, way, entry }))))(
    'by $name refuses $entry.0',
    async ({ way, entry }) => {
      const [, item, expected] = entry
      const owner = await ownerWith()
      await write(owner, laterItem(TAG, 0, 2))
      const before = await recordWord(owner)

      expect(await outcome(way(owner, [item as RecordItem], FOREVER))).toBe(expected)
      expect(await recordWord(owner)).toBe(before)
      expect(await anchorOf(owner)).toBe(ANCHOR)
    }
  )

  it.each(ways)('by %s to a higher share epoch keeps status and counts', async (_name, way) => {
    const owner = await ownerWith({ quorum: 1, barredOrg: 3 })
    await attest(await attester(1), owner, CONFIRMED)
    const before = await recordWord(owner)

    await way(owner, [laterItem(TAG, 0, 7)], FOREVER)

    const word = await recordWord(owner)
    expect(bits(word, 8, 39)).toBe(7n)
    expect(bits(word, 0, 7)).toBe(2n)
    expect(word >> 80n).toBe(before >> 80n)
  })

  it('supersedes, then erases, and never comes back', async () => {
    const owner = await ownerWith()
    await write(owner, laterItem(TAG, SUPERSEDED, 1))
    expect(await status(owner)).toBe(SUPERSEDED)
    expect(await outcome(write(owner, laterItem(TAG, SUPERSEDED, 1)))).toBe(
      'RecordRegistryBadChange'
    )
    await write(owner, laterItem(TAG, 0, 2))
    expect(await status(owner)).toBe(SUPERSEDED)

    await write(owner, laterItem(TAG, ERASED, 2))

    expect(await status(owner)).toBe(ERASED)
    const final = await recordWord(owner)
    for (const item of [
      recordItem(TAG),
      laterItem(TAG, 0, 9),
      laterItem(TAG, SUPERSEDED, 2),
      laterItem(TAG, ERASED, 2)
    ]) {
      const what = `status ${item.status}`
      expect(await outcome(write(owner, item)), what).toBe('RecordRegistryErased')
    }
    expect(await outcome(attest(await attester(1), owner, CONFIRMED))).toBe('RecordRegistryErased')
    expect(await recordWord(owner)).toBe(final)
    expect(await anchorOf(owner)).toBe(ANCHOR)
  })
})

describe('a verdict', () => {
  it('names its attester, counts, and tells of both words', async () => {
    const owner = await ownerWith()
    const doctor = await attester(1)

    const { logs } = await attest(doctor, owner, CONFIRMED)

    const verdict = await verdictWord(owner, 1)
    expect(bits(verdict, 0, 7)).toBe(1n)
    expect(bits(verdict, 8, 39)).toBe(0n)
    expect(bits(verdict, 40, 79)).toBe(BigInt(await world.now()))
    expect(bits(verdict, 80, 239)).toBe(BigInt(doctor.address))
    expect(verdict >> 240n).toBe(0n)
    expect(await counts(owner)).toEqual([1, 0])
    const verdictKey = keyOf(['bytes32', 'uint256'], [keyFor(owner), 1])
    expect(logs.map(({ topics, data }) => [topics[1], BigInt(data)])).toEqual([
      [verdictKey, verdict],
      [keyFor(owner), await recordWord(owner)]
    ])
  })

  it('moves the state with the counts: k confirm, one rejection overrules', async () => {
    const owner = await ownerWith({ quorum: 2 })
    const [one, two, three] = [await attester(1), await attester(2), await attester(3)]
    const seen: [number, [number, number]][] = []
    const look = async () => seen.push([await status(owner), await counts(owner)])

    for (const [doctor, verdict] of [
      [one, CONFIRMED],
      [two, CONFIRMED],
      [three, REJECTED],
      [three, CONFIRMED],
      [two, REJECTED],
      [two, WITHDRAWN],
      [one, WITHDRAWN]
    ] as const) {
      await attest(doctor, owner, verdict)
      await look()
    }

    expect(seen).toEqual([
      [STORED, [1, 0]],
      [ATTESTED, [2, 0]],
      [REFUSED, [2, 1]],
      [ATTESTED, [3, 0]],
      [REFUSED, [2, 1]],
      [ATTESTED, [2, 0]],
      [STORED, [1, 0]]
    ])
  })

  it('counts on a superseded version without moving its state', async () => {
    const owner = await ownerWith()
    await write(owner, laterItem(TAG, SUPERSEDED, 1))

    await attest(await attester(1), owner, REJECTED)

    expect(await status(owner)).toBe(SUPERSEDED)
    expect(await counts(owner)).toEqual([0, 1])
  })

  it('may be given anew after it was withdrawn', async () => {
    const owner = await ownerWith()
    const doctor = await attester(1)
    await attest(doctor, owner, REJECTED)
    await attest(doctor, owner, WITHDRAWN)

    expect(await outcome(attest(doctor, owner, WITHDRAWN))).toBe('RecordRegistryBadVerdict')
    expect(await outcome(attest(doctor, owner, REJECTED))).toBe('accepted')
    expect(await counts(owner)).toEqual([0, 1])
  })

  it.each([0, 4, 5, 250, 255])('%i is unknown', async (verdict) => {
    const owner = await ownerWith()

    const call = attest(await attester(1), owner, verdict)

    expect(await outcome(call)).toBe('RecordRegistryBadVerdict')
  })

  it('withdraws only what stands, and says nothing twice', async () => {
    const owner = await ownerWith()
    const doctor = await attester(1)

    expect(await outcome(attest(doctor, owner, WITHDRAWN))).toBe('RecordRegistryBadVerdict')
    await attest(doctor, owner, CONFIRMED)
    expect(await outcome(attest(doctor, owner, CONFIRMED))).toBe('RecordRegistryBadVerdict')
  })

  it('is on the content that the attester opened', async () => {
    const owner = await ownerWith()
    const doctor = await attester(1)

    for (const anchor of [bytes32(0), bytes32(0xa2)]) {
      expect(await outcome(attest(doctor, owner, CONFIRMED, anchor)), anchor).toBe(
        'RecordRegistryWrongAnchor'
      )
    }
  })

  it('needs a record', async () => {
    const owner = await world.person()

    expect(await outcome(attest(await attester(1), owner, CONFIRMED, bytes32(0)))).toBe(
      'RecordRegistryNotRegistered'
    )
  })

  it('is refused to whoever is no attester of an active organisation', async () => {
    const owner = await ownerWith()
    const { directory, admins } = world
    const admin = nth(admins, 0)
    const strangers: [string, BaseWallet][] = [
      ['unknown account', await world.person()],
      ['admin without the role', admin],
      ['clinician', await world.enrol(directory, admin, 1, Role.Clinician)],
      ['all roles but attester', await world.enrol(directory, admin, 1, 63 - Role.Attester)]
    ]
    const suspended = await attester(1)
    await world.send(admin, directory, 'suspend', [suspended.address])
    const dismissed = await attester(1)
    await world.send(admin, directory, 'dismiss', [dismissed.address])
    const restricted = await attester(1)
    await world.send(admin, directory, 'restrict', [restricted.address, 0])
    strangers.push(['suspended', suspended], ['dismissed', dismissed], ['restricted', restricted])

    for (const [who, account] of strangers) {
      expect(await outcome(attest(account, owner, CONFIRMED)), who).toBe(
        'RecordRegistryNotAttester'
      )
    }
  })

  it('is refused to the owner and to the barred organisation', async () => {
    const doctor = await attester(1)
    await write(doctor, recordItem(TAG))
    const owner = await ownerWith({ barredOrg: 1 })

    expect(await outcome(attest(doctor, doctor, CONFIRMED))).toBe('RecordRegistryOwnRecord')
    expect(await outcome(attest(doctor, owner, CONFIRMED))).toBe('RecordRegistryBarredOrganisation')
    expect(await outcome(attest(await attester(2), owner, CONFIRMED))).toBe('accepted')
  })

  it('stands through a refresh', async () => {
    const owner = await ownerWith()
    await attest(await attester(1), owner, CONFIRMED)
    const verdict = await verdictWord(owner, 1)

    await write(owner, laterItem(TAG, 0, 2))

    expect(await verdictWord(owner, 1)).toBe(verdict)
    expect(await status(owner)).toBe(ATTESTED)
  })
})

describe('a lapsed verdict', () => {
  const lapse = (owner: BaseWallet, organisation: number, contract: Contract = world.records) =>
    world.send(world.relayer, contract, 'lapse', [owner.address, TAG, organisation])

  it('is withdrawn by anyone once its attester is suspended', async () => {
    const owner = await ownerWith()
    const doctor = await attester(1)
    await attest(doctor, owner, REJECTED)
    expect(await outcome(lapse(owner, 1))).toBe('RecordRegistryNotLapsed')
    await world.send(nth(world.admins, 0), world.directory, 'suspend', [doctor.address])

    await lapse(owner, 1)

    const verdict = await verdictWord(owner, 1)
    expect(bits(verdict, 0, 7)).toBe(3n)
    expect(bits(verdict, 80, 239)).toBe(BigInt(doctor.address))
    expect(await status(owner)).toBe(STORED)
    expect(await counts(owner)).toEqual([0, 0])
    expect(await outcome(lapse(owner, 1))).toBe('RecordRegistryBadVerdict')
  })

  it.each([
    ['suspended', 2],
    ['removed', 4]
  ])('is withdrawn by anyone once its organisation is %s', async (_name, kind) => {
    const { ethers, deployDirectory, enrol, send, read } = world
    const { directory, admins } = await deployDirectory()
    const records = (await ethers.deployContract('RecordRegistry', [
      await directory.getAddress()
    ])) as unknown as Contract
    const owner = await world.person()
    await send(owner, records, 'records', [[recordItem(TAG)], FOREVER])
    const doctor = await enrol(directory, nth(admins, 2), 3, Role.Attester)
    await attest(doctor, owner, CONFIRMED, ANCHOR, records)
    expect(await outcome(lapse(owner, 3, records))).toBe('RecordRegistryNotLapsed')
    const proposal = [1, kind, 3, `0x${'00'.repeat(20)}`, 2, FOREVER]
    await send(nth(admins, 0), directory, 'vote', [proposal])
    await send(nth(admins, 1), directory, 'vote', [proposal])

    await lapse(owner, 3, records)

    expect(bits(await read(records, 'recordWord', keyFor(owner)), 0, 7)).toBe(1n)
    expect(await outcome(attest(doctor, owner, CONFIRMED, ANCHOR, records))).toBe(
      'RecordRegistryNotAttester'
    )
  })

  it('is not made up: no verdict, no record, erased', async () => {
    const owner = await ownerWith()
    const stranger = await world.person()

    expect(await outcome(lapse(owner, 77))).toBe('RecordRegistryBadVerdict')
    expect(await outcome(lapse(stranger, 1))).toBe('RecordRegistryNotRegistered')
    await write(owner, laterItem(TAG, ERASED, 1))
    expect(await outcome(lapse(owner, 1))).toBe('RecordRegistryErased')
  })
})

describe('the registry', () => {
  it('is bound to one Directory, which is no zero', async () => {
    const zero = `0x${'00'.repeat(20)}`
    const directory = await world.directory.getAddress()

    expect(await world.read<string>(world.records, 'directory')).toBe(directory)
    expect(await outcome(world.ethers.deployContract('RecordRegistry', [zero]))).toBe(
      'RecordRegistryZeroDirectory'
    )
  })
})
