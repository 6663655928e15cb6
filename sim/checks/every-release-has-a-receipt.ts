/**
 * Every share that somebody got is in a receipt of its custodian, which reached the record's owner
 * (SECURITY.md §11: no receipt, no share).
 * @module
 */
import type { CheckResult } from '../engine.ts'
import { type ReceiptSeen, type ReleaseSeen, Tally } from './observations.ts'

export function everyReleaseHasAReceipt(
  releases: Iterable<ReleaseSeen>,
  receipts: Iterable<ReceiptSeen>
): CheckResult {
  const left = new Map<string, number>()
  const key = ({ record, requester, custodian }: ReceiptSeen): string =>
    `${record}/${requester}/${custodian}`
  for (const receipt of receipts) left.set(key(receipt), (left.get(key(receipt)) ?? 0) + 1)
  const tally = new Tally('every-release-has-a-receipt')
  for (const release of releases) {
    const count = left.get(key(release)) ?? 0
    // each receipt stands for one release
    left.set(key(release), count - 1)
    tally.note(
      count > 0,
      () =>
        `no receipt of node ${release.custodian} for the share of record ${release.record} ` +
        `that node ${release.requester} got`
    )
  }
  return tally.result()
}
