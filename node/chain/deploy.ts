/**
 * Puts the contracts on a chain and reads back what code stands there, so that every node can
 * pin it (SECURITY.md T20). No contract has an owner: the deployer keeps no power. What was placed
 * is written down before it is sent, so that a deployment that died is gone on with, never begun
 * twice.
 * @module
 */
import { AbiCoder, getCreateAddress } from 'ethers'
import { concat, fromHex, toBigInt, toHex0x } from '../../core/bytes.ts'
import { defaultGatePolicy } from '../../core/decision.ts'
import {
  type Deployment,
  mapOptional,
  OPTIONAL_CONTRACTS,
  type OptionalContract
} from '../../core/deployment.ts'
import { InvalidConfigError, TransactionFailedError } from '../../core/errors.ts'
import { type Address, address, type Hash, hash } from '../../core/ids.ts'
import { CODE_MAX_BYTES, REVIEW_SECONDS } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import {
  creationCode,
  DEPLOYED,
  type Deployed,
  fitCode,
  type Profile,
  runtimeBytes,
  sourceName
} from './builds.ts'
import { JsonRpc } from './endpoint-rpc.ts'
import { type Fees, type Placement, Placer } from './placer.ts'
import { dataBytes, quantity } from './rpc-values.ts'

/** What founders agree on beforehand; no vote changes more than members and quorum later. */
export interface FoundingTerms {
  /** Founding organisations with their first admins, ascending. */
  readonly founders: readonly { readonly org: number; readonly admin: Address }[]
  /** Votes that a proposal needs. @default a majority of the founders */
  readonly quorum?: number
  /** Clinicians who must sign an emergency, 2–5: as the gates ask. @default defaultGatePolicy's */
  readonly emergencySigners?: number
  /** Time for the review of one, 1 hour to 90 days. @default a week */
  readonly reviewSeconds?: number
}

/** Where the placements of a deployment under way are kept. `put` resolves once it is durable. */
export interface DeployJournal {
  get(contract: Deployed): Placement | undefined
  put(contract: Deployed, placement: Placement): Promise<void>
}

export interface PlacedContract extends Placement {
  readonly contract: Deployed
  /** Undefined for one that stood there already. */
  readonly gas: number | undefined
}

export interface DeployInit extends FoundingTerms {
  readonly url: string
  /** Private key of whoever pays for it, 32 bytes. */
  readonly deployerKey: Uint8Array
  readonly primitives: Pick<Primitives, 'keccak256'>
  /** @default 'default' */
  readonly profile?: Profile
  /** Refused on any other chain. @default whatever the endpoint says */
  readonly chainId?: number
  /** @default none: a deployment that dies is lost */
  readonly journal?: DeployJournal
  readonly onPlaced?: (placed: PlacedContract) => void
  readonly signal?: AbortSignal
}

/** What a deployment would do and cost. */
export interface DeployPlan {
  readonly chainId: number
  readonly deployer: Address
  readonly balance: bigint
  readonly fees: Fees
  readonly contracts: readonly {
    readonly contract: Deployed
    readonly at: Address
    /** Undefined for one that stands already. */
    readonly gas: bigint | undefined
  }[]
  /** At most, in wei; a rollup charges for its data besides. */
  readonly cost: bigint
}

type Contracts = Pick<Deployment, 'grants' | 'records' | 'directory' | OptionalContract>
type Places = { readonly [C in Deployed]: Address }

/** What each constructor takes: other contracts by their name, and the founding terms. */
const ARGUMENTS: Readonly<
  Record<
    Deployed,
    { readonly types: readonly string[]; values(t: FoundingTerms, p: Places): unknown[] }
  >
> = {
  directory: {
    types: ['uint32[]', 'address[]', 'uint32'],
    values: ({ founders, quorum = majority(founders.length) }) => [
      founders.map(({ org }) => org),
      founders.map(({ admin }) => toHex0x(admin)),
      quorum
    ]
  },
  grants: { types: [], values: () => [] },
  records: { types: ['address'], values: (_, p) => [toHex0x(p.directory)] },
  emergency: {
    types: ['address', 'address', 'uint8', 'uint40'],
    values: (terms, p) => [
      toHex0x(p.directory),
      toHex0x(p.grants),
      terms.emergencySigners ?? defaultGatePolicy.emergencySigners,
      terms.reviewSeconds ?? REVIEW_SECONDS
    ]
  },
  audit: { types: [], values: () => [] },
  guardians: {
    types: ['address', 'address', 'address'],
    values: (_, p) => [toHex0x(p.directory), toHex0x(p.grants), toHex0x(p.emergency)]
  },
  wardAccount: { types: ['address'], values: (_, p) => [toHex0x(p.guardians)] }
}

const majority = (voters: number): number => Math.floor(voters / 2) + 1

/** @throws InvalidConfigError, TransactionFailedError, ChainUnavailableError */
export async function planDeployment(init: DeployInit): Promise<DeployPlan> {
  const { placer, chainId, places, standing } = await survey(init)
  const { signal, profile = 'default' } = init
  const [balance, fees] = await Promise.all([placer.balance({ signal }), placer.fees({ signal })])
  const contracts: { contract: Deployed; at: Address; gas: bigint | undefined }[] = []
  for (const contract of DEPLOYED) {
    const data = creation(contract, profile, init, places)
    const gas = standing.has(contract) ? undefined : await estimate(placer, contract, data, signal)
    contracts.push({ contract, at: places[contract], gas })
  }
  const gas = contracts.reduce((sum, each) => sum + (each.gas ?? 0n), 0n)
  const { deployer } = placer
  return { chainId, deployer, balance, fees, contracts, cost: gas * fees.maxFeePerGas }
}

/** @throws InvalidConfigError for a chain that is older than the code's instructions, say */
async function estimate(
  placer: Placer,
  contract: Deployed,
  data: Uint8Array,
  signal: AbortSignal | undefined
): Promise<bigint> {
  try {
    return await placer.estimate(data, { signal })
  } catch (err) {
    if (!(err instanceof TransactionFailedError)) throw err
    throw new InvalidConfigError(
      `the chain does not take ${sourceName(contract)}: ${err.message}; it needs the fork Shanghai`,
      { cause: err }
    )
  }
}

/**
 * Places what does not stand yet. May be called again with the same journal after any failure.
 * @throws InvalidConfigError, TransactionFailedError, ChainUnavailableError
 */
export async function deploy(init: DeployInit): Promise<Deployment> {
  const { signal, profile = 'default', journal, onPlaced } = init
  const plan = await planDeployment(init)
  if (plan.cost > plan.balance) {
    throw new InvalidConfigError(
      `${toHex0x(plan.deployer)} expected at least ${plan.cost} wei, has ${plan.balance}`
    )
  }
  // The numbers may have moved since the plan, by transactions of another program.
  const { placer, chainId, placements, places, standing } = await survey(init)
  for (const contract of DEPLOYED) {
    const placement = placements[contract]
    const data = creation(contract, profile, init, places)
    let gas: number | undefined
    if (!standing.has(contract)) {
      await journal?.put(contract, placement)
      const gasLimit = await placer.estimate(data, { signal })
      const terms = { ...(await placer.fees({ signal })), gasLimit, chainId }
      gas = await placer.place(data, placement, terms, { signal })
      await assertStands(placer, contract, places, signal)
    }
    onPlaced?.({ contract, ...placement, gas })
  }
  return await readDeployment({ ...init, contracts: places })
}

interface Survey {
  readonly placer: Placer
  readonly chainId: number
  readonly placements: { readonly [C in Deployed]: Placement }
  readonly places: Places
  /** Those that are there, as they should be. */
  readonly standing: ReadonlySet<Deployed>
}

/** Looks what stands, and says where the others will: at the numbers that are written down or free. */
async function survey(init: DeployInit): Promise<Survey> {
  const { signal, journal, profile = 'default' } = init
  const placer = new Placer(init)
  const chainId = await placer.chainId({ signal })
  if (init.chainId != null && init.chainId !== chainId) {
    throw new InvalidConfigError(`the chain expected id ${init.chainId}, has ${chainId}`)
  }
  for (const contract of DEPLOYED) {
    const bytes = runtimeBytes(contract, profile)
    if (bytes > CODE_MAX_BYTES) {
      throw new InvalidConfigError(
        `${sourceName(contract)} expected at most ${CODE_MAX_BYTES} bytes of code, has ${bytes}`
      )
    }
  }
  const taken = await placer.count('latest', { signal })
  let free = await placer.count('pending', { signal })
  const standing = new Set<Deployed>()
  const placements: { [C in Deployed]?: Placement } = {}
  for (const contract of DEPLOYED) {
    const written = journal?.get(contract)
    const there = written != null && (await placer.code(written.at, { signal })).byteLength > 0
    if (there) standing.add(contract)
    // A number that was used up without creating anything is given up; one still open is kept.
    const keep = written != null && (there || written.nonce >= taken)
    placements[contract] = keep ? written : placer.placement(free++)
    if (keep && written.nonce >= free) free = written.nonce + 1
  }
  const all = placements as { readonly [C in Deployed]: Placement }
  const places = Object.fromEntries(DEPLOYED.map((each) => [each, all[each].at])) as Places
  for (const contract of standing) await assertStands(placer, contract, places, signal)
  return { placer, chainId, placements: all, places, standing }
}

const creation = (
  contract: Deployed,
  profile: Profile,
  terms: FoundingTerms,
  places: Places
): Uint8Array => {
  const { types, values } = ARGUMENTS[contract]
  const args = AbiCoder.defaultAbiCoder().encode(types, values(terms, places))
  return concat(creationCode(contract, profile), fromHex(args))
}

/** Its code is ours, and what it points at is this deployment. */
async function assertStands(
  placer: Placer,
  contract: Deployed,
  places: Places,
  signal: AbortSignal | undefined
): Promise<void> {
  const at = toHex0x(places[contract])
  const code = await placer.code(places[contract], { signal })
  if (code.byteLength === 0) {
    throw new TransactionFailedError(`${sourceName(contract)} was not created at ${at}`)
  }
  const fitted = fitCode(contract, code)
  if (fitted == null) throw new InvalidConfigError(`other code than ${contract}’s stands at ${at}`)
  for (const [name, value] of fitted.immutables) {
    const place = places[name as Deployed]
    if (place != null && toBigInt(place) !== value) {
      throw new InvalidConfigError(`${contract} at ${at} points at another ${name}`)
    }
  }
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
