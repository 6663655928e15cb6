/**
 * What this node knows of a request before it asks the chain, in the words of `decide()`.
 * @module
 */
import { idsOf } from '../../core/checks/ids.ts'
import { decodeHeader } from '../../core/container.ts'
import type { DecideInput, CustodyEntry as GateEntry, Notices } from '../../core/decision.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { AccessRequest } from '../../core/request.ts'
import type { CustodyEntry } from '../custody/custody-store.ts'
import type { Notices as NoticeStore } from '../custody/notices.ts'
import type { BudgetUse } from './budget.ts'

export function entryForGate(entry: CustodyEntry): GateEntry {
  const { owner, recordId, ver } = entry
  const epochs = [...entry.epochs.values()]
  return {
    owner,
    recordId,
    ver,
    sealed: epochs.some(({ manifest }) => decodeHeader(manifest.content.hdr).sealed),
    destroyed: false,
    epochs: epochs.map(({ manifest: { custody }, idx, acknowledged }) => ({
      shareEpoch: custody.shareEpoch,
      idx,
      acknowledged,
      tags: custody.tags,
      emergency: custody.emergency
    }))
  }
}

/** The highest direct notice of each kind that concerns a request. */
export const gateNotices = (
  notices: NoticeStore,
  request: AccessRequest,
  p: Primitives
): Notices => ({
  erased: notices.isErased(request.owner, idsOf(request, p).recordTag),
  revokedVersion: notices.revokedVersion(idsOf(request, p).grantId),
  ownerEpoch: notices.ownerEpoch(request.owner),
  bindingEpoch: notices.bindingEpoch(request.binding.account),
  optOut: notices.optOut(request.owner)
})

export const sameNotices = (a: Notices, b: Notices): boolean =>
  a.erased === b.erased &&
  a.revokedVersion === b.revokedVersion &&
  a.ownerEpoch === b.ownerEpoch &&
  a.bindingEpoch === b.bindingEpoch &&
  a.optOut?.version === b.optOut?.version

export const budgetUse = ({ request }: DecideInput, p: Primitives): BudgetUse => ({
  grantId: idsOf(request, p).grantId,
  recordId: request.recordId,
  ver: request.ver
})
