/**
 * The only place that changes files of blocks: one write or sync at a time, several blocks a write,
 * one fdatasync for all that wait. What fails leaves nothing behind that was not durable before.
 * @module
 */
import { BLOCK_SEGMENT_BYTES, STORE_WRITE_BYTES } from '../../core/limits.ts'
import { type FoundBlock, framesOf, SEGMENT_MAGIC } from './block-frames.ts'
import { type BlockIndex, type Entry, sizeOf } from './block-index.ts'
import { type FileOps, storeFailure } from './files.ts'
import { Segment } from './segment.ts'
import type { SegmentSet } from './segment-set.ts'

export interface BlockWriterInit {
  readonly folder: string
  readonly fs: FileOps
  readonly index: BlockIndex
  readonly segments: SegmentSet
  /** Frames of the last segment, which goes on growing. */
  readonly frames: readonly FoundBlock[]
  /** @default BLOCK_SEGMENT_BYTES */
  readonly segmentBytes?: number | undefined
}

interface Write extends PromiseWithResolvers<void> {
  readonly key: string
  readonly codec: number
  readonly digest: Uint8Array
  readonly block: Uint8Array
}

export class BlockWriter {
  readonly #init: BlockWriterInit
  readonly #segmentBytes: number
  readonly #waiting = new Map<string, Write>()
  readonly #writes: Write[] = []
  #syncs: PromiseWithResolvers<void>[] = []
  /** Written since the last fdatasync, with what each replaced. */
  #undurable: { readonly key: string; readonly older: Entry | undefined }[] = []
  #frames: FoundBlock[]
  #active: Segment | undefined
  #durableEnd: number
  #waitingBytes = 0
  #working: Promise<void> | undefined

  constructor(init: BlockWriterInit) {
    this.#init = init
    this.#segmentBytes = init.segmentBytes ?? BLOCK_SEGMENT_BYTES
    this.#frames = [...init.frames]
    this.#active = init.segments.last
    this.#durableEnd = this.#active?.end ?? 0
  }

  /** Bytes of blocks, with headers, that are on their way. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** The write of a block that is on its way. */
  waiting(key: string): Promise<void> | undefined {
    return this.#waiting.get(key)?.promise
  }

  /** Resolves once the block can be read. */
  write(key: string, codec: number, digest: Uint8Array, block: Uint8Array): Promise<void> {
    const write = { key, codec, digest, block, ...Promise.withResolvers<void>() }
    this.#writes.push(write)
    this.#waiting.set(key, write)
    this.#waitingBytes += sizeOf({ length: block.byteLength })
    this.#working ??= this.#work()
    return write.promise
  }

  /** Resolves once every block whose write has resolved is on the disk. @throws StoreFullError */
  async sync(): Promise<void> {
    if (this.#undurable.length === 0) return
    const sync = Promise.withResolvers<void>()
    this.#syncs.push(sync)
    this.#working ??= this.#work()
    await sync.promise
  }

  /** Would it be there after a power cut? */
  isDurable({ segment, at }: Entry): boolean {
    return segment !== this.#active || at < this.#durableEnd
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    await this.#working
  }

  async #work(): Promise<void> {
    await Promise.resolve() // blocks of the same turn belong to the first write
    while (this.#writes.length > 0 || this.#syncs.length > 0) {
      const syncs = this.#syncs
      this.#syncs = []
      const batch = this.#nextBatch()
      if (batch.length > 0) await this.#write(batch)
      if (syncs.length === 0) continue
      const failure = await this.#makeDurable().catch((err: Error) => err)
      for (const { resolve, reject } of syncs) failure == null ? resolve() : reject(failure)
    }
    this.#working = undefined
  }

  #nextBatch(): Write[] {
    let count = 0
    let bytes = 0
    for (const { block } of this.#writes) {
      bytes += sizeOf({ length: block.byteLength })
      if (count > 0 && bytes > STORE_WRITE_BYTES) break
      count++
    }
    return this.#writes.splice(0, count)
  }

  async #write(batch: readonly Write[]): Promise<void> {
    const { index, segments } = this.#init
    const { parts, bytes } = framesOf(batch)
    let failure: Error | undefined
    try {
      const segment = await this.#roomFor(bytes)
      const file = await segments.file(segment)
      file.write(parts, segment.end)
      for (const { key, codec, digest, block } of batch) {
        const found = { codec, length: block.byteLength, digest, at: segment.end }
        this.#undurable.push({ key, older: index.place(key, segment, found) })
        this.#frames.push(found)
        segment.end += sizeOf(found)
      }
    } catch (err) {
      await this.#cut()
      failure = storeFailure('write blocks', err)
    }
    this.#waitingBytes -= bytes
    for (const { key, resolve, reject } of batch) {
      this.#waiting.delete(key)
      if (failure == null) resolve()
      else reject(failure)
    }
  }

  async #makeDurable(): Promise<void> {
    const segment = this.#active
    if (segment == null || this.#undurable.length === 0) return
    try {
      await (await this.#init.segments.file(segment)).datasync()
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
    const { index } = this.#init
    for (const { key, older } of this.#undurable.reverse()) {
      if (index.remove(key) != null && older != null) index.put(key, older)
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
    const { folder, fs, segments } = this.#init
    const full = this.#active
    const begun = full != null && full.end > SEGMENT_MAGIC.byteLength
    if (full != null && !(begun && full.end + bytes > this.#segmentBytes)) return full
    if (full != null) {
      await this.#makeDurable()
      await full.list(this.#frames).catch(() => {}) // without its list it is scanned
    }
    const segment = new Segment(folder, (full?.number ?? 0) + 1, fs)
    await segment.create()
    segments.add(segment)
    this.#active = segment
    this.#durableEnd = segment.end
    this.#frames = []
    return segment
  }
}
