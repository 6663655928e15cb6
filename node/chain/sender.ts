/**
 * Sends transactions of one account over JSON-RPC: signs by ethers, counts nonces itself so that
 * many may be under way, and waits until each is mined. Sending is serialised, waiting is not.
 * @module
 */
import { Signature, Transaction, Wallet } from 'ethers'
import { fromHex, toHex0x } from '../../core/bytes.ts'
import { ChainUnavailableError, TransactionFailedError } from '../../core/errors.ts'
import { type Address, address, hash } from '../../core/ids.ts'
import { TX_POLL_MS, TX_WAIT_MS } from '../../core/limits.ts'
import type { TxReceipt } from '../adapters.ts'
import { type Authorisation, errorName } from './calls.ts'
import { JsonRpc, RpcError } from './endpoint-rpc.ts'
import { dataBytes, fields, quantity, quantityBig, quantityHex } from './rpc-values.ts'

export interface SenderInit {
  readonly url: string
  /** secp256k1 private key, 32 bytes. */
  readonly accountKey: Uint8Array
  readonly chainId: number
  /** @default TX_WAIT_MS */
  readonly waitMs?: number
}

export interface Draft {
  /** Undefined creates a contract. */
  readonly to?: Address
  readonly data?: Uint8Array
  readonly value?: bigint
  readonly authorisation?: Authorisation | undefined
}

/** A mined transaction; `contract` is the address that it created. */
export interface Mined extends TxReceipt {
  readonly contract?: Address
}

type Options = { readonly signal?: AbortSignal | undefined }

/** Head room for what other transactions of the same block change. */
const GAS_MARGIN_PERCENT = 125n
/** EIP-7702: 21000 for the transaction, 25000 for the authorisation, and the account's `receive`. */
const DELEGATION_GAS = 100_000n
/** Counted by ourselves only while many are under way: endpoints may lag behind what they took. */
const NONCE_KEPT_MS = 2_000
/** Sends again after another process took the nonce. */
const NONCE_TRIES = 10

export class Sender {
  readonly account: Address
  readonly rpc: JsonRpc
  readonly #wallet: Wallet
  readonly #init: SenderInit
  #nonce: number | undefined
  #nonceAtMs = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(init: SenderInit) {
    this.#init = init
    this.#wallet = new Wallet(toHex0x(init.accountKey))
    this.account = address(fromHex(this.#wallet.address))
    this.rpc = new JsonRpc(init.url)
  }

  /** Resolves once mined. @throws TransactionFailedError, ChainUnavailableError */
  async send(draft: Draft, options: Options = {}): Promise<Mined> {
    const call = {
      from: toHex0x(this.account),
      ...(draft.to == null ? {} : { to: toHex0x(draft.to) }),
      data: toHex0x(draft.data ?? new Uint8Array()),
      value: quantityHex(draft.value ?? 0n)
    }
    const { authorisation } = draft
    const [gasLimit, fees] = await Promise.all([
      authorisation == null ? this.#estimate(call, options) : DELEGATION_GAS,
      this.#fees(options)
    ])
    const { to = null, data, value } = call as typeof call & { to?: string }
    const txHash = await this.#inTurn(() =>
      this.#sendNext({ to, data, value, gasLimit, ...fees }, authorisation, options)
    )
    return await this.#mined(txHash, call, options)
  }

  /** One at a time, or nonces would race; a failure does not stop the next. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  async #estimate(call: object, options: Options): Promise<bigint> {
    try {
      const gas = await this.rpc.ask('eth_estimateGas', [call, 'pending'], bigOf, options)
      return (gas * GAS_MARGIN_PERCENT) / 100n
    } catch (err) {
      throw failure(err) ?? err
    }
  }

  /** Twice the base fee lives through six full blocks. */
  async #fees(options: Options): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> {
    const base = await this.rpc.ask(
      'eth_getBlockByNumber',
      ['latest', false],
      (block) => bigOf(fields(block, 'block')['baseFeePerGas'] ?? '0x0'),
      options
    )
    const tip = await this.rpc
      .ask('eth_maxPriorityFeePerGas', [], bigOf, options)
      .catch(() => 1_000_000_000n)
    return { maxFeePerGas: 2n * base + tip, maxPriorityFeePerGas: tip }
  }

  async #sendNext(
    tx: {
      to: string | null
      data: string
      value: string
      gasLimit: bigint
      maxFeePerGas: bigint
      maxPriorityFeePerGas: bigint
    },
    authorisation: Authorisation | undefined,
    options: Options
  ): Promise<string> {
    // a reorg may have taken our last transactions back, and then the next number would never come
    if (performance.now() - this.#nonceAtMs > NONCE_KEPT_MS) this.#nonce = undefined
    for (let tries = 1; ; tries++) {
      this.#nonce ??= await this.rpc.ask(
        'eth_getTransactionCount',
        [toHex0x(this.account), 'pending'],
        (result) => quantity(result, 'nonce'),
        options
      )
      const { chainId } = this.#init
      const kind =
        authorisation == null
          ? { type: 2 }
          : { type: 4, authorizationList: [listed(authorisation, chainId)] }
      const unsigned = Transaction.from({ ...tx, ...kind, chainId, nonce: this.#nonce })
      unsigned.signature = this.#wallet.signingKey.sign(unsigned.unsignedHash)
      try {
        const sent = await this.rpc.ask(
          'eth_sendRawTransaction',
          [unsigned.serialized],
          (result) => toHex0x(dataBytes(result, 'transaction hash', 32, 32)),
          options
        )
        this.#nonce++
        this.#nonceAtMs = performance.now()
        return sent
      } catch (err) {
        this.#nonce = undefined // unknown whether it was taken: ask again
        if (tries < NONCE_TRIES && isNonceTaken(err)) continue
        throw failure(err) ?? err
      }
    }
  }

  async #mined(txHash: string, call: object, options: Options): Promise<Mined> {
    const { waitMs = TX_WAIT_MS } = this.#init
    const timeout = AbortSignal.timeout(waitMs)
    const signal = options.signal == null ? timeout : AbortSignal.any([options.signal, timeout])
    try {
      for (let pauseMs = TX_POLL_MS / 8; ; pauseMs = Math.min(2 * pauseMs, TX_POLL_MS)) {
        const receipt = await this.rpc.ask('eth_getTransactionReceipt', [txHash], readReceipt, {
          signal
        })
        if (receipt?.failed) throw await this.#reason(txHash, call, receipt.block.number, signal)
        if (receipt != null) return receipt
        await pause(pauseMs, signal)
      }
    } catch (err) {
      if (signal.aborted) this.#nonce = undefined // it may have been dropped, its number with it
      options.signal?.throwIfAborted()
      if (!timeout.aborted) throw err
      throw new ChainUnavailableError(`no block took ${txHash} within ${waitMs} ms`, { cause: err })
    }
  }

  /** The receipt of a reverted transaction says only that; calling again tells why. */
  async #reason(
    txHash: string,
    call: object,
    blockNumber: number,
    signal: AbortSignal
  ): Promise<TransactionFailedError> {
    try {
      await this.rpc.ask('eth_call', [call, quantityHex(blockNumber)], () => {}, { signal })
    } catch (err) {
      const known = failure(err, txHash)
      if (known != null) return known
    }
    return new TransactionFailedError('reverted', txHash)
  }
}

function listed({ code, nonce, sig }: Authorisation, chainId: number) {
  const signature = Signature.from(toHex0x(sig))
  return { address: toHex0x(code), nonce: BigInt(nonce), chainId: BigInt(chainId), signature }
}

interface Receipt extends Mined {
  readonly failed: boolean
}

function readReceipt(result: unknown): Receipt | undefined {
  if (result == null) return undefined
  const given = fields(result, 'receipt')
  const word = (name: string) => hash(dataBytes(given[name], name, 32, 32), name)
  const created = given['contractAddress']
  return {
    txHash: word('transactionHash'),
    block: { number: quantity(given['blockNumber'], 'blockNumber'), hash: word('blockHash') },
    gasUsed: quantity(given['gasUsed'], 'gasUsed'),
    failed: quantity(given['status'], 'status') === 0,
    ...(created == null ? {} : { contract: address(dataBytes(created, 'contractAddress', 20, 20)) })
  }
}

const bigOf = (value: unknown): bigint => quantityBig(value, 'quantity')

const rpcErrorOf = (err: unknown): RpcError | undefined =>
  err instanceof ChainUnavailableError && err.cause instanceof RpcError ? err.cause : undefined

const isNonceTaken = (err: unknown): boolean =>
  /nonce|already known|already imported|underpriced/i.test(rpcErrorOf(err)?.message ?? '')

/** The endpoint's refusal as ours; undefined when it did not refuse but fail. */
function failure(err: unknown, txHash?: string): TransactionFailedError | undefined {
  const refusal = rpcErrorOf(err)
  if (refusal == null) return undefined
  const name = refusal.data == null ? undefined : errorName(refusal.data)
  return new TransactionFailedError(name ?? refusal.message, txHash, { cause: err })
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    }, ms)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}
