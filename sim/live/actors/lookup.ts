/**
 * A bare FIND_NODE walk for a random key, and how many of the true k closest it found: of the
 * clinics that are online, the asker left out.
 * @module
 */
import type { Rng } from '../../random.ts'
import type { Planned } from '../../workload.ts'
import { foundShare, type Server, trueClosest } from '../closest.ts'
import type { Stage } from '../stage.ts'
import { act } from './act.ts'

const KEY_BYTES = 32

export async function lookup(
  stage: Stage,
  { actor }: Planned,
  rng: Rng,
  servers: readonly Server[]
): Promise<void> {
  const key = rng.bytes(KEY_BYTES)
  await act(stage, { kind: 'lookup', actor }, async () => {
    const { world, signal, scenario } = stage
    const result = await world.lookup(actor, key, { signal })
    const there = servers.filter(({ peer }) => !stage.isAway(stage.nodeOf(peer) ?? -1))
    const asker = world.nodes[actor]?.peer ?? ''
    const ok = result.closest.length > 0
    return {
      ok,
      reason: ok ? '' : 'nobody',
      latencyMs: result.latencyMs,
      requests: result.requests,
      hops: result.hops,
      messages: 2 * result.requests - result.failed,
      found: foundShare(trueClosest(there, key, scenario.dht.k, asker), result.closest)
    }
  })
}
