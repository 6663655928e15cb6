/**
 * kad-dht's lookup written out plainly from its query manager, query path and queue (16.4.5): the
 * slow twin that the model's fast one is held against, and what networks grow by (grown-tables.ts).
 * Answers come back in the order of `delayMs`.
 * @module
 */

import type { Rng } from '../random.ts'
import { compareDistance } from './key.ts'

type Words = readonly [number, number]

export interface PlainInit {
  readonly places: readonly Words[]
  readonly tables: readonly (readonly number[])[]
  /** Entries that a node asks but does not name to others. */
  readonly untold?: readonly (readonly number[])[]
  readonly k: number
  readonly alpha: number
  readonly paths: number
  readonly rng: Rng
  /** Whoever asks stops listening after so many events, as kad-dht's self-query. @default never */
  readonly events?: number
  delayMs(from: number, to: number): number
  /** `peer` was asked: it knows of the asker now. */
  onAsked?(peer: number): void
  /** `peer` named these. */
  onAnswer?(peer: number, named: readonly number[]): void
}

export interface PlainResult {
  readonly asked: readonly number[]
  readonly hops: number
  readonly closest: readonly number[]
  readonly latencyMs: number
}

interface Job {
  readonly peer: number
  readonly hop: number
}

interface Path {
  /** Those that answered, nearest first, at most k. */
  readonly closest: number[]
  readonly queued: Job[]
  running: number
}

/** A dial and a query sent; the answer is a third. */
const EVENTS_OF_ASKING = 2

export function plainLookup(init: PlainInit, source: number, key: Words): PlainResult {
  const { places, tables, untold, k, alpha, rng } = init
  const at = (index: number): Words => places[index] as Words
  const nearer = (a: number, b: number): number => compareDistance(at(a), at(b), key)
  const nearest = (of: readonly number[]) => [...of].sort(nearer)
  const answerOf = (peer: number) =>
    nearest((tables[peer] ?? []).filter((other) => other !== source && other !== peer))
      .slice(0, k)
      .filter((other) => untold?.[peer]?.includes(other) !== true)
  const starting = nearest(tables[source] ?? [])
    .slice(0, k)
    .sort(() => (rng.unit() > 0.5 ? 1 : -1))
  const seen = new Set<number>()
  const asked: number[] = []
  const answered: number[] = []
  const events: { at: number; order: number; path: Path; job: Job }[] = []
  let order = 0
  let now = 0
  let heard = 0
  const hopOf = new Map<number, number>()

  const canAdd = (path: Path, peer: number): boolean =>
    path.closest.length < k || nearer(peer, path.closest[k - 1] as number) < 0
  const tryStart = (path: Path): void => {
    while (path.running < alpha && path.queued.length > 0) {
      const job = path.queued.shift() as Job
      if (!canAdd(path, job.peer)) continue
      path.running++
      asked.push(job.peer)
      heard += EVENTS_OF_ASKING
      init.onAsked?.(job.peer)
      events.push({ at: now + init.delayMs(source, job.peer), order: order++, path, job })
    }
  }
  const add = (path: Path, job: Job): void => {
    seen.add(job.peer)
    path.queued.push(job)
    path.queued.sort((a, b) => nearer(a.peer, b.peer))
    tryStart(path)
  }

  const paths = Array.from(
    { length: init.paths },
    (): Path => ({ closest: [], queued: [], running: 0 })
  )
  for (const [index, peer] of starting.entries())
    add(paths[index % init.paths] as Path, { peer, hop: 1 })
  while (events.length > 0 && heard < (init.events ?? Number.POSITIVE_INFINITY)) {
    events.sort((a, b) => a.at - b.at || a.order - b.order)
    const { at: time, path, job } = events.shift() as (typeof events)[number]
    now = time
    hopOf.set(job.peer, job.hop)
    answered.push(job.peer)
    path.closest.push(job.peer)
    path.closest.sort(nearer)
    path.closest.splice(k)
    heard++
    const named = answerOf(job.peer)
    init.onAnswer?.(job.peer, named)
    for (const peer of named) {
      if (seen.has(peer) || nearer(peer, job.peer) >= 0 || !canAdd(path, peer)) continue
      add(path, { peer, hop: job.hop + 1 })
    }
    path.running--
    tryStart(path)
  }
  const closest = nearest(answered).slice(0, k)
  return { asked, hops: hopOf.get(closest[0] ?? -1) ?? 0, closest, latencyMs: now }
}
