/**
 * The revocation guarantee (SECURITY.md §10): under a revoked grant no share leaves later than
 * `boundMs` (head age S, 5 s of exchange, clocks) after the chain holds the revocation.
 * @module
 */
import type { CheckResult } from '../engine.ts'
import { type GrantSeen, grantsByPair, type ReleaseSeen, Tally } from './observations.ts'

export function revokedIsDenied(
  grants: Iterable<GrantSeen>,
  releases: Iterable<ReleaseSeen>,
  boundMs: number
): CheckResult {
  const pairs = grantsByPair(grants)
  const tally = new Tally('revoked-is-denied')
  for (const { record, requester, custodian, atMs } of releases) {
    const given = (pairs.get(record)?.get(requester) ?? []).filter(({ fromMs }) => fromMs <= atMs)
    // one without any grant is another check's business
    if (given.length === 0) continue
    const lastMs = Math.max(...given.map(({ revokedMs }) => revokedMs))
    tally.note(
      atMs <= lastMs + boundMs,
      () =>
        `node ${custodian} gave node ${requester} a share of record ${record} ` +
        `${atMs - lastMs} ms after its revocation, ${boundMs} ms is the bound`
    )
  }
  return tally.result()
}
