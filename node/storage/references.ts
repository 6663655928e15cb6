/**
 * Which blocks belong to pinned records, and to how many: so that removing one record leaves the
 * blocks that it shares with another. Counted at the first need, by reading nodes, then kept.
 * @module
 */
import type { CID } from 'multiformats/cid'
import { walk } from './dag.ts'
import type { Pins } from './pins.ts'

export class References {
  readonly #pins: Pins
  readonly #block: (cid: CID) => Promise<Uint8Array>
  #counts: Promise<Map<string, number>> | undefined

  /** `block` gives one that is here, or fails with ContentNotFoundError. */
  constructor(pins: Pins, block: (cid: CID) => Promise<Uint8Array>) {
    this.#pins = pins
    this.#block = block
  }

  /** Is it part of a pinned record? */
  async has(block: CID): Promise<boolean> {
    this.#counts ??= this.#countAll()
    return (await this.#counts).has(keyOf(block))
  }

  async pinned(root: CID): Promise<void> {
    if (this.#counts != null) await this.#count(await this.#counts, root, 1)
  }

  async unpinned(root: CID): Promise<void> {
    if (this.#counts != null) await this.#count(await this.#counts, root, -1)
  }

  /** A pinned record has nodes now that it lacked: its blocks are counted at the next need. */
  repaired(): void {
    this.#counts = undefined
  }

  /** A record's blocks as far as its nodes are here; a leaf is named whether it is here or not. */
  async *blocksOf(root: CID): AsyncGenerator<CID> {
    const read = (cid: CID) =>
      this.#block(cid).catch((err: Error) => {
        if (err.name === 'ContentNotFoundError') return undefined
        throw err
      })
    try {
      for await (const place of walk(root, read)) yield place.cid
    } catch (err) {
      if ((err as Error).name !== 'InvalidMessageError') throw err
      yield root // not a payload of ours: a single block is all that we know
    }
  }

  async #countAll(): Promise<Map<string, number>> {
    const counts = new Map<string, number>()
    for (const root of this.#pins.roots()) await this.#count(counts, root, 1)
    return counts
  }

  async #count(counts: Map<string, number>, root: CID, step: 1 | -1): Promise<void> {
    const once = new Set<string>()
    for await (const block of this.blocksOf(root)) once.add(keyOf(block))
    for (const key of once) {
      const count = (counts.get(key) ?? 0) + step
      if (count > 0) counts.set(key, count)
      else counts.delete(key)
    }
  }
}

/** Blocks are kept by hash: the same bytes are one block, whatever codec a CID gives them. */
export const keyOf = (cid: CID): string => String.fromCharCode(...cid.multihash.digest)
