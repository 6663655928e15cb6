/**
 * The `dev` chain: a local anvil with the contracts on it, nothing to install by hand. Its founding
 * organisations are numbered 1–64 and administered by anvil's well-known accounts, so that a
 * demo enrols accounts without votes. Never for real data: whoever reaches it can do anything.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { HDNodeWallet } from 'ethers'
import { fromHex, toHex0x } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import { decodeConsentWord } from '../../core/directory-words.ts'
import { ChainUnavailableError, InvalidConfigError } from '../../core/errors.ts'
import { type Address, address } from '../../core/ids.ts'
import { DEV_READY_MS } from '../../core/limits.ts'
import { noblePrimitives } from '../../core/noble.ts'
import type { Primitives } from '../../core/primitives.ts'
import { type BindingEpoch, type Membership, signTyped } from '../../core/typed-data.ts'
import { AccountStatus, decodeAccountWord } from '../../core/words.ts'
import { type AnvilInit, startAnvil } from './anvil.ts'
import { encodeDirectory, readDirectory } from './calls.ts'
import { deploy, firstAddresses, readDeployment } from './deploy.ts'
import { JsonRpc } from './endpoint-rpc.ts'
import { chainParameters } from './parameters.ts'
import { quantity } from './rpc-values.ts'
import { Sender } from './sender.ts'

export interface DevChainInit extends AnvilInit {
  /** @default noblePrimitives */
  readonly primitives?: Primitives
}

export interface DevChain {
  readonly url: string
  readonly pid: number
  readonly deployment: Deployment
  /** Resolves when the chain's process is gone. */
  readonly ended: Promise<void>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Anvil's own: all keys of a dev chain are known to everybody. */
const MNEMONIC = 'test test test test test test test test test test test junk'
const DEPLOYER = 0
/** Organisations of a dev chain, as many founders as the Directory takes; n's admin is account n. */
const ORGANISATIONS = 64
/** 10 ether: a hundred thousand messages. An account below half of it is given more. */
const GAS_MONEY = 10n * 10n ** 18n
const CONSENT_SECONDS = 3_600

/**
 * Starts a chain, or continues the one in `statePath`. Resolves once the contracts are in a block
 * that counts as confirmed.
 * @throws InvalidConfigError where no anvil comes along, or the port is taken
 */
export async function startDevChain(init: DevChainInit = {}): Promise<DevChain> {
  const anvil = await startAnvil({ ...init, accounts: ORGANISATIONS + 1 })
  try {
    const { url, pid, ended } = anvil
    const start = await headNumber(url, init.signal)
    const deployment = await findOrDeploy(url, init)
    // After a restart only the loaded head can be proven, so that its depth counts from there.
    const { confirmed } = chainParameters('dev')
    const depth = confirmed.by === 'depth' ? confirmed.blocks : 0
    const deployed = await headNumber(url, init.signal)
    await headReaches(url, Math.max(start, deployed) + depth, init.signal)
    const stop = (): Promise<void> => anvil.stop()
    return { url, pid, deployment, ended, stop, [Symbol.asyncDispose]: stop }
  } catch (err) {
    await anvil.stop()
    throw err
  }
}

async function findOrDeploy(url: string, init: DevChainInit): Promise<Deployment> {
  const { primitives = noblePrimitives, signal } = init
  const common = { url, primitives, ...(signal == null ? {} : { signal }) }
  const deployerKey = devKey(DEPLOYER)
  const addressOf = (key: Uint8Array): Address => address(primitives.secp256k1Address(key))
  try {
    return await readDeployment({ ...common, contracts: firstAddresses(addressOf(deployerKey)) })
  } catch (err) {
    if ((err as Error).name !== 'InvalidConfigError') throw err
  }
  const founders = Array.from({ length: ORGANISATIONS }, (_, i) => {
    const org = i + 1
    return { org, admin: addressOf(devKey(org)) }
  })
  return await deploy({ ...common, deployerKey, founders })
}

const devKey = (index: number): Uint8Array =>
  fromHex(HDNodeWallet.fromPhrase(MNEMONIC, '', `m/44'/60'/0'/0/${index}`).privateKey)

export interface EnrolInit {
  readonly url: string
  readonly deployment: Deployment
  /** @default noblePrimitives */
  readonly primitives?: Primitives
  /** Key of the account that joins: it signs its consent. */
  readonly accountKey: Uint8Array
  /** 1–64; 0 enrols nowhere, and only opens and funds the account: a patient. */
  readonly org: number
  /** Role bits of core/words.ts. */
  readonly roles: number
  /**
   * True: only who never joined anywhere is enrolled. Later changes, by votes and admins, stay.
   * @default false
   */
  readonly firstOnly?: boolean
}

/**
 * On a dev chain only: gives an account gas money, opens its binding epoch, and takes it into an
 * organisation with roles. What is so already is left alone, so it may be called at every start;
 * and so is a suspended account, which nobody but its admin can move.
 * @throws InvalidConfigError for an organisation that a dev chain does not have
 */
export async function enrol(init: EnrolInit, options: AbortOptions = {}): Promise<void> {
  const { url, deployment, primitives: p = noblePrimitives, accountKey, org, roles } = init
  if (!Number.isSafeInteger(org) || org < 0 || org > ORGANISATIONS) {
    throw new InvalidConfigError(`"org" of a dev chain expected 0..${ORGANISATIONS}, got ${org}`)
  }
  const account = address(p.secp256k1Address(accountKey))
  // A patient has no organisation: the deployer pays.
  const payerKey = devKey(org === 0 ? DEPLOYER : org)
  const sender = new Sender({ url, accountKey: payerKey, chainId: deployment.chainId })
  const money = await sender.rpc.ask(
    'eth_getBalance',
    [toHex0x(account), 'latest'],
    (result) => BigInt(String(result)),
    options
  )
  // By a transaction: a balance set from outside would leave the head without provable state.
  if (money < GAS_MONEY / 2n) await sender.send({ to: account, value: GAS_MONEY }, options)
  const send = async (method: string, values: unknown[]): Promise<void> => {
    await sender.send({ to: deployment.directory, data: encodeDirectory(method, values) }, options)
  }
  const word = decodeAccountWord(
    await read(sender.rpc, deployment, 'accountWord', account, options)
  )
  if ((word?.bindingEpoch ?? 0) === 0) {
    const message: BindingEpoch = { account, bindingEpoch: 1 }
    const sig = signTyped(deployment, 'BindingEpoch', message, accountKey, p)
    await send('setBindingEpochBySig', [account, 1, sig])
  }
  const isThere = word?.org === org && word.roles === roles
  if (org === 0 || isThere || word?.status === AccountStatus.SUSPENDED) return
  const consent = decodeConsentWord(
    await read(sender.rpc, deployment, 'consentWord', account, options)
  )
  if (init.firstOnly === true && consent.version > 0) return
  const deadline = Math.floor(Date.now() / 1_000) + CONSENT_SECONDS
  const version = consent.version + 1
  const message: Membership = { account, organisation: org, roles, version, deadline }
  const sig = signTyped(deployment, 'Membership', message, accountKey, p)
  await send('enrolBySig', [account, roles, version, deadline, sig])
}

const read = (
  rpc: JsonRpc,
  deployment: Deployment,
  method: string,
  account: Address,
  options: AbortOptions
): Promise<bigint> => {
  const call = {
    to: toHex0x(deployment.directory),
    data: toHex0x(encodeDirectory(method, [account]))
  }
  return rpc.ask('eth_call', [call, 'latest'], (result) => readDirectory(method, result), options)
}

const headNumber = (url: string, signal: AbortSignal | undefined): Promise<number> =>
  new JsonRpc(url).ask('eth_blockNumber', [], (result) => quantity(result, 'head'), { signal })

async function headReaches(url: string, number: number, signal: AbortSignal | undefined) {
  const deadline = AbortSignal.timeout(DEV_READY_MS)
  while ((await headNumber(url, signal)) < number) {
    if (deadline.aborted) throw new ChainUnavailableError('the local chain makes no blocks')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
