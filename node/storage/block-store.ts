/**
 * Blocks in append-only segment files behind interface-blockstore, within a quota. Why not
 * blockstore-fs: a file a block costs three times the processor and is renamed without fsync
 * (docs/decisions/0010-block-store.md).
 *
 * `put` says that a block can be read; only `sync` says that it will be there after a power cut.
 * Deleted blocks are noted in a journal, and their space comes back with `compact`.
 * @module
 */
import { join } from 'node:path'
import { type AbortOptions, NotFoundError, NotStartedError } from '@libp2p/interface'
import { BaseBlockstore } from 'blockstore-core'
import type { Pair } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'
import { concat, toHex } from '../../core/bytes.ts'
import { InvalidParametersError, StoreCorruptError, StoreFullError } from '../../core/errors.ts'
import { BLOCK_MAX_BYTES, COMMIT_GROUP } from '../../core/limits.ts'
import type { Journal } from '../adapters.ts'
import { type FoundBlock, FRAME_HEADER_BYTES, SEGMENT_MAGIC } from './block-frames.ts'
import {
  BlockIndex,
  cidOf,
  digestOfKey,
  type Entry,
  keyOf,
  keyOfDigest,
  sizeOf
} from './block-index.ts'
import { BlockWriter } from './block-writer.ts'
import { type FileOps, fileOps, storeFailure } from './files.ts'
import { openJournal, rewriteJournal } from './journal.ts'
import { frameName, Segment } from './segment.ts'
import { SegmentSet } from './segment-set.ts'

export interface BlockStoreInit {
  /** Blocks that may be kept, with their headers; files may be a third larger, and one segment. */
  readonly quotaBytes: number
  /** @default BLOCK_SEGMENT_BYTES */
  readonly segmentBytes?: number
  /** @default the real file system */
  readonly fs?: FileOps
}

const DELETIONS = { maxEntryBytes: 64 }
/** Segments with less than this share of living bytes are written anew. */
const LIVE_SHARE = 0.75

/** Opens the block store in `folder`, which it makes if need be. @throws StoreCorruptError */
export async function openBlockStore(folder: string, init: BlockStoreInit): Promise<BlockStore> {
  const fs = init.fs ?? fileOps
  const path = join(folder, 'deleted.journal')
  const index = new BlockIndex()
  const gone = new Map<string, Uint8Array>()
  const loaded: Segment[] = []
  let damaged = 0
  let frames: readonly FoundBlock[] = []
  try {
    await fs.makeFolder(folder)
    const named = await readDeletions(path, fs)
    const names = await fs.list(folder)
    const numbers = names.map(Segment.numberOf).filter((n) => n != null)
    for (const number of numbers.sort((a, b) => a - b)) {
      const segment = new Segment(folder, number, fs)
      loaded.push(segment)
      const scan = await segment.load()
      damaged += scan.damaged
      frames = scan.found
      for (const block of scan.found) {
        const name = frameName(number, block.at)
        if (named.has(toHex(name))) {
          gone.set(toHex(name), name)
          continue
        }
        const older = index.place(keyOfDigest(block.digest), segment, block)
        if (older == null) continue
        // The copy that a compaction had not removed yet: it must not come back.
        const copy = frameName(older.segment.number, older.at)
        gone.set(toHex(copy), copy)
      }
      await segment.close()
    }
    if (gone.size !== named.size) {
      await rewriteJournal(path, [...gone.values()], { ...DELETIONS, fs })
    }
    const deletions = await openJournal(path, { ...DELETIONS, fs })
    const segments = new SegmentSet(loaded)
    const { segmentBytes } = init
    const writer = new BlockWriter({ folder, fs, index, segments, frames, segmentBytes })
    return new BlockStore({ index, segments, writer, deletions, damaged }, init)
  } catch (err) {
    for (const segment of loaded) await segment.close().catch(() => {})
    throw storeFailure('open block store', err)
  }
}

async function readDeletions(path: string, fs: FileOps): Promise<Set<string>> {
  const journal = await openJournal(path, { ...DELETIONS, fs })
  const named = new Set<string>()
  try {
    for await (const entry of journal.entries()) named.add(toHex(entry))
  } finally {
    await journal.close()
  }
  return named
}

interface BlockStoreComponents {
  readonly index: BlockIndex
  readonly segments: SegmentSet
  readonly writer: BlockWriter
  readonly deletions: Journal
  readonly damaged: number
}

export class BlockStore extends BaseBlockstore {
  /** Frames that were damaged on the disk when the store was opened; their blocks are missing. */
  readonly damaged: number
  /** Each block is read anew, into memory of its own. */
  readonly givesOwn = true
  readonly #index: BlockIndex
  readonly #segments: SegmentSet
  readonly #writer: BlockWriter
  readonly #deletions: Journal
  readonly #quotaBytes: number
  #exclusive: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(components: BlockStoreComponents, init: BlockStoreInit) {
    super()
    this.damaged = components.damaged
    this.#index = components.index
    this.#segments = components.segments
    this.#writer = components.writer
    this.#deletions = components.deletions
    this.#quotaBytes = init.quotaBytes
  }

  /** Bytes of blocks and their headers, as the quota counts them. */
  get usedBytes(): number {
    return this.#index.usedBytes
  }

  override async has(cid: CID): Promise<boolean> {
    return this.#index.has(keyOf(cid))
  }

  /**
   * Resolves once the block can be read. The bytes must stay as they are until then.
   * @throws StoreFullError, InvalidParametersError
   */
  override async put(
    cid: CID,
    value: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options?: AbortOptions
  ): Promise<CID> {
    options?.signal?.throwIfAborted()
    const key = keyOf(cid)
    const block = value instanceof Uint8Array ? value : await joined(value)
    if (this.#closed) throw new NotStartedError('block store is closed')
    if (this.#index.has(key)) return cid
    await (this.#writer.waiting(key) ?? this.#accept(key, cid, block))
    return cid
  }

  override async *get(cid: CID, options?: AbortOptions): AsyncGenerator<Uint8Array> {
    options?.signal?.throwIfAborted()
    const entry = this.#index.get(keyOf(cid))
    if (entry == null) throw new NotFoundError(`block ${cid} is not here`)
    yield await this.#read(entry)
  }

  override async delete(cid: CID): Promise<void> {
    await this.#forget([cid])
  }

  override async *deleteMany(source: Iterable<CID> | AsyncIterable<CID>): AsyncGenerator<CID> {
    let group: CID[] = []
    for await (const cid of source) {
      group.push(cid)
      if (group.length < COMMIT_GROUP) continue
      await this.#forget(group)
      yield* group
      group = []
    }
    await this.#forget(group)
    yield* group
  }

  /** CIDs of all blocks; the bytes are read only where they are asked for. */
  override async *getAll(): AsyncGenerator<Pair> {
    for (const key of this.#index.keys()) {
      const entry = this.#index.get(key)
      if (entry == null) continue
      const cid = cidOf(key, entry.codec)
      yield { cid, bytes: this.get(cid) }
    }
  }

  /** Resolves once every block whose `put` has resolved is on the disk. @throws StoreFullError */
  async sync(): Promise<void> {
    await this.#writer.sync()
  }

  /** Gives back the space of deleted blocks: writes mostly dead segments anew. */
  async compact(): Promise<void> {
    await this.#alone(async () => {
      for (const segment of this.#segments.all()) {
        const size = segment.end - SEGMENT_MAGIC.byteLength
        if (segment === this.#segments.last || segment.live >= LIVE_SHARE * size) continue
        for (const key of this.#index.keys()) {
          const entry = this.#index.get(key)
          if (entry?.segment !== segment) continue
          const block = await this.#read(entry)
          await this.#writer.write(key, entry.codec, digestOfKey(key), block)
        }
        await this.#writer.sync()
        if (segment.live === 0) await this.#segments.remove(segment)
      }
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    await this.sync().catch(() => {})
    this.#closed = true
    await this.#exclusive
    await this.#writer.idle()
    await this.#deletions.close()
    await this.#segments.close()
  }

  /** Takes a block that fits. */
  #accept(key: string, cid: CID, block: Uint8Array): Promise<void> {
    if (block.byteLength > BLOCK_MAX_BYTES) {
      throw new InvalidParametersError(
        `"block" expected <= ${BLOCK_MAX_BYTES} bytes, got ${block.byteLength}`
      )
    }
    const kept = this.#index.usedBytes + this.#writer.waitingBytes
    const used = kept + sizeOf({ length: block.byteLength })
    if (used > this.#quotaBytes) {
      throw new StoreFullError(`blocks expected <= ${this.#quotaBytes} bytes, got ${used}`)
    }
    return this.#writer.write(key, cid.code, cid.multihash.digest, block)
  }

  /**
   * Deletions are durable before a block is gone, and name only durable frames: the place of one
   * that was not may be taken by another block after a crash.
   */
  async #forget(cids: readonly CID[]): Promise<void> {
    await this.#alone(async () => {
      await this.#writer.sync()
      const keys = [...new Set(cids.map(keyOf))].filter((key) => this.#index.has(key))
      const entries = keys.map((key) => this.#index.get(key) as Entry)
      if (!entries.every((entry) => this.#writer.isDurable(entry))) await this.#writer.sync()
      const names = entries.map(({ segment, at }) => frameName(segment.number, at))
      await this.#deletions.append(...names)
      for (const key of keys) this.#index.remove(key)
    })
  }

  async #read(entry: Entry): Promise<Uint8Array> {
    // Not zeroed first, and not from Buffer's pool: the caller keeps it.
    const block = new Uint8Array(Buffer.allocUnsafeSlow(entry.length).buffer)
    const got = await this.#segments.read(entry.segment, block, entry.at + FRAME_HEADER_BYTES)
    if (got < block.byteLength) throw new StoreCorruptError('block store lost the end of a block')
    return block
  }

  /** Deleting and compacting exclude each other: both change what a frame's place means. */
  #alone<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#exclusive.then(act)
    this.#exclusive = done.catch(() => {})
    return done
  }
}

async function joined(
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return all.length === 1 ? (all[0] as Uint8Array) : concat(...all)
}
