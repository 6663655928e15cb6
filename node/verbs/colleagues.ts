/**
 * What the chain must say before access is passed on: colleagues of one active organisation, one of
 * them a clinician, and a grant that stands. Custodians prove it all again at each read.
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'
import type { Address } from '../../core/ids.ts'
import {
  AccountStatus,
  accountSlot,
  decodeAccountWord,
  decodeGrantWord,
  decodeOrganisationWord,
  GrantStatus,
  grantSlot,
  OrganisationStatus,
  organisationSlot,
  Role
} from '../../core/words.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { Node } from '../node.ts'
import { headWords } from './words.ts'

/** Custodians would refuse anybody else: better told here. @throws InvalidParametersError */
export async function assertColleagues(
  node: Node,
  other: Address,
  signal: AbortSignal
): Promise<void> {
  const { primitives: p, identity } = node
  const slots = [identity.account, other].map((account) => accountSlot(account, p))
  const [own, theirs] = (await headWords(node, slots, signal)).map(decodeAccountWord)
  const isOpen = (word: typeof own) => word?.status === AccountStatus.OPEN
  const org = own?.org ?? 0
  if (!isOpen(own) || org === 0 || ((own?.roles ?? 0) & Role.CLINICIAN) === 0) {
    throw new InvalidParametersError(
      '"grant" expected a clinician of an organisation to share it on; this account is none'
    )
  }
  if (!isOpen(theirs) || theirs?.org !== org) {
    throw new InvalidParametersError(`"to" expected a member of organisation ${org}`)
  }
  const [word = 0n] = await headWords(node, [organisationSlot(org, p)], signal)
  if (decodeOrganisationWord(word)?.status !== OrganisationStatus.ACTIVE) {
    throw new InvalidParametersError(`"grant" expected an active organisation, got ${org}`)
  }
}

/** The version of the grant's word: granted anew, the sub-grant ends. @throws InvalidParametersError */
export async function standingVersion(
  node: Node,
  held: EntryOf<'capsule'>,
  signal: AbortSignal
): Promise<number> {
  const [word = 0n] = await headWords(node, [grantSlot(held.grantId, node.primitives)], signal)
  const grant = decodeGrantWord(word)
  if (grant?.status !== GrantStatus.ACTIVE) {
    throw new InvalidParametersError('"grant" expected one that stands on the chain')
  }
  return grant.version
}
