/**
 * Writes a file so that a crash leaves the old one or the new one, never half of one: a temporary
 * file beside it, fsync, rename, fsync of the folder. The mode is exact, whatever the umask.
 * @module
 */
import { link, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isAlive } from './process.ts'

let count = 0

/** A name that no other writer uses, in the same folder since rename cannot cross file systems. */
export const temporaryBeside = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}.${count++}.tmp`)

/** Makes a rename or a new entry of this folder last. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A new file with this content, on disk when it resolves; fails if there is one (EEXIST). */
export async function writeNewFile(
  path: string,
  data: string | Uint8Array,
  mode: number
): Promise<void> {
  const handle = await open(path, 'wx', mode)
  try {
    await handle.chmod(mode)
    await handle.writeFile(data)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Replaces or makes `path`. Readers see the old content or the new. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  mode: number
): Promise<void> {
  const temporary = temporaryBeside(path)
  try {
    await writeNewFile(temporary, data, mode)
    await rename(temporary, path)
  } catch (err) {
    await rm(temporary, { force: true })
    throw err
  }
  await syncFolder(dirname(path))
}

/** Makes `path` whole or not at all; fails with EEXIST rather than replace what is there. */
export async function createFileAtomic(
  path: string,
  data: string | Uint8Array,
  mode: number
): Promise<void> {
  const temporary = temporaryBeside(path)
  try {
    await writeNewFile(temporary, data, mode)
    await link(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
  await syncFolder(dirname(path))
}

/** Removes a file for good; none is fine. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true })
  await syncFolder(dirname(path))
}

/** Drops what processes that are no more left half-written. */
export async function dropTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^\..*\.(\d+)\.\d+\.tmp$/.exec(name)?.[1]
    if (pid != null && !isAlive(Number(pid), '')) await rm(join(folder, name), { force: true })
  }
}
