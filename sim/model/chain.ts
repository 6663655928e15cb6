/**
 * The chain as the model's nodes see it: blocks at their times, a queue before the gas limit, blocks
 * taken back by reorganisations, and each node's own view of the head, q of its m endpoints agreeing
 * (SECURITY.md §9.1). What stands at a block is asked by number: what was mined at or before it.
 * @module
 */
import { Code } from '../../core/codes.ts'
import { HEAD_CACHE_MS, HEAD_GRACE_MS, RPC_MAX_MS } from '../../core/limits.ts'
import type { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import type { Costs } from './costs.ts'
import { Bell, type Process, type Processes, ticks } from './process.ts'
import { unitHash } from './traffic.ts'

/** A transaction; mined again elsewhere if its block is taken back. */
export interface Tx {
  readonly gas: number
  readonly sentTick: number
  /** Block that holds it, or -1. */
  block: number
  /** Times that it lost its block. */
  reorged: number
}

export interface Sending {
  readonly tx: Tx
  mined(): Process
}

/** What a node may believe of the chain, or why it believes nothing. */
export type View =
  | { readonly ok: true; readonly head: number; readonly conf: number; readonly headTick: number }
  | { readonly ok: false; readonly code: number }

export interface ChainInit {
  readonly scenario: Scenario
  /** Nodes that ask: all clinics and patients. */
  readonly nodes: number
  readonly processes: Processes
  readonly costs: Costs
  readonly rng: Rng
  readonly startTick: number
  readonly untilTick: number
}

/** Number of the block at tick 0, so that a confirmed one is always there. */
const FIRST_BLOCK = 20_000

export class Chain {
  readonly #init: ChainInit
  readonly #blockTicks: number
  readonly #lagSalt: number
  readonly #askedTick: Float64Array
  readonly #seenHead: Float64Array
  readonly #lies: { readonly endpoints: number; readonly lie: string } | undefined
  #head = FIRST_BLOCK
  #pool: { readonly tx: Tx; readonly mined: () => void }[] = []
  /** Of the last blocks: a reorganisation goes no deeper. */
  readonly #recent = new Map<number, Tx[]>()
  gasUsed = 0
  sent = 0
  reorgs = 0
  rpcs = 0
  /** Longest queue, in transactions. */
  poolMax = 0

  constructor(init: ChainInit) {
    this.#init = init
    const { scenario, nodes, processes, rng } = init
    this.#blockTicks = ticks(scenario.chain.blockSeconds * 1_000)
    this.#lagSalt = rng.derive('endpoints').u32()
    this.#askedTick = new Float64Array(nodes).fill(Number.NEGATIVE_INFINITY)
    this.#seenHead = new Float64Array(nodes)
    this.#lies = scenario.adversaries.find((each) => each.kind === 'lying-endpoint')
    processes.at(this.#blockTicks, () => this.#nextBlock())
    this.#planReorgs(rng.derive('reorgs'))
  }

  get firstBlock(): number {
    return FIRST_BLOCK
  }

  get head(): number {
    return this.#head
  }

  /** Transactions that no block has taken yet. */
  get waiting(): number {
    return this.#pool.length
  }

  get conf(): number {
    return this.#head - this.#init.scenario.chain.confirmBlocks
  }

  /** Timestamp of a block. */
  tickOf(block: number): number {
    return (block - FIRST_BLOCK) * this.#blockTicks
  }

  /** Sends a transaction; `mined` goes on when its sender saw it in a block. */
  submit(gas: number): Sending {
    const { processes } = this.#init
    const tx: Tx = { gas, sentTick: processes.nowTick, block: -1, reorged: 0 }
    const bell = new Bell()
    this.sent++
    this.#pool.push({ tx, mined: () => bell.ring() })
    this.poolMax = Math.max(this.poolMax, this.#pool.length)
    return { tx, mined: () => this.#mined(tx, bell) }
  }

  /**
   * What q of this node's m endpoints agree on, at least as new as `since`; an answer younger than
   * HEAD_CACHE_MS is used again.
   */
  *view(node: number, since = 0): Process<View> {
    const { processes, costs, scenario } = this.#init
    const { endpoints, quorum, confirmBlocks } = scenario.chain
    const lying = this.#lies?.endpoints ?? 0
    const lie = lying > 0 ? this.#lies?.lie : undefined
    const silent = lie === 'down' || lie === 'slow' ? lying : 0
    if (endpoints - silent < quorum) {
      yield* processes.sleep(ticks(RPC_MAX_MS))
      return { ok: false, code: Code.RPC_UNAVAILABLE }
    }
    if (lie === 'fork' && lying < quorum && endpoints - lying < quorum) {
      yield* processes.sleep(ticks(costs.rpcMs))
      return { ok: false, code: Code.RPC_DISAGREE }
    }
    const age = processes.nowTick - (this.#askedTick[node] as number)
    const known = this.#seenHead[node] as number
    if (age >= ticks(HEAD_CACHE_MS) || known - confirmBlocks < since) {
      this.rpcs += endpoints * 2
      // one that is slow is waited for a little once q have answered
      yield* processes.sleep(ticks(costs.rpcMs * 2 + (silent > 0 ? HEAD_GRACE_MS : 0)))
      this.#askedTick[node] = processes.nowTick
      this.#seenHead[node] = this.#agreed(node, lie, lying)
    }
    const head = this.#seenHead[node] as number
    const forged = lie === 'fork' && lying >= quorum
    const headTick = forged ? processes.nowTick : this.tickOf(head)
    return { ok: true, head, conf: head - confirmBlocks, headTick }
  }

  /** A proof of words at both blocks: one more question to an endpoint. */
  *prove(): Process {
    this.rpcs += 2
    yield* this.#init.processes.sleep(ticks(this.#init.costs.rpcMs))
  }

  /** Whether liars alone could make up a head: the guarantee does not hold then (§10). */
  get isForged(): boolean {
    return (this.#lies?.endpoints ?? 0) >= this.#init.scenario.chain.quorum
  }

  /** Share of a block's gas that is left for us at a tick. */
  freeGas(tick: number): number {
    const { scenario, startTick } = this.#init
    const { gasPerBlock, otherGasShare, congestion } = scenario.chain
    const now = congestion.find(
      ({ atSeconds, untilSeconds }) =>
        tick >= startTick + ticks(atSeconds * 1_000) &&
        tick < startTick + ticks(untilSeconds * 1_000)
    )
    return gasPerBlock * (1 - (now?.otherGasShare ?? otherGasShare))
  }

  *#mined(tx: Tx, bell: Bell): Process {
    const { processes, costs } = this.#init
    if (tx.block < 0) yield* bell.heard()
    // its sender looks for the receipt from time to time
    yield* processes.sleep(ticks(costs.rpcMs + costs.receiptPollMs / 2))
  }

  /** The newest head for which q endpoints stand: the q-th highest (§9.1). */
  #agreed(node: number, lie: string | undefined, lying: number): number {
    const { scenario, processes, costs } = this.#init
    const { endpoints, quorum, headMaxAgeSeconds, blockSeconds } = scenario.chain
    const heads: number[] = []
    for (let e = 0; e < endpoints; e++) {
      if (lie != null && e < lying) {
        if (lie === 'stale') {
          // as old as will do: an older one would be refused
          const back = Math.max(0, Math.floor((headMaxAgeSeconds - 1) / blockSeconds))
          heads.push(Math.max(FIRST_BLOCK, this.#head - back))
        }
        if (lie === 'fork') heads.push(lying >= quorum ? this.#forgedHead() : 0)
        continue
      }
      const lag = unitHash(node * 16 + e, this.#lagSalt) * ticks(costs.endpointLagMs)
      const behind = this.tickOf(this.#head) + lag > processes.nowTick ? 1 : 0
      heads.push(this.#head - behind)
    }
    heads.sort((a, b) => b - a)
    return Math.max(heads[quorum - 1] ?? 0, FIRST_BLOCK)
  }

  /** A branch that liars keep young and in which nothing that came lately ever happened. */
  #forgedHead(): number {
    return Math.max(FIRST_BLOCK, this.#head - 2 * this.#init.scenario.chain.confirmBlocks - 10)
  }

  #nextBlock(): void {
    const { processes, untilTick } = this.#init
    const block = ++this.#head
    // most blocks of a long run hold nothing of ours
    if (this.#pool.length > 0) this.#fill(block)
    this.#recent.delete(block - 64)
    const next = this.tickOf(block + 1)
    if (next <= untilTick) processes.at(next, () => this.#nextBlock())
  }

  /** In the order of the queue, as far as the gas goes. */
  #fill(block: number): void {
    const { processes, scenario } = this.#init
    const pool = this.#pool
    let free = this.freeGas(processes.nowTick)
    let taken = 0
    const txs: Tx[] = []
    while (taken < pool.length && (pool[taken] as { tx: Tx }).tx.gas <= free) {
      const { tx } = pool[taken++] as { tx: Tx }
      free -= tx.gas
      tx.block = block
      this.gasUsed += tx.gas
      txs.push(tx)
    }
    this.#pool = pool.slice(taken)
    if (txs.length > 0 && scenario.chain.reorgsPerHour > 0) this.#recent.set(block, txs)
    for (const { mined } of pool.slice(0, taken)) mined()
  }

  #planReorgs(rng: Rng): void {
    const { scenario, processes, startTick, untilTick } = this.#init
    const { reorgsPerHour, reorgDepth } = scenario.chain
    if (reorgsPerHour <= 0) return
    const next = (from: number): void => {
      const at = from + ticks(rng.exponential(3_600_000 / reorgsPerHour))
      if (at > untilTick) return
      processes.at(at, () => {
        this.#reorg(reorgDepth)
        next(at)
      })
    }
    next(startTick)
  }

  /** The last blocks are replaced by empty ones; what they held waits for the next. */
  #reorg(depth: number): void {
    this.reorgs++
    const again: Tx[] = []
    for (let block = this.#head - depth + 1; block <= this.#head; block++) {
      for (const tx of this.#recent.get(block) ?? []) {
        tx.block = -1
        tx.reorged++
        this.gasUsed -= tx.gas
        again.push(tx)
      }
      this.#recent.delete(block)
    }
    this.#pool.unshift(...again.map((tx) => ({ tx, mined: () => {} })))
  }
}
