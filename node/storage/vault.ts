/**
 * Payloads in and out of the block store (hops 3 and 11b of 12): a payload becomes the blocks of a
 * UnixFS DAG, named by its root's CID. `put` and `fetch` return once all blocks are on the disk;
 * `pin` says that they stay; `remove` gives their space back, save what another pinned root shares.
 * Reading is bounded: one block is held at a time, and what peers send waits in their session.
 * @module
 */
import { unixfs } from '@helia/unixfs'
import type { AbortOptions } from '@libp2p/interface'
import type { Blockstore } from 'interface-blockstore'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { concat, release } from '../../core/bytes.ts'
import { ContentNotFoundError, InvalidMessageError } from '../../core/errors.ts'
import type { Journal } from '../adapters.ts'
import { Arriving } from './arriving.ts'
import type { BlockSession, Provider, ProviderFailure } from './block-session.ts'
import type { BlocksBroker } from './broker.ts'
import { LEAF_BYTES, leaves, type Place, RAW, UNIXFS_OPTIONS, walk } from './dag.ts'
import { Pins } from './pins.ts'
import { keyOf, References } from './references.ts'

/** A block store that may also promise durability and give space back (block-store.ts does). */
export type VaultBlockstore = Blockstore & {
  sync?(): Promise<void>
  compact?(): Promise<void>
  /** Whether the bytes that `get` gives are the reader's own, to be freed. @default false */
  readonly givesOwn?: boolean
}

export interface VaultComponents {
  readonly blockstore: VaultBlockstore
  /** Where pins are kept. */
  readonly pins: Journal
  /** For blocks that are not here. @default only local blocks are read */
  readonly broker?: BlocksBroker
}

export interface GetOptions extends AbortOptions {
  /** @default 0 */
  readonly offset?: number
  /** @default to the end */
  readonly length?: number
  /** Who may have the blocks that are not here; what they give is not stored. */
  readonly providers?: readonly Provider[]
  readonly onFailure?: (failure: ProviderFailure) => void
  /**
   * A piece is valid only until the next is asked for; then its memory is freed, if it can be.
   * @default false
   */
  readonly freePieces?: boolean
}

export interface FetchedOptions extends AbortOptions {
  readonly providers: readonly Provider[]
  readonly onFailure?: (failure: ProviderFailure) => void
  /** How many blocks are here, after each that came. */
  readonly onBlock?: (done: number) => void
}

export interface LocalBlock {
  readonly index: number
  readonly cid: CID
  readonly bytes: Uint8Array
}

export class Vault {
  readonly #store: VaultBlockstore
  readonly #broker: BlocksBroker | undefined
  readonly #pins: Pins
  readonly #references: References

  /** Reads the pins. @throws StoreCorruptError */
  static async open(components: VaultComponents): Promise<Vault> {
    return new Vault(components, await Pins.open(components.pins))
  }

  private constructor(components: VaultComponents, pins: Pins) {
    this.#store = components.blockstore
    this.#broker = components.broker
    this.#pins = pins
    this.#references = new References(pins, (cid) => this.block(cid))
  }

  /**
   * Stores a payload; a piece must stay as it is until the next is asked for. After a failure the
   * blocks that came with it are gone again.
   * @throws StoreFullError
   */
  async put(payload: AsyncIterable<Uint8Array>, options: AbortOptions = {}): Promise<CID> {
    const arriving = new Arriving(this.#store)
    try {
      const pieces = leaves(untilAborted(payload, options.signal))
      const { value: first } = await pieces.next()
      const root =
        first.byteLength < LEAF_BYTES
          ? await this.#putLeaf(first, arriving)
          : await this.#putDag(first, pieces, arriving)
      await arriving.settle()
      return root
    } catch (err) {
      await this.#discard(arriving.fresh)
      throw err
    }
  }

  /** A payload of less than a leaf: its root is that leaf, without the importer's detours. */
  async #putLeaf(leaf: Uint8Array, arriving: Arriving): Promise<CID> {
    const cid = CID.createV1(RAW, await sha256.digest(leaf))
    await arriving.put(cid, leaf)
    return cid
  }

  async #putDag(
    first: Uint8Array,
    others: AsyncIterable<Uint8Array>,
    arriving: Arriving
  ): Promise<CID> {
    const blockstore: Pick<Blockstore, 'get' | 'put' | 'has'> = {
      get: (cid, o) => this.#store.get(cid, o),
      has: (cid, o) => this.#store.has(cid, o),
      async put(cid, block) {
        await arriving.put(cid, block as Uint8Array)
        return cid
      }
    }
    async function* all(): AsyncGenerator<Uint8Array> {
      yield first
      yield* others
    }
    return await unixfs({ blockstore }).addByteStream(all(), { ...UNIXFS_OPTIONS })
  }

  /**
   * The payload from `offset` on, `length` bytes or to its end.
   * @throws ContentNotFoundError if a block is not here and nobody gave it
   * @throws InvalidMessageError if the DAG has another shape than ours
   */
  async *get(cid: CID, options: GetOptions = {}): AsyncGenerator<Uint8Array> {
    const from = options.offset ?? 0
    const to = options.length == null ? Number.POSITIVE_INFINITY : from + options.length
    if (to <= from) return
    const mayFree = options.freePieces === true && this.#store.givesOwn === true
    using reading = this.#reading(cid, options)
    const places = walk(cid, reading.read, ({ offset, bytes }) => {
      return bytes == null || (offset < to && offset + bytes > from)
    })
    for await (const place of places) {
      if (place.node != null) continue
      const leaf = await readLeaf(place, reading.read)
      const start = Math.max(0, from - place.offset)
      const end = Math.min(leaf.byteLength, to - place.offset)
      if (start < end) yield leaf.subarray(start, end)
      if (mayFree) release(leaf)
    }
  }

  /** Brings all blocks of a record here, durably; goes on where an earlier try stopped. */
  async fetch(cid: CID, options: FetchedOptions): Promise<void> {
    using reading = this.#reading(cid, options)
    const arriving = new Arriving(this.#store)
    const keep = async (place: CID, index: number): Promise<Uint8Array> => {
      const block = await reading.read(place, index)
      await arriving.put(place, block)
      options.onBlock?.(index + 1)
      return block
    }
    try {
      for await (const place of walk(cid, keep)) {
        if (place.node == null && !(await this.#store.has(place.cid))) await readLeaf(place, keep)
      }
      await arriving.settle()
      if (this.#pins.has(cid)) this.#references.repaired()
    } catch (err) {
      if ((err as Error).name === 'StoreFullError') await this.#discard(arriving.fresh)
      throw err
    }
  }

  /** Are all blocks of it here? */
  async has(cid: CID, options: AbortOptions = {}): Promise<boolean> {
    try {
      for await (const place of walk(cid, (block) => this.block(block, options))) {
        if (!(await this.#store.has(place.cid, options))) return false
      }
      return true
    } catch (err) {
      if ((err as Error).name === 'ContentNotFoundError') return false
      throw err
    }
  }

  /** One block that is here. @throws ContentNotFoundError */
  async block(cid: CID, options: AbortOptions = {}): Promise<Uint8Array> {
    try {
      const parts: Uint8Array[] = []
      for await (const part of this.#store.get(cid, options)) parts.push(part)
      const [first] = parts
      return first != null && parts.length === 1 ? first : concat(...parts)
    } catch (cause) {
      options.signal?.throwIfAborted()
      if ((cause as Error).name !== 'NotFoundError') throw cause
      throw new ContentNotFoundError(`block ${cid} is not here`, { cause })
    }
  }

  /** Its blocks that are here, in depth-first order, from place `from` on. */
  async *blocks(
    cid: CID,
    options: AbortOptions & { readonly from?: number } = {}
  ): AsyncGenerator<LocalBlock> {
    const from = options.from ?? 0
    const read = (block: CID) => this.block(block, options)
    for await (const place of walk(cid, read, ({ index, blocks }) => index + blocks > from)) {
      if (place.index < from) continue
      const bytes = place.node ?? (await readLeaf(place, read))
      yield { index: place.index, cid: place.cid, bytes }
    }
  }

  isPinned(cid: CID): boolean {
    return this.#pins.has(cid)
  }

  /** All pinned roots. */
  pins(): readonly CID[] {
    return this.#pins.roots()
  }

  /**
   * Keeps a record: returns once that is durable, as its blocks are.
   * @throws ContentNotFoundError if not all of them are here
   */
  async pin(cid: CID, options: AbortOptions = {}): Promise<void> {
    if (this.#pins.has(cid)) return
    await this.#store.sync?.()
    if (!(await this.has(cid, options))) {
      throw new ContentNotFoundError(`not all blocks of ${cid} are here`)
    }
    await this.#pins.add(cid)
    await this.#references.pinned(cid)
  }

  async unpin(cid: CID): Promise<void> {
    if (!this.#pins.has(cid)) return
    await this.#pins.remove(cid)
    await this.#references.unpinned(cid)
  }

  /** Unpins a record and deletes its blocks, save those of other pinned records. */
  async remove(cid: CID, options: AbortOptions = {}): Promise<void> {
    await this.unpin(cid)
    const gone: CID[] = []
    for await (const block of this.#references.blocksOf(cid)) {
      options.signal?.throwIfAborted()
      if (!(await this.#references.has(block))) gone.push(block)
    }
    await this.#discard(gone)
    await this.#store.compact?.()
  }

  /**
   * Deletes blocks of no pinned record, nor of those in `alsoKept`: what puts and fetches left that
   * were never pinned. Only for a time when none are under way. Gives how many.
   */
  async sweep(alsoKept: readonly CID[] = []): Promise<number> {
    const kept = new Set<string>()
    for (const root of alsoKept) {
      if (this.isPinned(root)) continue
      for await (const block of this.#references.blocksOf(root)) kept.add(keyOf(block))
    }
    const gone: CID[] = []
    for await (const { cid } of this.#store.getAll()) {
      if (!kept.has(keyOf(cid)) && !(await this.#references.has(cid))) gone.push(cid)
    }
    await this.#discard(gone)
    await this.#store.compact?.()
    return gone.length
  }

  /** Pinned records of which blocks are missing: what a damaged disk left to repair. */
  async *incomplete(options: AbortOptions = {}): AsyncGenerator<CID> {
    for (const cid of this.#pins.roots()) if (!(await this.has(cid, options))) yield cid
  }

  /** Reads here first, then from the providers. */
  #reading(cid: CID, options: Partial<FetchedOptions>): Reading {
    const { providers = [], signal, onFailure } = options
    const local = (block: CID) => this.block(block, signal == null ? {} : { signal })
    let session: BlockSession | undefined
    return {
      read: async (block, index) => {
        if (this.#broker == null || providers.length === 0) return await local(block)
        if (await this.#store.has(block)) return await local(block)
        session ??= this.#broker.open(cid, providers, {
          known: local,
          ...(signal != null && { signal }),
          ...(onFailure != null && { onFailure })
        })
        return await session.retrieve(block, { index, ...(signal != null && { signal }) })
      },
      [Symbol.dispose]: () => session?.close()
    }
  }

  async #discard(cids: readonly CID[]): Promise<void> {
    for await (const _ of this.#store.deleteMany(cids)) {
      // each is gone once it was given back
    }
  }
}

interface Reading extends Disposable {
  read(block: CID, index: number): Promise<Uint8Array>
}

async function readLeaf(
  place: Place,
  read: (cid: CID, index: number) => Promise<Uint8Array>
): Promise<Uint8Array> {
  const leaf = await read(place.cid, place.index)
  const fits = place.bytes == null ? leaf.byteLength <= LEAF_BYTES : leaf.byteLength === place.bytes
  if (!fits) {
    throw new InvalidMessageError(
      `leaf expected ${place.bytes ?? `<= ${LEAF_BYTES}`} bytes, got ${leaf.byteLength}`
    )
  }
  return leaf
}

async function* untilAborted(
  payload: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined
): AsyncGenerator<Uint8Array> {
  for await (const piece of payload) {
    signal?.throwIfAborted()
    yield piece
  }
}
