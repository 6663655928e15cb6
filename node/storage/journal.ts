/**
 * The append-only file of entries under every durable store (shares, receipts, mail, pins).
 * File = magic(8) ‖ frame …; frame = u32be length ‖ payload ‖ checksum(8), the checksum being
 * SHA-256(length ‖ payload ‖ checksum before) cut to 8 bytes, so that frames chain and a lost or
 * exchanged one shows. Appends that wait together share one write and one fdatasync. A tail that
 * no fsync covered is cut at open; damage before it is reported, never repaired (SECURITY.md T16).
 * @module
 */
import { dirname } from 'node:path'
import { NotStartedError } from '@libp2p/interface'
import { concat, equalBytes, u32be, utf8 } from '../../core/bytes.ts'
import { InvalidParametersError, StoreCorruptError, StoreFullError } from '../../core/errors.ts'
import { COMMIT_GROUP, STORE_WRITE_BYTES } from '../../core/limits.ts'
import type { Journal } from '../adapters.ts'
import { nativePrimitives } from '../crypto/native.ts'
import { type FileOps, fileOps, type OpenFile, storeFailure } from './files.ts'
import { FrameReader, isTornTail } from './journal-frames.ts'

export interface JournalInit {
  readonly maxEntryBytes: number
  /** The longest that the file may become. @default unbounded */
  readonly maxBytes?: number
  /** @default the real file system */
  readonly fs?: FileOps
}

const MAGIC = utf8('KWJRNL1\n')
const SUM_BYTES = 8

/** Opens a journal, or makes it. @throws StoreCorruptError if it is damaged before its tail */
export async function openJournal(path: string, init: JournalInit): Promise<Journal> {
  const fs = init.fs ?? fileOps
  let file: OpenFile | undefined
  try {
    file = await fs.open(path)
    const size = await file.size()
    if (await isNew(file, size)) {
      await file.truncate(0)
      file.write([MAGIC], 0)
      await file.datasync()
      await fs.syncFolder(dirname(path))
      return new FileJournal(file, init, MAGIC.byteLength, new Uint8Array(SUM_BYTES))
    }
    const reader = new FrameReader(file, size, init.maxEntryBytes)
    let end = MAGIC.byteLength
    let sum = new Uint8Array(SUM_BYTES)
    for await (const frame of reader.frames(end, sum)) {
      end = frame.end
      sum = frame.sum
    }
    if (end < size) {
      if (!(await isTornTail(reader, end))) {
        throw new StoreCorruptError(`journal is damaged at byte ${end} of ${size}`)
      }
      await file.truncate(end)
      await file.datasync()
    }
    return new FileJournal(file, init, end, sum)
  } catch (err) {
    await file?.close().catch(() => {})
    throw storeFailure('open journal', err)
  }
}

/** Writes entries as a new journal in the place of an old one, all or nothing. */
export async function rewriteJournal(
  path: string,
  entries: readonly Uint8Array[],
  init: JournalInit
): Promise<void> {
  const fs = init.fs ?? fileOps
  const fresh = `${path}.new`
  await fs.remove(fresh)
  const journal = await openJournal(fresh, init)
  try {
    for (let i = 0; i < entries.length; i += COMMIT_GROUP) {
      await journal.append(...entries.slice(i, i + COMMIT_GROUP))
    }
  } finally {
    await journal.close()
  }
  try {
    await fs.rename(fresh, path)
    await fs.syncFolder(dirname(path))
  } catch (err) {
    throw storeFailure('replace journal', err)
  }
}

/** A file that died before its magic was durable never acknowledged anything. */
async function isNew(file: OpenFile, size: number): Promise<boolean> {
  const head = new Uint8Array(Math.min(size, MAGIC.byteLength))
  await file.read(head, 0)
  if (size >= MAGIC.byteLength && equalBytes(head, MAGIC)) return false
  const begun = size <= MAGIC.byteLength && head.every((b, i) => b === MAGIC[i] || b === 0)
  if (!begun) throw new StoreCorruptError('journal expected its magic in the first 8 bytes')
  return true
}

interface Waiting {
  readonly entries: readonly Uint8Array[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (err: Error) => void
}

class FileJournal implements Journal {
  readonly #file: OpenFile
  readonly #maxEntryBytes: number
  readonly #maxBytes: number
  readonly #waiting: Waiting[] = []
  #end: number
  #sum: Uint8Array
  #flushing: Promise<void> | undefined
  #broken: Error | undefined
  #closed = false

  constructor(file: OpenFile, init: JournalInit, end: number, sum: Uint8Array) {
    this.#file = file
    this.#maxEntryBytes = init.maxEntryBytes
    this.#maxBytes = init.maxBytes ?? Number.POSITIVE_INFINITY
    this.#end = end
    this.#sum = sum
  }

  async *entries(): AsyncGenerator<Uint8Array> {
    const end = this.#end
    const reader = new FrameReader(this.#file, end, this.#maxEntryBytes)
    let at = MAGIC.byteLength
    for await (const frame of reader.frames(at, new Uint8Array(SUM_BYTES))) {
      at = frame.end
      yield frame.payload
    }
    if (at !== end) throw new StoreCorruptError(`journal is damaged at byte ${at} of ${end}`)
  }

  async append(...entries: readonly Uint8Array[]): Promise<void> {
    if (this.#closed) throw new NotStartedError('journal is closed')
    if (this.#broken != null) throw this.#broken
    if (entries.length === 0) return
    let bytes = 0
    for (const { byteLength } of entries) {
      if (byteLength > this.#maxEntryBytes) {
        throw new InvalidParametersError(
          `"entry" expected <= ${this.#maxEntryBytes} bytes, got ${byteLength}`
        )
      }
      bytes += 4 + byteLength + SUM_BYTES
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ entries, bytes, resolve, reject })
    this.#flushing ??= this.#flush()
    await promise
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#flushing
    await this.#file.close()
  }

  /** Commits group after group until nobody waits. */
  async #flush(): Promise<void> {
    await Promise.resolve() // appends of the same turn belong to the first group
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      if (group.length === 0) continue
      const { bytes, sum } = this.#frame(group)
      try {
        if (this.#broken != null) throw this.#broken
        this.#file.write([bytes], this.#end)
        await this.#file.datasync()
      } catch (err) {
        await this.#cutBack()
        const failure = storeFailure('append to journal', err)
        for (const { reject } of group) reject(failure)
        continue
      }
      this.#end += bytes.byteLength
      this.#sum = sum
      for (const { resolve } of group) resolve()
    }
    this.#flushing = undefined
  }

  /** Appends that fit one commit; one that would pass `maxBytes` is refused alone. */
  #nextGroup(): Waiting[] {
    const group: Waiting[] = []
    let count = 0
    let bytes = 0
    for (let next = this.#waiting[0]; next != null; next = this.#waiting[0]) {
      const full =
        count + next.entries.length > COMMIT_GROUP || bytes + next.bytes > STORE_WRITE_BYTES
      if (group.length > 0 && full) break
      this.#waiting.shift()
      const end = this.#end + bytes + next.bytes
      if (end > this.#maxBytes) {
        next.reject(new StoreFullError(`journal expected <= ${this.#maxBytes} bytes, got ${end}`))
        continue
      }
      group.push(next)
      count += next.entries.length
      bytes += next.bytes
    }
    return group
  }

  #frame(group: readonly Waiting[]): { bytes: Uint8Array; sum: Uint8Array } {
    const parts: Uint8Array[] = []
    let sum = this.#sum
    for (const { entries } of group) {
      for (const entry of entries) {
        const length = u32be(entry.byteLength)
        sum = nativePrimitives.sha256(length, entry, sum).subarray(0, SUM_BYTES)
        parts.push(length, entry, sum)
      }
    }
    return { bytes: concat(...parts), sum }
  }

  /** Takes back what a failed commit may have left. If even that fails, nothing is taken again. */
  async #cutBack(): Promise<void> {
    if (this.#broken != null) return
    try {
      await this.#file.truncate(this.#end)
      await this.#file.datasync()
    } catch (cause) {
      this.#broken = new StoreCorruptError('journal could not be cut back after a failed write', {
        cause
      })
    }
  }
}
