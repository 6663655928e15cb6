/**
 * Which node has which id: nodes are numbered by role, ids by rank.
 * @module
 */
import type { Rng } from '../random.ts'
import { type Ids, idsFrom, randomIds } from './ids.ts'

export interface Placement {
  readonly ids: Ids
  readonly rankOf: Uint32Array
  readonly nodeAt: Uint32Array
}

/** Random ids, but for the last nodes the `ground` ones that an attacker chose. */
export function placed(
  nodes: number,
  rng: Rng,
  ground: readonly (readonly [hi: number, lo: number])[] = []
): Placement {
  const nodeAt = new Uint32Array(nodes)
  const rankOf = new Uint32Array(nodes)
  if (ground.length === 0) {
    const ids = randomIds(nodes, rng)
    for (let i = 0; i < nodes; i++) nodeAt[i] = i
    rng.derive('order').shuffle(nodeAt)
    for (let rank = 0; rank < nodes; rank++) rankOf[nodeAt[rank] as number] = rank
    return { ids, rankOf, nodeAt }
  }
  const seen = new Set<number>()
  // 53 bits of an id: a twin in them is drawn again, though it may be none
  const name = ([hi, lo]: readonly [number, number]): number => hi * 0x200000 + (lo >>> 11)
  const pairs: (readonly [number, number])[] = []
  for (let node = 0; node < nodes; node++) {
    let pair = ground[node - (nodes - ground.length)] ?? [rng.u32(), rng.u32()]
    while (seen.has(name(pair))) pair = [pair[0], rng.u32()]
    seen.add(name(pair))
    pairs.push(pair)
  }
  const { ids, order } = idsFrom(pairs)
  for (let rank = 0; rank < nodes; rank++) {
    nodeAt[rank] = order[rank] as number
    rankOf[order[rank] as number] = rank
  }
  return { ids, rankOf, nodeAt }
}
