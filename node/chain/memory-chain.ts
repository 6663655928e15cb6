/**
 * A chain in memory (kind `memory`): blocks and reorgs on demand, time by the caller's clock, real
 * headers, tries and proofs, and the contracts' rules from contract-model.ts. Its windows can be
 * down, slow, behind or lying. Unit tests and the simulator run on it; what it claims is proven by
 * the same heads.ts and proofs.ts as a public network's.
 * @module
 */
import { RLP } from '@ethereumjs/rlp'
import { concat, equalBytes, toHex, u64be, utf8 } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import { ChainUnavailableError, TransactionFailedError } from '../../core/errors.ts'
import { type Address, address, type Hash, hash } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { BlockRef, ChainWriter, ClaimedLog, Clock, TxReceipt, WordRef } from '../adapters.ts'
import type { ContractCall, Seat } from './contract-calls.ts'
import { ContractModel } from './contract-model.ts'
import { readContractCall, VOUCHED } from './erc1271.ts'
import { claimOf } from './header.ts'
import { type EndpointFaults, MemoryEndpoint } from './memory-endpoint.ts'
import { MemoryState, type Roots } from './memory-state.ts'
import { type ModelBlock, ModelRevert, type ModelState } from './model-state.ts'
import { waitFor } from './quorum.ts'

export interface MemoryChainInit {
  readonly primitives: Primitives
  readonly clock: Clock
  /** @default 1337 */
  readonly chainId?: number
  /** Whether each transaction gets a block at once. @default true */
  readonly autoMine?: boolean
  /** Organisations that exist from the start, each with its first admin. @default none */
  readonly founders?: readonly { readonly org: number; readonly admin: Address }[]
  /** Votes that a proposal needs. @default a majority of the founders */
  readonly voteQuorum?: number
  /** Accounts of others, so that proofs have some depth. @default 16 */
  readonly strangers?: number
  /** @default now */
  readonly genesisSeconds?: number
  /** Extra data of a header; `hashed` hashes the header with other extra data. @default the text */
  readonly extraData?: (
    text: Uint8Array,
    number: number,
    hashed: (extra: Uint8Array) => Uint8Array
  ) => Uint8Array
  /** What eth_call answers, for contract accounts (ERC-1271). @default WardAccount's answers */
  readonly answerCall?: (to: Address, data: Uint8Array) => Uint8Array | undefined
}

interface Block {
  readonly number: number
  readonly hash: Hash
  readonly rlp: Uint8Array
  readonly roots: Roots
  /** Where the model's journal stood before this block. */
  readonly mark: number
  readonly transactions: readonly Pending[]
  readonly events: ReturnType<ModelState['takeEvents']>
}

interface Pending {
  readonly call: ContractCall | Seat
  readonly from: Address
  readonly txHash: Hash
  readonly mined: PromiseWithResolvers<TxReceipt>
}

const FINALIZED_DEPTH = 8
/** bytes4(0xffffffff), as an account says no. */
const REFUSED = concat(new Uint8Array(4).fill(0xff), new Uint8Array(28))
const ZEROS_32 = new Uint8Array(32)
const NOWHERE = new Uint8Array()

export class MemoryChain {
  readonly deployment: Deployment
  readonly #init: MemoryChainInit
  readonly #p: Primitives
  readonly #model: ContractModel
  readonly #state: MemoryState
  #blocks: Block[] = []
  #pool: Pending[] = []
  /** Branches so far: headers of different branches differ by it. */
  #branch = 0
  #sent = 0
  /** Operations run one after another; the first builds the genesis block. */
  #turn: Promise<unknown>

  constructor(init: MemoryChainInit) {
    this.#init = init
    this.#p = init.primitives
    this.deployment = memoryDeployment(init)
    this.#model = new ContractModel(this.deployment, this.#p)
    this.#state = new MemoryState(this.deployment, this.#p)
    this.#turn = this.#genesis()
  }

  /** Mines blocks; the first takes what is waiting. */
  mine(count = 1): Promise<BlockRef> {
    return this.#inTurn(async () => {
      for (let i = 0; i < count; i++) await this.#mineOne(this.#pool.splice(0))
      return this.#head()
    })
  }

  /**
   * Replaces the last `depth` blocks by `blocks` others, on another branch.
   * @param options.keep puts their transactions into the first of them; otherwise they are lost
   */
  reorg(
    depth: number,
    options: { readonly blocks?: number; readonly keep?: boolean } = {}
  ): Promise<BlockRef> {
    return this.#inTurn(async () => {
      const from = Math.max(1, this.#blocks.length - depth)
      const gone = this.#blocks.splice(from)
      this.#model.state.rollback(gone[0]?.mark ?? this.#model.state.mark())
      this.#branch++
      const kept = options.keep ? gone.flatMap(({ transactions }) => transactions) : []
      const count = options.blocks ?? depth
      for (let i = 0; i < count; i++) await this.#mineOne(i === 0 ? kept : [])
      return this.#head()
    })
  }

  /** Sends a call from an account; resolves once mined. @throws TransactionFailedError */
  send(call: ContractCall, from: Address): Promise<TxReceipt> {
    return this.#submit(call, from)
  }

  writer(account: Address): ChainWriter {
    return {
      account,
      submit: (message, options) => waitFor(this.send(message, account), options?.signal)
    }
  }

  /** A window on this chain, with faults that may be changed later. */
  endpoint(name: string, faults: EndpointFaults = {}): MemoryEndpoint {
    const view = {
      headNumber: async () => (await this.#inTurn(async () => this.#head())).number,
      finalizedNumber: (head: number) => Math.max(0, head - FINALIZED_DEPTH),
      header: (number: number) => {
        const block = this.#blocks[number]
        return block == null ? undefined : claimOf(block.rlp, block.hash)
      },
      proof: async (account: Address, keys: readonly Hash[], ref: BlockRef) => {
        const block = this.#blocks[ref.number]
        if (block == null || toHex(block.hash) !== toHex(ref.hash)) {
          throw new ChainUnavailableError(`no block ${toHex(ref.hash)}`)
        }
        return await this.#state.proof(block.roots, account, keys)
      },
      logs: (contracts: readonly Address[], from: number, to: number) =>
        this.#blocks.slice(from, to + 1).flatMap((block) => this.#logsOf(block, contracts)),
      call: (to: Address, data: Uint8Array, ref: BlockRef) =>
        this.#init.answerCall?.(to, data) ?? this.#answerCall(to, data, ref)
    }
    return new MemoryEndpoint(name, view, faults)
  }

  /**
   * isValidSignature of accounts that delegated to WardAccount, by the newest state and the block's
   * time: the model keeps no older one. Anything else answers nothing.
   */
  #answerCall(to: Address, data: Uint8Array, { number }: BlockRef): Uint8Array {
    const asked = readContractCall(data)
    const block = this.#blocks[number]
    if (asked == null || block == null || this.#model.guardians.codeOf(to).code == null) {
      return new Uint8Array()
    }
    const at = { number, timeSeconds: timeOf(block) }
    const { digest, signature } = asked
    const ok = this.#model.guardians.isValidSignature(to, digest, signature, at)
    return ok ? VOUCHED : REFUSED
  }

  /** A chain with the same past and a future of its own: what a liar shows. */
  async fork(): Promise<MemoryChain> {
    await this.#turn
    const genesisSeconds = timeOf(this.#blocks[0] as Block)
    const copy = new MemoryChain({ ...this.#init, genesisSeconds })
    await copy.#turn
    for (const block of this.#blocks.slice(1)) {
      await copy.#inTurn(() => copy.#mineOne(block.transactions, block))
    }
    copy.#branch = this.#branch + 1_000
    return copy
  }

  /** The word in a slot now, unproven: for tests of the model itself. */
  word(ref: WordRef): bigint {
    return this.#model.state.word(ref)
  }

  get model(): ContractModel {
    return this.#model
  }

  /**
   * Puts an account with roles into an organisation, without votes or consent: what a test needs
   * before it begins. Resolves once mined.
   */
  async enrol(seat: {
    readonly account: Address
    readonly org: number
    readonly roles: number
    /** @default 1 */
    readonly bindingEpoch?: number
  }): Promise<void> {
    await this.#submit({ type: 'Seat', bindingEpoch: 1, ...seat }, seat.account)
  }

  async #submit(call: ContractCall | Seat, from: Address): Promise<TxReceipt> {
    const txHash = hash(this.#p.keccak256(utf8('tx'), u64be(++this.#sent)))
    const mined = Promise.withResolvers<TxReceipt>()
    mined.promise.catch(() => {}) // heard below, perhaps only after the block is done
    this.#pool.push({ call, from, txHash, mined })
    if (this.#init.autoMine ?? true) await this.mine()
    return await mined.promise
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  async #genesis(): Promise<void> {
    const { genesisSeconds = this.#nowSeconds() } = this.#init
    const block = { number: 0, timeSeconds: genesisSeconds }
    const founders = this.#init.founders ?? []
    const majority = Math.floor(founders.length / 2) + 1
    this.#model.directory.found(founders, this.#init.voteQuorum ?? majority, block)
    const bare = await this.#state.genesis(this.#init.strangers ?? 16)
    const roots = await this.#state.apply(bare, this.#changes())
    this.#push(block.timeSeconds, roots, [], this.#model.state.mark())
  }

  async #mineOne(transactions: readonly Pending[], like?: Block): Promise<void> {
    const parent = this.#blocks.at(-1) as Block
    const number = parent.number + 1
    const mark = this.#model.state.mark()
    const timeSeconds = like == null ? Math.max(timeOf(parent), this.#nowSeconds()) : timeOf(like)
    const settle: ((block: BlockRef) => void)[] = []
    for (const { call, from, txHash, mined } of transactions) {
      try {
        this.#run(call, from, { number, timeSeconds })
        settle.push((block) => mined.resolve({ txHash, block, gasUsed: 0 }))
      } catch (err) {
        if (!(err instanceof ModelRevert)) throw err
        mined.reject(new TransactionFailedError(err.error, `0x${toHex(txHash)}`))
      }
    }
    const roots = await this.#state.apply(parent.roots, this.#changes(), this.#touched())
    const block = this.#push(timeSeconds, roots, transactions, mark, like?.rlp)
    for (const each of settle) each({ number: block.number, hash: block.hash })
  }

  #run(call: ContractCall | Seat, from: Address, block: ModelBlock): void {
    if (call.type === 'Seat') this.#model.directory.seat(call, block)
    else this.#model.run(call, from, block)
  }

  #changes(): { ref: WordRef; word: bigint }[] {
    const { state } = this.#model
    return state.takeChanged().map((ref) => ({ ref, word: state.word(ref) }))
  }

  #touched() {
    const { state, guardians } = this.#model
    return state.takeTouched().map((account) => ({ account, ...guardians.codeOf(account) }))
  }

  #push(
    timeSeconds: number,
    roots: Roots,
    transactions: readonly Pending[],
    mark: number,
    sameAs?: Uint8Array
  ): Block {
    const number = this.#blocks.length
    const parentHash = this.#blocks.at(-1)?.hash ?? ZEROS_32
    const rlp = sameAs ?? this.#encode(number, parentHash, roots.state, timeSeconds)
    const events = this.#model.state.takeEvents()
    const blockHash = hash(this.#p.keccak256(rlp))
    const block = { number, hash: blockHash, rlp, roots, mark, transactions, events }
    this.#blocks.push(block)
    return block
  }

  #logsOf({ number, hash: at, events }: Block, contracts: readonly Address[]): ClaimedLog[] {
    return events.flatMap(({ ref: { contract, key }, word }) => {
      const from = contracts.find((each) => equalBytes(each, this.deployment[contract] ?? NOWHERE))
      if (from == null || key == null) return []
      return [{ contract: from, key, word, block: { number, hash: at } }]
    })
  }

  #encode(
    number: number,
    parentHash: Uint8Array,
    stateRoot: Hash,
    timeSeconds: number
  ): Uint8Array {
    const none = new Uint8Array()
    const header = (extra: Uint8Array): Uint8Array =>
      RLP.encode([
        parentHash,
        this.#p.keccak256(RLP.encode([])), // no uncles
        new Uint8Array(20),
        stateRoot,
        ZEROS_32,
        ZEROS_32,
        new Uint8Array(256),
        none,
        number,
        30_000_000,
        none,
        timeSeconds,
        extra,
        ZEROS_32,
        new Uint8Array(8),
        7 // baseFeePerGas
      ])
    const text = utf8(`keyward ${this.#branch}`)
    const { extraData } = this.#init
    if (extraData == null) return header(text)
    return header(extraData(text, number, (extra) => this.#p.keccak256(header(extra))))
  }

  #head(): BlockRef {
    const { number, hash: head } = this.#blocks.at(-1) as Block
    return { number, hash: head }
  }

  #nowSeconds(): number {
    return Math.floor(this.#init.clock.nowMs() / 1_000)
  }
}

/** The timestamp, from the header itself. */
function timeOf(block: Block): number {
  const time = (RLP.decode(block.rlp) as Uint8Array[])[11] as Uint8Array
  return time.reduce((seconds, byte) => seconds * 256 + byte, 0)
}

function memoryDeployment({ primitives: p, chainId = 1_337 }: MemoryChainInit): Deployment {
  const at = (name: string): Address =>
    address(p.keccak256(utf8(`keyward memory ${name}`)).slice(12))
  const code = (name: string): Hash => hash(p.keccak256(utf8(`keyward memory code of ${name}`)))
  return {
    chainId,
    grants: at('grants'),
    records: at('records'),
    directory: at('directory'),
    emergency: at('emergency'),
    audit: at('audit'),
    guardians: at('guardians'),
    wardAccount: at('wardAccount'),
    codeHashes: {
      grants: code('grants'),
      records: code('records'),
      directory: code('directory'),
      emergency: code('emergency'),
      audit: code('audit'),
      guardians: code('guardians'),
      wardAccount: code('wardAccount')
    }
  }
}
