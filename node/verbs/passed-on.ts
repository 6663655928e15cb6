/**
 * Sub-grants for `grants`: what this person passed on, and what was passed on to her, each with its
 * state: ended by either side, else as its grant stands.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import type { Address, GrantId } from '../../core/ids.ts'
import { purposeCodes } from '../../core/purposes.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Passings } from '../ledger/passings.ts'
import type { Delegation } from './passing-shapes.ts'

type State = Delegation['state']

export interface ListedDelegation {
  readonly id: GrantId
  readonly owner: Address
  /** `grantState`: of its grant, with this end. */
  row(grantState: Exclude<State, 'ended'>): Delegation
  readonly until: number
}

export function delegationsOf(passings: Passings): readonly ListedDelegation[] {
  return [...passings.given(), ...passings.received()].map((entry) => {
    const { sub, subGrant, grantId, peer, name } = entry
    const { grant } = sub
    const records = entry.t === 'passedOn' ? entry.records : entry.capsule.records
    return {
      id: grantId,
      owner: grant.owner,
      until: grant.notAfter,
      row: (grantState) => ({
        delegation: toHex(subGrant),
        grant: toHex(grantId),
        direction: entry.t === 'passedOn' ? 'given' : 'received',
        peer: peerText(peer),
        name,
        records: [...new Set(records.map(({ recordId }) => toHex(recordId)))],
        purpose: purposeCodes(grant.purposes).join(','),
        from: grant.notBefore,
        until: grant.notAfter,
        budget: grant.budget,
        state: passings.isEnded(entry) ? 'ended' : grantState
      })
    }
  })
}
