/**
 * Accounts as people name them, and what the chain says of their code.
 * @module
 */
import { equalBytes, fromHex } from '../../core/bytes.ts'
import { delegatedCodeHash, signDelegation, wardCode } from '../../core/delegation.ts'
import {
  ChainUnavailableError,
  InvalidParametersError,
  TransactionFailedError
} from '../../core/errors.ts'
import { type Address, address, type PeerIdBytes } from '../../core/ids.ts'
import type { ProvenCode, TxReceipt, VerifiedHeader } from '../adapters.ts'
import type { Node } from '../node.ts'
import { sendMessage } from './relay.ts'
import { contactOf } from './request.ts'
import { currentHeads, headSince } from './words.ts'

export interface NamedAccount {
  readonly account: Address
  /** Who keeps that person's mail and records, if they were named. */
  readonly keepers: readonly PeerIdBytes[]
}

/** "0x…" or a contact OWNER@PEER[,PEER…]. @throws InvalidParametersError */
export function namedAccount(text: string, name: string): NamedAccount {
  if (!text.includes('@')) return { account: address(fromHex(text, name)), keepers: [] }
  const { owner, keepers } = contactOf(text)
  return { account: owner, keepers }
}

/** Nonce and code at a block. @throws ChainUnavailableError */
async function codeAt(
  node: Node,
  block: VerifiedHeader,
  account: Address,
  signal: AbortSignal
): Promise<ProvenCode> {
  if (node.accounts == null) throw new InvalidParametersError('this node looks at no accounts')
  const proven = await node.accounts.prove(block, account, { signal })
  if (!proven.ok) throw new ChainUnavailableError('no proof of the account')
  return proven.value
}

/** Whether an account's code asks Guardians, proven at the head. @throws ChainUnavailableError */
export async function isWired(node: Node, account: Address, signal: AbortSignal): Promise<boolean> {
  const { head } = await currentHeads(node, signal)
  return isWardCode(node, await codeAt(node, head, account, signal))
}

const isWardCode = (node: Node, { codeHash }: ProvenCode): boolean =>
  equalBytes(codeHash, delegatedCodeHash(wardCode(node.deployment), node.primitives))

/**
 * Gives the own account the code that guardians and recovery need, by an EIP-7702 authorisation
 * that a clinic pays for; undefined if it has that code already.
 * @throws TransactionFailedError
 */
export async function wire(
  node: Node,
  relayers: readonly PeerIdBytes[],
  signal: AbortSignal
): Promise<TxReceipt | undefined> {
  const { identity, deployment, primitives: p, writer } = node
  const { account } = identity
  const { head } = await currentHeads(node, signal)
  const before = await codeAt(node, head, account, signal)
  if (isWardCode(node, before)) return undefined
  // who pays for herself has the nonce raised by that very transaction first
  const paysSelf = writer != null && equalBytes(writer.account, account)
  const nonce = before.nonce + (paysSelf ? 1 : 0)
  const message = { account, code: wardCode(deployment), nonce }
  const sig = signDelegation(deployment, message, identity.accountKey, p)
  const sent = await sendMessage(node, { type: 'Delegation', message, sig }, relayers, signal)
  const after = await headSince(node, sent.block.number, signal)
  if (isWardCode(node, await codeAt(node, after, account, signal))) return sent
  throw new TransactionFailedError('the account has no code at the head', undefined)
}
