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

interface Found {
  readonly store: NoticeStore
  readonly count: number
  readonly notices: Notices
}
const lastFound = new WeakMap<AccessRequest, Found>()

/** The highest direct notice of each kind that concerns a request; looked up again if any came. */
export function gateNotices(store: NoticeStore, request: AccessRequest, p: Primitives): Notices {
  const { count } = store
  const last = lastFound.get(request)
  if (last?.store === store && last.count === count) return last.notices
  const { grantId, recordTag } = idsOf(request, p)
  const notices: Notices = {
    erased: store.isErased(request.owner, recordTag),
    revokedVersion: store.revokedVersion(grantId),
    ownerEpoch: store.ownerEpoch(request.owner),
    bindingEpoch: store.bindingEpoch(request.binding.account),
    optOut: store.optOut(request.owner),
    wish: store.wish(request.owner)
  }
  lastFound.set(request, { store, count, notices })
  return notices
}

export const sameNotices = (a: Notices, b: Notices): boolean =>
  a.erased === b.erased &&
  a.revokedVersion === b.revokedVersion &&
  a.ownerEpoch === b.ownerEpoch &&
  a.bindingEpoch === b.bindingEpoch &&
  a.optOut?.version === b.optOut?.version &&
  a.wish?.version === b.wish?.version

export const budgetUse = ({ request }: DecideInput, p: Primitives): BudgetUse => ({
  grantId: idsOf(request, p).grantId,
  recordId: request.recordId,
  ver: request.ver
})
