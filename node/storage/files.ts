/**
 * The few file operations that durable stores need, as an interface, so that tests can fail the
 * N-th one. Everything a store promises ("acknowledged after fsync") rests on these lines.
 * @module
 */
import { constants, writevSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { type KeywardError, StoreCorruptError, StoreFullError } from '../../core/errors.ts'

export interface OpenFile {
  size(): Promise<number>
  /** Fills `into` from `at`; gives the bytes read, fewer only at the end of the file. */
  read(into: Uint8Array, at: number): Promise<number>
  /**
   * Hands all parts to the system, one after the other, from `at`, before it returns: that is a copy
   * in memory, which costs less than asking another thread for it. What waits for the disk is
   * `datasync`, so little may be written without it.
   */
  write(parts: readonly Uint8Array[], at: number): void
  truncate(length: number): Promise<void>
  datasync(): Promise<void>
  close(): Promise<void>
}

export interface FileOps {
  /** Opens for reading and writing; makes an empty file (mode 0600) where there is none. */
  open(path: string): Promise<OpenFile>
  /** Makes a folder (mode 0700) with its parents. */
  makeFolder(path: string): Promise<void>
  /** Names in a folder. */
  list(folder: string): Promise<string[]>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes created, renamed and removed names durable. */
  syncFolder(path: string): Promise<void>
}

export const fileOps: FileOps = {
  async open(path) {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    return {
      size: async () => (await handle.stat()).size,
      async read(into, at) {
        let got = 0
        while (got < into.byteLength) {
          const { bytesRead } = await handle.read(into, got, into.byteLength - got, at + got)
          if (bytesRead === 0) break
          got += bytesRead
        }
        return got
      },
      write(parts, at) {
        let rest = parts.filter((part) => part.byteLength > 0)
        let position = at
        while (rest.length > 0) {
          const bytesWritten = writevSync(handle.fd, rest, position)
          position += bytesWritten
          rest = withoutFirst(rest, bytesWritten)
        }
      },
      truncate: (length) => handle.truncate(length),
      datasync: () => handle.datasync(),
      close: () => handle.close()
    }
  },
  async makeFolder(path) {
    await mkdir(path, { recursive: true, mode: 0o700 })
  },
  list: (folder) => readdir(folder),
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncFolder(path) {
    const handle = await open(path, constants.O_RDONLY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
}

/** What is left of `parts` once `written` bytes are on their way: the system may take fewer. */
function withoutFirst(parts: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written
  const rest: Uint8Array[] = []
  for (const part of parts) {
    if (skip >= part.byteLength) skip -= part.byteLength
    else {
      rest.push(skip === 0 ? part : part.subarray(skip))
      skip = 0
    }
  }
  return rest
}

/** No room on the disk, in the quota of the user, or in the longest file that may be. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** The error of ours that a failed file operation becomes. */
export function storeFailure(doing: string, cause: unknown): KeywardError {
  if (cause instanceof StoreFullError || cause instanceof StoreCorruptError) return cause
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? 'unknown failure'
  return FULL.has(code)
    ? new StoreFullError(`${doing}: ${code}`, { cause })
    : new StoreCorruptError(`${doing}: ${code}`, { cause })
}
