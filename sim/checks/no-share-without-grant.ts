/**
 * No share leaves a custodian unless a grant for that record and that requester had been sent and
 * had not run out (ARCHITECTURE.md §7: no proof, no key).
 * @module
 */
import type { CheckResult } from '../engine.ts'
import { type GrantSeen, grantsByPair, type ReleaseSeen, Tally } from './observations.ts'

export function noShareWithoutGrant(
  grants: Iterable<GrantSeen>,
  releases: Iterable<ReleaseSeen>
): CheckResult {
  const pairs = grantsByPair(grants)
  const tally = new Tally('no-share-without-grant')
  for (const { record, requester, custodian, atMs } of releases) {
    const given = pairs.get(record)?.get(requester) ?? []
    tally.note(
      given.some(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs),
      () => `node ${custodian} gave node ${requester} a share of record ${record} at ${atMs} ms`
    )
  }
  return tally.result()
}
