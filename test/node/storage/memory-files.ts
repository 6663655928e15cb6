/**
 * A file system in memory that can fail its N-th operation and lose what was not synced: the disk
 * that the durable stores are tested against.
 * @module
 */
import type { FileOps, OpenFile } from '../../../node/storage/files.ts'

interface Inode {
  volatile: Uint8Array
  durable: Uint8Array
}

export interface MemoryFiles extends FileOps {
  /** Operations asked for so far: reads, writes, syncs, opens … */
  readonly operations: number
  /** From now on the N-th operation fails, N = 1 being the next; `then` fails all after it too. */
  failAt(n: number, code?: string, then?: 'all'): void
  heal(): void
  /** What a power cut leaves: synced bytes, and of the others `keep` of those that were appended. */
  crash(keep?: number): void
  bytes(path: string): Uint8Array
  setBytes(path: string, bytes: Uint8Array): void
  readonly paths: readonly string[]
}

export function memoryFiles(): MemoryFiles {
  const files = new Map<string, Inode>()
  let operations = 0
  let failing: { at: number; code: string; all: boolean } | undefined

  function step(): void {
    operations++
    if (failing == null || operations < failing.at) return
    if (operations > failing.at && !failing.all) return
    throw Object.assign(new Error(failing.code), { code: failing.code })
  }

  function resized(bytes: Uint8Array, length: number): Uint8Array {
    const out = new Uint8Array(length)
    out.set(bytes.subarray(0, length))
    return out
  }

  function opened(inode: Inode): OpenFile {
    return {
      async size() {
        step()
        return inode.volatile.byteLength
      },
      async read(into, at) {
        step()
        const part = inode.volatile.subarray(at, at + into.byteLength)
        into.set(part)
        return part.byteLength
      },
      write(parts, at) {
        const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
        const end = Math.max(inode.volatile.byteLength, at + length)
        const joined = new Uint8Array(length)
        let offset = 0
        for (const part of parts) {
          joined.set(part, offset)
          offset += part.byteLength
        }
        try {
          step()
        } catch (err) {
          // A failed write may have written half of it.
          const half = joined.subarray(0, length >> 1)
          inode.volatile = resized(
            inode.volatile,
            Math.max(at + half.byteLength, inode.volatile.byteLength)
          )
          inode.volatile.set(half, at)
          throw err
        }
        inode.volatile = resized(inode.volatile, end)
        inode.volatile.set(joined, at)
      },
      async truncate(length) {
        step()
        inode.volatile = resized(inode.volatile, length)
      },
      async datasync() {
        step()
        inode.durable = inode.volatile.slice()
      },
      async close() {}
    }
  }

  return {
    get operations() {
      return operations
    },
    get paths() {
      return [...files.keys()]
    },
    failAt(n, code = 'EIO', then) {
      failing = { at: operations + n, code, all: then === 'all' }
    },
    heal() {
      failing = undefined
    },
    crash(keep = 0) {
      for (const inode of files.values()) {
        const length = Math.min(inode.durable.byteLength + keep, inode.volatile.byteLength)
        const kept = inode.volatile.slice(0, Math.max(length, 0))
        kept.set(inode.durable.subarray(0, length))
        inode.volatile = length < inode.durable.byteLength ? inode.durable.slice() : kept
        inode.durable = inode.volatile.slice()
      }
    },
    bytes(path) {
      return (files.get(path) as Inode).volatile.slice()
    },
    setBytes(path, bytes) {
      files.set(path, { volatile: bytes.slice(), durable: bytes.slice() })
    },
    async open(path) {
      step()
      const inode = files.get(path) ?? { volatile: new Uint8Array(0), durable: new Uint8Array(0) }
      files.set(path, inode)
      return opened(inode)
    },
    async makeFolder() {
      step()
    },
    async list(folder) {
      step()
      const start = `${folder}/`
      return [...files.keys()].filter((p) => p.startsWith(start)).map((p) => p.slice(start.length))
    },
    async rename(from, to) {
      step()
      files.set(to, files.get(from) as Inode)
      files.delete(from)
    },
    async remove(path) {
      step()
      files.delete(path)
    },
    async syncFolder() {
      step()
    }
  }
}
