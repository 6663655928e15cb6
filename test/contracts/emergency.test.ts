import { type BaseWallet, type Contract, zeroPadValue } from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  addressKey,
  ascending,
  bits,
  bytes32,
  createWorld,
  keyOf,
  nth,
  type Opening,
  opening,
  openingHash,
  outcome,
  REVIEW_SECONDS,
  Role,
  SIGNERS,
  type World
} from './world.ts'

const [YES, ONLY, NEVER] = [1, 2, 3]
const REASON = bytes32(0xe1)
const OUTCOME = bytes32(0xe2)
const HOUR = 3_600
const U64_MAX = 2n ** 64n - 1n

let world: World
/** Of organisations 1, 1, 2; ascending, since signatures are. */
let clinicians: BaseWallet[]

const enrol = (organisation: number, roles: number = Role.Clinician): Promise<BaseWallet> =>
  world.enrol(world.directory, nth(world.admins, organisation - 1), organisation, roles)

beforeAll(async () => {
  world = await createWorld()
  clinicians = await world.enrolClinicians([1, 1, 2])
})

const wishWord = (owner: BaseWallet): Promise<bigint> =>
  world.read(world.emergency, 'wishWord', owner.address)
const noticeOf = (owner: BaseWallet, hash = openingHash(emergencyOpening())): string =>
  keyOf(['address', 'bytes32'], [owner.address, hash])
const noticeWord = (owner: BaseWallet): Promise<bigint> =>
  world.read(world.emergency, 'noticeWord', noticeOf(owner))
const reviewWord = (owner: BaseWallet): Promise<bigint> =>
  world.read(world.emergency, 'reviewWord', noticeOf(owner))

/** For the first clinician, one hour, to break the glass. */
const emergencyOpening = (change: Partial<Opening> = {}): Opening =>
  opening({
    grantee: zeroPadValue(nth(clinicians, 0).address, 32),
    scope: bytes32(0),
    purposes: 16,
    notAfter: opening().notBefore + HOUR,
    ...change
  })

/** An owner with a wish, whose epoch is 1. */
async function ownerWith(wish = ONLY): Promise<BaseWallet> {
  const owner = await world.person()
  await world.send(owner, world.grants, 'optOut', [0, 1])
  await world.send(owner, world.emergency, 'setWish', [wish, 1])
  return owner
}

interface Broken {
  readonly opening: Opening
  readonly reasonHash: string
  readonly epoch: number
  readonly signers: BaseWallet[]
  readonly domain: Record<string, unknown>
}

const signaturesFor = (
  owner: BaseWallet,
  { opening: terms, reasonHash, epoch, signers, domain }: Broken
): Promise<string[]> => {
  const message = { owner: owner.address, opening: terms, reasonHash, epoch }
  return Promise.all(
    signers.map((signer) => world.sign(signer, world.emergency, 'BreakGlass', message, domain))
  )
}

const broken = (change: Partial<Broken> = {}): Broken => ({
  opening: emergencyOpening(),
  reasonHash: REASON,
  epoch: 1,
  signers: clinicians.slice(0, 2),
  domain: {},
  ...change
})

async function breakGlass(owner: BaseWallet, change: Partial<Broken> = {}) {
  const all = broken(change)
  const signatures = await signaturesFor(owner, all)
  const hash = openingHash(all.opening)
  const args = [owner.address, hash, all.reasonHash, all.epoch, signatures]
  return await world.send(world.relayer, world.emergency, 'breakGlass', args)
}

async function examine(owner: BaseWallet, change: Partial<Broken> = {}): Promise<string[]> {
  const all = broken(change)
  const signatures = await signaturesFor(owner, all)
  const args = [owner.address, all.opening, all.reasonHash, all.epoch, signatures]
  return [...(await world.read<string[]>(world.emergency, 'examine', ...args))]
}

type Way = (owner: BaseWallet, wish: number, version: number | bigint) => Promise<unknown>
const wishing: Record<string, Way> = {
  setWish: (owner, wish, version) => world.send(owner, world.emergency, 'setWish', [wish, version]),
  setWishBySig: async (owner, wish, version) => {
    const message = { owner: owner.address, wish, version }
    const signature = await world.sign(owner, world.emergency, 'Wish', message)
    const args = [owner.address, wish, version, signature]
    return await world.send(world.relayer, world.emergency, 'setWishBySig', args)
  }
}
const ways = Object.entries(wishing)

describe('a wish', () => {
  it.each(ways)('by %s is written and replaced, its version growing', async (_name, way) => {
    const owner = await world.person()

    for (const [wish, version] of [
      [YES, 1n],
      [NEVER, 7n],
      [ONLY, U64_MAX]
    ] as const) {
      await way(owner, wish, version)

      const word = await wishWord(owner)
      expect(bits(word, 0, 7)).toBe(BigInt(wish))
      expect(bits(word, 8, 71)).toBe(version)
      expect(bits(word, 72, 111)).toBe(BigInt(await world.now()))
      expect(word >> 112n).toBe(0n)
    }
    expect(await outcome(way(owner, YES, U64_MAX))).toBe('EmergencyStaleWish')
  })

  it.each(ways)('by %s refuses an unknown wish and an old version', async (_name, way) => {
    const owner = await world.person()
    await way(owner, YES, 5)
    const before = await wishWord(owner)

    for (const wish of [0, 4, 255]) {
      expect(await outcome(way(owner, wish, 6)), `${wish}`).toBe('EmergencyUnknownWish')
    }
    for (const version of [0, 4, 5]) {
      expect(await outcome(way(owner, ONLY, version)), `${version}`).toBe('EmergencyStaleWish')
    }
    expect(await wishWord(owner)).toBe(before)
  })

  it('is announced under the owner alone', async () => {
    const owner = await world.person()

    const { logs } = await world.send(owner, world.emergency, 'setWish', [YES, 1])

    expect(logs.map(({ topics, data }) => [topics[1], BigInt(data)])).toEqual([
      [addressKey(owner.address), await wishWord(owner)]
    ])
  })
})

describe('breaking the glass', () => {
  it.each([YES, ONLY])(
    'leaves a notice in the form of a grant, flagged (wish %i)',
    async (wish) => {
      const owner = await ownerWith(wish)

      const { blockNumber } = await breakGlass(owner)

      const word = await noticeWord(owner)
      const now = BigInt(await world.now())
      expect(bits(word, 0, 7)).toBe(1n)
      expect(bits(word, 8, 39)).toBe(1n)
      expect(bits(word, 40, 103)).toBe(1n)
      expect(bits(word, 104, 143)).toBe(now)
      expect(bits(word, 144, 151)).toBe(1n)
      expect(bits(word, 152, 199)).toBe(BigInt(blockNumber))
      expect(word >> 200n).toBe(0n)
    }
  )

  it('opens a review that names the signers’ organisations', async () => {
    const owner = await ownerWith()

    await breakGlass(owner, { signers: clinicians })

    const word = await reviewWord(owner)
    const now = BigInt(await world.now())
    expect(bits(word, 0, 7)).toBe(1n)
    expect(bits(word, 8, 47)).toBe(now)
    expect(bits(word, 48, 87)).toBe(now + BigInt(REVIEW_SECONDS))
    const named = [88, 120, 152].map((low) => Number(bits(word, low, low + 31)))
    expect(named.sort()).toEqual([1, 1, 2])
    expect(word >> 184n).toBe(0n)
  })

  it('tells of two words, neither of which names a person', async () => {
    const owner = await ownerWith()

    const { logs } = await breakGlass(owner)

    const notice = noticeOf(owner)
    expect(logs.map(({ topics, data }) => [topics[1], BigInt(data)])).toEqual([
      [notice, await noticeWord(owner)],
      [keyOf(['bytes32'], [notice]), await reviewWord(owner)]
    ])
    expect(await world.read(world.emergency, 'reviewKeyOf', notice)).toBe(
      keyOf(['bytes32'], [notice])
    )
  })

  it('shows nothing of the opening in calldata or logs', async () => {
    const owner = await ownerWith()
    const secret = emergencyOpening({
      scope: bytes32(0xd1),
      salt: bytes32(0xd2),
      notBefore: 0xd3d3d3d3,
      notAfter: 0xd3d3d3d3 + HOUR
    })

    const receipt = await breakGlass(owner, { opening: secret })

    const sent = await world.ethers.provider.getTransaction(receipt.hash)
    const seen = [sent?.data ?? '', ...receipt.logs.flatMap((l) => [...l.topics, l.data])].join()
    const hidden = ['d1d1d1d1', 'd2d2d2d2', 'd3d3d3d3']
    for (const { address } of clinicians) hidden.push(address.slice(2).toLowerCase())
    for (const text of hidden) expect(seen).not.toContain(text)
  })

  it('happens once for an opening', async () => {
    const owner = await ownerWith()
    await breakGlass(owner)

    expect(await outcome(breakGlass(owner, { signers: clinicians }))).toBe(
      'EmergencyAlreadyNoticed'
    )
    const other = emergencyOpening({ salt: bytes32(9) })
    expect(await outcome(breakGlass(owner, { opening: other }))).toBe('accepted')
  })

  it('takes five signers and no more, two and no fewer', async () => {
    const owner = await ownerWith()
    const many = await world.enrolClinicians([1, 2, 3, 1, 2, 3])

    for (const signers of [[], many.slice(0, SIGNERS - 1), many]) {
      expect(await outcome(breakGlass(owner, { signers })), `${signers.length}`).toBe(
        'EmergencySignerCount'
      )
    }
    expect(await outcome(breakGlass(owner, { signers: many.slice(0, 5) }))).toBe('accepted')
  })

  const bad: [string, (owner: BaseWallet) => Promise<Partial<Broken>>, string][] = [
    ['no reason', async () => ({ reasonHash: bytes32(0) }), 'EmergencyZeroHash'],
    ['an older epoch', async () => ({ epoch: 0 }), 'EmergencyWrongEpoch'],
    ['a later epoch', async () => ({ epoch: 2 }), 'EmergencyWrongEpoch'],
    [
      'one signer twice',
      async () => ({ signers: [nth(clinicians, 0), nth(clinicians, 0)] }),
      'EmergencySignerOrder'
    ],
    [
      'signers in another order',
      async () => ({ signers: [nth(clinicians, 1), nth(clinicians, 0)] }),
      'EmergencySignerOrder'
    ],
    [
      'an attester for a clinician',
      async () => ({ signers: ascending([nth(clinicians, 0), await enrol(1, Role.Attester)]) }),
      'EmergencyNotClinician'
    ],
    [
      'a stranger',
      async () => ({ signers: ascending([nth(clinicians, 0), await world.person()]) }),
      'EmergencyNotClinician'
    ],
    [
      'signatures for another chain',
      async () => ({ domain: { chainId: 1 } }),
      'EmergencyNotClinician'
    ],
    [
      'a suspended clinician',
      async () => {
        const suspended = await enrol(1)
        await world.send(nth(world.admins, 0), world.directory, 'suspend', [suspended.address])
        return { signers: ascending([nth(clinicians, 0), suspended]) }
      },
      'EmergencyNotClinician'
    ]
  ]
  it.each(bad)('refuses %s', async (_name, change, expected) => {
    const owner = await ownerWith()

    const refused = await outcome(breakGlass(owner, await change(owner)))

    // A signature for another chain recovers to strangers, in whatever order.
    expect(
      expected === 'EmergencyNotClinician' ? [expected, 'EmergencySignerOrder'] : [expected]
    ).toContain(refused)
    expect(await noticeWord(owner)).toBe(0n)
    expect(await reviewWord(owner)).toBe(0n)
  })

  it('refuses clinicians of a suspended organisation', async () => {
    const { directory, admins } = await world.deployDirectory()
    const grants = await world.grants.getAddress()
    const emergency = (await world.ethers.deployContract('Emergency', [
      await directory.getAddress(),
      grants,
      SIGNERS,
      REVIEW_SECONDS
    ])) as unknown as Contract
    const signers = ascending(
      await Promise.all(
        [1, 3].map((org) => world.enrol(directory, nth(admins, org - 1), org, Role.Clinician))
      )
    )
    const owner = await world.person()
    await world.send(owner, world.grants, 'optOut', [0, 1])
    await world.send(owner, emergency, 'setWish', [YES, 1])
    const terms = emergencyOpening()
    const message = { owner: owner.address, opening: terms, reasonHash: REASON, epoch: 1 }
    const signatures = await Promise.all(
      signers.map((signer) => world.sign(signer, emergency, 'BreakGlass', message))
    )
    const args = [owner.address, openingHash(terms), REASON, 1, signatures]
    const proposal = [1, 2, 3, `0x${'00'.repeat(20)}`, 2, 4_000_000_000]
    for (const admin of admins.slice(0, 2)) await world.send(admin, directory, 'vote', [proposal])

    const call = world.send(world.relayer, emergency, 'breakGlass', args)

    expect(await outcome(call)).toBe('EmergencyNotClinician')
  })

  it.each(['0x', `0x${'00'.repeat(65)}`, `0x${'11'.repeat(64)}`])(
    'refuses the signature %s',
    async (signature) => {
      const owner = await ownerWith()
      const [good] = await signaturesFor(owner, broken())
      const hash = openingHash(emergencyOpening())
      const args = [owner.address, hash, REASON, 1, [good, signature]]

      expect(await outcome(world.send(world.relayer, world.emergency, 'breakGlass', args))).toBe(
        'EmergencyBadSignature'
      )
    }
  )

  it('refuses a zero opening, and an owner’s own words changed after signing', async () => {
    const owner = await ownerWith()
    const signatures = await signaturesFor(owner, broken())
    const send = (args: unknown[]) =>
      outcome(world.send(world.relayer, world.emergency, 'breakGlass', [owner.address, ...args]))

    expect(await send([bytes32(0), REASON, 1, signatures])).toBe('EmergencyZeroHash')
    const hash = openingHash(emergencyOpening())
    expect(await send([hash, OUTCOME, 1, signatures])).toMatch(/NotClinician|SignerOrder/)
  })

  it('refuses where the owner wished for none, or never wished', async () => {
    const silent = await world.person()
    await world.send(silent, world.grants, 'optOut', [0, 1])

    expect(await outcome(breakGlass(silent))).toBe('EmergencyUnwished')
    expect(await outcome(breakGlass(await ownerWith(NEVER)))).toBe('EmergencyUnwished')
  })

  it('refuses an owner who never opened her word, and one who revoked all since', async () => {
    const unopened = await world.person()
    await world.send(unopened, world.emergency, 'setWish', [YES, 1])
    const owner = await ownerWith()
    await world.send(owner, world.grants, 'revokeAll', [2])

    expect(await outcome(breakGlass(unopened))).toBe('EmergencyWrongEpoch')
    expect(await outcome(breakGlass(unopened, { epoch: 0 }))).toBe('EmergencyWrongEpoch')
    expect(await outcome(breakGlass(owner))).toBe('EmergencyWrongEpoch')
    expect(await outcome(breakGlass(owner, { epoch: 2 }))).toBe('accepted')
  })

  it('never becomes a grant', async () => {
    const owner = await ownerWith()
    const hash = openingHash(emergencyOpening())

    await breakGlass(owner)

    const [stands, word] = await world.read<[boolean, bigint]>(
      world.grants,
      'standing',
      owner.address,
      hash
    )
    expect([stands, word]).toEqual([false, 0n])
  })
})

describe('examining an opening', () => {
  it('names those who signed, before and after the notice', async () => {
    const owner = await ownerWith()
    const expected = clinicians.slice(0, 2).map(({ address }) => address)

    expect(await examine(owner)).toEqual(expected)
    await breakGlass(owner)
    expect(await examine(owner)).toEqual(expected)
  })

  const from = opening().notBefore
  const good: [string, Partial<Opening>][] = [
    ['emergency treatment', { purposes: 8 }],
    ['24 hours', { notAfter: from + 24 * HOUR }],
    ['a narrower scope', { scope: bytes32(5) }]
  ]
  it.each(good)('takes %s', async (_name, change) => {
    const owner = await ownerWith()

    expect(await outcome(examine(owner, { opening: emergencyOpening(change) }))).toBe('accepted')
  })

  const bad: [string, Partial<Opening>, string][] = [
    ['an organisation', { granteeKind: 2 }, 'EmergencyBadOpening'],
    ['ordinary treatment', { purposes: 1 }, 'EmergencyBadOpening'],
    ['no purpose', { purposes: 0 }, 'EmergencyBadOpening'],
    ['two purposes', { purposes: 24 }, 'EmergencyBadOpening'],
    ['a second less than an hour', { notAfter: from + HOUR - 1 }, 'EmergencyBadOpening'],
    ['a second more than a day', { notAfter: from + 24 * HOUR + 1 }, 'EmergencyBadOpening'],
    ['an end before its beginning', { notAfter: from - HOUR }, 'EmergencyBadOpening'],
    ['one who did not sign', { grantee: bytes32(0x22) }, 'EmergencyRequesterMissing']
  ]
  it.each(bad)('refuses %s', async (_name, change, expected) => {
    const owner = await ownerWith()

    expect(await outcome(examine(owner, { opening: emergencyOpening(change) }))).toBe(expected)
  })

  it('refuses what the notice would', async () => {
    const owner = await ownerWith()
    const stranger = await world.person()

    expect(await outcome(examine(owner, { reasonHash: bytes32(0) }))).toBe('EmergencyZeroHash')
    expect(await outcome(examine(owner, { epoch: 2 }))).toBe('EmergencyWrongEpoch')
    expect(await outcome(examine(owner, { signers: [stranger] }))).toBe('EmergencySignerCount')
    const signers = ascending([nth(clinicians, 0), stranger])
    expect(await outcome(examine(owner, { signers }))).toBe('EmergencyNotClinician')
    expect(await outcome(examine(await ownerWith(NEVER)))).toBe('EmergencyUnwished')
  })
})

describe('a review', () => {
  const review = (reviewer: BaseWallet, owner: BaseWallet, outcomeHash = OUTCOME) =>
    world.send(reviewer, world.emergency, 'review', [noticeOf(owner), outcomeHash])
  /** A notice by clinicians of organisations 1 and 2. */
  async function noticed(): Promise<BaseWallet> {
    const owner = await ownerWith()
    await breakGlass(owner, { signers: clinicians })
    return owner
  }
  const outcomeOf = (owner: BaseWallet): Promise<string> =>
    world.read(world.emergency, 'outcomeOf', noticeOf(owner))

  it('is closed once, by the admin of an organisation that did not sign', async () => {
    const owner = await noticed()
    const before = await reviewWord(owner)
    await world.pass(HOUR)

    const { logs } = await review(nth(world.admins, 2), owner)

    const word = await reviewWord(owner)
    expect(bits(word, 0, 7)).toBe(2n)
    expect(bits(word, 8, 47)).toBe(BigInt(await world.now()))
    expect(word >> 48n).toBe(before >> 48n)
    expect(await outcomeOf(owner)).toBe(OUTCOME)
    expect(logs.map(({ topics, data }) => [topics[1], BigInt(data)])).toEqual([
      [keyOf(['bytes32'], [noticeOf(owner)]), word]
    ])
    expect(await outcome(review(nth(world.admins, 2), owner, REASON))).toBe('EmergencyNotOpen')
    expect(await outcomeOf(owner)).toBe(OUTCOME)
  })

  it('is not closed by the signers’ own, by other staff, or by strangers', async () => {
    const owner = await noticed()
    const [one, two, three] = world.admins
    const left = await world.enrol(world.directory, nth(world.admins, 2), 3, Role.Admin)
    await world.send(three as BaseWallet, world.directory, 'suspend', [left.address])
    const others = [one, two, await enrol(3), left, await world.person(), owner]

    for (const [i, other] of others.entries()) {
      expect(await outcome(review(other as BaseWallet, owner)), `${i}`).toBe('EmergencyNotReviewer')
    }
    expect(bits(await reviewWord(owner), 0, 7)).toBe(1n)
  })

  it('is closed by the owner, and by nobody in her place', async () => {
    const owner = await noticed()
    const args = [openingHash(emergencyOpening()), OUTCOME]

    const eve = world.send(await world.person(), world.emergency, 'reviewOwn', args)
    expect(await outcome(eve)).toBe('EmergencyNotOpen')
    await world.send(owner, world.emergency, 'reviewOwn', args)

    expect(await outcomeOf(owner)).toBe(OUTCOME)
    expect(bits(await reviewWord(owner), 0, 7)).toBe(2n)
  })

  it('needs an outcome and a notice', async () => {
    const owner = await noticed()
    const admin = nth(world.admins, 2)

    expect(await outcome(review(admin, owner, bytes32(0)))).toBe('EmergencyZeroHash')
    expect(await outcome(review(admin, await ownerWith()))).toBe('EmergencyNotOpen')
  })

  it('is overdue after its time, until it is closed', async () => {
    const owner = await noticed()
    const overdue = (): Promise<boolean> => world.read(world.emergency, 'overdue', noticeOf(owner))

    expect(await overdue()).toBe(false)
    await world.pass(REVIEW_SECONDS - HOUR)
    expect(await overdue()).toBe(false)
    await world.pass(HOUR + 1)
    expect(await overdue()).toBe(true)
    await review(nth(world.admins, 2), owner)
    expect(await overdue()).toBe(false)
    expect(await world.read(world.emergency, 'overdue', bytes32(1))).toBe(false)
  })
})

describe('deploying Emergency', () => {
  const deployed = async (change: unknown[]): Promise<string> => {
    const [directory, grants, quorum, seconds] = [
      await world.directory.getAddress(),
      await world.grants.getAddress(),
      SIGNERS,
      REVIEW_SECONDS
    ].map((value, i) => change[i] ?? value)
    return await outcome(
      world.ethers.deployContract('Emergency', [directory, grants, quorum, seconds])
    )
  }
  const none = `0x${'00'.repeat(20)}`
  const [anything] = [undefined]

  it.each([
    ['no directory', [none]],
    ['no grants', [anything, none]],
    ['a quorum of one', [anything, anything, 1]],
    ['a quorum of six', [anything, anything, 6]],
    ['less than an hour', [anything, anything, anything, HOUR - 1]],
    ['more than 90 days', [anything, anything, anything, 90 * 86_400 + 1]]
  ])('refuses %s', async (_name, change) => {
    expect(await deployed(change)).toBe('EmergencyBadSettings')
  })

  it('shows what it was given', async () => {
    expect(await world.read(world.emergency, 'directory')).toBe(await world.directory.getAddress())
    expect(await world.read(world.emergency, 'grants')).toBe(await world.grants.getAddress())
    expect([...(await world.read<bigint[]>(world.emergency, 'settings'))]).toEqual([
      BigInt(SIGNERS),
      BigInt(REVIEW_SECONDS)
    ])
    expect(await deployed([anything, anything, 5, 90 * 86_400])).toBe('accepted')
    expect(await deployed([anything, anything, 2, HOUR])).toBe('accepted')
  })
})
