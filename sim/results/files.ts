/**
 * Files of a result folder: written whole or not at all (a temporary file beside it, fsync, rename),
 * and named by their SHA-256. The daemon has such a writer too; its door brings the whole node with
 * it, which nobody who only reads a report should load.
 * @module
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toHex, utf8 } from '../../core/bytes.ts'
import { StoreCorruptError } from '../../core/errors.ts'

/** What a file is expected to be. */
export interface FileSeal {
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/** Writes the parts one after another; a reader sees all of them or the file that was there before. */
export async function writeWhole(
  path: string,
  parts: Iterable<string | Uint8Array>
): Promise<FileSeal> {
  const temporary = `${path}.${process.pid}.tmp`
  await mkdir(dirname(path), { recursive: true })
  try {
    const handle = await open(temporary, 'w')
    try {
      // writev would gather all parts; one at a time keeps a table of a million rows out of memory
      for (const part of parts) await handle.appendFile(part)
      await handle.sync()
    } finally {
      await handle.close()
    }
    const seal = await sealOf(temporary)
    await rename(temporary, path)
    const folder = await open(dirname(path), 'r')
    await folder.sync().finally(() => folder.close())
    return seal
  } catch (err) {
    await rm(temporary, { force: true })
    throw err
  }
}

async function sealOf(path: string): Promise<FileSeal> {
  const bytes = await readFile(path)
  return { bytes: bytes.length, sha256: await sha256(bytes) }
}

/**
 * Reads a file that must be as it was written.
 * @throws StoreCorruptError naming the file, what was expected and what was found
 */
export async function readSealed(
  folder: string,
  name: string,
  seal: FileSeal
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFile(`${folder}/${name}`).catch((cause: unknown) => {
    throw new StoreCorruptError(`${name} expected ${seal.bytes} bytes, got no file`, { cause })
  })
  if (bytes.length !== seal.bytes) {
    throw new StoreCorruptError(`${name} expected ${seal.bytes} bytes, got ${bytes.length}`)
  }
  const got = await sha256(bytes)
  if (got !== seal.sha256) {
    throw new StoreCorruptError(`${name} expected SHA-256 ${seal.sha256}, got ${got}`)
  }
  return bytes
}

/** JSON with a last line break, its keys in the order of the object. NaN and infinities are null. */
export const json = (value: unknown): Uint8Array => utf8(`${JSON.stringify(value, null, 2)}\n`)

/** @throws StoreCorruptError naming the file */
export function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new StoreCorruptError(`${name} expected JSON, got ${bytes.length} other bytes`, { cause })
  }
}
