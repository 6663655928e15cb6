/**
 * One segment file of the block store: opened when somebody reads, closed when many others are.
 * A full segment has its frames listed in a journal beside it, so that opening a large store reads
 * a small file a segment; without that list the segment is scanned.
 * @module
 */
import { dirname, join } from 'node:path'
import { concat, equalBytes, u32be, u64be } from '../../core/bytes.ts'
import { StoreCorruptError } from '../../core/errors.ts'
import {
  decodeHeader,
  encodeHeader,
  type FoundBlock,
  FRAME_HEADER_BYTES,
  type Scan,
  SEGMENT_MAGIC,
  scanSegment
} from './block-frames.ts'
import type { FileOps, OpenFile } from './files.ts'
import { openJournal, rewriteJournal } from './journal.ts'

const SUFFIX = '.blocks'
const LISTED_BYTES = 8 + FRAME_HEADER_BYTES
const LIST = { maxEntryBytes: 4_096 * LISTED_BYTES }

export class Segment {
  readonly number: number
  readonly #path: string
  readonly #fs: FileOps
  /** Behind the last frame. */
  end = SEGMENT_MAGIC.byteLength
  /** Bytes of frames that the index names. */
  live = 0
  /** Reads under way: the file stays open, and the segment stays. */
  #readers = 0
  #whenIdle: (() => void)[] = []
  #file: Promise<OpenFile> | undefined

  constructor(folder: string, number: number, fs: FileOps) {
    this.number = number
    this.#path = join(folder, `${String(number).padStart(8, '0')}${SUFFIX}`)
    this.#fs = fs
  }

  /** The number in a file's name, if it is a segment's. */
  static numberOf(name: string): number | undefined {
    const digits = /^(\d{8})\.blocks$/.exec(name)?.[1]
    return digits == null ? undefined : Number(digits)
  }

  get isIdle(): boolean {
    return this.#readers === 0
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    this.#readers++
    try {
      return await (await this.file()).read(into, at)
    } finally {
      this.#readers--
      if (this.#readers === 0) for (const go of this.#whenIdle.splice(0)) go()
    }
  }

  /** Resolves once no read is under way. */
  async idle(): Promise<void> {
    if (this.#readers > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  file(): Promise<OpenFile> {
    this.#file ??= this.#fs.open(this.#path).catch((err) => {
      this.#file = undefined
      throw err
    })
    return this.#file
  }

  async create(): Promise<void> {
    const file = await this.file()
    file.write([SEGMENT_MAGIC], 0)
    await file.datasync()
    await this.#fs.syncFolder(dirname(this.#path))
  }

  /** Which frames are in it: from its list, or by reading all of it. Cuts a torn tail. */
  async load(): Promise<Scan> {
    const file = await this.file()
    const size = await file.size()
    const listed = await this.#listed(size)
    if (listed != null) {
      this.end = size
      return { found: listed, end: size, damaged: 0 }
    }
    const magic = new Uint8Array(Math.min(size, SEGMENT_MAGIC.byteLength))
    await file.read(magic, 0)
    if (!magic.every((byte, i) => byte === SEGMENT_MAGIC[i])) {
      throw new StoreCorruptError(`segment ${this.number} expected its magic in the first 8 bytes`)
    }
    if (magic.byteLength < SEGMENT_MAGIC.byteLength) {
      await this.create()
      return { found: [], end: this.end, damaged: 0 }
    }
    const scan = await scanSegment(file)
    if (scan.end < size) {
      await file.truncate(scan.end)
      await file.datasync()
    }
    this.end = scan.end
    return scan
  }

  /** Writes the list of a segment that will not grow. */
  async list(found: readonly FoundBlock[]): Promise<void> {
    const entries: Uint8Array[] = [u64be(this.end)]
    for (let i = 0; i < found.length; i += 4_096) {
      const page = found.slice(i, i + 4_096)
      entries.push(concat(...page.flatMap((block) => [u64be(block.at), encodeHeader(block)])))
    }
    await rewriteJournal(this.#listPath, entries, { ...LIST, fs: this.#fs })
  }

  async remove(): Promise<void> {
    await this.close()
    await this.#fs.remove(this.#listPath)
    await this.#fs.remove(this.#path)
    await this.#fs.syncFolder(dirname(this.#path))
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await (await file)?.close()
  }

  get #listPath(): string {
    return `${this.#path.slice(0, -SUFFIX.length)}.list`
  }

  /** The list, if there is a whole one that was made for a file of this size. */
  async #listed(size: number): Promise<FoundBlock[] | undefined> {
    const name = this.#listPath.slice(dirname(this.#path).length + 1)
    if (!(await this.#fs.list(dirname(this.#path))).includes(name)) return undefined
    try {
      const found: FoundBlock[] = []
      const journal = await openJournal(this.#listPath, { ...LIST, fs: this.#fs })
      try {
        let forThis = false
        for await (const entry of journal.entries()) {
          if (!forThis) {
            if (!equalBytes(entry, u64be(size))) return undefined
            forThis = true
          } else found.push(...decodePage(entry))
        }
        return forThis ? found : undefined
      } finally {
        await journal.close()
      }
    } catch {
      return undefined // a damaged list costs a scan, nothing else
    }
  }
}

function decodePage(entry: Uint8Array): FoundBlock[] {
  const found: FoundBlock[] = []
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength)
  for (let i = 0; i + LISTED_BYTES <= entry.byteLength; i += LISTED_BYTES) {
    const header = decodeHeader(entry.subarray(i + 8, i + LISTED_BYTES))
    if (header == null) throw new StoreCorruptError('segment list expected whole headers')
    found.push({ ...header, at: view.getUint32(i) * 2 ** 32 + view.getUint32(i + 4) })
  }
  return found
}

/** A deleted frame, as the deletions journal names it. */
export const frameName = (segment: number, at: number): Uint8Array =>
  concat(u32be(segment), u64be(at))
