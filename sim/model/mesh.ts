/**
 * gossipsub's mesh among clinics: each knows D others (SECURITY.md §12: D 6), and what it hears first
 * it passes to all of them but the one it came from. Who hears when follows from the delays alone.
 * @module
 */
import type { Rng } from '../random.ts'

/** Of every node (SECURITY.md §12). */
export const MESH_DEGREE = 6

export interface Spread {
  readonly reached: number
  /** Duplicates included. */
  readonly messages: number
  readonly lastTick: number
  /** Longest chain of those who passed it on. */
  readonly hops: number
}

export class Mesh {
  readonly count: number
  readonly #from: Uint32Array
  readonly #to: Uint32Array

  constructor(count: number, rng: Rng) {
    this.count = count
    const links = new Set<number>()
    // half of D chosen by each: every link is one of both its ends
    for (let a = 0; a < count; a++) {
      for (let i = 0; i < Math.min(MESH_DEGREE / 2, count - 1); i++) {
        const b = (a + 1 + rng.below(count - 1)) % count
        links.add(Math.min(a, b) * count + Math.max(a, b))
      }
    }
    this.#from = new Uint32Array(count + 1)
    for (const link of links) {
      this.#bump(Math.floor(link / count) + 1)
      this.#bump((link % count) + 1)
    }
    for (let i = 0; i < count; i++) this.#from[i + 1] = this.#at(i + 1) + this.#at(i)
    this.#to = new Uint32Array(2 * links.size)
    const next = this.#from.slice(0, count)
    for (const link of links) {
      const a = Math.floor(link / count)
      const b = link % count
      this.#to[next[a] as number] = b
      next[a] = (next[a] as number) + 1
      this.#to[next[b] as number] = a
      next[b] = (next[b] as number) + 1
    }
  }

  degreeOf(node: number): number {
    return this.#at(node + 1) - this.#at(node)
  }

  neighbour(node: number, i: number): number {
    return this.#to[this.#at(node) + i] as number
  }

  /**
   * Sends from `origin` at tick 0. `trip` gives the ticks of a hop, or less than 0 if it does not
   * arrive; `passed` is called for each message.
   */
  spread(
    origin: number,
    trip: (from: number, to: number) => number,
    passed: (from: number, to: number) => void = () => {}
  ): Spread {
    const first = new Float64Array(this.count).fill(Number.POSITIVE_INFINITY)
    const hops = new Uint16Array(this.count)
    const heap = new Heap()
    first[origin] = 0
    heap.push(0, origin, origin)
    let reached = 0
    let messages = 0
    let lastTick = 0
    let deepest = 0
    for (let at = heap.pop(); at != null; at = heap.pop()) {
      const { tick, node, by } = at
      // a later way to one that heard already
      if (tick > (first[node] as number)) continue
      const depth = node === origin ? 0 : (hops[by] as number) + 1
      reached++
      lastTick = tick
      deepest = Math.max(deepest, depth)
      hops[node] = depth
      for (let i = 0; i < this.degreeOf(node); i++) {
        const to = this.neighbour(node, i)
        if (to === by && node !== origin) continue
        messages++
        passed(node, to)
        const took = trip(node, to)
        if (took < 0 || tick + took >= (first[to] as number)) continue
        first[to] = tick + took
        heap.push(tick + took, to, node)
      }
    }
    return { reached, messages, lastTick, hops: deepest }
  }

  #at(i: number): number {
    return this.#from[i] as number
  }

  #bump(i: number): void {
    this.#from[i] = this.#at(i) + 1
  }
}

/** What is on its way, by when it arrives; of those at one tick, the one sent first. */
class Heap {
  readonly #items: { readonly tick: number; readonly order: number; node: number; by: number }[] =
    []
  #order = 0

  push(tick: number, node: number, by: number): void {
    const items = this.#items
    const item = { tick, order: this.#order++, node, by }
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(item, items[parent] as typeof item)) break
      items[at] = items[parent] as typeof item
      at = parent
    }
    items[at] = item
  }

  pop(): { readonly tick: number; readonly node: number; readonly by: number } | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (last == null || items.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      const right = items[child + 1]
      if (right != null && isBefore(right, items[child] as typeof last)) child++
      if (isBefore(last, items[child] as typeof last)) break
      items[at] = items[child] as typeof last
      at = child
    }
    items[at] = last
    return first
  }
}

interface Ordered {
  readonly tick: number
  readonly order: number
}
const isBefore = (a: Ordered, b: Ordered): boolean =>
  a.tick < b.tick || (a.tick === b.tick && a.order < b.order)
