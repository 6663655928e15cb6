/**
 * Sends an own act to the contracts and pays for it: what admins, attesters and voters do by
 * themselves. What a contract refuses is said in a sentence, with the name of its error.
 * @module
 */
import { TransactionFailedError } from '../../core/errors.ts'
import type { TxReceipt } from '../adapters.ts'
import type { ContractCall } from '../chain/contract-calls.ts'
import type { Node } from '../node.ts'

const SENTENCES: Readonly<Record<string, string>> = {
  DirectoryNotAdmin: 'this account is not an admin of an active organisation',
  DirectoryOtherOrganisation: 'that account is not of this organisation',
  DirectoryNotOpen: 'that account is not open: it is suspended, or was never opened',
  DirectoryNotSuspended: 'that account is not suspended',
  DirectoryBadRoles: 'an admin only takes roles away, and there are none outside organisations',
  DirectoryNoConsent: 'that account has not consented to join with exactly these roles',
  DirectoryStaleConsent: 'that account has given another consent since',
  DirectoryStaleBindingEpoch: 'the binding epoch was raised before',
  DirectoryZeroId: 'zero is no id',
  DirectoryMemberUnchanged: 'the group is so already',
  DirectoryNotRemoved: 'that organisation was not removed: its own admin keeps its groups',
  DirectoryWrongVoterSet: 'the voters have changed since this was proposed: propose it anew',
  DirectoryAlreadyDone: 'this was carried out before',
  DirectoryAlreadyVoted: 'this organisation has voted for it before',
  DirectoryBadProposal: 'this cannot be carried out as the Directory stands now',
  DirectoryBadQuorum: 'the quorum must be a majority of the voters that there are afterwards',
  RecordRegistryNotAttester: 'this account is not an attester of an active organisation',
  RecordRegistryOwnRecord: 'nobody attests an own record',
  RecordRegistryBarredOrganisation: 'the owner barred this organisation from attesting the record',
  RecordRegistryNotRegistered: 'that version is not registered',
  RecordRegistryErased: 'that version was erased',
  RecordRegistryWrongAnchor: 'what was opened is not what the owner registered',
  RecordRegistryBadVerdict: 'that verdict stands already, or none stands to be withdrawn',
  RecordRegistryNotLapsed: 'the verdict still holds: its organisation and attester stand',
  EmergencyNotReviewer:
    'this account is no admin of an active organisation to which none of the signers belongs',
  EmergencyNotOpen: 'no review of it is open',
  TypedMessagesExpired: 'its deadline has passed',
  TypedMessagesBadSignature: 'the signature is not of that account'
}

/**
 * Resolves once mined.
 * @throws TransactionFailedError, also if this node sends no transactions
 * @throws ChainUnavailableError
 */
export async function sendAct(
  node: Node,
  call: ContractCall,
  signal: AbortSignal
): Promise<TxReceipt> {
  if (node.writer == null) {
    throw new TransactionFailedError('this node sends no transactions: do it at a clinic')
  }
  return inWords(node.writer.submit(call, { signal }))
}

/** A contract's refusal as a sentence, where it has one. @throws what `sent` does */
export async function inWords(sent: Promise<TxReceipt>): Promise<TxReceipt> {
  try {
    return await sent
  } catch (err) {
    const { name, message, txHash } = err as TransactionFailedError
    const sentence = name === 'TransactionFailedError' ? SENTENCES[message] : undefined
    if (sentence == null) throw err
    throw new TransactionFailedError(`${sentence} (${message})`, txHash, { cause: err })
  }
}
