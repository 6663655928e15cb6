/**
 * Sends patients' signed messages to the chain and pays the gas (hops 6 and 8 of 12). Several
 * custodians may be told the same; a message that is under way here is not sent twice, and one
 * that the contract has taken already from another relayer counts as sent.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { toHex } from '../../core/bytes.ts'
import { RateLimitedError } from '../../core/errors.ts'
import { RELAYS_BURST, RELAYS_PENDING, RELAYS_PER_SECOND } from '../../core/limits.ts'
import { authorOf } from '../../core/signers.ts'
import type { SignedMessage } from '../../core/typed-data.ts'
import { RateLimiter } from '../../protocols/framing.ts'
import type { BlockRef, ChainWriter, Clock, TxReceipt } from '../adapters.ts'

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
    const { writer, onMined } = this.#init
    const sent = writer.submit(message, options).finally(() => this.#pending.delete(key))
    this.#pending.set(key, sent)
    const receipt = await sent
    onMined?.(message, receipt.block)
    return receipt
  }
}

const BUSY_MS = 1_000
