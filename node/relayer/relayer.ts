/**
 * Sends patients' signed messages to the chain and pays the gas (hops 6 and 8 of 12). Several
 * custodians may be told the same; a message that is under way here is not sent twice, and one
 * that the contract has taken already from another relayer counts as sent. What a reorg undid and no
 * block took again is sent once more, so that a revocation is not forgotten with its block.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { equalBytes, toHex } from '../../core/bytes.ts'
import { RateLimitedError } from '../../core/errors.ts'
import {
  RELAYS_BURST,
  RELAYS_PENDING,
  RELAYS_PER_SECOND,
  RELAYS_REMEMBERED
} from '../../core/limits.ts'
import { authorOf } from '../../core/signers.ts'
import type { SignedMessage } from '../../core/typed-data.ts'
import { RateLimiter } from '../../protocols/framing.ts'
import type { BlockRef, ChainWriter, Clock, TxReceipt } from '../adapters.ts'
import { changeKey, type Move } from '../chain/follow.ts'

export interface RelayerInit {
  readonly writer: ChainWriter
  readonly clock: Clock
  /** Called for each message that got into a block. */
  readonly onMined?: (message: SignedMessage, block: BlockRef) => void
}

export class Relayer {
  readonly #init: RelayerInit
  /** Gas is our own: nobody spends it faster than a person gives consents. */
  readonly #authors: RateLimiter
  readonly #pending = new Map<string, Promise<TxReceipt>>()
  /** The last that got into blocks, oldest first. */
  #mined: readonly Mined[] = []

  constructor(init: RelayerInit) {
    this.#init = init
    this.#authors = new RateLimiter(RELAYS_PER_SECOND, RELAYS_BURST, init.clock)
  }

  /**
   * Resolves once mined.
   * @throws TransactionFailedError, ChainUnavailableError
   * @throws RateLimitedError when too much waits, or the author sends too much
   */
  async relay(message: SignedMessage, options: AbortOptions = {}): Promise<TxReceipt> {
    const key = toHex(message.sig)
    const under = this.#pending.get(key)
    if (under != null) return under
    const retryMs = this.#authors.take(toHex(authorOf(message)))
    if (retryMs > 0) throw new RateLimitedError(retryMs)
    if (this.#pending.size >= RELAYS_PENDING) throw new RateLimitedError(BUSY_MS)
    return await this.#send(message, options)
  }

  async #send(message: SignedMessage, options: AbortOptions): Promise<TxReceipt> {
    const { writer, onMined } = this.#init
    const key = toHex(message.sig)
    const sent = writer.submit(message, options).finally(() => this.#pending.delete(key))
    this.#pending.set(key, sent)
    const receipt = await sent
    this.#mined = [...this.#mined, { message, block: receipt.block }].slice(-RELAYS_REMEMBERED)
    onMined?.(message, receipt.block)
    return receipt
  }

  /**
   * A follower's hint. A message whose block is gone is sent again, each once: if it is on chain after
   * all, estimating its gas says so, and nothing is paid.
   */
  moved({ added, undone }: Pick<Move, 'added' | 'undone'>): void {
    if (undone.length === 0) return
    const back = new Map(added.map((change) => [changeKey(change), change.block]))
    const gone: SignedMessage[] = []
    this.#mined = this.#mined.flatMap((mined) => {
      const its = undone.filter(({ block }) => equalBytes(block.hash, mined.block.hash))
      if (its.length === 0) return [mined]
      const blocks = its.map((change) => back.get(changeKey(change)))
      const [block] = blocks
      if (block != null && !blocks.includes(undefined)) return [{ ...mined, block }]
      gone.push(mined.message)
      return []
    })
    for (const message of gone) {
      // whoever signed it hears nothing of this; the chain may have it from another relayer
      void this.#send(message, {}).catch(() => {})
    }
  }
}

interface Mined {
  readonly message: SignedMessage
  readonly block: BlockRef
}

const BUSY_MS = 1_000
