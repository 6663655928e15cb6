/**
 * The order of a DAG's blocks, which both ends derive from the blocks themselves: a node before its
 * links, links in their order, each as often as it is linked. Reads dag-pb nodes only.
 * @module
 */
import { decode as decodeDagPb } from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import { InvalidMessageError } from '../../core/errors.ts'
import { DAG_BLOCKS_MAX, DAG_CHILDREN, DAG_LEVELS } from '../../core/limits.ts'
import { DAG_PB } from './constants.ts'
import { supportedCid } from './messages.ts'

/** A block's place in the order. */
export interface Place {
  readonly index: number
  readonly cid: CID
}

export class DepthFirst {
  /** Links that are still to come, one list a level; the root is the first. */
  readonly #levels: { readonly links: readonly CID[]; at: number }[]
  #index = 0

  constructor(root: CID) {
    this.#levels = [{ links: [supportedCid(root, 'root')], at: 0 }]
  }

  /** How many places were given. */
  get count(): number {
    return this.#index
  }

  /** The next place, or undefined after the last. Its block must be entered before the next. */
  next(): Place | undefined {
    for (;;) {
      const level = this.#levels.at(-1)
      if (level == null) return undefined
      const cid = level.links[level.at]
      if (cid != null) {
        if (this.#index >= DAG_BLOCKS_MAX) throw tooMuch('blocks', DAG_BLOCKS_MAX)
        level.at += 1
        return { index: this.#index++, cid }
      }
      this.#levels.pop()
    }
  }

  /** Takes the verified bytes of the place that `next` gave; only nodes, as raw leaves link none. */
  enter(bytes: Uint8Array): void {
    const links = linksOf(bytes)
    if (links.length > DAG_CHILDREN) throw tooMuch('links', DAG_CHILDREN)
    if (links.length === 0) return
    if (this.#levels.length >= DAG_LEVELS) throw tooMuch('levels', DAG_LEVELS)
    this.#levels.push({ links, at: 0 })
  }
}

function linksOf(bytes: Uint8Array): readonly CID[] {
  try {
    return decodeDagPb(bytes).Links.map((link) => supportedCid(link.Hash as CID, 'link'))
  } catch (err) {
    throw new InvalidMessageError('block expected to be a dag-pb node', { cause: err })
  }
}

/** May the block have links? */
export const isNode = (cid: CID): boolean => cid.code === DAG_PB

const tooMuch = (what: string, max: number): InvalidMessageError =>
  new InvalidMessageError(`DAG expected at most ${max} ${what}, got more`)
