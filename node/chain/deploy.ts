/**
 * Puts the contracts on a chain and reads back what code stands there, so that every node can
 * pin it (SECURITY.md T20). No contract has an owner: the deployer keeps no power.
 * @module
 */
import { AbiCoder, getCreateAddress } from 'ethers'
import { concat, fromHex, toHex0x } from '../../core/bytes.ts'
import { defaultGatePolicy } from '../../core/decision.ts'
import {
  type Deployment,
  mapOptional,
  OPTIONAL_CONTRACTS,
  type OptionalContract
} from '../../core/deployment.ts'
import { InvalidConfigError } from '../../core/errors.ts'
import { type Address, address, type Hash, hash } from '../../core/ids.ts'
import { CODE_MAX_BYTES, REVIEW_SECONDS } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import {
  AuditAnchor,
  Directory,
  Emergency,
  GrantRegistry,
  Guardians,
  RecordRegistry,
  WardAccount
} from './abi.ts'
import { JsonRpc } from './endpoint-rpc.ts'
import { dataBytes, quantity } from './rpc-values.ts'
import { Sender } from './sender.ts'

export interface DeployInit {
  readonly url: string
  /** Private key of whoever pays for it, 32 bytes. */
  readonly deployerKey: Uint8Array
  readonly primitives: Pick<Primitives, 'keccak256'>
  /** Founding organisations with their first admins, ascending. */
  readonly founders: readonly { readonly org: number; readonly admin: Address }[]
  /** Votes that a proposal needs. @default a majority of the founders */
  readonly quorum?: number
  /** Clinicians who must sign an emergency, 2–5: as the gates ask. @default defaultGatePolicy's */
  readonly emergencySigners?: number
  /** Time for the review of one, 1 hour to 90 days. @default a week */
  readonly reviewSeconds?: number
  readonly signal?: AbortSignal
}

type Contracts = Pick<Deployment, 'grants' | 'records' | 'directory' | OptionalContract>

/** @throws TransactionFailedError, ChainUnavailableError */
export async function deploy(init: DeployInit): Promise<Deployment> {
  const { url, deployerKey: accountKey, founders } = init
  const chainId = await readChainId(url, init.signal)
  const sender = new Sender({ url, accountKey, chainId })
  const quorum = init.quorum ?? Math.floor(founders.length / 2) + 1
  const create = async (bytecode: string, types: string[], values: unknown[]): Promise<Address> => {
    const data = concat(
      fromHex(bytecode),
      fromHex(AbiCoder.defaultAbiCoder().encode(types, values))
    )
    const { contract } = await sender.send({ data }, { signal: init.signal })
    if (contract == null) throw new InvalidConfigError('the chain created no contract')
    return contract
  }
  const directory = await create(
    Directory.bytecode,
    ['uint32[]', 'address[]', 'uint32'],
    [founders.map(({ org }) => org), founders.map(({ admin }) => toHex0x(admin)), quorum]
  )
  const grants = await create(GrantRegistry.bytecode, [], [])
  const records = await create(RecordRegistry.bytecode, ['address'], [toHex0x(directory)])
  const emergency = await create(
    Emergency.bytecode,
    ['address', 'address', 'uint8', 'uint40'],
    [
      toHex0x(directory),
      toHex0x(grants),
      init.emergencySigners ?? defaultGatePolicy.emergencySigners,
      init.reviewSeconds ?? REVIEW_SECONDS
    ]
  )
  const audit = await create(AuditAnchor.bytecode, [], [])
  const guardians = await create(
    Guardians.bytecode,
    ['address', 'address', 'address'],
    [toHex0x(directory), toHex0x(grants), toHex0x(emergency)]
  )
  const wardAccount = await create(WardAccount.bytecode, ['address'], [toHex0x(guardians)])
  const contracts = { grants, records, directory, emergency, audit, guardians, wardAccount }
  return await readDeployment({ ...init, contracts })
}

/** Where `deploy` puts the contracts when they are the deployer's first transactions. */
export function firstAddresses(deployer: Address): Contracts {
  const at = (nonce: number): Address =>
    address(fromHex(getCreateAddress({ from: toHex0x(deployer), nonce })))
  return {
    directory: at(0),
    grants: at(1),
    records: at(2),
    emergency: at(3),
    audit: at(4),
    guardians: at(5),
    wardAccount: at(6)
  }
}

/**
 * The deployment at known addresses, its code hashes as they are now. Trusts its endpoint: pin what
 * it gives only if you trust it too, or deployed yourself.
 * @throws InvalidConfigError if there is no code, ChainUnavailableError
 */
export async function readDeployment(init: {
  readonly url: string
  readonly contracts: Contracts
  readonly primitives: Pick<Primitives, 'keccak256'>
  readonly signal?: AbortSignal
}): Promise<Deployment> {
  const { url, contracts, primitives, signal } = init
  const rpc = new JsonRpc(url)
  const codeHashAt = async (at: Address): Promise<Hash | undefined> => {
    const code = await rpc.ask(
      'eth_getCode',
      [toHex0x(at), 'latest'],
      (result) => dataBytes(result, 'code', CODE_MAX_BYTES),
      { signal }
    )
    return code.byteLength === 0 ? undefined : hash(primitives.keccak256(code))
  }
  const codeHash = async (at: Address): Promise<Hash> => {
    const found = await codeHashAt(at)
    if (found == null) throw new InvalidConfigError(`no contract at ${toHex0x(at)}`)
    return found
  }
  const { grants, records, directory } = contracts
  const found: { [C in OptionalContract]?: { readonly at: Address; readonly code: Hash } } = {}
  for (const name of OPTIONAL_CONTRACTS) {
    const at = contracts[name]
    const code = at == null ? undefined : await codeHashAt(at)
    if (at != null && code != null) found[name] = { at, code }
  }
  return {
    chainId: await readChainId(url, signal),
    grants,
    records,
    directory,
    ...mapOptional(found, ({ at }) => at),
    codeHashes: {
      grants: await codeHash(grants),
      records: await codeHash(records),
      directory: await codeHash(directory),
      ...mapOptional(found, ({ code }) => code)
    }
  }
}

const readChainId = (url: string, signal: AbortSignal | undefined): Promise<number> =>
  new JsonRpc(url).ask('eth_chainId', [], (result) => quantity(result, 'chainId'), { signal })
