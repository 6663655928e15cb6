/**
 * Puts a contract on a chain at most once: its transaction has a number chosen beforehand, so that
 * it can be sent again after a death, by another process, and still only one of them gets into a
 * block. The address follows from the number.
 * @module
 */
import { getCreateAddress, Transaction, Wallet } from 'ethers'
import { fromHex, toHex0x } from '../../core/bytes.ts'
import { ChainUnavailableError, TransactionFailedError } from '../../core/errors.ts'
import { type Address, address } from '../../core/ids.ts'
import { CODE_MAX_BYTES, TX_POLL_MS, TX_WAIT_MS } from '../../core/limits.ts'
import { JsonRpc, RpcError } from './endpoint-rpc.ts'
import { dataBytes, fields, quantity, quantityBig } from './rpc-values.ts'

/** Where a contract is going to stand, and by which transaction of its deployer. */
export interface Placement {
  readonly nonce: number
  readonly at: Address
}

export interface Fees {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

export interface PlacerInit {
  readonly url: string
  readonly deployerKey: Uint8Array
  /** How long a block may take that takes a transaction. @default TX_WAIT_MS */
  readonly waitMs?: number
}

type Options = { readonly signal?: AbortSignal | undefined }

/** What clients ask where they do not say. */
const USUAL_TIP = 1_000_000_000n
/** Between the estimate and the block nothing changes for a creation but rounding. */
const GAS_MARGIN_PERCENT = 110n
const ON_ITS_WAY = /nonce|already known|already imported|underpriced/i

export class Placer {
  readonly deployer: Address
  readonly rpc: JsonRpc
  readonly #wallet: Wallet
  readonly #waitMs: number

  constructor({ url, deployerKey, waitMs = TX_WAIT_MS }: PlacerInit) {
    this.#wallet = new Wallet(toHex0x(deployerKey))
    this.deployer = address(fromHex(this.#wallet.address))
    this.rpc = new JsonRpc(url)
    this.#waitMs = waitMs
  }

  /** Where the deployer's transaction of this number puts what it creates. */
  placement(nonce: number): Placement {
    const at = getCreateAddress({ from: toHex0x(this.deployer), nonce })
    return { nonce, at: address(fromHex(at)) }
  }

  readonly chainId = (options: Options): Promise<number> =>
    this.rpc.ask('eth_chainId', [], (result) => quantity(result, 'chainId'), options)

  readonly balance = (options: Options): Promise<bigint> =>
    this.rpc.ask('eth_getBalance', [toHex0x(this.deployer), 'latest'], bigOf, options)

  /** Transactions of the deployer that blocks have (`latest`), or that are under way too. */
  readonly count = (tag: 'latest' | 'pending', options: Options): Promise<number> =>
    this.rpc.ask(
      'eth_getTransactionCount',
      [toHex0x(this.deployer), tag],
      (result) => quantity(result, 'nonce'),
      options
    )

  readonly code = (at: Address, options: Options): Promise<Uint8Array> =>
    this.rpc.ask(
      'eth_getCode',
      [toHex0x(at), 'latest'],
      (result) => dataBytes(result, 'code', CODE_MAX_BYTES),
      options
    )

  /** @throws TransactionFailedError where the chain would not take this code */
  async estimate(data: Uint8Array, options: Options): Promise<bigint> {
    const call = { from: toHex0x(this.deployer), data: toHex0x(data) }
    try {
      const gas = await this.rpc.ask('eth_estimateGas', [call], bigOf, options)
      return (gas * GAS_MARGIN_PERCENT) / 100n
    } catch (err) {
      throw refusal(err) ?? err
    }
  }

  /** Twice the base fee lives through six full blocks; nothing where gas is free. */
  async fees(options: Options): Promise<Fees> {
    const base = await this.rpc.ask(
      'eth_getBlockByNumber',
      ['latest', false],
      (block) => bigOf(fields(block, 'block')['baseFeePerGas'] ?? '0x0'),
      options
    )
    const maxPriorityFeePerGas = await this.rpc
      .ask('eth_maxPriorityFeePerGas', [], bigOf, options)
      .catch(() => (base === 0n ? 0n : USUAL_TIP))
    return { maxFeePerGas: 2n * base + maxPriorityFeePerGas, maxPriorityFeePerGas }
  }

  /**
   * Sends the creation under this number, or waits for the one that is on its way; resolves once a
   * block has that number. Gives the gas of the transaction if it was this one.
   * @throws TransactionFailedError if the endpoint refuses it, ChainUnavailableError if no block comes
   */
  async place(
    data: Uint8Array,
    { nonce }: Placement,
    terms: Fees & { readonly gasLimit: bigint; readonly chainId: number },
    options: Options
  ): Promise<number | undefined> {
    const unsigned = Transaction.from({ ...terms, type: 2, nonce, to: null, data: toHex0x(data) })
    unsigned.signature = this.#wallet.signingKey.sign(unsigned.unsignedHash)
    try {
      await this.rpc.ask('eth_sendRawTransaction', [unsigned.serialized], () => undefined, options)
    } catch (err) {
      const refused = refusal(err)
      if (refused == null || !ON_ITS_WAY.test(refused.message)) throw refused ?? err
    }
    await this.#taken(nonce, options)
    return await this.rpc.ask(
      'eth_getTransactionReceipt',
      [unsigned.hash],
      (receipt) =>
        receipt == null ? undefined : quantity(fields(receipt, 'receipt')['gasUsed'], 'gasUsed'),
      options
    )
  }

  async #taken(nonce: number, options: Options): Promise<void> {
    const deadline = performance.now() + this.#waitMs
    let pauseMs = TX_POLL_MS / 8
    while ((await this.count('latest', options)) <= nonce) {
      if (performance.now() > deadline) {
        throw new ChainUnavailableError(
          `no block took transaction ${nonce} of ${toHex0x(this.deployer)} within ${this.#waitMs} ms`
        )
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      pauseMs = Math.min(2 * pauseMs, TX_POLL_MS)
    }
  }
}

const bigOf = (value: unknown): bigint => quantityBig(value, 'quantity')

/** The endpoint's refusal as ours; undefined when it did not refuse but fail. */
function refusal(err: unknown): TransactionFailedError | undefined {
  const cause = err instanceof ChainUnavailableError ? err.cause : undefined
  if (!(cause instanceof RpcError)) return undefined
  return new TransactionFailedError(cause.message, undefined, { cause: err })
}
