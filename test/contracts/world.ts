/**
 * A chain with the contracts on it, people with keys and gas, and a word for what came of a
 * call: the contract tests are tables over these.
 * @module
 */
import {
  AbiCoder,
  type Addressable,
  type BaseWallet,
  type Contract,
  Interface,
  type InterfaceAbi,
  keccak256,
  type TransactionReceipt,
  toBeHex,
  Wallet,
  zeroPadValue
} from 'ethers'
import { network } from 'hardhat'
import * as contracts from '../../node/chain/abi.ts'
import { hashMessage, type MessageName, messageTypes } from './typed-data.ts'

/** Accounts in the order of their addresses. */
export const ascending = (accounts: readonly BaseWallet[]): BaseWallet[] =>
  [...accounts].sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))

/** Later than any test's chain time, and still below 2⁵³. */
export const FOREVER = 2n ** 53n - 1n

export const Role = {
  Custodian: 1,
  Clinician: 2,
  Attester: 4,
  Relayer: 8,
  Admin: 16,
  Researcher: 32
} as const

/** A 32-byte value of one repeated byte. */
export const bytes32 = (byte: number): string => `0x${toBeHex(byte, 1).slice(2).repeat(32)}`

/** keccak256(abi.encode(...)), as the contracts make their keys. */
export const keyOf = (types: string[], values: unknown[]): string =>
  keccak256(AbiCoder.defaultAbiCoder().encode(types, values))

/** An address as the bytes32 key of its word. */
export const addressKey = (address: string): string => zeroPadValue(address, 32).toLowerCase()

/** Bits `low` to `high` of a word, both included. */
export const bits = (word: bigint, low: number, high: number): bigint =>
  (word >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n)

/** A well-formed opening; tests change what they are about. */
export const opening = (change: Partial<Opening> = {}): Opening => ({
  granteeKind: 1,
  grantee: zeroPadValue(`0x${'22'.repeat(20)}`, 32),
  scope: bytes32(0x55),
  verFrom: 1,
  verTo: 4_294_967_295,
  purposes: 3,
  notBefore: 1_800_000_000,
  notAfter: 1_802_592_000,
  budget: 10,
  window: 86_400,
  salt: bytes32(0x44),
  ...change
})

export type Opening = {
  granteeKind: number
  grantee: string
  scope: string
  verFrom: number
  verTo: number
  purposes: number
  notBefore: number
  notAfter: number
  budget: number
  window: number
  salt: string
}

/** EIP-712 hash of an opening, as it goes into calldata. */
export const openingHash = (value: Opening): string => hashMessage('GrantOpening', value)

/** A first item of a `Records` message; tests change what they are about. */
export const recordItem = (recordTag: string, change: Partial<RecordItem> = {}): RecordItem => ({
  recordTag,
  status: 1,
  shareEpoch: 1,
  quorum: 1,
  barredOrg: 0,
  anchor: bytes32(0xa1),
  ...change
})

export type RecordItem = {
  recordTag: string
  status: number
  shareEpoch: number
  quorum: number
  barredOrg: number
  anchor: string
}

/** A later item: leaves zero what is written once. */
export const laterItem = (
  recordTag: string,
  status: number,
  shareEpoch: number,
  change: Partial<RecordItem> = {}
): RecordItem => ({
  recordTag,
  status,
  shareEpoch,
  quorum: 0,
  barredOrg: 0,
  anchor: bytes32(0),
  ...change
})

const errors = Object.values(contracts).map(
  ({ abi }: { readonly abi: InterfaceAbi }) => new Interface(abi)
)

/** What came of a call: 'accepted', or the name of the custom error that refused it. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'accepted'
  } catch (err) {
    const data = (err as { data?: unknown }).data
    if (typeof data !== 'string') throw err
    const parsed = errors.map((e) => e.parseError(data)).find((found) => found != null)
    if (parsed == null) throw err
    return parsed.name
  }
}

/** Founding organisations of every world. */
export const ORGANISATIONS = [1, 2, 3]
export const QUORUM = 2

/** Clinicians who must sign an emergency, and how long its review may take. */
export const SIGNERS = 2
export const REVIEW_SECONDS = 7 * 86_400

/** Puts the contracts on a chain: one in this process, or the anvil of `npm run test:anvil`. */
export async function createWorld() {
  const name = process.env['KEYWARD_EVM'] === 'anvil' ? 'anvil' : 'edr'
  const { ethers: hardhat, provider } = await network.create(name)
  /** Stands there when it is given back: over JSON-RPC that takes a moment. */
  const deployContract = (async (contract: string, args: unknown[] = []) => {
    const made = await hardhat.deployContract(contract, args)
    await made.waitForDeployment()
    return made
  }) as typeof hardhat.deployContract
  const ethers = { ...hardhat, deployContract }
  const { chainId } = await ethers.provider.getNetwork()

  /** Makes a key with gas; without an argument a new one each time. */
  async function person(key?: string): Promise<BaseWallet> {
    const made = key == null ? Wallet.createRandom() : new Wallet(key)
    await provider.request({
      method: 'hardhat_setBalance',
      params: [made.address, '0x56bc75e2d63100000']
    })
    return made.connect(ethers.provider)
  }

  /** Deploys a Directory with its founders' admins, in the order of their organisations. */
  async function deployDirectory(organisations = ORGANISATIONS, quorum = QUORUM) {
    const admins = await Promise.all(organisations.map(() => person()))
    const addresses = admins.map(({ address }) => address)
    const made = await ethers.deployContract('Directory', [organisations, addresses, quorum])
    return { directory: made as unknown as Contract, admins }
  }

  /** Sends a transaction and waits for its receipt. */
  async function send(
    from: BaseWallet,
    contract: Contract,
    method: string,
    args: readonly unknown[]
  ): Promise<TransactionReceipt> {
    const connected = contract.connect(from) as Contract
    const sent = await connected.getFunction(method).send(...args)
    const receipt = await sent.wait()
    if (receipt == null) throw new Error(`no receipt of ${method}`)
    return receipt
  }

  /** Reads one word or value by a view. */
  const read = async <T = bigint>(contract: Contract, method: string, ...args: unknown[]) =>
    (await contract.getFunction(method).staticCall(...args)) as T

  /** Signs a typed message for a contract of this chain, or for what `domain` says. */
  const sign = async (
    signer: BaseWallet,
    contract: Addressable,
    name: MessageName,
    message: Record<string, unknown>,
    domain: Record<string, unknown> = {}
  ): Promise<string> =>
    await signer.signTypedData(
      {
        name: 'Keyward',
        version: '1',
        chainId,
        verifyingContract: await contract.getAddress(),
        ...domain
      },
      messageTypes(name),
      message
    )

  /** Time of the newest block, Unix seconds. */
  const now = async (): Promise<number> =>
    (await ethers.provider.getBlock('latest'))?.timestamp ?? 0

  /** Mines one block `seconds` later. */
  async function pass(seconds: number): Promise<void> {
    await provider.request({ method: 'evm_increaseTime', params: [seconds] })
    await provider.request({ method: 'evm_mine', params: [] })
  }

  /** Gives an account the code of an EIP-7702 delegation to `delegate`, by its own authorisation. */
  async function delegate(account: BaseWallet, delegate: string): Promise<void> {
    const authorization = await account.authorize({
      address: delegate,
      nonce: await account.getNonce()
    })
    const payer = await person()
    const sent = await payer.sendTransaction({
      to: payer.address,
      type: 4,
      authorizationList: [authorization]
    })
    await sent.wait()
  }

  /** Opens an account and lets it join an organisation with these roles. */
  async function enrol(
    directory: Contract,
    admin: BaseWallet,
    organisation: number,
    roles: number
  ): Promise<BaseWallet> {
    const account = await person()
    await send(account, directory, 'setBindingEpoch', [1])
    await send(account, directory, 'consent', [organisation, roles, 1, FOREVER])
    await send(admin, directory, 'enrol', [account.address, roles])
    return account
  }

  /** A clinician of each organisation; ascending, as their signatures must stand. */
  async function enrolClinicians(organisations: readonly number[]): Promise<BaseWallet[]> {
    const made: BaseWallet[] = []
    for (const organisation of organisations) {
      const admin = nth(admins, organisation - 1)
      made.push(await enrol(directory, admin, organisation, Role.Clinician))
    }
    return ascending(made)
  }

  const { directory, admins } = await deployDirectory()
  const grants = (await ethers.deployContract('GrantRegistry')) as unknown as Contract
  const records = (await ethers.deployContract('RecordRegistry', [
    await directory.getAddress()
  ])) as unknown as Contract

  const emergency = (await ethers.deployContract('Emergency', [
    await directory.getAddress(),
    await grants.getAddress(),
    SIGNERS,
    REVIEW_SECONDS
  ])) as unknown as Contract
  const audit = (await ethers.deployContract('AuditAnchor')) as unknown as Contract

  const guardians = (await ethers.deployContract('Guardians', [
    await directory.getAddress(),
    await grants.getAddress(),
    await emergency.getAddress()
  ])) as unknown as Contract
  const wardCode = (await ethers.deployContract('WardAccount', [
    await guardians.getAddress()
  ])) as unknown as Contract

  return {
    ethers,
    provider,
    chainId,
    directory,
    admins,
    grants,
    records,
    emergency,
    audit,
    guardians,
    wardCode,
    relayer: await person(),
    person,
    deployDirectory,
    send,
    read,
    sign,
    now,
    pass,
    delegate,
    enrol,
    enrolClinicians
  }
}

export type World = Awaited<ReturnType<typeof createWorld>>

/** All that are deployed. */
export const everyContract = (world: World): Contract[] => [
  world.grants,
  world.records,
  world.directory,
  world.emergency,
  world.audit,
  world.guardians
]

/** One element of a list that a test knows to be there. */
export function nth<T>(list: readonly T[], index: number): T {
  const found = list[index]
  if (found === undefined) throw new Error(`expected an element at ${index}, got none`)
  return found
}
