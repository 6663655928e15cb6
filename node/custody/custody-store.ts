/**
 * What a custodian holds (hop 5 of 12): one entry per record version with the shares of each epoch,
 * the keys that open them, and direct notices. One encrypted append-only journal, folded into maps
 * when opened; what a method returns from is on disk. Reading shares is share-reader.ts's alone.
 * @module
 */
import { equalBytes, toHex, u32be } from '../../core/bytes.ts'
import {
  bool,
  bytes,
  bytesUpTo,
  decode,
  encode,
  map,
  type Of,
  oneOf,
  uint,
  variant
} from '../../core/codec.ts'
import { StoreCorruptError } from '../../core/errors.ts'
import { type Notice, noticeShape } from '../../core/hand-back.ts'
import type { Address, Hash, RecordId } from '../../core/ids.ts'
import { CUSTODIANS_MAX, MANIFEST_MAX_BYTES } from '../../core/limits.ts'
import { decodeManifest, type Manifest, recordIdShape, versionShape } from '../../core/manifest.ts'
import type { Primitives } from '../../core/primitives.ts'
import { addressShape, hashShape } from '../../core/typed-data.ts'
import type { Journal } from '../adapters.ts'
import { Notices } from './notices.ts'

const U32_MAX = 0xffff_ffff
const ref = { owner: addressShape, recordId: recordIdShape, ver: versionShape }

const entryShape = variant('t', {
  key: map({ t: oneOf('key'), owner: addressShape, ckEpoch: uint(U32_MAX), ck: bytes(32) }),
  deal: map({
    t: oneOf('deal'),
    manifest: bytesUpTo(MANIFEST_MAX_BYTES),
    anchorSalt: hashShape,
    idx: uint(CUSTODIANS_MAX, 1),
    ckEpoch: uint(U32_MAX),
    env: bytes(105)
  }),
  /** From here on the share is served, and no other custody of its epoch is taken. */
  acked: map({ t: oneOf('acked'), ...ref, shareEpoch: versionShape, pinned: bool }),
  notice: map({ t: oneOf('notice'), message: noticeShape })
})
type Entry = Of<typeof entryShape>

/** One epoch's share, sealed as it came. */
export interface Held {
  readonly manifest: Manifest
  readonly anchorSalt: Hash
  readonly idx: number
  readonly ckEpoch: number
  readonly env: Uint8Array
  acknowledged: boolean
  pinned: boolean
}

export interface CustodyEntry {
  readonly owner: Address
  readonly recordId: RecordId
  readonly ver: number
  readonly epochs: ReadonlyMap<number, Held>
}

interface Folded extends CustodyEntry {
  readonly epochs: Map<number, Held>
}

export interface RecordRef {
  readonly owner: Address
  readonly recordId: RecordId
  readonly ver: number
}

export class CustodyStore {
  readonly notices: Notices
  readonly #journal: Journal
  readonly #primitives: Primitives
  readonly #entries = new Map<string, Folded>()
  readonly #roots = new Map<string, Folded>()
  readonly #owners = new Map<string, Folded[]>()
  readonly #ranks = new Map<string, number>()
  readonly #keys = new Map<string, Uint8Array>()

  private constructor(journal: Journal, primitives: Primitives) {
    this.#journal = journal
    this.#primitives = primitives
    this.notices = new Notices(primitives)
  }

  /** @throws StoreCorruptError */
  static async open(journal: Journal, primitives: Primitives): Promise<CustodyStore> {
    const store = new CustodyStore(journal, primitives)
    for await (const entry of journal.entries()) {
      try {
        store.#fold(decode(entryShape, entry, 'custody'))
      } catch (err) {
        throw new StoreCorruptError('the custody store holds an entry that cannot be read', {
          cause: err
        })
      }
    }
    return store
  }

  find(ref: RecordRef): CustodyEntry | undefined {
    return this.#entries.get(keyOf(ref))
  }

  /** The record version whose ciphertext has this CID. */
  findByRoot(cid: Uint8Array): CustodyEntry | undefined {
    return this.#roots.get(toHex(cid))
  }

  /** All that lies here of one owner. */
  ofOwner(owner: Address): readonly CustodyEntry[] {
    return this.#owners.get(toHex(owner)) ?? []
  }

  /** This custodian's place among an owner's, from 0: who relays first when all were told. */
  rank(owner: Address): number {
    return this.#ranks.get(toHex(owner)) ?? 0
  }

  /** Does anything of this owner lie here? */
  knows(owner: Address): boolean {
    return this.#ranks.has(toHex(owner))
  }

  get size(): number {
    return this.#entries.size
  }

  entries(): IterableIterator<CustodyEntry> {
    return this.#entries.values()
  }

  /** The key that opens an owner's envelopes of this epoch of keys. For share-reader.ts. */
  custodyKey(owner: Address, ckEpoch: number): Uint8Array | undefined {
    return this.#keys.get(`${toHex(owner)} ${ckEpoch}`)
  }

  /** Keeps a share and, if it is new, the key that opens it: together or not at all. */
  async keep(
    deal: Omit<Extract<Entry, { t: 'deal' }>, 't'>,
    key?: Omit<Extract<Entry, { t: 'key' }>, 't'>
  ): Promise<void> {
    const entries: Entry[] = [{ t: 'deal', ...deal }]
    if (key != null) entries.unshift({ t: 'key', ...key })
    await this.#append(...entries)
  }

  acknowledge(ref: RecordRef, shareEpoch: number, pinned: boolean): Promise<void> {
    const { owner, recordId, ver } = ref
    return this.#append({ t: 'acked', owner, recordId, ver, shareEpoch, pinned })
  }

  /** Obeyed from the moment that this resolves; what says nothing new is not kept again. */
  async notice(message: Notice): Promise<void> {
    if (this.notices.isNew(message)) await this.#append({ t: 'notice', message })
  }

  close(): Promise<void> {
    return this.#journal.close()
  }

  async #append(...entries: readonly Entry[]): Promise<void> {
    await this.#journal.append(...entries.map(encode))
    for (const entry of entries) this.#fold(entry)
  }

  #fold(entry: Entry): void {
    switch (entry.t) {
      case 'key':
        this.#keys.set(`${toHex(entry.owner)} ${entry.ckEpoch}`, entry.ck)
        return
      case 'deal': {
        const manifest = decodeManifest(entry.manifest, this.#primitives)
        const { owner, recordId, ver, cid } = manifest.content
        const known = this.#entries.get(keyOf(manifest.content))
        const folded = known ?? { owner, recordId, ver, epochs: new Map<number, Held>() }
        const { anchorSalt, idx, ckEpoch, env } = entry
        const held = { manifest, anchorSalt, idx, ckEpoch, env, acknowledged: false, pinned: false }
        folded.epochs.set(manifest.custody.shareEpoch, held)
        this.#entries.set(keyOf(manifest.content), folded)
        if (known == null) {
          const owned = this.#owners.get(toHex(owner)) ?? []
          owned.push(folded)
          this.#owners.set(toHex(owner), owned)
        }
        this.#roots.set(toHex(cid), folded)
        this.#ranks.set(toHex(owner), idx - 1)
        return
      }
      case 'acked': {
        const held = this.#entries.get(keyOf(entry))?.epochs.get(entry.shareEpoch)
        if (held != null) {
          held.acknowledged = true
          held.pinned ||= entry.pinned
        }
        return
      }
      case 'notice':
        this.notices.add(entry.message)
    }
  }
}

const keyOf = ({ owner, recordId, ver }: RecordRef): string =>
  toHex(owner) + toHex(recordId) + toHex(u32be(ver))

/** Is this peer a custodian, stand-by or replica by the manifest of any epoch held? */
export const isKeeper = (entry: CustodyEntry, peer: Uint8Array): boolean =>
  [...entry.epochs.values()].some(({ manifest: { custody } }) =>
    [
      ...custody.shares.map((share) => share.peer),
      ...custody.standby,
      ...custody.replicas.map((replica) => replica.peer)
    ].some((keeper) => equalBytes(keeper, peer))
  )
