/**
 * Who may fetch a record's ciphertext from here: its keepers by the manifest, the owner's own
 * device, and for a short while a peer to which the gate released it (ARCHITECTURE.md §8, "Blocks
 * on consent").
 * @module
 */
import type { CID } from 'multiformats/cid'
import { toHex } from '../../core/bytes.ts'
import type { Address, PeerIdBytes, RecordId } from '../../core/ids.ts'
import { BLOCK_RIGHTS_MAX, BLOCKS_RIGHT_MS } from '../../core/limits.ts'
import type { Clock, WordRef } from '../adapters.ts'
import { changeKey } from '../chain/follow.ts'
import { type CustodyStore, isKeeper } from '../custody/custody-store.ts'

interface Named {
  readonly owner: Address
  readonly recordId: RecordId
  readonly ver: number
}

export class BlockRights {
  readonly #custody: CustodyStore
  readonly #clock: Clock
  readonly #isOwnersPeer: (owner: Address, peer: PeerIdBytes) => boolean
  readonly #rights = new Map<string, Right>()

  constructor(init: {
    readonly custody: CustodyStore
    readonly clock: Clock
    readonly isOwnersPeer: (owner: Address, peer: PeerIdBytes) => boolean
  }) {
    this.#custody = init.custody
    this.#clock = init.clock
    this.#isOwnersPeer = init.isOwnersPeer
  }

  /**
   * The gate found a standing grant: the peer may fetch this version's blocks for a minute, while
   * nobody says that one of the words has changed on which that rests.
   */
  allow(peer: PeerIdBytes, record: Named, nowMs: number, read: readonly WordRef[] = []): void {
    const [oldest] = this.#rights.keys()
    if (this.#rights.size >= BLOCK_RIGHTS_MAX && oldest != null) this.#rights.delete(oldest)
    const key = rightKey(peer, record)
    this.#rights.delete(key)
    this.#rights.set(key, { untilMs: nowMs + BLOCKS_RIGHT_MS, read })
  }

  /** Ends the rights that rest on any of these words, or all: the gate may give them anew. */
  forget(changed: ReadonlySet<string> | 'all'): void {
    if (changed === 'all') this.#rights.clear()
    else if (changed.size > 0) {
      for (const [key, { read }] of this.#rights) {
        if (read.some((ref) => changed.has(eventOf(ref)))) this.#rights.delete(key)
      }
    }
  }

  /** Unknown and forbidden are told alike by protocols/blocks. */
  mayFetch(peer: PeerIdBytes, root: CID): boolean {
    const entry = this.#custody.findByRoot(root.bytes)
    if (entry == null) return false
    if (isKeeper(entry, peer) || this.#isOwnersPeer(entry.owner, peer)) return true
    const right = this.#rights.get(rightKey(peer, entry))
    return right != null && this.#clock.nowMs() < right.untilMs
  }
}

interface Right {
  readonly untilMs: number
  readonly read: readonly WordRef[]
}

/** As changes are named in node/chain/follow.ts. */
const eventOf = ({ contract, key }: WordRef): string =>
  key == null ? '' : changeKey({ contract, key })

const rightKey = (peer: PeerIdBytes, { owner, recordId, ver }: Named): string =>
  `${toHex(peer)} ${toHex(owner)} ${toHex(recordId)} ${ver}`
