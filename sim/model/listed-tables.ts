/**
 * Routing tables as lists of entries, one behind another: those of a real network, entry by entry, or
 * tiny ones of a test. The nearest are found as kad-dht finds them, by looking at all.
 * @module
 */
import { type Ids, isNearer } from './ids.ts'
import { keepNearest } from './nearest.ts'
import type { TablePolicy, Tables } from './tables.ts'

export class ListedTables implements Tables {
  readonly policy: TablePolicy
  readonly found: Uint32Array
  readonly #ids: Ids
  readonly #starts: Uint32Array
  readonly #entries: Uint32Array

  constructor(ids: Ids, policy: TablePolicy, lists: readonly Uint32Array[]) {
    this.policy = policy
    this.#ids = ids
    this.#starts = new Uint32Array(lists.length + 1)
    let longest = 0
    for (const [node, list] of lists.entries()) {
      this.#starts[node + 1] = (this.#starts[node] as number) + list.length
      longest = Math.max(longest, list.length)
    }
    this.#entries = new Uint32Array(this.#starts[lists.length] as number)
    for (const [node, list] of lists.entries()) this.#entries.set(list, this.#starts[node])
    this.found = new Uint32Array(Math.max(64, longest))
  }

  get bytes(): number {
    return this.#starts.byteLength + this.#entries.byteLength
  }

  sizeOf(node: number): number {
    return (this.#starts[node + 1] as number) - (this.#starts[node] as number)
  }

  closest(node: number, keyHi: number, keyLo: number, k: number, except: number): number {
    const end = this.#starts[node + 1] as number
    let count = 0
    for (let i = this.#starts[node] as number; i < end; i++) {
      const peer = this.#entries[i] as number
      if (peer !== except) this.found[count++] = peer
    }
    if (count <= k) return count
    keepNearest(this.#ids, this.found, 0, count, k, keyHi, keyLo)
    return k
  }

  closer(node: number, keyHi: number, keyLo: number, k: number, except: number): number {
    const end = this.#starts[node + 1] as number
    let count = 0
    for (let i = this.#starts[node] as number; i < end; i++) {
      const peer = this.#entries[i] as number
      if (peer !== except && isNearer(this.#ids, peer, node, keyHi, keyLo)) {
        this.found[count++] = peer
      }
    }
    if (count <= k) return count
    keepNearest(this.#ids, this.found, 0, count, k, keyHi, keyLo)
    return k
  }
}
