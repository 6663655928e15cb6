/**
 * A generator of tables: the network grows in the model by the steps by which it grows in reality
 * (grow.ts). A newcomer is connected to two that are there, looks for its own
 * id, and refreshes by looking for a random key; once all are there, each does so again. Whoever is
 * asked meets the asker, whoever is named is pinged and met if the asker's table has room; a bucket
 * keeps whom it has. So old nodes stand in many tables and late ones in few. One figure is tuned
 * (`met`), on the first two networks of a kind; the others test it.
 * @module
 */
import type { Rng } from '../random.ts'
import { wordsOf } from './key.ts'
import type { Growth } from './observation.ts'
import { plainLookup } from './plain-lookup.ts'

type Words = readonly [hi: number, lo: number]

/** Tuned: tables of 64 nodes with k 4 and 2 bits, networks 1 and 2, have the size of the real ones. */
const MET = 0.3

/** kad-dht's self-query ends after so many events; ours runs to its end (wholeSelfQuery). */
const SELF_QUERY_EVENTS = 20

export interface GrownInit {
  /** In the order of joining. */
  readonly kadIds: readonly string[]
  readonly growth: Growth
  readonly rng: Rng
  /** Rounds of a self-query and a refresh after all have joined. @default 1, as grow.ts */
  readonly rounds?: number
  /** Chance that a named peer is met at once: a ping has to be sent and answered. @default MET */
  readonly met?: number
}

/** Lists of indices. */
export function grownTables(init: GrownInit): number[][] {
  const { kadIds, growth, rng, rounds = 1, met = MET } = init
  const places = kadIds.map(wordsOf)
  const tables: number[][] = kadIds.map(() => [])
  const buckets = places.map((own) => new Buckets(own, growth))
  const { k, alpha, paths } = growth
  const take = (node: number, other: number): void => {
    if (node === other || tables[node]?.includes(other) === true) return
    if (buckets[node]?.take(places[other] as Words) === true) tables[node]?.push(other)
  }
  const meet = (a: number, b: number): void => {
    take(a, b)
    take(b, a)
  }
  const look = (node: number, key: Words, events?: number): void => {
    const named: number[] = []
    const delayMs = (): number => rng.unit()
    plainLookup(
      {
        places,
        tables,
        k,
        alpha,
        paths,
        rng,
        delayMs,
        ...(events != null && { events }),
        onAsked: (peer) => take(peer, node),
        onAnswer: (peer, names) => named.push(peer, ...names)
      },
      node,
      key
    )
    // pinged while the lookup goes on, and met when it is over
    for (const other of named)
      if (buckets[node]?.hasRoomFor(places[other] as Words) === true && rng.chance(met))
        meet(node, other)
  }
  const maintain = (node: number): void => {
    const events = growth.table === 'near' ? undefined : SELF_QUERY_EVENTS
    look(node, places[node] as Words, events)
    look(node, [rng.u32(), rng.u32()])
  }
  for (let node = 1; node < places.length; node++) {
    meet(node, rng.below(node))
    meet(node, rng.below(node))
    maintain(node)
  }
  for (let round = 0; round < rounds; round++)
    for (let node = 0; node < places.length; node++) maintain(node)
  return tables
}

class Buckets {
  readonly #own: Words
  readonly #growth: Growth
  readonly #held = new Map<number, number>()

  constructor(own: Words, growth: Growth) {
    this.#own = own
    this.#growth = growth
  }

  hasRoomFor(other: Words): boolean {
    return (this.#held.get(this.#of(other)) ?? 0) < this.#growth.k
  }

  take(other: Words): boolean {
    const room = this.hasRoomFor(other)
    const bucket = this.#of(other)
    if (room) this.#held.set(bucket, (this.#held.get(bucket) ?? 0) + 1)
    return room
  }

  /** By its first bits, or, near the node and in our own table, by how many it shares. */
  #of(other: Words): number {
    const { prefixLength, table } = this.#growth
    const shared = sharedBits(this.#own, other)
    if (table === 'near' && shared >= prefixLength) return -1 - shared
    return prefixLength === 0 ? 0 : other[0] >>> (32 - prefixLength)
  }
}

function sharedBits(a: Words, b: Words): number {
  const hi = a[0] ^ b[0]
  return hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(a[1] ^ b[1])
}
