/**
 * The one place where a share is opened. Only the release gate, the intake that checks a fresh deal
 * and the composition root may import it (the wall `shares-have-one-reader`).
 * @module
 */
import { equalBytes } from '../../core/bytes.ts'
import { ShareNotFoundError } from '../../core/errors.ts'
import { custodyKey, type Share } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import { openShare, shareCommitment, shareSalt } from '../../core/shares.ts'
import type { CustodyEntry, CustodyStore } from './custody-store.ts'

/** A share in the clear, with the salt of its commitment: to be sealed at once, then wiped. */
export interface OpenedShare {
  readonly idx: number
  readonly salt: Uint8Array
  readonly share: Share
}

export class ShareReader {
  readonly #store: CustodyStore
  readonly #primitives: Primitives

  constructor(store: CustodyStore, primitives: Primitives) {
    this.#store = store
    this.#primitives = primitives
  }

  /**
   * Opens this custodian's share of an epoch, if it still matches its commitment.
   * @throws ShareNotFoundError if none is held or it was damaged, DecryptionFailedError
   */
  read(entry: CustodyEntry, shareEpoch: number): OpenedShare {
    const held = entry.epochs.get(shareEpoch)
    const key = held && this.#store.custodyKey(entry.owner, held.ckEpoch)
    if (held == null || key == null) throw new ShareNotFoundError('no such share is held here')
    const ids = { recordId: entry.recordId, ver: entry.ver, shareEpoch, idx: held.idx }
    const { saltSeed, share } = openShare(custodyKey(key), ids, held.env, this.#primitives)
    const salt = shareSalt(saltSeed, held.idx, this.#primitives)
    const committed = held.manifest.custody.shares[held.idx - 1]?.com
    const found = shareCommitment({ ...ids, salt, share }, this.#primitives)
    if (committed == null || !equalBytes(found, committed)) {
      throw new ShareNotFoundError('the share held here does not match its commitment')
    }
    return { idx: held.idx, salt, share }
  }
}
