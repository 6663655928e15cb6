/**
 * Sends patients' signed messages to the chain and pays the gas (hops 6 and 8 of 12). Several
 * custodians may be told the same; a message that is under way here is not sent twice, and one
 * that the contract has taken already from another relayer counts as sent.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { toHex } from '../../core/bytes.ts'
import { RateLimitedError } from '../../core/errors.ts'
import { RELAYS_PENDING } from '../../core/limits.ts'
import type { SignedMessage } from '../../core/typed-data.ts'
import type { ChainWriter, TxReceipt } from '../adapters.ts'

export class Relayer {
  readonly #writer: ChainWriter
  readonly #pending = new Map<string, Promise<TxReceipt>>()

  constructor(writer: ChainWriter) {
    this.#writer = writer
  }

  /**
   * Resolves once mined.
   * @throws TransactionFailedError, ChainUnavailableError, RateLimitedError when too much waits
   */
  relay(message: SignedMessage, options: AbortOptions = {}): Promise<TxReceipt> {
    const key = toHex(message.sig)
    const under = this.#pending.get(key)
    if (under != null) return under
    if (this.#pending.size >= RELAYS_PENDING) {
      return Promise.reject(new RateLimitedError(1_000))
    }
    const sent = this.#writer.submit(message, options).finally(() => this.#pending.delete(key))
    this.#pending.set(key, sent)
    return sent
  }
}
