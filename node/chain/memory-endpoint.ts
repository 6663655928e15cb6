/**
 * A window on a memory chain that misbehaves on request: the endpoints of threats T5 and F7. Faults
 * may be changed while it is in use. An endpoint with blocks of its own is one of a `fork()`.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { concat, toHex0x } from '../../core/bytes.ts'
import { ChainUnavailableError } from '../../core/errors.ts'
import type { Address, Hash } from '../../core/ids.ts'
import type {
  BlockRef,
  ClaimedHeader,
  ClaimedLog,
  ClaimedProof,
  Endpoint,
  LogEndpoint
} from '../adapters.ts'

export interface EndpointFaults {
  /** Refuses all calls. */
  down?: boolean
  /** Answers so much later, by the real clock; Infinity never does. */
  slowMs?: number
  /** Knows all but the last blocks. */
  lagBlocks?: number
  /** Claims so many blocks more than there are. */
  boastBlocks?: number
  /** Repeats whatever that one says: the liar who hides behind an honest laggard. */
  echo?: Endpoint
  /** Changes the headers that it gives. */
  forgeHeader?: (claim: ClaimedHeader) => ClaimedHeader
  /** Changes the proofs that it gives. */
  forgeProof?: (proof: ClaimedProof) => ClaimedProof
  /** Changes the events that it tells. */
  forgeLogs?: (logs: readonly ClaimedLog[]) => readonly ClaimedLog[]
}

/** What a window sees of its chain. */
export interface MemoryView {
  headNumber(): Promise<number>
  finalizedNumber(head: number): number
  header(number: number): ClaimedHeader | undefined
  proof(account: Address, keys: readonly Hash[], block: BlockRef): Promise<ClaimedProof>
  logs(contracts: readonly Address[], from: number, to: number): readonly ClaimedLog[]
  call(to: Address, data: Uint8Array, block: BlockRef): Uint8Array
}

export class MemoryEndpoint implements LogEndpoint {
  readonly name: string
  readonly faults: EndpointFaults
  /** Calls by method, for tests that count. */
  readonly calls = {
    headNumber: 0,
    finalizedNumber: 0,
    header: 0,
    proof: 0,
    logs: 0,
    call: 0
  }
  readonly #view: MemoryView

  constructor(name: string, view: MemoryView, faults: EndpointFaults) {
    this.name = name
    this.#view = view
    this.faults = faults
  }

  async headNumber(options: AbortOptions): Promise<number> {
    await this.#enter('headNumber', options)
    if (this.faults.echo != null) return await this.faults.echo.headNumber(options)
    return (await this.#known()) + (this.faults.boastBlocks ?? 0)
  }

  async finalizedNumber(options: AbortOptions): Promise<number> {
    await this.#enter('finalizedNumber', options)
    if (this.faults.echo != null) return await this.faults.echo.finalizedNumber(options)
    return this.#view.finalizedNumber(await this.#known()) + (this.faults.boastBlocks ?? 0)
  }

  async header(number: number, options: AbortOptions): Promise<ClaimedHeader | undefined> {
    await this.#enter('header', options)
    if (this.faults.echo != null) return await this.faults.echo.header(number, options)
    if (number > (await this.#known())) return undefined
    const claim = this.#view.header(number)
    return claim == null ? undefined : (this.faults.forgeHeader?.(claim) ?? claim)
  }

  async proof(
    account: Address,
    keys: readonly Hash[],
    block: BlockRef,
    options: AbortOptions
  ): Promise<ClaimedProof> {
    await this.#enter('proof', options)
    if (this.faults.echo != null) return await this.faults.echo.proof(account, keys, block, options)
    if (block.number > (await this.#known())) throw new ChainUnavailableError('no such block')
    const proof = await this.#view.proof(account, keys, block)
    return this.faults.forgeProof?.(proof) ?? proof
  }

  async logs(
    contracts: readonly Address[],
    from: number,
    to: number,
    options: AbortOptions
  ): Promise<readonly ClaimedLog[]> {
    await this.#enter('logs', options)
    const logs = this.#view.logs(contracts, from, Math.min(to, await this.#known()))
    return this.faults.forgeLogs?.(logs) ?? logs
  }

  async call(
    to: Address,
    data: Uint8Array,
    block: BlockRef,
    options: AbortOptions
  ): Promise<Uint8Array> {
    await this.#enter('call', options)
    if (this.faults.echo != null) return await this.faults.echo.call(to, data, block, options)
    return this.#view.call(to, data, block)
  }

  async #known(): Promise<number> {
    return Math.max(0, (await this.#view.headNumber()) - (this.faults.lagBlocks ?? 0))
  }

  async #enter(method: keyof MemoryEndpoint['calls'], options: AbortOptions): Promise<void> {
    this.calls[method]++
    options.signal?.throwIfAborted()
    if (this.faults.down) throw new ChainUnavailableError(`${this.name} is down`)
    const { slowMs = 0 } = this.faults
    if (slowMs > 0) await delay(slowMs, options.signal)
  }
}

function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}

// ---- forgeries for `forgeProof` and `forgeHeader`

/** One bit of one node flipped. */
export const flipBit =
  (at = 0) =>
  (proof: ClaimedProof): ClaimedProof => ({
    ...proof,
    storage: proof.storage.map(({ key, nodes }) => ({
      key,
      nodes: nodes.map((node, i) => {
        const copy = node.slice()
        const byte = at % copy.length
        if (i === nodes.length - 1) copy[byte] = (copy[byte] as number) ^ (1 << (at & 7))
        return copy
      })
    }))
  })

/**
 * CHAIN.md §3: three invented nodes of 16, 16 and 12 bytes that led a quick verifier to believe any
 * value under any root, since it never hashed a node under 32 bytes.
 */
export const shortNodes = (proof: ClaimedProof): ClaimedProof => ({
  ...proof,
  storage: proof.storage.map(({ key }) => ({
    key,
    nodes: [
      concat(Uint8Array.of(0xcf, 0x00, 0x8d), new Uint8Array(13).fill(0x11)),
      concat(Uint8Array.of(0xcf, 0x00, 0x8d), new Uint8Array(13).fill(0x22)),
      concat(Uint8Array.of(0xcb, 0x20, 0x89), new Uint8Array(9).fill(0x01))
    ]
  }))
})

/** Another state root under the agreed hash. */
export const otherStateRoot = (claim: ClaimedHeader): ClaimedHeader => ({
  ...claim,
  stateRoot: toHex0x(new Uint8Array(32).fill(0x77))
})
