import { type BaseWallet, type Contract, getAddress, Signature, toBeHex, ZeroAddress } from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { MessageName } from './typed-data.ts'
import {
  bytes32,
  createWorld,
  everyContract,
  FOREVER,
  nth,
  opening,
  openingHash,
  outcome,
  REVIEW_SECONDS,
  recordItem,
  type World
} from './world.ts'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const HASH = openingHash(opening())

let world: World

beforeAll(async () => {
  world = await createWorld()
})

/** One function that takes a signature: what is signed, and what is sent with it. */
interface Entry {
  readonly contract: (w: World) => Contract
  readonly message: MessageName
  readonly signed: (signer: string) => Record<string, unknown>
  readonly args: (signer: string, signature: string) => unknown[]
  /** The same call with one term changed, which the signature does not cover. */
  readonly altered: (signer: string, signature: string) => unknown[]
  /** What must have happened before. */
  readonly prepare?: (signer: BaseWallet | Contract) => Promise<unknown>
  /** Who sends. @default a relayer */
  readonly sender?: (w: World) => BaseWallet
}

const grantItem = { opening: opening(), version: 1 }
const item = { openingHash: HASH, version: 1 }
const GUARDIAN = getAddress(`0x${'77'.repeat(20)}`)
const DAY = 86_400
const guardianship = { rights: 3, until: 4_000_000_000, epoch: 1, version: 1 }
const anchorItem = { logTag: HASH, root: bytes32(1), toSeq: 1 }

/** What a key, or a contract wallet, does itself. */
async function act(
  account: BaseWallet | Contract,
  contract: Contract,
  method: string,
  args: unknown[]
): Promise<void> {
  if ('privateKey' in account) {
    await world.send(account as BaseWallet, contract, method, args)
    return
  }
  const data = contract.interface.encodeFunctionData(method, args)
  const target = await contract.getAddress()
  await world.send(world.relayer, account as Contract, 'execute', [target, data])
}

/** Opens the account of a key or of a contract wallet. */
const openAccount = (account: BaseWallet | Contract): Promise<void> =>
  act(account, world.directory, 'setBindingEpoch', [1])

/** A helper proposes a successor of the account. */
async function proposeSuccessor(account: BaseWallet | Contract): Promise<void> {
  const helper = await world.person()
  const plan = { salt: HASH, threshold: 1, helpers: [helper.address] }
  const planHash = await world.read(world.guardians, 'planHashOf', plan)
  await act(account, world.guardians, 'setPlan', [planHash, DAY, 1])
  const named = { account: await account.getAddress(), successor: GUARDIAN, round: 1 }
  const message = { ...named, planVersion: 1 }
  const signature = await world.sign(helper, world.guardians, 'Recovery', message)
  const args = [...Object.values(named), plan, [signature]]
  await world.send(world.relayer, world.guardians, 'propose', args)
}

/** Two clinicians break the account's glass. */
async function breakGlass(account: BaseWallet | Contract): Promise<void> {
  const owner = await account.getAddress()
  await act(account, world.grants, 'optOut', [0, 1])
  await act(account, world.emergency, 'setWish', [1, 1])
  const signers = await world.enrolClinicians([1, 1])
  const message = { owner, opening: opening(), reasonHash: HASH, epoch: 1 }
  const signatures = await Promise.all(
    signers.map((signer) => world.sign(signer, world.emergency, 'BreakGlass', message))
  )
  const args = [owner, HASH, HASH, 1, signatures]
  await world.send(world.relayer, world.emergency, 'breakGlass', args)
}

const entries: Record<string, Entry> = {
  grantBySig: {
    contract: (w) => w.grants,
    message: 'Grants',
    signed: (owner) => ({ owner, items: [grantItem], epoch: 1, deadline: FOREVER }),
    args: (owner, sig) => [owner, HASH, 1, 1, FOREVER, sig],
    altered: (owner, sig) => [owner, openingHash(opening({ budget: 11 })), 1, 1, FOREVER, sig]
  },
  grantBatchBySig: {
    contract: (w) => w.grants,
    message: 'Grants',
    signed: (owner) => ({ owner, items: [grantItem], epoch: 1, deadline: FOREVER }),
    args: (owner, sig) => [owner, [item], 1, FOREVER, sig],
    altered: (owner, sig) => [owner, [item, item], 1, FOREVER, sig]
  },
  revokeBySig: {
    contract: (w) => w.grants,
    message: 'Revocations',
    signed: (owner) => ({ owner, items: [item] }),
    args: (owner, sig) => [owner, [item], sig],
    altered: (owner, sig) => [owner, [{ ...item, version: 2 }], sig]
  },
  revokeAllBySig: {
    contract: (w) => w.grants,
    message: 'RevokeAll',
    signed: (owner) => ({ owner, epoch: 2 }),
    args: (owner, sig) => [owner, 2, sig],
    altered: (owner, sig) => [owner, 3, sig]
  },
  optOutBySig: {
    contract: (w) => w.grants,
    message: 'OptOut',
    signed: (owner) => ({ owner, purposes: 4, version: 1 }),
    args: (owner, sig) => [owner, 4, 1, sig],
    altered: (owner, sig) => [owner, 0, 1, sig]
  },
  recordsBySig: {
    contract: (w) => w.records,
    message: 'Records',
    signed: (owner) => ({ owner, items: [recordItem(HASH)], deadline: FOREVER }),
    args: (owner, sig) => [owner, [recordItem(HASH)], FOREVER, sig],
    altered: (owner, sig) => [owner, [recordItem(HASH, { anchor: bytes32(0xee) })], FOREVER, sig]
  },
  setBindingEpochBySig: {
    contract: (w) => w.directory,
    message: 'BindingEpoch',
    signed: (account) => ({ account, bindingEpoch: 1 }),
    args: (account, sig) => [account, 1, sig],
    altered: (account, sig) => [account, 2, sig]
  },
  consentBySig: {
    contract: (w) => w.directory,
    message: 'Membership',
    signed: (account) => membership(account),
    args: (account, sig) => [account, 1, 2, 1, FOREVER, sig],
    altered: (account, sig) => [account, 1, 18, 1, FOREVER, sig],
    prepare: openAccount
  },
  enrolBySig: {
    contract: (w) => w.directory,
    message: 'Membership',
    signed: (account) => membership(account),
    args: (account, sig) => [account, 2, 1, FOREVER, sig],
    altered: (account, sig) => [account, 18, 1, FOREVER, sig],
    prepare: openAccount,
    sender: (w) => nth(w.admins, 0)
  },
  setWishBySig: {
    contract: (w) => w.emergency,
    message: 'Wish',
    signed: (owner) => ({ owner, wish: 3, version: 1 }),
    args: (owner, sig) => [owner, 3, 1, sig],
    altered: (owner, sig) => [owner, 1, 1, sig]
  },
  reviewOwnBySig: {
    contract: (w) => w.emergency,
    message: 'Review',
    signed: (owner) => ({ owner, openingHash: HASH, outcomeHash: bytes32(7) }),
    args: (owner, sig) => [owner, HASH, bytes32(7), sig],
    altered: (owner, sig) => [owner, HASH, bytes32(8), sig],
    prepare: breakGlass
  },
  appointBySig: {
    contract: (w) => w.guardians,
    message: 'Guardianship',
    signed: (ward) => ({ ward, guardian: GUARDIAN, ...guardianship }),
    args: (ward, sig) => [ward, GUARDIAN, ...Object.values(guardianship), sig],
    altered: (ward, sig) => [ward, GUARDIAN, ...Object.values({ ...guardianship, rights: 7 }), sig]
  },
  endBySig: {
    contract: (w) => w.guardians,
    message: 'GuardianshipEnd',
    signed: (ward) => ({ ward, guardian: GUARDIAN, version: 1 }),
    args: (ward, sig) => [ward, ward, GUARDIAN, 1, sig],
    altered: (ward, sig) => [ward, ward, GUARDIAN, 2, sig]
  },
  setPlanBySig: {
    contract: (w) => w.guardians,
    message: 'RecoveryPlan',
    signed: (account) => ({ account, planHash: HASH, delaySeconds: DAY, version: 1 }),
    args: (account, sig) => [account, HASH, DAY, 1, sig],
    altered: (account, sig) => [account, HASH, DAY + 1, 1, sig]
  },
  vetoBySig: {
    contract: (w) => w.guardians,
    message: 'Veto',
    signed: (account) => ({ account, round: 1 }),
    args: (account, sig) => [account, 1, sig],
    altered: (account, sig) => [account, 2, sig],
    prepare: proposeSuccessor
  },
  anchorBySig: {
    contract: (w) => w.audit,
    message: 'Anchors',
    signed: (writer) => ({ writer, items: [anchorItem] }),
    args: (writer, sig) => [writer, [anchorItem], sig],
    altered: (writer, sig) => [writer, [{ ...anchorItem, toSeq: 2 }], sig]
  }
}

function membership(account: string): Record<string, unknown> {
  return { account, organisation: 1, roles: 2, version: 1, deadline: FOREVER }
}

const relay = (name: string, args: unknown[]): Promise<string> => {
  const { contract, sender } = entry(name)
  return outcome(world.send(sender?.(world) ?? world.relayer, contract(world), name, args))
}

function entry(name: string): Entry {
  const found = entries[name]
  if (found == null) throw new Error(`no entry ${name}`)
  return found
}

/** Signs the entry's message by `key` for the account `signer`. */
const signFor = (name: string, key: BaseWallet, signer: string, domain = {}): Promise<string> => {
  const { contract, message, signed } = entry(name)
  return world.sign(key, contract(world), message, signed(signer), domain)
}

/** The same signature with the high twin of s, which ecrecover takes as well. */
function highS(signature: string): string {
  const { r, s, v } = Signature.from(signature)
  return `${r}${toBeHex(ORDER - BigInt(s), 32).slice(2)}${v === 27 ? '1c' : '1b'}`
}

async function prepared(name: string): Promise<BaseWallet> {
  const signer = await world.person()
  await entry(name).prepare?.(signer)
  return signer
}

const names = Object.keys(entries)

describe.each(names)('%s', (name) => {
  it('takes the signer’s signature, once', async () => {
    const signer = await prepared(name)
    const args = entry(name).args(signer.address, await signFor(name, signer, signer.address))

    expect(await relay(name, args)).toBe('accepted')
    expect(await relay(name, args)).toMatch(/Stale|WrongEpoch|AlreadyRegistered|NotOpen|NotPending/)
  })

  it('refuses a wrong key, a high s, a damaged or foreign signature, another message', async () => {
    const signer = await prepared(name)
    const eve = await world.person()
    const good = await signFor(name, signer, signer.address)
    const { r, s } = Signature.from(good)
    const forged: Record<string, string> = {
      'another key': await signFor(name, eve, signer.address),
      'another owner’s message': await signFor(name, signer, eve.address),
      'a high s': highS(good),
      'v 0': `${good.slice(0, -2)}00`,
      'v flipped': good.endsWith('1b') ? `${good.slice(0, -2)}1c` : `${good.slice(0, -2)}1b`,
      'ERC-2098': Signature.from(good).compactSerialized,
      'a byte more': `${good}00`,
      'a byte less': good.slice(0, -2),
      nothing: '0x',
      zeros: `0x${'00'.repeat(65)}`,
      'r zero': `0x${'00'.repeat(32)}${s.slice(2)}1b`,
      's zero': `${r}${'00'.repeat(32)}1b`,
      'another chain': await signFor(name, signer, signer.address, { chainId: 1 }),
      'another contract': await signFor(name, signer, signer.address, {
        verifyingContract: eve.address
      }),
      'another domain name': await signFor(name, signer, signer.address, { name: 'keyward' }),
      'another domain version': await signFor(name, signer, signer.address, { version: '2' })
    }

    for (const [what, signature] of Object.entries(forged)) {
      const refused = await relay(name, entry(name).args(signer.address, signature))
      expect(refused, what).toBe('TypedMessagesBadSignature')
    }
    const altered = await relay(name, entry(name).altered(signer.address, good))
    expect(altered, 'an altered term').toBe('TypedMessagesBadSignature')
    expect(await relay(name, entry(name).args(signer.address, good)), 'the real one').toBe(
      'accepted'
    )
  })

  it('knows no signer zero', async () => {
    const eve = await world.person()
    const signature = await signFor(name, eve, ZeroAddress)

    for (const sig of [signature, `0x${'00'.repeat(65)}`, '0x']) {
      expect(await relay(name, entry(name).args(ZeroAddress, sig))).toBe('TypedMessagesZeroSigner')
    }
  })

  it('asks a contract wallet (ERC-1271), whose signature may be long, up to 2,048 bytes', async () => {
    const key = await world.person()
    const deployed = await world.ethers.deployContract('ContractWallet', [key.address])
    const wallet = deployed as unknown as Contract
    const account = await wallet.getAddress()
    await entry(name).prepare?.(wallet)
    const eve = await world.person()
    const good = await signFor(name, key, account)
    const long = (bytes: number): string => `${good}${'00'.repeat(bytes - 65)}`
    const bad = [await signFor(name, eve, account), highS(good), '0x', long(2_049)]

    for (const signature of bad) {
      expect(await relay(name, entry(name).args(account, signature))).toBe(
        'TypedMessagesBadSignature'
      )
    }
    expect(await relay(name, entry(name).args(account, long(2_048)))).toBe('accepted')
  })

  it('takes the key of an account that delegated its code (EIP-7702)', async () => {
    const signer = await prepared(name)
    const deployed = await world.ethers.deployContract('ContractWallet', [signer.address])
    await world.delegate(signer, await deployed.getAddress())
    expect(await world.ethers.provider.getCode(signer)).toMatch(/^0xef0100/)
    const eve = await world.person()

    const forged = await signFor(name, eve, signer.address)
    expect(await relay(name, entry(name).args(signer.address, forged))).toBe(
      'TypedMessagesBadSignature'
    )
    const good = await signFor(name, signer, signer.address)
    expect(await relay(name, entry(name).args(signer.address, good))).toBe('accepted')
  })

  it('refuses what was signed for a second deployment', async () => {
    const signer = await prepared(name)
    const other = await createOther(name)
    const { message, signed, args } = entry(name)
    const foreign = await world.sign(signer, other, message, signed(signer.address))

    expect(await relay(name, args(signer.address, foreign))).toBe('TypedMessagesBadSignature')
  })
})

async function createOther(name: string): Promise<Contract> {
  const { contract } = entry(name)
  if (contract(world) === world.directory) return (await world.deployDirectory()).directory
  const directory = await world.directory.getAddress()
  const grants = await world.grants.getAddress()
  const kinds: [Contract, string, unknown[]][] = [
    [world.grants, 'GrantRegistry', []],
    [world.records, 'RecordRegistry', [directory]],
    [world.emergency, 'Emergency', [directory, grants, 3, REVIEW_SECONDS]],
    [world.audit, 'AuditAnchor', []],
    [world.guardians, 'Guardians', [directory, grants, await world.emergency.getAddress()]]
  ]
  const [, kind, args] = nth(
    kinds.filter(([known]) => known === contract(world)),
    0
  )
  return (await world.ethers.deployContract(kind, args)) as unknown as Contract
}

describe('signatures', () => {
  it('are tested for every function that takes one', () => {
    const taking = everyContract(world).flatMap((contract) => {
      const found: string[] = []
      contract.interface.forEachFunction(({ name, inputs }) => {
        if (inputs.some(({ name: input }) => input === 'signature')) found.push(name)
      })
      return found
    })

    expect(taking.sort()).toEqual([...names].sort())
  })
})
