import { type BaseWallet, type Contract, ZeroAddress } from 'ethers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  addressKey,
  bits,
  bytes32,
  createWorld,
  FOREVER,
  keyOf,
  nth,
  outcome,
  Role,
  type World
} from './world.ts'

const ADMIT = 1
const SUSPEND = 2
const REINSTATE = 3
const REMOVE = 4
const APPOINT = 5
const SUSPEND_ACCOUNT = 6

const SALT = bytes32(0x67)

let world: World
let directory: Contract
let admins: BaseWallet[]

beforeAll(async () => {
  world = await createWorld()
})

beforeEach(async () => {
  const deployed = await world.deployDirectory()
  directory = deployed.directory
  admins = deployed.admins
})

const act = (from: BaseWallet, method: string, ...args: unknown[]) =>
  world.send(from, directory, method, args)
const accountWord = (account: BaseWallet): Promise<bigint> =>
  world.read(directory, 'accountWord', account.address)
const organisationWord = (organisation: number): Promise<bigint> =>
  world.read(directory, 'organisationWord', organisation)
const organisationOf = async (account: BaseWallet): Promise<number> =>
  Number(bits(await accountWord(account), 40, 71))
const rolesOf = async (account: BaseWallet): Promise<number> =>
  Number(bits(await accountWord(account), 72, 87))
const admin = (organisation: number): BaseWallet => nth(admins, organisation - 1)

/** An open account of nobody. */
async function opened(): Promise<BaseWallet> {
  const account = await world.person()
  await act(account, 'setBindingEpoch', 1)
  return account
}

const consent = (account: BaseWallet, organisation: number, roles: number, version = 1) =>
  act(account, 'consent', organisation, roles, version, FOREVER)
const member = (organisation: number, roles: number) =>
  world.enrol(directory, admin(organisation), organisation, roles)

/** A proposal under the present voter set. */
async function propose(
  kind: number,
  organisation: number,
  account: string = ZeroAddress,
  quorum = 2,
  change: { voterSet?: number; deadline?: bigint } = {}
) {
  const [number] = await world.read<[bigint]>(directory, 'voterSet')
  return [
    change.voterSet ?? number,
    kind,
    organisation,
    account,
    quorum,
    change.deadline ?? FOREVER
  ]
}

/** Lets the first organisations vote until the proposal is carried out. */
async function decide(proposal: unknown[], voters = [1, 2]): Promise<void> {
  for (const organisation of voters) await act(admin(organisation), 'vote', proposal)
}

const voterSet = async (): Promise<number[]> =>
  [...(await world.read<bigint[]>(directory, 'voterSet'))].map(Number)

describe('founding', () => {
  it('makes the organisations active and gives each its first admin', async () => {
    for (const organisation of [1, 2, 3]) {
      const word = await organisationWord(organisation)
      expect(bits(word, 0, 7), `${organisation}`).toBe(1n)
      expect(bits(word, 8, 47), `${organisation}`).toBeGreaterThan(0n)
      expect(word >> 48n, `${organisation}`).toBe(0n)
      const account = await accountWord(admin(organisation))
      expect(bits(account, 0, 7)).toBe(1n)
      expect(bits(account, 8, 39)).toBe(1n)
      expect(bits(account, 40, 71)).toBe(BigInt(organisation))
      expect(bits(account, 72, 87)).toBe(BigInt(Role.Admin))
      expect(bits(account, 88, 127)).toBe(bits(word, 8, 47))
      expect(account >> 128n).toBe(0n)
    }
    expect(await voterSet()).toEqual([1, 3, 2])
  })

  const a = `0x${'0a'.repeat(20)}`
  const b = `0x${'0b'.repeat(20)}`
  it.each<[string, number[], string[], number, string]>([
    ['nobody', [], [], 0, 'DirectoryBadFounders'],
    ['more organisations than accounts', [1, 2], [a], 1, 'DirectoryBadFounders'],
    ['one organisation twice', [1, 1], [a, b], 2, 'DirectoryBadFounders'],
    ['organisations out of order', [2, 1], [a, b], 2, 'DirectoryBadFounders'],
    ['one account twice', [1, 2], [a, a], 2, 'DirectoryBadFounders'],
    ['organisation zero', [0, 1], [a, b], 2, 'DirectoryZeroId'],
    ['account zero', [1, 2], [a, ZeroAddress], 2, 'DirectoryZeroId'],
    ['no quorum', [1, 2], [a, b], 0, 'DirectoryBadQuorum'],
    ['a quorum of half', [1, 2], [a, b], 1, 'DirectoryBadQuorum'],
    ['a quorum nobody reaches', [1, 2], [a, b], 3, 'DirectoryBadQuorum']
  ])('refuses %s', async (_name, organisations, accounts, quorum, expected) => {
    const made = world.ethers.deployContract('Directory', [organisations, accounts, quorum])

    expect(await outcome(made)).toBe(expected)
  })
})

describe('a binding epoch', () => {
  const setBySig = async (account: BaseWallet, bindingEpoch: number) => {
    const message = { account: account.address, bindingEpoch }
    const signature = await world.sign(account, directory, 'BindingEpoch', message)
    const args = [account.address, bindingEpoch, signature]
    return await act(world.relayer, 'setBindingEpochBySig', ...args)
  }
  const ways = {
    setBindingEpoch: (account: BaseWallet, epoch: number) => act(account, 'setBindingEpoch', epoch),
    setBindingEpochBySig: setBySig
  }

  it.each(Object.entries(ways))('by %s opens an account, then only rises', async (_name, way) => {
    const account = await world.person()

    expect(await outcome(way(account, 0))).toBe('DirectoryStaleBindingEpoch')
    expect(await outcome(way(account, 1))).toBe('accepted')
    expect(bits(await accountWord(account), 0, 39)).toBe(0x101n)
    expect(await outcome(way(account, 1))).toBe('DirectoryStaleBindingEpoch')
    expect(await outcome(way(account, 5))).toBe('accepted')
    expect(await outcome(way(account, 4))).toBe('DirectoryStaleBindingEpoch')
    expect(bits(await accountWord(account), 8, 39)).toBe(5n)
  })

  it('keeps organisation, roles and suspension', async () => {
    const account = await member(2, Role.Clinician | Role.Attester)
    await act(admin(2), 'suspend', account.address)

    await act(account, 'setBindingEpoch', 2)

    const word = await accountWord(account)
    expect(bits(word, 0, 7)).toBe(2n)
    expect(bits(word, 40, 71)).toBe(2n)
    expect(bits(word, 72, 87)).toBe(6n)
  })

  it('tells of the account’s word', async () => {
    const account = await world.person()

    const { logs } = await act(account, 'setBindingEpoch', 1)

    expect(logs.map(({ topics, data }) => [topics[1], BigInt(data)])).toEqual([
      [addressKey(account.address), await accountWord(account)]
    ])
  })
})

describe('joining an organisation', () => {
  it('takes the account’s consent and the admin’s act', async () => {
    const account = await opened()
    await consent(account, 2, Role.Clinician)
    expect(await organisationOf(account)).toBe(0)

    await act(admin(2), 'enrol', account.address, Role.Clinician)

    expect(await organisationOf(account)).toBe(2)
    expect(await rolesOf(account)).toBe(Role.Clinician)
  })

  it('works with the account’s signature in the admin’s transaction', async () => {
    const account = await opened()
    const message = {
      account: account.address,
      organisation: 2,
      roles: Role.Custodian,
      version: 1,
      deadline: FOREVER
    }
    const signature = await world.sign(account, directory, 'Membership', message)
    const args = [account.address, Role.Custodian, 1, FOREVER, signature]

    expect(await outcome(act(admin(1), 'enrolBySig', ...args))).toBe('TypedMessagesBadSignature')
    expect(await outcome(act(account, 'enrolBySig', ...args))).toBe('DirectoryNotAdmin')
    expect(await outcome(act(admin(2), 'enrolBySig', ...args))).toBe('accepted')
    expect(await rolesOf(account)).toBe(Role.Custodian)
  })

  it.each<[string, number, number]>([
    ['no consent at all', 0, 0],
    ['consent to another organisation', 3, Role.Clinician],
    ['consent to fewer roles', 2, 0],
    ['consent to other roles', 2, Role.Custodian],
    ['consent to more roles', 2, Role.Clinician | Role.Admin]
  ])('is refused with %s', async (_name, organisation, roles) => {
    const account = await opened()
    if (organisation !== 0) await consent(account, organisation, roles)

    const call = act(admin(2), 'enrol', account.address, Role.Clinician)

    expect(await outcome(call)).toBe('DirectoryNoConsent')
    expect(await organisationOf(account)).toBe(0)
  })

  it('uses the consent up: leaving is final until a new one', async () => {
    const account = await member(2, Role.Clinician)

    await consent(account, 0, 0, 2)

    expect(await organisationOf(account)).toBe(0)
    const again = act(admin(2), 'enrol', account.address, Role.Clinician)
    expect(await outcome(again)).toBe('DirectoryNoConsent')
  })

  it('uses the consent up: who was dismissed is not enlisted again unasked', async () => {
    const account = await member(2, Role.Clinician)
    await act(admin(2), 'dismiss', account.address)

    const again = act(admin(2), 'enrol', account.address, Role.Clinician)

    expect(await outcome(again)).toBe('DirectoryNoConsent')
    expect(await organisationOf(account)).toBe(0)
  })

  it('cannot be repeated with an old signature', async () => {
    const account = await opened()
    const message = {
      account: account.address,
      organisation: 2,
      roles: Role.Clinician,
      version: 1,
      deadline: FOREVER
    }
    const signature = await world.sign(account, directory, 'Membership', message)
    const args = [account.address, Role.Clinician, 1, FOREVER, signature]
    await act(admin(2), 'enrolBySig', ...args)
    await consent(account, 0, 0, 2)

    expect(await outcome(act(admin(2), 'enrolBySig', ...args))).toBe('DirectoryStaleConsent')
  })

  it.each<[string, number, number, number, bigint, string]>([
    ['a role that does not exist', 2, 64, 1, FOREVER, 'DirectoryBadRoles'],
    ['roles of no organisation', 0, 2, 1, FOREVER, 'DirectoryBadRoles'],
    ['version 0', 2, 2, 0, FOREVER, 'DirectoryStaleConsent'],
    ['a skipped version', 2, 2, 2, FOREVER, 'DirectoryStaleConsent'],
    ['a passed deadline', 2, 2, 1, 1n, 'TypedMessagesExpired']
  ])(
    'consent to %s is refused',
    async (_name, organisation, roles, version, deadline, expected) => {
      const account = await opened()
      const message = { account: account.address, organisation, roles, version, deadline }
      const signature = await world.sign(account, directory, 'Membership', message)
      const bySig = [account.address, organisation, roles, version, deadline, signature]

      const own = act(account, 'consent', organisation, roles, version, deadline)
      expect(await outcome(own)).toBe(expected)
      expect(await outcome(act(world.relayer, 'consentBySig', ...bySig))).toBe(expected)
    }
  )

  it('needs an open account', async () => {
    const stranger = await world.person()

    expect(await outcome(consent(stranger, 2, 0))).toBe('DirectoryNotOpen')
    expect(await outcome(act(admin(2), 'enrol', stranger.address, 0))).toBe('DirectoryNotOpen')
  })

  it('moves an account from one organisation to another, by its own will', async () => {
    const account = await member(2, Role.Clinician)
    await consent(account, 3, Role.Researcher, 2)

    await act(admin(3), 'enrol', account.address, Role.Researcher)

    expect(await organisationOf(account)).toBe(3)
    expect(await rolesOf(account)).toBe(Role.Researcher)
  })
})

describe('an organisation’s admin', () => {
  const acts: [string, (account: BaseWallet) => unknown[]][] = [
    ['enrol', (account) => [account.address, Role.Clinician]],
    ['restrict', (account) => [account.address, 0]],
    ['dismiss', (account) => [account.address]],
    ['suspend', (account) => [account.address]],
    ['reinstate', (account) => [account.address]],
    ['setGroupMember', (account) => [SALT, account.address, true]]
  ]

  it.each(acts)('alone may %s', async (method, args) => {
    const account = await member(2, Role.Clinician)
    const former = await member(2, 63)
    await act(admin(2), 'restrict', former.address, 63 - Role.Admin)
    const suspended = await member(2, Role.Admin)
    await act(admin(2), 'suspend', suspended.address)

    for (const who of [await world.person(), account, former, suspended]) {
      expect(await outcome(act(who, method, ...args(account)))).toBe('DirectoryNotAdmin')
    }
  })

  it.each(acts)('of a suspended organisation may not %s', async (method, args) => {
    const account = await member(3, Role.Clinician)
    await decide(await propose(SUSPEND, 3))

    expect(await outcome(act(admin(3), method, ...args(account)))).toBe('DirectoryNotAdmin')
  })

  it.each(['restrict', 'dismiss', 'suspend', 'reinstate'])(
    'may not %s another organisation’s account',
    async (method) => {
      const account = await member(2, Role.Clinician)
      const free = await opened()
      const rest = method === 'restrict' ? [0] : []

      for (const target of [account, free]) {
        expect(await outcome(act(admin(3), method, target.address, ...rest))).toBe(
          'DirectoryOtherOrganisation'
        )
      }
    }
  )

  it('takes roles and gives none', async () => {
    const account = await member(2, Role.Clinician | Role.Attester)

    const more = act(admin(2), 'restrict', account.address, Role.Clinician | Role.Admin)
    expect(await outcome(more)).toBe('DirectoryBadRoles')
    await act(admin(2), 'restrict', account.address, Role.Attester)

    expect(await rolesOf(account)).toBe(Role.Attester)
  })

  it('dismisses', async () => {
    const account = await member(2, Role.Clinician)

    await act(admin(2), 'dismiss', account.address)

    expect(bits(await accountWord(account), 40, 87)).toBe(0n)
    expect(bits(await accountWord(account), 0, 7)).toBe(1n)
  })

  it('suspends and reinstates; a suspended account neither leaves nor joins', async () => {
    const account = await member(2, Role.Clinician)
    await act(admin(2), 'suspend', account.address)
    expect(bits(await accountWord(account), 0, 7)).toBe(2n)

    const outcomes = [
      await outcome(consent(account, 0, 0, 2)),
      await outcome(consent(account, 3, 0, 2)),
      await outcome(act(admin(2), 'suspend', account.address)),
      await outcome(act(admin(2), 'dismiss', account.address))
    ]
    expect(outcomes).toEqual(outcomes.map(() => 'DirectoryNotOpen'))
    await act(admin(2), 'reinstate', account.address)

    expect(bits(await accountWord(account), 0, 7)).toBe(1n)
    expect(await rolesOf(account)).toBe(Role.Clinician)
    expect(await outcome(act(admin(2), 'reinstate', account.address))).toBe('DirectoryNotSuspended')
  })
})

describe('a group', () => {
  const group = (organisation: number): string => keyOf(['uint32', 'bytes32'], [organisation, SALT])
  const memberWord = (organisation: number, account: BaseWallet): Promise<bigint> =>
    world.read(directory, 'memberWord', group(organisation), account.address)

  it('gains and loses members by its organisation’s admin', async () => {
    const account = await opened()
    const key = keyOf(['bytes32', 'address'], [group(2), account.address])

    const { logs } = await act(admin(2), 'setGroupMember', SALT, account.address, true)
    const word = await memberWord(2, account)
    expect(bits(word, 0, 7)).toBe(1n)
    expect(bits(word, 8, 47)).toBe(BigInt(await world.now()))
    expect(word >> 48n).toBe(0n)
    expect(logs.map(({ topics, data }) => [topics[1], BigInt(data)])).toEqual([[key, word]])

    await act(admin(2), 'setGroupMember', SALT, account.address, false)

    expect(await memberWord(2, account)).toBe(0n)
  })

  it('of the same name belongs to each organisation apart', async () => {
    const account = await opened()

    await act(admin(3), 'setGroupMember', SALT, account.address, true)

    expect(await memberWord(2, account)).toBe(0n)
    expect(await memberWord(3, account)).not.toBe(0n)
  })

  it('refuses zero ids and changes that change nothing', async () => {
    const { address } = await opened()
    const set = (salt: string, account: string, is: boolean) =>
      outcome(act(admin(2), 'setGroupMember', salt, account, is))

    expect(await set(bytes32(0), address, true)).toBe('DirectoryZeroId')
    expect(await set(SALT, ZeroAddress, true)).toBe('DirectoryZeroId')
    expect(await set(SALT, address, false)).toBe('DirectoryMemberUnchanged')
    expect(await set(SALT, address, true)).toBe('accepted')
    expect(await set(SALT, address, true)).toBe('DirectoryMemberUnchanged')
  })

  it('is cleared by anyone once its organisation is removed, not before', async () => {
    const account = await opened()
    await act(admin(3), 'setGroupMember', SALT, account.address, true)
    const clear = () => act(world.relayer, 'clearGroupMember', 3, SALT, account.address)
    expect(await outcome(clear())).toBe('DirectoryNotRemoved')
    await decide(await propose(SUSPEND, 3))
    expect(await outcome(clear())).toBe('DirectoryNotRemoved')
    await decide(await propose(REMOVE, 3))

    expect(await outcome(clear())).toBe('accepted')
    expect(await memberWord(3, account)).toBe(0n)
  })
})

describe('a vote', () => {
  it('admits an organisation with its first admin at the k-th organisation', async () => {
    const account = await opened()
    await consent(account, 9, Role.Admin | Role.Custodian)
    const proposal = await propose(ADMIT, 9, account.address, 3)

    await act(admin(1), 'vote', proposal)
    expect(await organisationWord(9)).toBe(0n)
    await act(admin(2), 'vote', proposal)

    expect(bits(await organisationWord(9), 0, 7)).toBe(1n)
    expect(await organisationOf(account)).toBe(9)
    expect(await rolesOf(account)).toBe(Role.Admin | Role.Custodian)
    expect(await voterSet()).toEqual([2, 4, 3])
  })

  it('counts an organisation once, whoever of its admins votes', async () => {
    const second = await member(1, Role.Admin)
    const proposal = await propose(SUSPEND, 3)
    await act(admin(1), 'vote', proposal)

    for (const voter of [admin(1), second]) {
      expect(await outcome(act(voter, 'vote', proposal))).toBe('DirectoryAlreadyVoted')
    }
    const id = await world.read<string>(directory, 'proposalIdOf', proposal)
    expect(await world.read(directory, 'votes', id)).toBe(1n)
    expect(await world.read<boolean>(directory, 'voted', id, 1)).toBe(true)
    expect(await world.read<boolean>(directory, 'voted', id, 2)).toBe(false)
  })

  it('is refused to accounts that are no admin of an active organisation', async () => {
    const proposal = await propose(SUSPEND, 3)
    const others = [await world.person(), await opened(), await member(1, 63 - Role.Admin)]

    for (const voter of others) {
      expect(await outcome(act(voter, 'vote', proposal))).toBe('DirectoryNotAdmin')
    }
  })

  it('is for one proposal: kind, organisation, account, quorum and deadline all count', async () => {
    await act(admin(1), 'vote', await propose(SUSPEND, 3))

    const others = [
      await propose(REMOVE, 3),
      await propose(SUSPEND, 2),
      await propose(SUSPEND, 3, ZeroAddress, 1),
      await propose(SUSPEND, 3, ZeroAddress, 2, { deadline: FOREVER - 1n })
    ]
    for (const other of others) await act(admin(2), 'vote', other)

    expect(await voterSet()).toEqual([1, 3, 2])
  })

  it('dies with its voter set', async () => {
    const account = await opened()
    await consent(account, 9, Role.Admin)
    const pending = await propose(REMOVE, 2)
    await act(admin(1), 'vote', pending)

    await decide(await propose(ADMIT, 9, account.address, 3))

    expect(await outcome(act(admin(3), 'vote', pending))).toBe('DirectoryWrongVoterSet')
    const ahead = await propose(REMOVE, 2, ZeroAddress, 2, { voterSet: 3 })
    expect(await outcome(act(admin(3), 'vote', ahead))).toBe('DirectoryWrongVoterSet')
    expect(bits(await organisationWord(2), 0, 7)).toBe(1n)
  })

  it('dies with its deadline', async () => {
    const late = await propose(SUSPEND, 3, ZeroAddress, 2, { deadline: 1n })

    expect(await outcome(act(admin(1), 'vote', late))).toBe('TypedMessagesExpired')
  })

  it('suspends an organisation, which then has no vote, and reinstates it', async () => {
    await decide(await propose(SUSPEND, 3))
    expect(bits(await organisationWord(3), 0, 7)).toBe(2n)
    expect(await voterSet()).toEqual([2, 2, 2])
    const proposal = await propose(REINSTATE, 3)
    expect(await outcome(act(admin(3), 'vote', proposal))).toBe('DirectoryNotAdmin')

    await decide(proposal)

    expect(bits(await organisationWord(3), 0, 7)).toBe(1n)
    expect(await voterSet()).toEqual([3, 3, 2])
  })

  it.each([false, true])(
    'removes an organisation for ever, suspended before: %s',
    async (first) => {
      if (first) await decide(await propose(SUSPEND, 3))
      await decide(await propose(REMOVE, 3))
      expect(await organisationWord(3)).toBe(0n)
      expect(await world.read<boolean>(directory, 'removed', 3)).toBe(true)
      expect((await voterSet()).slice(1)).toEqual([2, 2])

      const account = await opened()
      await consent(account, 3, Role.Admin)
      const again = await propose(ADMIT, 3, account.address)
      await act(admin(1), 'vote', again)

      expect(await outcome(act(admin(2), 'vote', again))).toBe('DirectoryBadProposal')
    }
  )

  it('appoints an admin to an organisation whose keys are lost', async () => {
    const account = await opened()
    await consent(account, 3, Role.Admin)

    await decide(await propose(APPOINT, 3, account.address))

    expect(await organisationOf(account)).toBe(3)
    expect(await outcome(act(account, 'suspend', admin(3).address))).toBe('accepted')
    expect(await voterSet()).toEqual([1, 3, 2])
  })

  it('suspends an account of an organisation, and reaches nobody else', async () => {
    const free = await opened()
    await decide(await propose(SUSPEND_ACCOUNT, 3, admin(3).address))
    expect(bits(await accountWord(admin(3)), 0, 7)).toBe(2n)

    for (const organisation of [0, 3]) {
      const proposal = await propose(SUSPEND_ACCOUNT, organisation, free.address)
      await act(admin(1), 'vote', proposal)
      expect(await outcome(act(admin(2), 'vote', proposal))).toBe('DirectoryBadProposal')
    }
  })

  it('that was carried out is not carried out again', async () => {
    const proposal = await propose(SUSPEND_ACCOUNT, 1, (await member(1, 0)).address)
    await decide(proposal)

    expect(await outcome(act(admin(3), 'vote', proposal))).toBe('DirectoryAlreadyDone')
  })

  it('enlists nobody: the first admin must have consented, as an admin', async () => {
    const account = await opened()
    const kinds = [await propose(ADMIT, 9, account.address, 3)]
    kinds.push(await propose(APPOINT, 3, account.address))
    for (const proposal of kinds) await act(admin(1), 'vote', proposal)

    for (const proposal of kinds) {
      expect(await outcome(act(admin(2), 'vote', proposal))).toBe('DirectoryNoConsent')
    }
    await consent(account, 9, Role.Clinician)
    expect(await outcome(act(admin(2), 'vote', kinds[0]))).toBe('DirectoryNoConsent')
    await consent(account, 9, Role.Admin, 2)
    expect(await outcome(act(admin(2), 'vote', kinds[0]))).toBe('accepted')
  })

  it('keeps the quorum a majority, and within reach', async () => {
    const account = await opened()
    await consent(account, 9, Role.Admin)
    const proposals = [
      await propose(ADMIT, 9, account.address, 2),
      await propose(ADMIT, 9, account.address, 5),
      await propose(SUSPEND, 3, ZeroAddress, 1),
      await propose(SUSPEND, 3, ZeroAddress, 3),
      await propose(SUSPEND, 3, ZeroAddress, 0)
    ]

    for (const proposal of proposals) {
      await act(admin(1), 'vote', proposal)
      const what = proposal.join()
      expect(await outcome(act(admin(2), 'vote', proposal)), what).toBe('DirectoryBadQuorum')
    }
  })

  it('with another quorum begins a new voter set', async () => {
    const { address } = await member(1, 0)

    await decide(await propose(SUSPEND_ACCOUNT, 1, address, 3))

    expect(await voterSet()).toEqual([2, 3, 3])
  })

  it.each<[string, number, number, boolean]>([
    ['kind 0', 0, 3, false],
    ['kind 7', 7, 3, false],
    ['admitting organisation 0', ADMIT, 0, true],
    ['admitting a member', ADMIT, 3, true],
    ['admitting without an admin', ADMIT, 9, false],
    ['suspending a stranger', SUSPEND, 9, false],
    ['suspending with an account', SUSPEND, 3, true],
    ['reinstating an active one', REINSTATE, 3, false],
    ['reinstating a stranger', REINSTATE, 9, false],
    ['removing a stranger', REMOVE, 9, false],
    ['removing with an account', REMOVE, 3, true],
    ['appointing to a stranger', APPOINT, 9, true],
    ['appointing nobody', APPOINT, 3, false],
    ['suspending account zero', SUSPEND_ACCOUNT, 3, false],
    ['suspending another’s account', SUSPEND_ACCOUNT, 3, true]
  ])('for %s is refused in the end', async (_name, kind, organisation, named) => {
    const account = named ? (await member(1, 0)).address : ZeroAddress
    const proposal = await propose(kind, organisation, account, 2)
    await act(admin(1), 'vote', proposal)

    expect(await outcome(act(admin(2), 'vote', proposal))).toBe('DirectoryBadProposal')
  })
})
