/**
 * Sealing a file into the block store and opening it again, as `record add` and `record get` do it,
 * beside the bare cipher and hash of the same number of bytes: a child of put.bench.ts.
 * @module
 */
import { createCipheriv, createDecipheriv, createHash, type Hash, randomBytes } from 'node:crypto'
import { writevSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { equalBytes, release } from '../../core/bytes.ts'
import { deriveKeys, makeHeader, type UnlockedKeys, unlock } from '../../core/container.ts'
import { chunkNonce, openPayload, type PayloadFacts } from '../../core/container-payload.ts'
import { recordSecret } from '../../core/ids.ts'
import { CHUNK_BYTES, STORE_UNSYNCED_BYTES } from '../../core/limits.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { openBlockStore } from '../../node/storage/block-store.ts'
import { openJournal } from '../../node/storage/journal.ts'
import { Vault } from '../../node/storage/vault.ts'
import { storePayload } from '../../node/verbs/seal-record.ts'
import { type Cost, costOf } from './measure.ts'

export interface RecordSideInit {
  /** Of its own: for blocks, pins and what the bound writes. */
  readonly folder: string
  readonly file: string
  readonly bytes: number
}

export type RecordSide = {
  put(): Promise<Cost>
  /** Reads what was put last. */
  open(): Promise<Cost>
  /** Cipher and one hash, of bytes in memory, the last 16 MiB of output kept. */
  putBound(): Promise<Cost>
  openBound(): Promise<Cost>
  /** The same cipher and hash of bytes in memory, written, and synced as often as the vault does. */
  putDurable(): Promise<Cost>
  /** All that a put cannot do without: also reads the file, hashes it, writes and syncs. */
  putWork(): Promise<Cost>
}

type Sealed = readonly [chunk: Uint8Array, tag: Uint8Array]

const CIPHER = 'chacha20-poly1305'
const TAGGED = { authTagLength: 16 }
/** Source and output of the bounds: more than the processor's cache holds, far below a record. */
const RING = 256
const LEAF_CHUNKS = 4

export async function serve({ folder, file, bytes }: RecordSideInit): Promise<RecordSide> {
  const store = await openBlockStore(join(folder, 'segments'), { quotaBytes: 2 ** 40 })
  const pins = await openJournal(join(folder, 'pins'), { maxEntryBytes: 256 })
  const vault = await Vault.open({ blockstore: store, pins })
  const key = randomBytes(32)
  let made: Buffer | undefined
  // the side that puts must not be seen to need it
  const ring = (): Buffer => {
    made ??= randomBytes(RING * CHUNK_BYTES)
    return made
  }
  const plain = (): readonly Uint8Array[] =>
    Array.from({ length: RING }, (_, i) => ring().subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES))
  const chunks = Math.ceil(bytes / CHUNK_BYTES)
  let last: { cid: Awaited<ReturnType<Vault['put']>>; keys: UnlockedKeys; facts: PayloadFacts }
  let sealedRing: readonly Sealed[] | undefined

  return {
    async put() {
      const secret = recordSecret(new Uint8Array(randomBytes(32)))
      const header = makeHeader(new Uint8Array(randomBytes(32)), { sealed: false })
      const keys = deriveKeys(header, secret, undefined, p)
      return await costOf(async () => {
        const { cid, facts } = await storePayload({ vault, primitives: p }, file, keys, () => {})
        const unlocked = unlock(header, keys.kcom, secret, undefined, p)
        last = { cid, keys: unlocked, facts }
      })
    },
    async open() {
      const { cid, keys, facts } = last
      return await costOf(async () => {
        const digest = p.sha256Stream()
        const options = { freePieces: true }
        for await (const piece of openPayload(
          vault.get(cid, options),
          keys,
          facts.length,
          p,
          options
        )) {
          digest.update(piece)
        }
        if (!equalBytes(digest.digest(), facts.sha256)) throw new Error('another record came out')
      })
    },
    putBound() {
      const given = plain()
      return costOf(() => {
        const kept: Sealed[] = []
        let leaf = createHash('sha256')
        for (let i = 0; i < chunks; i++) {
          const sealed = sealChunk(key, given[i % RING] as Uint8Array, i)
          leaf.update(sealed[0])
          leaf.update(sealed[1])
          replaced(kept[i % RING]?.[0])
          kept[i % RING] = sealed
          if (i % LEAF_CHUNKS !== LEAF_CHUNKS - 1) continue
          leaf.digest()
          leaf = createHash('sha256')
        }
      })
    },
    openBound() {
      sealedRing ??= plain().map((chunk, i) => sealChunk(key, chunk, i))
      const sealed = sealedRing
      return costOf(() => {
        const digest = createHash('sha256')
        const kept: Uint8Array[] = []
        for (let i = 0; i < chunks; i++) {
          const opened = openChunk(key, sealed[i % RING] as Sealed, i % RING)
          digest.update(opened)
          replaced(kept[i % RING])
          kept[i % RING] = opened
        }
        digest.digest()
      })
    },
    putDurable: () =>
      writing(folder, (to) => sealHashWrite(key, fromMemory(ring(), bytes), to, undefined)),
    async putWork() {
      const from = await open(file)
      try {
        const whole = createHash('sha256')
        return await writing(folder, (to) => sealHashWrite(key, fromFile(from), to, whole))
      } finally {
        await from.close()
      }
    }
  }
}

/** The collector's time is no part of a bound. */
const replaced = (bytes: Uint8Array | undefined): void => {
  if (bytes != null) release(bytes)
}

function sealChunk(key: Uint8Array, chunk: Uint8Array, index: number): Sealed {
  const cipher = createCipheriv(CIPHER, key, chunkNonce(index, false), TAGGED)
  const out = cipher.update(chunk)
  cipher.final()
  return [out, cipher.getAuthTag()]
}

function openChunk(key: Uint8Array, [chunk, tag]: Sealed, index: number): Uint8Array {
  const decipher = createDecipheriv(CIPHER, key, chunkNonce(index, false), TAGGED)
  decipher.setAuthTag(tag)
  const out = decipher.update(chunk)
  decipher.final()
  return out
}

async function writing(folder: string, act: (to: FileHandle) => Promise<void>): Promise<Cost> {
  const path = join(folder, 'bound')
  const to = await open(path, 'w')
  try {
    return await costOf(() => act(to))
  } finally {
    await to.close()
    await rm(path)
  }
}

/** A put by the shortest code that does it; `whole` hashes the plaintext too, as the format asks. */
async function sealHashWrite(
  key: Uint8Array,
  pieces: AsyncIterable<Uint8Array>,
  to: FileHandle,
  whole: Hash | undefined
): Promise<void> {
  let index = 0
  let unsynced = 0
  for await (const piece of pieces) {
    whole?.update(piece)
    const parts: Uint8Array[] = []
    for (let at = 0; at < piece.byteLength; at += CHUNK_BYTES) {
      parts.push(...sealChunk(key, piece.subarray(at, at + CHUNK_BYTES), index++))
    }
    const leaf = createHash('sha256')
    for (const part of parts) leaf.update(part)
    leaf.digest()
    writevSync(to.fd, parts)
    for (const part of parts) release(part)
    unsynced += piece.byteLength
    if (unsynced < STORE_UNSYNCED_BYTES) continue
    unsynced = 0
    await to.datasync()
  }
  await to.datasync()
  whole?.digest()
}

async function* fromFile(file: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(LEAF_CHUNKS * CHUNK_BYTES)
  for (;;) {
    const { bytesRead } = await file.read(buffer)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

async function* fromMemory(ring: Uint8Array, bytes: number): AsyncGenerator<Uint8Array> {
  const leafBytes = LEAF_CHUNKS * CHUNK_BYTES
  for (let at = 0; at < bytes; at += leafBytes) {
    const start = at % ring.byteLength
    yield ring.subarray(start, start + Math.min(leafBytes, bytes - at))
  }
}
