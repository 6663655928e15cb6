/**
 * The writer for any EVM chain: signed messages become calls to the contracts, paid for by this
 * node's account. Reading is not its business: what counts is proven (heads.ts, proofs.ts).
 * @module
 */
import type { Deployment } from '../../core/deployment.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { ChainWriter, TxReceipt } from '../adapters.ts'
import { encodeCall } from './calls.ts'
import { delegate } from './delegate.ts'
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

export function ethersWriter(init: EthersWriterInit): ChainWriter {
  const { deployment, primitives, ...rest } = init
  const sender = new Sender({ ...rest, chainId: deployment.chainId })
  return {
    account: sender.account,
    async submit(call, options): Promise<TxReceipt> {
      const { txHash, block, gasUsed } =
        call.type === 'Delegation'
          ? await delegate(sender, call, deployment, primitives, options)
          : await sender.send(encodeCall(call, deployment, primitives), options)
      return { txHash, block, gasUsed }
    }
  }
}
