/**
 * Routing tables of the model: what they are to a lookup, how settled ones are made, and how real
 * ones are taken over. Three policies: `js` is kad-dht 16.4.5's trie, `near` the same with the node's own
 * bucket cut finer (node/network/near-table.ts), `classic` the specification's k at every prefix length.
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'
import type { Rng } from '../random.ts'
import { DrawnTables, type Stale } from './drawn-tables.ts'
import type { Ids } from './ids.ts'
import { ListedTables } from './listed-tables.ts'

export interface TablePolicy {
  readonly table: 'js' | 'near' | 'classic'
  readonly k: number
  /** Depth at which the trie of `js` and `near` no longer splits; 0 to 20. Of no meaning to `classic`. */
  readonly prefixLength: number
}

export interface Tables {
  readonly policy: TablePolicy
  /** What they take beside the ids, in bytes. */
  readonly bytes: number
  /** What the last `closest` or `closer` found; overwritten by the next. */
  readonly found: Uint32Array
  /** How many peers a node's table holds, dead ones included. */
  sizeOf(node: number): number
  /**
   * Fills `found` with the `k` peers of a node's table that are nearest to a key, in no order,
   * without `except` (-1 for nobody); answers how many. Never the node itself.
   */
  closest(node: number, keyHi: number, keyLo: number, k: number, except: number): number
  /** Of these `k`, those strictly nearer to the key than the node itself: all that an asker follows. */
  closer(node: number, keyHi: number, keyLo: number, k: number, except: number): number
}

export interface BuildTablesOptions {
  /** 1 for each node that others may hold in their tables. @default all */
  readonly servers?: Uint8Array
  /** Who is away for how long, and how long tables keep them. @default nobody is ever away */
  readonly stale?: Stale
}

/**
 * Tables as a settled network has them: everybody known where a bucket has room for all, else k
 * drawn evenly from those who belong there. They are computed when asked for, from `rng`'s next word
 * and the node's and bucket's numbers, and take no memory of their own.
 * @throws InvalidParametersError
 */
export function buildTables(
  ids: Ids,
  policy: TablePolicy,
  rng: Rng,
  options: BuildTablesOptions = {}
): Tables {
  checkPolicy(policy)
  return new DrawnTables(ids, policy, rng.u32(), options)
}

/**
 * Tables as a real network had them: `lists[node]` holds the node's entries, by node number.
 * @throws InvalidParametersError
 */
export function loadTables(ids: Ids, policy: TablePolicy, lists: readonly Uint32Array[]): Tables {
  checkPolicy(policy)
  if (lists.length !== ids.count) {
    throw new InvalidParametersError(`"lists" expected ${ids.count} tables, got ${lists.length}`)
  }
  for (const [node, list] of lists.entries()) {
    const stranger = list.find((peer) => peer >= ids.count || peer === node)
    if (stranger != null) {
      throw new InvalidParametersError(`table ${node} expected other nodes, got ${stranger}`)
    }
  }
  return new ListedTables(ids, policy, lists)
}

function checkPolicy({ k, prefixLength }: TablePolicy): void {
  if (!Number.isInteger(k) || k < 1 || k > 64) {
    throw new InvalidParametersError(`"k" expected 1 to 64, got ${k}`)
  }
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 20) {
    throw new InvalidParametersError(`"prefixLength" expected 0 to 20, got ${prefixLength}`)
  }
}
