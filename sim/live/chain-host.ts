/**
 * The chain of a live run, in the process that made the world. Kind `dev` is anvil with the real
 * contracts; every other kind is a MemoryChain (real headers, tries and proofs, the contracts' rules
 * in TypeScript) under that kind's parameters and the scenario's times. Organisations are seated
 * without votes: on a memory chain one for each clinic; on `dev`, whose Directory takes 64 founders,
 * clinics beyond the 64th are further accounts of the same 64 organisations.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import gasTable from '../../contracts/gas.json' with { type: 'json' }
import { ChainUnavailableError, InvalidConfigError } from '../../core/errors.ts'
import type { Address } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import { Role } from '../../core/words.ts'
import type { Clock } from '../../node/index.ts'
import {
  type ChainParameters,
  type ContractCall,
  chainParameters,
  devChainParts,
  MemoryChain,
  type NodeIdentity,
  type TxReceipt
} from '../../node/memory.ts'
import type { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import type { ChainAnswer, ChainCall, ChainPlan } from './chain-link.ts'

export interface ChainHostInit {
  readonly scenario: Scenario
  readonly primitives: Primitives
  readonly clock: Clock
  readonly rng: Rng
  /** A clinic's keys, by its index. */
  identity(node: number): Promise<NodeIdentity>
}

export interface ChainHost extends AsyncDisposable {
  /** For the workers (chain-link.ts). */
  readonly plan: ChainPlan
  answer(node: number, call: ChainCall): Promise<ChainAnswer>
  /** What a clinic's organisation is called in the Directory; custodians must differ in it. */
  orgOf(clinic: number): number
  /** Seats the first `clinics` nodes and makes blocks from then on. */
  open(clinics: number, signal: AbortSignal): Promise<void>
  /** The measured part begins: congestion, reorgs and lies count their times from here. */
  measure(): void
  /** Faults end: endpoints tell the truth, no more reorgs, no congestion. */
  heal(): void
  /** Resolves once a block is confirmed. @throws the signal's reason */
  confirmed(block: number, signal: AbortSignal): Promise<void>
  /** Called with the first block number that was replaced. */
  onReorg: (from: number) => void
  readonly stats: Readonly<ChainStats>
}

/** Of a memory chain; of `dev`, nodes send past us. */
export interface ChainStats {
  blocks: number
  transactions: number
  gas: number
  reorgs: number
  /** Most messages that waited for room in a block. */
  queuedMax: number
}

const NO_STATS: ChainStats = { blocks: 0, transactions: 0, gas: 0, reorgs: 0, queuedMax: 0 }
const CLINIC_ROLES = Role.CUSTODIAN | Role.CLINICIAN | Role.RELAYER
/** Founders that the Directory of a dev chain takes (node/chain/dev-chain.ts). */
const DEV_ORGANISATIONS = 64
/** An endpoint that is slow: within the time that a node gives it, yet past its hedge. */
const SLOW_MS = 2_000
const CONFIRM_POLL_MS = 100

/** The scenario's times under the rules of its kind. @throws InvalidConfigError */
export function parametersOf({ chain }: Scenario): ChainParameters {
  if (chain.kind === 'dev') return chainParameters('dev')
  return chainParameters(chain.kind, {
    blockSeconds: Math.ceil(chain.blockSeconds),
    confirmed: { by: 'depth', blocks: chain.confirmBlocks },
    headMaxAgeSeconds: Math.ceil(chain.headMaxAgeSeconds),
    endpoints: chain.endpoints,
    quorum: chain.quorum
  })
}

/** @throws InvalidConfigError where there is no anvil for kind `dev` */
export async function openChainHost(init: ChainHostInit): Promise<ChainHost> {
  return init.scenario.chain.kind === 'dev' ? await devHost(init) : new MemoryHost(init)
}

interface Waiting {
  readonly message: ContractCall
  readonly from: Address
  readonly gas: number
  readonly mined: PromiseWithResolvers<TxReceipt>
}

class MemoryHost implements ChainHost {
  readonly plan: ChainPlan
  readonly #init: ChainHostInit
  readonly #chain: MemoryChain
  readonly #windows: ReturnType<MemoryChain['endpoint']>[]
  readonly #accounts = new Map<number, Address>()
  readonly #stopping = new AbortController()
  readonly #chance: Rng
  #queue: Waiting[] = []
  #fork: MemoryChain | undefined
  #head = 0
  #measuredMs: number | undefined
  #healed = false
  #making: Promise<void> = Promise.resolve()
  onReorg: (from: number) => void = () => {}
  stats = { ...NO_STATS }

  constructor(init: ChainHostInit) {
    const { primitives, clock } = init
    this.#init = init
    const parameters = parametersOf(init.scenario)
    this.#chain = new MemoryChain({ primitives, clock, autoMine: false })
    this.plan = { deployment: this.#chain.deployment, parameters }
    this.#windows = Array.from({ length: parameters.endpoints }, (_, i) =>
      this.#chain.endpoint(`memory-${i}`)
    )
    this.#chance = init.rng.derive('reorgs')
  }

  orgOf(clinic: number): number {
    return clinic + 1
  }

  async answer(node: number, call: ChainCall): Promise<ChainAnswer> {
    try {
      return { ok: true, value: await this.#answer(node, call) }
    } catch (err) {
      const { name, message, txHash } = err as Error & { readonly txHash?: string }
      return { ok: false, name, message, ...(txHash != null && { txHash }) }
    }
  }

  #answer(node: number, call: ChainCall): Promise<unknown> {
    if (call.to === 'writer') {
      const account = this.#accounts.get(node)
      if (account == null) throw new ChainUnavailableError(`node ${node} has no seat`)
      return this.#submit(call.message as ContractCall, account)
    }
    const window = this.#windows.find(({ name }) => name === call.name)
    if (window == null) throw new ChainUnavailableError(`no endpoint ${call.name}`)
    const { method, args } = call
    // both ends are ours: the link built the arguments for this very method
    return (window[method] as (...args: unknown[]) => Promise<unknown>)(...args, {})
  }

  async open(clinics: number, signal: AbortSignal): Promise<void> {
    const seated: Promise<void>[] = []
    for (let i = 0; i < clinics; i++) {
      signal.throwIfAborted()
      const { account } = await this.#init.identity(i)
      this.#accounts.set(i, account)
      seated.push(this.#chain.enrol({ account, org: this.orgOf(i), roles: CLINIC_ROLES }))
    }
    await this.#mine()
    await Promise.all(seated)
    // the seats are confirmed before anybody asks for them
    for (let i = 0; i <= this.#init.scenario.chain.confirmBlocks; i++) await this.#mine()
    this.#making = this.#makeBlocks()
  }

  measure(): void {
    this.#measuredMs = this.#init.clock.nowMs()
    for (const adversary of this.#init.scenario.adversaries) {
      if (adversary.kind !== 'lying-endpoint') continue
      for (const window of this.#windows.slice(0, adversary.endpoints)) {
        const { faults } = window
        if (adversary.lie === 'down') faults.down = true
        else if (adversary.lie === 'slow') faults.slowMs = SLOW_MS
        else if (adversary.lie === 'stale') faults.lagBlocks = this.#staleBlocks()
        else void this.#showFork(faults)
      }
    }
  }

  heal(): void {
    this.#healed = true
    this.#fork = undefined
    for (const { faults } of this.#windows) {
      delete faults.down
      delete faults.slowMs
      delete faults.lagBlocks
      delete faults.echo
    }
  }

  async confirmed(block: number, signal: AbortSignal): Promise<void> {
    while (this.#head < block + this.#init.scenario.chain.confirmBlocks) {
      await delay(CONFIRM_POLL_MS, undefined, { signal })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#making
    for (const { mined } of this.#queue.splice(0)) {
      mined.reject(new ChainUnavailableError('the run is over'))
    }
  }

  /** Twice the age that still serves: a laggard that nobody may believe alone. */
  #staleBlocks(): number {
    const { blockSeconds, headMaxAgeSeconds } = this.#init.scenario.chain
    return Math.ceil((2 * headMaxAgeSeconds) / blockSeconds)
  }

  async #showFork(faults: ReturnType<MemoryChain['endpoint']>['faults']): Promise<void> {
    this.#fork ??= await this.#chain.fork()
    faults.echo = this.#fork.endpoint('fork')
  }

  /** Whoever stops waiting does not take the message back: it is on its way. */
  async #submit(message: ContractCall, from: Address): Promise<TxReceipt> {
    const mined = Promise.withResolvers<TxReceipt>()
    this.#queue.push({ message, from, gas: gasOf(message), mined })
    this.stats.queuedMax = Math.max(this.stats.queuedMax, this.#queue.length)
    return await mined.promise
  }

  async #makeBlocks(): Promise<void> {
    const { signal } = this.#stopping
    const { blockSeconds, reorgsPerHour } = this.#init.scenario.chain
    const perBlock = (reorgsPerHour * blockSeconds) / 3_600
    while (!signal.aborted) {
      await delay(blockSeconds * 1_000, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const measured = this.#measuredMs != null && !this.#healed
      if (measured && this.#chance.chance(Math.min(1, perBlock))) await this.#reorg()
      else await this.#mine()
      await this.#fork?.mine()
    }
  }

  /** Fills a block with what has room in it, first come first served. */
  async #mine(): Promise<void> {
    let room = this.#room()
    let count = 0
    for (const { gas } of this.#queue) {
      if (gas > room) break
      room -= gas
      count++
    }
    const taken = this.#queue.splice(0, count)
    const sent = taken.map(async ({ message, from, gas, mined }) => {
      try {
        const receipt = await this.#chain.send(message, from)
        this.stats.transactions++
        this.stats.gas += gas
        mined.resolve({ ...receipt, gasUsed: gas })
      } catch (err) {
        mined.reject(err)
      }
    })
    this.#head = (await this.#chain.mine()).number
    this.stats.blocks++
    await Promise.all(sent)
  }

  async #reorg(): Promise<void> {
    const depth = Math.min(this.#init.scenario.chain.reorgDepth, this.#head)
    const from = this.#head - depth + 1
    // one block longer, or nobody would follow; what was in the lost blocks is mined again
    const { number } = await this.#chain.reorg(depth, { blocks: depth + 1, keep: true })
    this.#head = number
    this.stats.reorgs++
    this.stats.blocks++
    this.onReorg(from)
  }

  #room(): number {
    const { gasPerBlock, otherGasShare, congestion } = this.#init.scenario.chain
    const atSeconds =
      this.#measuredMs == null ? -1 : (this.#init.clock.nowMs() - this.#measuredMs) / 1_000
    const jam = this.#healed
      ? undefined
      : congestion.find((each) => each.atSeconds <= atSeconds && atSeconds < each.untilSeconds)
    return gasPerBlock * (1 - (jam?.otherGasShare ?? otherGasShare))
  }
}

/** As contracts/gas.json has it of the real contracts: a memory chain runs no EVM. */
export function gasOf(message: ContractCall): number {
  switch (message.type) {
    case 'Grants':
      return gasTable.grantBySig + (message.message.items.length - 1) * gasTable.grantBatchEach
    case 'Revocations':
      return gasTable.revokeBySig * message.message.items.length
    case 'RevokeAll':
      return gasTable.revokeAllBySig
    case 'Records':
      return gasTable.register * message.message.items.length
    case 'OptOut':
      return gasTable.optOut
    default:
      return gasTable.openAccount
  }
}

async function devHost(init: ChainHostInit): Promise<ChainHost> {
  const { scenario, primitives } = init
  if (scenario.chain.blockSeconds !== 1 || scenario.chain.reorgsPerHour > 0) {
    throw new InvalidConfigError(
      '"chain" of kind dev expected blockSeconds 1 and no reorgs: anvil makes a block a second'
    )
  }
  const { startDevChain, enrol, rpcEndpoint } = await devChainParts()
  const chain = await startDevChain({ primitives })
  const { url, deployment } = chain
  const parameters = parametersOf(scenario)
  const head = rpcEndpoint(url, { name: 'dev' })
  const orgOf = (clinic: number): number => (clinic % DEV_ORGANISATIONS) + 1
  return {
    plan: { deployment, parameters, url },
    answer: async () => ({
      ok: false,
      name: 'ChainUnavailableError',
      message: 'a dev chain is asked over HTTP'
    }),
    orgOf,
    async open(clinics, signal) {
      for (let i = 0; i < clinics; i++) {
        const { accountKey } = await init.identity(i)
        const seat = { url, deployment, primitives, accountKey, org: orgOf(i) }
        await enrol({ ...seat, roles: CLINIC_ROLES }, { signal })
      }
    },
    measure() {},
    heal() {},
    async confirmed(block, signal) {
      const depth = parameters.confirmed.by === 'depth' ? parameters.confirmed.blocks : 0
      while ((await head.headNumber({ signal })) < block + depth) {
        await delay(CONFIRM_POLL_MS, undefined, { signal })
      }
    },
    onReorg: () => {},
    // transactions go from the nodes to anvil, past us
    stats: NO_STATS,
    [Symbol.asyncDispose]: () => chain.stop()
  }
}
