/**
 * A record that was acknowledged opens for whom its owner grants it to, once faults have ended
 * (SECURITY.md §5: acknowledged means n shares and r replicas, on disk).
 * @module
 */
import type { CheckResult } from '../engine.ts'
import { type AcknowledgedSeen, Tally } from './observations.ts'

export function acknowledgedStaysOpenable(records: Iterable<AcknowledgedSeen>): CheckResult {
  const tally = new Tally('acknowledged-stays-openable')
  for (const { record, opened, reason } of records) {
    tally.note(opened, () => `record ${record} was acknowledged and does not open: ${reason}`)
  }
  return tally.result()
}
