/**
 * Sends an account's EIP-7702 authorisation and pays for it. A chain skips one that does not fit
 * and charges all the same, so everything is looked at before: whose it is, that its nonce is the
 * account's, that the code is the ward's; and afterwards, whether the account has that code.
 * @module
 */
import { equalBytes, toHex0x } from '../../core/bytes.ts'
import { delegatedCode } from '../../core/delegation.ts'
import type { Deployment } from '../../core/deployment.ts'
import { TransactionFailedError } from '../../core/errors.ts'
import { CODE_MAX_BYTES } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import { isSignedByAuthor } from '../../core/signers.ts'
import type { SignedMessage } from '../../core/typed-data.ts'
import { encodeCall } from './calls.ts'
import { dataBytes, quantity } from './rpc-values.ts'
import type { Mined, Sender } from './sender.ts'

export type SignedDelegation = SignedMessage & { readonly type: 'Delegation' }

/** @throws TransactionFailedError, ChainUnavailableError */
export async function delegate(
  sender: Sender,
  call: SignedDelegation,
  deployment: Deployment,
  p: Primitives,
  options: { readonly signal?: AbortSignal | undefined } = {}
): Promise<Mined> {
  const { account, code, nonce } = call.message
  const { wardAccount } = deployment
  if (wardAccount == null || !equalBytes(code, wardAccount)) {
    throw new TransactionFailedError('DelegationOtherCode')
  }
  if (!isSignedByAuthor(deployment, call, p)) {
    throw new TransactionFailedError('DelegationBadSignature')
  }
  const at = [toHex0x(account), 'latest']
  const { rpc } = sender
  const [stored, before] = await Promise.all([
    rpc.ask('eth_getTransactionCount', at, (result) => quantity(result, 'nonce'), options),
    rpc.ask('eth_getCode', at, readCode, options)
  ])
  // who pays for himself spends a number on the transaction first
  const next = stored + (equalBytes(sender.account, account) ? 1 : 0)
  if (next !== nonce) throw new TransactionFailedError('DelegationStaleNonce')
  if (equalBytes(before, delegatedCode(code))) {
    throw new TransactionFailedError('DelegationStanding')
  }
  const mined = await sender.send(encodeCall(call, deployment, p), options)
  const after = await rpc.ask('eth_getCode', at, readCode, options)
  if (!equalBytes(after, delegatedCode(code))) {
    throw new TransactionFailedError('DelegationNotTaken', toHex0x(mined.txHash))
  }
  return mined
}

const readCode = (result: unknown): Uint8Array => dataBytes(result, 'code', CODE_MAX_BYTES)
