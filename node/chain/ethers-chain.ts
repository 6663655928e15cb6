/**
 * The writer for any EVM chain: signed messages become calls to the contracts, paid for by this
 * node's account. Reading is not its business: what counts is proven (heads.ts, proofs.ts).
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import type { Deployment } from '../../core/deployment.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { ChainWriter, TxReceipt } from '../adapters.ts'
import { encodeCall } from './calls.ts'
import type { ModelCall } from './model-calls.ts'
import { Sender } from './sender.ts'

export interface EthersWriterInit {
  readonly url: string
  /** secp256k1 private key of the paying account, 32 bytes. */
  readonly accountKey: Uint8Array
  readonly deployment: Deployment
  readonly primitives: Primitives
  /** @default TX_WAIT_MS */
  readonly waitMs?: number
}

/** A writer that also sends the account's own acts: attesting, enrolling, voting. */
export interface EthersWriter extends ChainWriter {
  /** Resolves once mined. @throws TransactionFailedError, ChainUnavailableError */
  send(call: ModelCall, options?: AbortOptions): Promise<TxReceipt>
}

export function ethersWriter(init: EthersWriterInit): EthersWriter {
  const { deployment, primitives, ...rest } = init
  const sender = new Sender({ ...rest, chainId: deployment.chainId })
  const send = async (call: ModelCall, options?: AbortOptions): Promise<TxReceipt> => {
    const { txHash, block, gasUsed } = await sender.send(
      encodeCall(call, deployment, primitives),
      options
    )
    return { txHash, block, gasUsed }
  }
  return { account: sender.account, send, submit: send }
}
