/**
 * What one real lookup cost, read from the events that kad-dht reports while it runs.
 * @module
 */
import type { PeerId } from '@libp2p/interface'
import type { QueryEvent } from '@libp2p/kad-dht'
import { toHex } from '../../core/bytes.ts'
import { compareDistance, placeOf, trueNearest, wordsOf } from './key.ts'
import type { Observation } from './observation.ts'

export interface WatchInit {
  readonly kadIds: readonly string[]
  readonly k: number
  readonly source: number
  readonly key: Uint8Array
  /** The asker's table: the k of it nearest to the key are asked without anybody naming them. */
  readonly table: readonly number[]
  indexOf(peer: PeerId): number
  readonly events: AsyncIterable<QueryEvent>
}

export async function watch(init: WatchInit): Promise<Omit<Observation, 'bytes'>> {
  const { kadIds, k, source, key, indexOf } = init
  const places = kadIds.map(wordsOf)
  const to = wordsOf(placeOf(key))
  const place = (index: number) => places[index] as readonly [number, number]
  const own = new Set(init.table)
  const first = trueNearest(places, to, kadIds.length, source).filter((index) => own.has(index))
  const starting = new Set(first.slice(0, k))
  const hopsOf = new Map<string, number>()
  const answeredAt = new Map<number, number>()
  const asked: number[] = []
  const closest: number[] = []
  let failed = 0
  const began = performance.now()
  let answered = began
  for await (const event of init.events) {
    if (event.name === 'SEND_QUERY') {
      const index = indexOf(event.to)
      asked.push(index)
    } else if (event.name === 'QUERY_ERROR') {
      failed++
    } else if (event.name === 'PEER_RESPONSE') {
      const from = indexOf(event.from)
      const at = hopsOf.get(`${event.path.index}:${from}`) ?? 1
      answeredAt.set(from, Math.min(at, answeredAt.get(from) ?? at))
      answered = performance.now()
      for (const { id } of event.closer) {
        const index = indexOf(id)
        const named = `${event.path.index}:${index}`
        // the path asks a peer that the first farther peer names; later ones change nothing
        if (
          !starting.has(index) &&
          !hopsOf.has(named) &&
          compareDistance(place(index), place(from), to) < 0
        )
          hopsOf.set(named, at + 1)
      }
    } else if (event.name === 'FINAL_PEER') {
      closest.push(indexOf(event.peer.id))
    }
  }
  const best = new Set(trueNearest(places, to, k, source))
  const found = closest.filter((index) => best.has(index)).length
  return {
    source,
    key: toHex(key),
    requests: asked.length,
    failed,
    hops: answeredAt.get(closest[0] ?? -1) ?? 0,
    found,
    latencyMs: answered - began,
    asked
  }
}
