/**
 * Grants that this person gave, by their ids, as what a verb may do with one.
 * @module
 */
import { equalBytes, fromHex } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { grantId } from '../../core/ids.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { GivenGrant } from '../ledger/ledger.ts'
import type { Node } from '../node.ts'

export interface StandingGrant extends GivenGrant {
  readonly terms: EntryOf<'terms'>
}

/**
 * One's own, not revoked.
 * @throws RecordNotFoundError, InvalidParametersError
 */
export function standingGrant(node: Node, id: string): StandingGrant {
  const grant = node.ledger.grant(grantId(fromHex(id, 'grant')))
  const owner = grant?.terms?.owner ?? node.identity.account
  if (grant == null || !equalBytes(owner, node.identity.account)) {
    throw new RecordNotFoundError(`no such grant: ${id}`)
  }
  if (grant.revoked != null) {
    throw new InvalidParametersError(`"grant" was revoked at block ${grant.revoked.block}`)
  }
  const { terms } = grant
  if (terms == null) {
    throw new InvalidParametersError('"grant" expected one whose terms were kept: give it anew')
  }
  return { ...grant, terms }
}
