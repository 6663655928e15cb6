/**
 * Blocks in append-only segment files behind interface-blockstore: several blocks a write, one
 * fdatasync for all that wait, reads of one whole block a call. Why not blockstore-fs: a file a
 * block costs three times the processor and is renamed without fsync (docs/decisions/0010).
 *
 * `put` says that a block can be read; only `sync` says that it will be there after a power cut.
 * A failed write or sync leaves nothing behind that was not durable before. Deleted blocks are noted
 * in a journal and their space comes back with `compact`.
 * @module
 */
import { join } from 'node:path'
import { type AbortOptions, NotFoundError, NotStartedError } from '@libp2p/interface'
import { BaseBlockstore } from 'blockstore-core'
import type { Pair } from 'interface-blockstore'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { concat, toHex } from '../../core/bytes.ts'
import { InvalidParametersError, StoreCorruptError, StoreFullError } from '../../core/errors.ts'
import {
  BLOCK_MAX_BYTES,
  BLOCK_SEGMENT_BYTES,
  COMMIT_GROUP,
  OPEN_SEGMENTS,
  STORE_WRITE_BYTES
} from '../../core/limits.ts'
import type { Journal } from '../adapters.ts'
import { encodeHeader, type FoundBlock, FRAME_HEADER_BYTES, SEGMENT_MAGIC } from './block-frames.ts'
import { type FileOps, fileOps, type OpenFile, storeFailure } from './files.ts'
import { openJournal, rewriteJournal } from './journal.ts'
import { frameName, Segment } from './segment.ts'

export interface BlockStoreInit {
  /** Blocks that may be kept, with their headers; files may be a third larger, and one segment. */
  readonly quotaBytes: number
  /** @default BLOCK_SEGMENT_BYTES */
  readonly segmentBytes?: number
  /** @default the real file system */
  readonly fs?: FileOps
}

const SHA2_256 = 0x12
const DELETIONS = { maxEntryBytes: 64 }
/** Segments with less than this share of living bytes are written anew. */
const LIVE_SHARE = 0.75

interface Entry {
  readonly segment: Segment
  readonly at: number
  readonly length: number
  readonly codec: number
}

interface Write extends PromiseWithResolvers<void> {
  readonly key: string
  readonly codec: number
  readonly digest: Uint8Array
  readonly block: Uint8Array
}

/** Opens the block store in `folder`, which it makes if need be. @throws StoreCorruptError */
export async function openBlockStore(folder: string, init: BlockStoreInit): Promise<BlockStore> {
  const fs = init.fs ?? fileOps
  const path = join(folder, 'deleted.journal')
  const index = new Map<string, Entry>()
  const gone = new Map<string, Uint8Array>()
  const segments: Segment[] = []
  let damaged = 0
  let activeFrames: readonly FoundBlock[] = []
  try {
    await fs.makeFolder(folder)
    const named = await readDeletions(path, fs)
    const names = await fs.list(folder)
    const numbers = names.map(Segment.numberOf).filter((n) => n != null)
    for (const number of numbers.sort((a, b) => a - b)) {
      const segment = new Segment(folder, number, fs)
      const scan = await segment.load()
      damaged += scan.damaged
      activeFrames = scan.found
      segments.push(segment)
      for (const block of scan.found) {
        const name = frameName(number, block.at)
        if (named.has(toHex(name))) gone.set(toHex(name), name)
        else {
          const older = place(index, keyOfDigest(block.digest), segment, block)
          // The copy that a compaction had not removed yet: it must not come back.
          if (older != null) {
            const copy = frameName(older.segment.number, older.at)
            gone.set(toHex(copy), copy)
          }
        }
      }
      await segment.close()
    }
    if (gone.size !== named.size) {
      await rewriteJournal(path, [...gone.values()], { ...DELETIONS, fs })
    }
    const deletions = await openJournal(path, { ...DELETIONS, fs })
    return new BlockStore({ folder, fs, segments, index, deletions, damaged, activeFrames }, init)
  } catch (err) {
    for (const segment of segments) await segment.close().catch(() => {})
    throw storeFailure('open block store', err)
  }
}

interface BlockStoreComponents {
  readonly folder: string
  readonly fs: FileOps
  readonly segments: readonly Segment[]
  readonly index: Map<string, Entry>
  readonly deletions: Journal
  readonly damaged: number
  /** Frames of the last segment, which goes on growing. */
  readonly activeFrames: readonly FoundBlock[]
}

export class BlockStore extends BaseBlockstore {
  /** Frames that were damaged on the disk when the store was opened; their blocks are missing. */
  readonly damaged: number
  readonly #folder: string
  readonly #fs: FileOps
  readonly #quotaBytes: number
  readonly #segmentBytes: number
  readonly #segments: Map<number, Segment>
  readonly #index: Map<string, Entry>
  readonly #deletions: Journal
  readonly #open = new Set<Segment>()
  readonly #arriving = new Map<string, Write>()
  readonly #writes: Write[] = []
  /** Written since the last fdatasync, with what each replaced. */
  #undurable: { readonly key: string; readonly older: Entry | undefined }[] = []
  /** Frames of the active segment, for its list. */
  #frames: FoundBlock[]
  #syncs: PromiseWithResolvers<void>[] = []
  #active: Segment | undefined
  #durableEnd = 0
  #usedBytes = 0
  #arrivingBytes = 0
  #working: Promise<void> | undefined
  #exclusive: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(components: BlockStoreComponents, init: BlockStoreInit) {
    super()
    this.damaged = components.damaged
    this.#folder = components.folder
    this.#fs = components.fs
    this.#index = components.index
    this.#deletions = components.deletions
    this.#quotaBytes = init.quotaBytes
    this.#segmentBytes = init.segmentBytes ?? BLOCK_SEGMENT_BYTES
    this.#segments = new Map(components.segments.map((segment) => [segment.number, segment]))
    for (const segment of components.segments) this.#usedBytes += segment.live
    this.#active = components.segments.at(-1)
    this.#durableEnd = this.#active?.end ?? 0
    this.#frames = [...components.activeFrames]
  }

  /** Bytes of blocks and their headers, as the quota counts them. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  override async has(cid: CID): Promise<boolean> {
    return this.#index.has(keyOf(cid))
  }

  /** Resolves once the block can be read. The bytes must stay as they are until then. */
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
    await (this.#arriving.get(key) ?? this.#accept(key, cid, block)).promise
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
    for (const key of [...this.#index.keys()]) {
      const entry = this.#index.get(key)
      if (entry == null) continue
      const cid = CID.createV1(entry.codec, digestOf(SHA2_256, Buffer.from(key, 'latin1')))
      yield { cid, bytes: this.get(cid) }
    }
  }

  /** Resolves once every block whose `put` has resolved is on the disk. @throws StoreFullError */
  async sync(): Promise<void> {
    if (this.#undurable.length === 0) return
    const sync = Promise.withResolvers<void>()
    this.#syncs.push(sync)
    this.#wake()
    await sync.promise
  }

  /** Gives back the space of deleted blocks: writes mostly dead segments anew. */
  async compact(): Promise<void> {
    await this.#alone(async () => {
      for (const segment of [...this.#segments.values()]) {
        const size = segment.end - SEGMENT_MAGIC.byteLength
        if (segment === this.#active || segment.live >= LIVE_SHARE * size) continue
        for (const [key, entry] of [...this.#index]) {
          if (entry.segment !== segment) continue
          const digest = Buffer.from(key, 'latin1')
          await this.#enqueue(key, entry.codec, digest, await this.#read(entry)).promise
        }
        await this.sync()
        await segment.idle()
        this.#segments.delete(segment.number)
        this.#open.delete(segment)
        await segment.remove()
      }
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    await this.sync().catch(() => {})
    this.#closed = true
    await this.#working
    await this.#exclusive
    await this.#deletions.close()
    for (const segment of this.#segments.values()) await segment.close()
  }

  /** Takes a block that fits. @throws InvalidParametersError, StoreFullError */
  #accept(key: string, cid: CID, block: Uint8Array): Write {
    if (block.byteLength > BLOCK_MAX_BYTES) {
      throw new InvalidParametersError(
        `"block" expected <= ${BLOCK_MAX_BYTES} bytes, got ${block.byteLength}`
      )
    }
    const bytes = FRAME_HEADER_BYTES + block.byteLength
    const used = this.#usedBytes + this.#arrivingBytes + bytes
    if (used > this.#quotaBytes) {
      throw new StoreFullError(`blocks expected <= ${this.#quotaBytes} bytes, got ${used}`)
    }
    return this.#enqueue(key, cid.code, cid.multihash.digest, block)
  }

  #enqueue(key: string, codec: number, digest: Uint8Array, block: Uint8Array): Write {
    const write = { key, codec, digest, block, ...Promise.withResolvers<void>() }
    this.#writes.push(write)
    this.#arriving.set(key, write)
    this.#arrivingBytes += FRAME_HEADER_BYTES + block.byteLength
    this.#wake()
    return write
  }

  #wake(): void {
    this.#working ??= this.#work()
  }

  /** The only place that changes files of blocks: one write or sync at a time. */
  async #work(): Promise<void> {
    await Promise.resolve() // puts of the same turn belong to the first write
    while (this.#writes.length > 0 || this.#syncs.length > 0) {
      const syncs = this.#syncs
      this.#syncs = []
      const batch = this.#nextBatch()
      if (batch.length > 0) await this.#write(batch)
      if (syncs.length > 0) {
        const failure = await this.#makeDurable().catch((err: Error) => err)
        for (const { resolve, reject } of syncs) failure == null ? resolve() : reject(failure)
      }
    }
    this.#working = undefined
  }

  #nextBatch(): Write[] {
    let count = 0
    let bytes = 0
    for (const { block } of this.#writes) {
      bytes += FRAME_HEADER_BYTES + block.byteLength
      if (count > 0 && bytes > STORE_WRITE_BYTES) break
      count++
    }
    return this.#writes.splice(0, count)
  }

  async #write(batch: readonly Write[]): Promise<void> {
    const { parts, bytes } = framesOf(batch)
    let failure: Error | undefined
    try {
      const segment = await this.#roomFor(bytes)
      const file = await this.#fileOf(segment)
      file.write(parts, segment.end)
      for (const { key, codec, digest, block } of batch) {
        const found = { codec, length: block.byteLength, digest, at: segment.end }
        const older = place(this.#index, key, segment, found)
        this.#undurable.push({ key, older })
        this.#frames.push(found)
        this.#usedBytes += sizeOf(found) - (older == null ? 0 : sizeOf(older))
        segment.end += sizeOf(found)
      }
    } catch (err) {
      await this.#cut()
      failure = storeFailure('write blocks', err)
    }
    this.#arrivingBytes -= bytes
    for (const { key, resolve, reject } of batch) {
      this.#arriving.delete(key)
      if (failure == null) resolve()
      else reject(failure)
    }
  }

  async #makeDurable(): Promise<void> {
    const segment = this.#active
    if (segment == null || this.#undurable.length === 0) return
    try {
      await (await this.#fileOf(segment)).datasync()
    } catch (err) {
      this.#dropUndurable(segment)
      await this.#cut()
      throw storeFailure('sync blocks', err)
    }
    this.#durableEnd = segment.end
    this.#undurable = []
  }

  /** After a failed sync the disk may have any of these blocks or none: none is kept. */
  #dropUndurable(segment: Segment): void {
    for (const { key, older } of this.#undurable.reverse()) {
      const entry = this.#index.get(key)
      if (entry == null) continue
      this.#index.delete(key)
      segment.live -= sizeOf(entry)
      this.#usedBytes -= sizeOf(entry)
      if (older == null) continue
      this.#index.set(key, older)
      older.segment.live += sizeOf(older)
      this.#usedBytes += sizeOf(older)
    }
    this.#undurable = []
    this.#frames = this.#frames.filter((frame) => frame.at < this.#durableEnd)
    segment.end = this.#durableEnd
  }

  /**
   * Takes back what a failed write left behind the last frame. Where even that fails, the next write
   * goes over it, and a crash before leaves whole blocks that nobody pinned: harmless.
   */
  async #cut(): Promise<void> {
    const segment = this.#active
    if (segment == null) return
    await segment
      .file()
      .then((file) => file.truncate(segment.end))
      .catch(() => {})
  }

  /** The segment that takes the next write; a full one is synced, listed and left. */
  async #roomFor(bytes: number): Promise<Segment> {
    const full = this.#active
    const begun = full != null && full.end > SEGMENT_MAGIC.byteLength
    if (full != null && !(begun && full.end + bytes > this.#segmentBytes)) return full
    if (full != null) {
      await this.#makeDurable()
      await full.list(this.#frames).catch(() => {}) // without its list it is scanned
    }
    const segment = new Segment(this.#folder, (full?.number ?? 0) + 1, this.#fs)
    await segment.create()
    this.#segments.set(segment.number, segment)
    this.#active = segment
    this.#durableEnd = segment.end
    this.#frames = []
    return segment
  }

  /** Deletions are durable before a block is gone, and name only durable frames: the place of one
   * that was not may be taken by another block after a crash. */
  async #forget(cids: readonly CID[]): Promise<void> {
    await this.#alone(async () => {
      const keys = [...new Set(cids.map(keyOf))].filter((key) => this.#index.has(key))
      if (keys.length === 0) return
      await this.sync()
      const entries = keys.map((key) => [key, this.#index.get(key) as Entry] as const)
      await this.#deletions.append(
        ...entries.map(([, { segment, at }]) => frameName(segment.number, at))
      )
      for (const [key, entry] of entries) {
        this.#index.delete(key)
        entry.segment.live -= sizeOf(entry)
        this.#usedBytes -= sizeOf(entry)
      }
    })
  }

  async #read(entry: Entry): Promise<Uint8Array> {
    // Not zeroed first, and not from Buffer's pool: the caller keeps it.
    const block = new Uint8Array(Buffer.allocUnsafeSlow(entry.length).buffer)
    this.#touch(entry.segment)
    const got = await entry.segment.read(block, entry.at + FRAME_HEADER_BYTES)
    if (got < block.byteLength) throw new StoreCorruptError('block store lost the end of a block')
    return block
  }

  #fileOf(segment: Segment): Promise<OpenFile> {
    this.#touch(segment)
    return segment.file()
  }

  /** Keeps few files open: the one that was used longest ago is closed first. */
  #touch(segment: Segment): void {
    this.#open.delete(segment)
    this.#open.add(segment)
    if (this.#open.size <= OPEN_SEGMENTS) return
    for (const other of this.#open) {
      if (other === this.#active || other === segment || !other.isIdle) continue
      this.#open.delete(other)
      other.close().catch(() => {})
      return
    }
  }

  /** Deleting and compacting exclude each other: both change what a frame's place means. */
  #alone<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#exclusive.then(act)
    this.#exclusive = done.catch(() => {})
    return done
  }
}

const sizeOf = ({ length }: { readonly length: number }): number => FRAME_HEADER_BYTES + length

/** Headers and blocks as they lie in the file; all headers share one buffer. */
function framesOf(batch: readonly Write[]): { parts: readonly Uint8Array[]; bytes: number } {
  const headers = new Uint8Array(FRAME_HEADER_BYTES * batch.length)
  const parts: Uint8Array[] = []
  let bytes = headers.byteLength
  for (const [i, { codec, digest, block }] of batch.entries()) {
    const header = headers.subarray(FRAME_HEADER_BYTES * i, FRAME_HEADER_BYTES * (i + 1))
    parts.push(encodeHeader({ codec, length: block.byteLength, digest }, header), block)
    bytes += block.byteLength
  }
  return { parts, bytes }
}

/** Makes the index point to a frame; gives the entry that it pointed to before. */
function place(
  index: Map<string, Entry>,
  key: string,
  segment: Segment,
  { at, length, codec }: FoundBlock
): Entry | undefined {
  const older = index.get(key)
  if (older != null) older.segment.live -= sizeOf(older)
  index.set(key, { segment, at, length, codec })
  segment.live += FRAME_HEADER_BYTES + length
  return older
}

function keyOf(cid: CID): string {
  if (cid.multihash.code !== SHA2_256) {
    throw new InvalidParametersError(
      `"cid" expected a sha2-256 hash, got 0x${cid.multihash.code.toString(16)}`
    )
  }
  return keyOfDigest(cid.multihash.digest)
}

const keyOfDigest = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('latin1')

async function joined(
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return all.length === 1 ? (all[0] as Uint8Array) : concat(...all)
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
