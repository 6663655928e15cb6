/**
 * Writes an opened record to a file, whole or a range of it: into a file beside the destination,
 * on disk, and only then under its name, so that a cut stream or a bad chunk leaves nothing behind
 * that looks like a record (hop 11c of 12, PEERS.md H1).
 * @module
 */
import { link, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { equalBytes, toHex } from '../../core/bytes.ts'
import { decodeHeader, openMeta, type RecordMeta, type UnlockedKeys } from '../../core/container.ts'
import { openPayload } from '../../core/container-payload.ts'
import { openRange } from '../../core/container-range.ts'
import { DecryptionFailedError, InvalidParametersError } from '../../core/errors.ts'
import type { Content } from '../../core/manifest.ts'
import type { Node } from '../node.ts'
import type { RecordGetArgs } from './shapes.ts'
import type { VerbOptions } from './verb.ts'

/** Ciphertext from `offset` on. */
export type ReadPayload = (offset: number, length?: number) => AsyncIterable<Uint8Array>

export interface Written {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  readonly meta: RecordMeta
}

/** @throws DecryptionFailedError, ContentNotFoundError, InvalidParametersError for a bad range */
export async function writeRecord(
  node: Node,
  content: Content,
  keys: UnlockedKeys,
  read: ReadPayload,
  args: RecordGetArgs,
  options: VerbOptions
): Promise<Written> {
  const meta = openMeta(content.meta, decodeHeader(content.hdr), keys, node.primitives)
  const into = args.out == null ? node.downloads : await folderAt(args.out)
  const wanted = into == null ? String(args.out) : join(into, safeName(meta.name))
  const part = join(dirname(wanted), `.${basename(wanted)}.${toHex(node.random(6))}.part`)
  const hashing = node.primitives.sha256Stream()
  let bytes = 0
  const file = await open(part, 'wx', 0o600).catch((cause: unknown) => {
    throw new InvalidParametersError(`"out" expected a place that can be written: ${wanted}`, {
      cause
    })
  })
  try {
    for await (const piece of plaintext(node, content, keys, read, meta, args)) {
      hashing.update(piece)
      bytes += piece.byteLength
      await file.write(piece)
      options.progress({ step: 'open', done: bytes, total: meta.length })
    }
    const sha256 = hashing.digest()
    const whole = args.from == null && args.to == null
    if (whole && !equalBytes(sha256, meta.sha256)) throw new DecryptionFailedError()
    await file.datasync()
    await file.close()
    const path = await publishAs(part, wanted, into == null)
    return { path, bytes, sha256: toHex(sha256), meta }
  } catch (err) {
    await file.close().catch(() => {})
    await rm(part, { force: true })
    throw err
  }
}

/** A piece is in the file before the next is asked for. */
const WRITTEN_BY_THEN = { freePieces: true } as const

function plaintext(
  node: Node,
  { size }: Content,
  keys: UnlockedKeys,
  read: ReadPayload,
  meta: RecordMeta,
  { from, to }: RecordGetArgs
): AsyncIterable<Uint8Array> {
  const p = node.primitives
  if (from == null && to == null) return openPayload(read(0), keys, meta.length, p, WRITTEN_BY_THEN)
  const readAt = async (offset: number, length: number): Promise<Uint8Array> => {
    const out = new Uint8Array(length)
    let at = 0
    for await (const piece of read(offset, length)) {
      out.set(piece.subarray(0, length - at), at)
      at += piece.byteLength
    }
    return out.subarray(0, Math.min(at, length))
  }
  return openRange(readAt, size, keys, meta.length, from ?? 0, to ?? meta.length, p)
}

/** The place itself, if it is a folder. */
const folderAt = (path: string): Promise<string | undefined> =>
  stat(path).then(
    (found) => (found.isDirectory() ? path : undefined),
    () => undefined
  )

/** A name that an owner chose must not lead out of the folder or hide. */
function safeName(name: string): string {
  const safe = basename(name.replace(/\\/g, '/'))
    .replace(/\p{Cc}/gu, '')
    .trim()
  return safe === '' || safe.startsWith('.') ? `record${safe === '.' ? '' : safe}` : safe
}

/** Under the wanted name; a name that we chose ourselves never overwrites another file. */
async function publishAs(part: string, wanted: string, overwrite: boolean): Promise<string> {
  if (overwrite) {
    await rename(part, wanted)
    return wanted
  }
  const ending = extname(wanted)
  const stem = wanted.slice(0, wanted.length - ending.length)
  for (let i = 1; i <= SAME_NAMES_MAX; i++) {
    const path = i === 1 ? wanted : `${stem} (${i})${ending}`
    try {
      await link(part, path)
      await rm(part)
      return path
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err
    }
  }
  throw new InvalidParametersError(`"out" expected a free name, ${SAME_NAMES_MAX} are taken`)
}

const SAME_NAMES_MAX = 1_000
