/**
 * Follows the chain's head, and tells which words of our contracts changed, and which changes a
 * reorg undid. It wakes and lists, and nothing more: what it says comes from one endpoint, unproven,
 * so it may turn a kept yes into a no and never the reverse (SECURITY.md §9.3). Blocks are followed
 * by parentHash and events read anew for each block that is new, since reorgs send no removed events
 * (CHAIN.md §2.1) and listeners lose some (§3). An endpoint that contradicts itself is left for the
 * next one; a step that breaks off leaves everything as it was.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { equalBytes, toHex } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import { ChainUnavailableError } from '../../core/errors.ts'
import type { Address, Hash } from '../../core/ids.ts'
import {
  FOLLOW_CHANGES,
  FOLLOW_MAX_MS,
  FOLLOW_MIN_MS,
  FOLLOW_WALK_BLOCKS,
  FOLLOWED_BLOCKS
} from '../../core/limits.ts'
import type { BlockRef, ClaimedLog, ContractName, LogEndpoint } from '../adapters.ts'
import { RpcError } from './endpoint-rpc.ts'
import { CONTRACTS } from './evidence.ts'
import { claimedParent, claimedRef } from './header.ts'

/** A word that an endpoint says changed: `key` is what its contract's event names it by. */
export interface Change {
  readonly contract: ContractName
  readonly key: Hash
  readonly word: bigint
  readonly block: BlockRef
}

/** What became of the chain since the last time; `undone` happened before `added`. */
export interface Move {
  readonly head: BlockRef
  readonly added: readonly Change[]
  /** Changes of blocks that a reorg dropped, the newest first. */
  readonly undone: readonly Change[]
  /** Some of it could not be told, as at the first look: anything may have changed. */
  readonly lost: boolean
}

export type MoveListener = (move: Move) => void

/** A block, and what changed in it: all that following goes by. */
export interface FollowedBlock extends BlockRef {
  readonly changes: readonly Change[]
}

export interface FollowerInit {
  /** Asked one at a time; one that fails is left for the next. */
  readonly endpoints: readonly LogEndpoint[]
  readonly deployment: Deployment
  readonly blockSeconds: number
  /** Where another follower stopped. @default begins at the head */
  readonly from?: readonly FollowedBlock[]
  /** Called when a step failed: the next look is after the usual pause. */
  readonly onError?: (err: unknown) => void
}

export class Follower {
  readonly #init: FollowerInit
  readonly #listeners = new Set<MoveListener>()
  readonly #pauseMs: number
  /** Ascending, without gaps. */
  #blocks: readonly FollowedBlock[]
  #endpoint = 0
  #step: Promise<boolean> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined
  #stopping: AbortController | undefined

  constructor(init: FollowerInit) {
    this.#init = init
    this.#blocks = init.from ?? []
    this.#pauseMs = Math.min(FOLLOW_MAX_MS, Math.max(FOLLOW_MIN_MS, init.blockSeconds * 500))
  }

  /** The newest blocks that were followed, for another follower to go on from. */
  get blocks(): readonly FollowedBlock[] {
    return this.#blocks
  }

  /** Tells of each move; gives what ends that. A listener that throws hurts nobody else. */
  onChanged(listener: MoveListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The first look is after a pause: most commands are done by then. */
  start(): void {
    this.#stopping ??= new AbortController()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.wake(), this.#pauseMs).unref()
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    this.#stopping?.abort()
    this.#stopping = undefined
    clearTimeout(this.#timer)
    await this.#step?.catch(() => {})
  }

  /** Looks now: somebody says that there is something to see. */
  wake(): void {
    const stopping = this.#stopping
    if (stopping == null) return
    clearTimeout(this.#timer)
    this.#again = this.#step != null
    void this.step({ signal: stopping.signal })
      .catch((err: unknown) => {
        if (!stopping.signal.aborted) this.#init.onError?.(err)
      })
      .finally(() => {
        if (stopping.signal.aborted) return
        clearTimeout(this.#timer)
        const pauseMs = this.#again ? 0 : this.#pauseMs
        this.#again = false
        this.#timer = setTimeout(() => this.wake(), pauseMs).unref()
      })
  }

  /**
   * One look at the head; whether it moved. Callers share one that is under way.
   * @throws ChainUnavailableError if the endpoint does not answer, or contradicts itself
   */
  step(options: AbortOptions = {}): Promise<boolean> {
    this.#step ??= this.#look(options).finally(() => {
      this.#step = undefined
    })
    return this.#step
  }

  async #look(options: AbortOptions): Promise<boolean> {
    const { endpoints } = this.#init
    try {
      return await this.#follow(endpoints[this.#endpoint] as LogEndpoint, options)
    } catch (err) {
      options.signal?.throwIfAborted()
      this.#endpoint = (this.#endpoint + 1) % endpoints.length
      throw err
    }
  }

  async #follow(endpoint: LogEndpoint, options: AbortOptions): Promise<boolean> {
    const number = await endpoint.headNumber(options)
    const head = await this.#header(endpoint, number, options)
    const tip = this.#blocks.at(-1)
    if (tip != null && equalBytes(tip.hash, head.hash)) return false
    const walked = await this.#walk(endpoint, head, options)
    const { fresh, kept, lost } = walked
    const gone = this.#blocks.slice(kept.length)
    // what was before the first look is nobody's change
    const told = tip == null ? [] : await this.#changes(endpoint, fresh, options)
    const blocks = fresh.map((block) => ({
      ...block,
      changes: (told ?? []).filter((change) => change.block.number === block.number)
    }))
    this.#blocks = [...kept, ...blocks].slice(-FOLLOWED_BLOCKS)
    this.#tell({
      head: { number: head.number, hash: head.hash },
      added: told ?? [],
      undone: gone.toReversed().flatMap(({ changes }) => changes.toReversed()),
      lost: lost || told == null
    })
    return true
  }

  /**
   * From the head down to a block that is known: the blocks above it, ascending, and what was known
   * up to it. Too far, or below all that is remembered: `lost`.
   */
  async #walk(
    endpoint: LogEndpoint,
    head: Walked,
    options: AbortOptions
  ): Promise<{
    readonly fresh: readonly BlockRef[]
    readonly kept: readonly FollowedBlock[]
    readonly lost: boolean
  }> {
    const lowest = this.#blocks[0]?.number ?? Number.POSITIVE_INFINITY
    const back = this.#blocks[head.number - lowest]
    if (back != null && equalBytes(back.hash, head.hash)) {
      return { fresh: [], kept: this.#blocks.slice(0, head.number - lowest + 1), lost: false }
    }
    const down: BlockRef[] = [{ number: head.number, hash: head.hash }]
    let child = head
    while (child.number > lowest && down.length < FOLLOW_WALK_BLOCKS) {
      const at = child.number - 1 - lowest
      const known = this.#blocks[at]
      if (known != null && equalBytes(known.hash, child.parentHash)) {
        return { fresh: down.toReversed(), kept: this.#blocks.slice(0, at + 1), lost: false }
      }
      const parent = await this.#header(endpoint, child.number - 1, options)
      if (!equalBytes(parent.hash, child.parentHash)) {
        throw new ChainUnavailableError(`${endpoint.name} moved on while it was asked`)
      }
      down.push({ number: parent.number, hash: parent.hash })
      child = parent
    }
    return { fresh: down.toReversed(), kept: [], lost: true }
  }

  async #header(endpoint: LogEndpoint, number: number, options: AbortOptions): Promise<Walked> {
    const claim = await endpoint.header(number, options)
    const ref = claim && claimedRef(claim)
    const parentHash = claim && claimedParent(claim)
    if (ref?.number !== number || parentHash == null) {
      throw new ChainUnavailableError(`${endpoint.name} has no block ${number}`)
    }
    return { ...ref, parentHash }
  }

  /** What changed in these blocks, oldest first; undefined if that is more than can be told. */
  async #changes(
    endpoint: LogEndpoint,
    blocks: readonly BlockRef[],
    options: AbortOptions
  ): Promise<readonly Change[] | undefined> {
    const { deployment } = this.#init
    const addresses = CONTRACTS.flatMap((name) => deployment[name] ?? [])
    const logs = await this.#logs(endpoint, addresses, blocks, options)
    if (logs == null || logs.length > FOLLOW_CHANGES) return undefined
    return logs.map(({ contract: at, key, word, block }) => {
      const contract = CONTRACTS.find((name) => equalBytes(deployment[name] ?? NOWHERE, at))
      const of = blocks[block.number - (blocks[0]?.number ?? 0)]
      // the events of another branch would be undone by nobody
      if (contract == null || of == null || !equalBytes(of.hash, block.hash)) {
        throw new ChainUnavailableError(`${endpoint.name} told events of other blocks`)
      }
      return { contract, key, word, block: of }
    })
  }

  /** Of a range in one answer, or of its halves: answers are bounded. Undefined if one block is too much. */
  async #logs(
    endpoint: LogEndpoint,
    addresses: readonly Address[],
    blocks: readonly BlockRef[],
    options: AbortOptions
  ): Promise<readonly ClaimedLog[] | undefined> {
    const [first, last] = [blocks[0], blocks.at(-1)]
    if (first == null || last == null) return []
    try {
      return await endpoint.logs(addresses, first.number, last.number, options)
    } catch (err) {
      options.signal?.throwIfAborted()
      if (!isTooLong(err as Error)) throw err
    }
    if (blocks.length === 1) return undefined
    const half = blocks.length >> 1
    const lower = await this.#logs(endpoint, addresses, blocks.slice(0, half), options)
    const upper = lower && (await this.#logs(endpoint, addresses, blocks.slice(half), options))
    return upper && lower && [...lower, ...upper]
  }

  #tell(move: Move): void {
    for (const listener of this.#listeners) {
      try {
        listener(move)
      } catch (err) {
        this.#init.onError?.(err)
      }
    }
  }
}

interface Walked extends BlockRef {
  readonly parentHash: Hash
}

const NOWHERE = new Uint8Array()

/** What the endpoint refused, or was longer than an answer may be: of fewer blocks it may be had. */
const isTooLong = ({ cause }: Error): boolean =>
  cause instanceof RpcError || (cause instanceof Error && cause.name === 'RangeError')

/** By what a listener looks a change up. */
export const changeKey = ({ contract, key }: Pick<Change, 'contract' | 'key'>): string =>
  `${contract} ${toHex(key)}`
