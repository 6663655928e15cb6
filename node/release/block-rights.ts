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
import type { Clock } from '../adapters.ts'
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
  readonly #until = new Map<string, number>()

  constructor(init: {
    readonly custody: CustodyStore
    readonly clock: Clock
    readonly isOwnersPeer: (owner: Address, peer: PeerIdBytes) => boolean
  }) {
    this.#custody = init.custody
    this.#clock = init.clock
    this.#isOwnersPeer = init.isOwnersPeer
  }

  /** The gate found a standing grant: the peer may fetch this version's blocks for a minute. */
  allow(peer: PeerIdBytes, record: Named, nowMs: number): void {
    const [oldest] = this.#until.keys()
    if (this.#until.size >= BLOCK_RIGHTS_MAX && oldest != null) this.#until.delete(oldest)
    const key = rightKey(peer, record)
    this.#until.delete(key)
    this.#until.set(key, nowMs + BLOCKS_RIGHT_MS)
  }

  /** Unknown and forbidden are told alike by protocols/blocks. */
  mayFetch(peer: PeerIdBytes, root: CID): boolean {
    const entry = this.#custody.findByRoot(root.bytes)
    if (entry == null) return false
    if (isKeeper(entry, peer) || this.#isOwnersPeer(entry.owner, peer)) return true
    const until = this.#until.get(rightKey(peer, entry))
    return until != null && this.#clock.nowMs() < until
  }
}

const rightKey = (peer: PeerIdBytes, { owner, recordId, ver }: Named): string =>
  `${toHex(peer)} ${toHex(owner)} ${toHex(recordId)} ${ver}`
