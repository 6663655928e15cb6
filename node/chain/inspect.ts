/**
 * What stands at the addresses of a deployment, believing nobody: the code's hash is proven against
 * the state root of a block that enough endpoints agree on, the code must have that hash, and then
 * tells which build it is and what it points at.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { equalBytes, toBigInt, toHex0x, wordBytes } from '../../core/bytes.ts'
import { type Deployment, OPTIONAL_CONTRACTS } from '../../core/deployment.ts'
import { ChainUnavailableError, InvalidProofError } from '../../core/errors.ts'
import { type Address, type Hash, hash } from '../../core/ids.ts'
import { CODE_MAX_BYTES, PROOF_HEDGE_MS, RPC_MAX_MS } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { BlockRef, Clock, Endpoint, VerifiedHeader } from '../adapters.ts'
import { DEPLOYED, type Deployed, fitCode, type Profile } from './builds.ts'
import { JsonRpc, rpcEndpoint } from './endpoint-rpc.ts'
import { quorumHeads } from './heads.ts'
import { outageText } from './outage.ts'
import type { ChainParameters } from './parameters.ts'
import { firstGood } from './quorum.ts'
import { dataBytes, quantity } from './rpc-values.ts'
import { proveAccount, proveSlots } from './state-proof.ts'

export interface InspectInit {
  readonly urls: readonly string[]
  readonly deployment: Deployment
  readonly parameters: ChainParameters
  readonly clock: Clock
  readonly primitives: Pick<Primitives, 'keccak256' | 'secp256k1Recover'>
}

/** One contract, as it is. */
export interface Inspected {
  readonly contract: Deployed
  readonly at: Address
  readonly pinned: Hash | undefined
  /** Undefined where there is no code. */
  readonly codeHash: Hash | undefined
  readonly profile: Profile | undefined
  /** Whether the confirmed block has the same; undefined where nobody proves it. */
  readonly confirmed: boolean | undefined
  readonly immutables: ReadonlyMap<string, bigint>
  /** In words; none if all is as the deployment says. */
  readonly faults: readonly string[]
}

export interface Inspection {
  readonly head: VerifiedHeader
  readonly conf: VerifiedHeader
  readonly headAgeSeconds: number
  /** Between two blocks: the middle of the last few. */
  readonly blockSeconds: number | undefined
  readonly endpoints: readonly { readonly name: string; readonly chainId: number | undefined }[]
  readonly contracts: readonly Inspected[]
  readonly absent: readonly Deployed[]
  readonly voters:
    | { readonly voterSet: number; readonly voters: number; readonly quorum: number }
    | undefined
  /** Of the chain and its endpoints. */
  readonly faults: readonly string[]
}

/** `_voterSet`, `_voters` and `_quorum` of Directory: frozen by test/contracts/storage-layout. */
const VOTERS_SLOT = hash(wordBytes(7n))
/** keccak256 of nothing: an account without code has this code hash. */
const NO_CODE = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
/** Gaps between blocks that are looked at. */
const PERIODS_SEEN = 8
const uint32At = (word: bigint, bit: number): number =>
  Number(BigInt.asUintN(32, word >> BigInt(bit)))

/** @throws ChainUnavailableError if the endpoints agree on no head, or none of them proves a thing */
export async function inspectDeployment(
  init: InspectInit,
  options: AbortOptions = {}
): Promise<Inspection> {
  const { urls, deployment, parameters, clock, primitives } = init
  const endpoints = urls.map((url) => rpcEndpoint(url))
  const checkpoint = { get: async () => undefined, put: async () => {} }
  const source = quorumHeads({ endpoints, parameters, clock, checkpoint, primitives })
  const found = await source.current(options)
  if (!found.ok) throw new ChainUnavailableError(outageText(found.code))
  const { head, conf } = found.value
  const named = await Promise.all(urls.map((url) => chainIdOf(url, options)))
  const present = DEPLOYED.filter((each) => deployment[each] != null)
  const looker = new Looker(endpoints, urls, primitives, options)
  const contracts = await Promise.all(
    present.map((contract) => inspect(looker, contract, deployment, head, conf))
  )
  const whole = contracts.every(({ contract, codeHash }) => contract !== 'directory' || codeHash)
  const blockSeconds = await blockPeriod(endpoints, head, options)
  const headAgeSeconds = Math.floor(clock.nowMs() / 1_000) - head.timeSeconds
  return {
    head,
    conf,
    headAgeSeconds,
    blockSeconds,
    endpoints: named,
    contracts,
    absent: OPTIONAL_CONTRACTS.filter((each) => deployment[each] == null),
    voters: whole ? await readVoters(looker, deployment, head) : undefined,
    faults: [
      ...chainFaults(named, deployment.chainId),
      ...ageFaults(headAgeSeconds, parameters),
      ...periodFaults(blockSeconds, parameters)
    ]
  }
}

async function chainIdOf(url: string, options: AbortOptions) {
  const rpc = new JsonRpc(url)
  const chainId = await rpc
    .ask('eth_chainId', [], (result) => quantity(result, 'chainId'), options)
    .catch(() => undefined)
  return { name: rpc.name, chainId }
}

const chainFaults = (
  named: readonly { readonly name: string; readonly chainId: number | undefined }[],
  expected: number
): string[] =>
  named
    .filter(({ chainId }) => chainId !== expected)
    .map(({ name, chainId }) =>
      chainId == null
        ? `${name} does not tell its chain id`
        : `${name} is on chain ${chainId}, the deployment on ${expected}`
    )

function ageFaults(age: number, { headMaxAgeSeconds: max }: ChainParameters): string[] {
  if (age > max) return [`the head is ${age} s old, more than ${max} s: gates refuse (304)`]
  return -age > max ? [`the head is ${-age} s ahead of this clock: gates refuse (305)`] : []
}

/** Endpoints are believed here: their blocks' times only tell what is worth a word. */
async function blockPeriod(
  endpoints: readonly Endpoint[],
  head: VerifiedHeader,
  options: AbortOptions
): Promise<number | undefined> {
  const count = Math.min(PERIODS_SEEN, head.number)
  const times = async (endpoint: Endpoint): Promise<number[]> =>
    await Promise.all(
      Array.from({ length: count + 1 }, async (_, i) => {
        const claim = await endpoint.header(head.number - count + i, options)
        return quantity(claim?.['timestamp'], 'timestamp')
      })
    )
  const [first] = endpoints
  const seen = first == null ? [] : await times(first).catch(() => [])
  const gaps = seen.slice(1).map((time, i) => time - (seen[i] as number))
  return gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)]
}

/** On a consortium chain, where the period is the clinics' own choice: three in S. */
const periodFaults = (
  seconds: number | undefined,
  { kind, headMaxAgeSeconds }: ChainParameters
): string[] =>
  kind === 'consortium' && seconds != null && 3 * seconds > headMaxAgeSeconds
    ? [
        `blocks come every ${seconds} s, and heads may be ${headMaxAgeSeconds} s old: ` +
          'make empty blocks, or set chain.blockSeconds'
      ]
    : []

async function inspect(
  looker: Looker,
  contract: Deployed,
  deployment: Deployment,
  head: VerifiedHeader,
  conf: VerifiedHeader
): Promise<Inspected> {
  const at = deployment[contract] as Address
  const pinned = deployment.codeHashes[contract]
  const [codeHash, before] = await Promise.all([
    looker.codeHash(at, head),
    looker.codeHash(at, conf).catch(() => 'unproven' as const)
  ])
  const common = { contract, at, pinned, codeHash }
  if (codeHash == null) {
    const faults = ['no contract stands here']
    return { ...common, profile: undefined, confirmed: undefined, immutables: new Map(), faults }
  }
  const fitted = fitCode(contract, await looker.code(at, codeHash))
  const immutables = fitted?.immutables ?? new Map<string, bigint>()
  const faults = [
    ...(pinned != null && equalBytes(pinned, codeHash) ? [] : ['the code is not the pinned one']),
    ...(fitted == null ? ['the code is no build of this version'] : []),
    ...linkFaults(immutables, deployment)
  ]
  return {
    ...common,
    profile: fitted?.profile,
    confirmed: before === 'unproven' ? undefined : before != null && equalBytes(before, codeHash),
    immutables,
    faults
  }
}

/** Immutables that have a contract's name must be that contract's address. */
function linkFaults(immutables: ReadonlyMap<string, bigint>, deployment: Deployment): string[] {
  return [...immutables].flatMap(([name, value]) => {
    if (!DEPLOYED.some((each) => each === name)) return []
    const expected = deployment[name as Deployed]
    if (expected != null && toBigInt(expected) === value) return []
    const seen = addressText(value)
    return [
      `points at ${name} ${seen}, the deployment has ${expected ? toHex0x(expected) : 'none'}`
    ]
  })
}

/** An immutable that holds an address, as text. */
export const addressText = (value: bigint): string => toHex0x(wordBytes(value).subarray(12))

async function readVoters(looker: Looker, deployment: Deployment, head: VerifiedHeader) {
  const word = await looker.slot(deployment.directory, VOTERS_SLOT, head)
  return { voterSet: uint32At(word, 0), voters: uint32At(word, 32), quorum: uint32At(word, 64) }
}

/** Asks endpoint after endpoint until one proves what it says. */
class Looker {
  readonly #endpoints: readonly Endpoint[]
  readonly #urls: readonly string[]
  readonly #p: Pick<Primitives, 'keccak256'>
  readonly #options: AbortOptions

  constructor(
    endpoints: readonly Endpoint[],
    urls: readonly string[],
    p: Pick<Primitives, 'keccak256'>,
    options: AbortOptions
  ) {
    this.#endpoints = endpoints
    this.#urls = urls
    this.#p = p
    this.#options = options
  }

  /** Undefined where a proof shows that no code stands there. */
  codeHash(at: Address, block: VerifiedHeader): Promise<Hash | undefined> {
    return this.#first('a proof', this.#endpoints, async (endpoint, signal) => {
      const { account } = await endpoint.proof(at, [], refOf(block), { signal })
      const proven = await proveAccount(block.stateRoot, at, account, this.#p)
      return proven == null || toHex0x(proven.codeHash) === NO_CODE ? undefined : proven.codeHash
    })
  }

  slot(at: Address, key: Hash, block: VerifiedHeader): Promise<bigint> {
    return this.#first('a proof', this.#endpoints, async (endpoint, signal) => {
      const claim = await endpoint.proof(at, [key], refOf(block), { signal })
      const proven = await proveAccount(block.stateRoot, at, claim.account, this.#p)
      if (proven == null) throw new InvalidProofError('the account is not there')
      const slots = [{ key, nodes: claim.storage[0]?.nodes ?? [] }]
      return (await proveSlots(proven.storageRoot, slots, this.#p))[0] as bigint
    })
  }

  /** The code with this hash, from whoever has it. */
  code(at: Address, expected: Hash): Promise<Uint8Array> {
    return this.#first('the code', this.#urls, async (url, signal) => {
      const code = await new JsonRpc(url).ask(
        'eth_getCode',
        [toHex0x(at), 'latest'],
        (result) => dataBytes(result, 'code', CODE_MAX_BYTES),
        { signal }
      )
      if (equalBytes(this.#p.keccak256(code), expected)) return code
      throw new InvalidProofError('the code is another than was proven')
    })
  }

  async #first<E, T>(
    what: string,
    from: readonly E[],
    ask: (each: E, signal: AbortSignal) => Promise<T>
  ): Promise<T> {
    const timeout = AbortSignal.timeout(RPC_MAX_MS)
    const { signal } = this.#options
    const ends = signal == null ? timeout : AbortSignal.any([signal, timeout])
    const askers = from.map((each) => (own: AbortSignal) => ask(each, own))
    try {
      return await firstGood(askers, PROOF_HEDGE_MS, ends)
    } catch (cause) {
      signal?.throwIfAborted()
      throw new ChainUnavailableError(`no endpoint gives ${what} that fits`, { cause })
    }
  }
}

const refOf = ({ number, hash: block }: VerifiedHeader): BlockRef => ({ number, hash: block })
