/**
 * Blocks of one payload on their way into the store: a bounded number of bytes ahead of the disk,
 * and all of them on it in the end.
 * @module
 */
import type { CID } from 'multiformats/cid'
import { StoreCorruptError } from '../../core/errors.ts'
import { STORE_UNSYNCED_BYTES } from '../../core/limits.ts'
import type { VaultBlockstore } from './vault.ts'

export class Arriving {
  /** Those that were not there before. */
  readonly fresh: CID[] = []
  readonly #store: VaultBlockstore
  #unsynced = 0

  constructor(store: VaultBlockstore) {
    this.#store = store
  }

  async put(cid: CID, block: Uint8Array): Promise<void> {
    if (await this.#store.has(cid)) return
    this.fresh.push(cid)
    await this.#store.put(cid, block)
    this.#unsynced += block.byteLength
    if (this.#unsynced < STORE_UNSYNCED_BYTES) return
    this.#unsynced = 0
    await this.#store.sync?.()
  }

  /** All of them are on the disk, also if a sync failed that another waited for. */
  async settle(): Promise<void> {
    await this.#store.sync?.()
    for (const cid of this.fresh) {
      if (!(await this.#store.has(cid))) throw new StoreCorruptError(`block ${cid} was not kept`)
    }
  }
}
