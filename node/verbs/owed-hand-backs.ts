/**
 * Hand-backs that some custodian was away for: told again until all have them, or the grant is over
 * and nobody needs them.
 * @module
 */
import { equalBytes } from '../../core/bytes.ts'
import type { PassingEntryOf } from '../ledger/passing-entries.ts'
import type { Node } from '../node.ts'
import { type Ending, tellCustodians } from './end-access.ts'

/** For upkeep: each tried once; whether nothing is left. Throws by `signal` only. */
export async function tellOwedHandBacks(node: Node, signal: AbortSignal): Promise<boolean> {
  const nowSeconds = node.clock.nowMs() / 1_000
  let whole = true
  for (const entry of node.ledger.passings.gaveBack()) {
    const capsule = capsuleOf(node, entry)
    if (capsule == null || capsule.opening.notAfter <= nowSeconds) continue
    const { missed } = await tellCustodians(node, { ...entry, capsule }, signal)
    if (missed.length > 0) whole = false
  }
  return whole
}

function capsuleOf(
  { ledger }: Node,
  { grantId, subGrant }: PassingEntryOf<'gaveBack'>
): Ending['capsule'] | undefined {
  const sub = ledger.passings.sub(subGrant)
  if (sub?.t === 'subReceived') return sub.capsule
  return ledger.capsules().find((each) => equalBytes(each.grantId, grantId))?.capsule
}
