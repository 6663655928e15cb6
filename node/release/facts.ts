/**
 * What this node knows of a request before it asks the chain, in the words of `decide()`.
 * @module
 */
import { idsOf } from '../../core/checks/ids.ts'
import { decodeHeader } from '../../core/container.ts'
import type { DecideInput, CustodyEntry as GateEntry, Notices } from '../../core/decision.ts'
import { WHOLE_GRANT } from '../../core/hand-back.ts'
import { grantId as asGrantId } from '../../core/ids.ts'
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
    handedBack: isHandedBack(store, request, p),
    optOut: store.optOut(request.owner),
    wish: store.wish(request.owner)
  }
  lastFound.set(request, { store, count, notices })
  return notices
}

/** The grant by the account or its delegator, or the sub-grant by either of them. */
function isHandedBack(store: NoticeStore, request: AccessRequest, p: Primitives): boolean {
  const { grantId, subGrant } = idsOf(request, p)
  const { account } = request.binding
  if (store.isHandedBack(grantId, WHOLE_GRANT, account)) return true
  if (request.sub == null || subGrant == null) return false
  const { delegator } = request.sub
  return (
    store.isHandedBack(grantId, WHOLE_GRANT, delegator) ||
    store.isHandedBack(grantId, subGrant, delegator) ||
    store.isHandedBack(grantId, subGrant, account)
  )
}

export const sameNotices = (a: Notices, b: Notices): boolean =>
  a.erased === b.erased &&
  a.revokedVersion === b.revokedVersion &&
  a.ownerEpoch === b.ownerEpoch &&
  a.bindingEpoch === b.bindingEpoch &&
  a.handedBack === b.handedBack &&
  a.optOut?.version === b.optOut?.version &&
  a.wish?.version === b.wish?.version

export const budgetUse = ({ request }: DecideInput, p: Primitives): BudgetUse => ({
  grantId: idsOf(request, p).grantId,
  recordId: request.recordId,
  ver: request.ver
})

/** The same under the sub-grant that is shown: counted apart, and by its own hash. */
export function subUse(input: DecideInput, p: Primitives): BudgetUse | undefined {
  const { subGrant } = idsOf(input.request, p)
  return subGrant && { ...budgetUse(input, p), grantId: asGrantId(subGrant) }
}
