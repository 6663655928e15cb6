/**
 * A bare FIND_NODE walk for a random key, and how many of the true k closest it found: of the
 * clinics that are online, the asker left out.
 * @module
 */
import type { Rng } from '../../random.ts'
import type { Planned } from '../../workload.ts'
import type { Stage } from '../stage.ts'
import { act } from './act.ts'

const KEY_BYTES = 32

/** Keys in the DHT are hashed: what is compared are SHA-256s, as hex. */
export interface KadIds {
  readonly byPeer: ReadonlyMap<string, string>
  hash(key: Uint8Array): string
}

export async function lookup(
  stage: Stage,
  { actor }: Planned,
  rng: Rng,
  ids: KadIds
): Promise<void> {
  const key = rng.bytes(KEY_BYTES)
  await act(stage, { kind: 'lookup', actor }, async () => {
    const { world, signal } = stage
    const result = await world.lookup(actor, key, { signal })
    const servers = world.nodes
      .filter(({ index, role }) => role === 'clinic' && index !== actor && !stage.isAway(index))
      .map(({ peer }) => peer)
    const { k } = stage.scenario.dht
    const closest = trueClosest(servers, ids, ids.hash(key), k)
    const named = new Set(result.closest)
    const found = closest.filter((peer) => named.has(peer)).length
    return {
      ok: result.closest.length > 0,
      reason: result.closest.length > 0 ? '' : 'nobody',
      latencyMs: result.latencyMs,
      requests: result.requests,
      hops: result.hops,
      messages: 2 * result.requests - result.failed,
      found: closest.length === 0 ? Number.NaN : found / closest.length
    }
  })
}

/** By XOR of 256-bit ids. */
function trueClosest(
  peers: readonly string[],
  { byPeer }: KadIds,
  target: string,
  k: number
): readonly string[] {
  const to = BigInt(`0x${target}`)
  return peers
    .flatMap((peer) => {
      const id = byPeer.get(peer)
      return id == null ? [] : [{ peer, distance: BigInt(`0x${id}`) ^ to }]
    })
    .sort((a, b) => (a.distance < b.distance ? -1 : a.distance > b.distance ? 1 : 0))
    .slice(0, k)
    .map(({ peer }) => peer)
}
