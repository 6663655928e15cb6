/**
 * Goals 5 and 6 of PERFORMANCE.md §7 for the stores: CPU of sealing, hashing and storing against the
 * cipher and hash alone, of reading leaves, and of many small durable records, on our block store
 * and on blockstore-fs. Both sides in one run, taking turns; run it alone:
 * `sh tools/run node test/bench/storage.bench.ts`. docs/decisions/0010-block-store.md has the result.
 * @module
 */
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { glob, mkdtemp, open, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { FsBlockstore } from 'blockstore-fs'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { deriveKeys, makeHeader } from '../../core/container.ts'
import { sealPayload } from '../../core/container-payload.ts'
import { recordSecret } from '../../core/ids.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { openBlockStore } from '../../node/storage/block-store.ts'
import { fileOps } from '../../node/storage/files.ts'
import { memoryJournal } from '../../node/storage/memory-journal.ts'
import { Vault, type VaultBlockstore } from '../../node/storage/vault.ts'

const MIB = 1_024 * 1_024
const RECORD_BYTES = 100 * MIB
const SMALL_BYTES = 8 * 1_024
const SMALL_COUNT = 4_096
const REPEATS = Number(process.argv[2] ?? 5)

const plain = randomBytes(64 * 1_024)
const keys = () => {
  const header = makeHeader(randomBytes(32), { sealed: false })
  return deriveKeys(header, recordSecret(randomBytes(32)), undefined, p)
}

async function* source(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < RECORD_BYTES; at += plain.byteLength) yield plain
}

/** Bytes per microsecond of CPU: MB per CPU-second, all threads of the process. */
async function rate(bytes: number, act: () => Promise<unknown>): Promise<number> {
  ;(globalThis as { gc?: () => void }).gc?.()
  const before = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(before)
  return bytes / (user + system)
}

/**
 * ChaCha20-Poly1305 in 64 KiB chunks and SHA-256 of each leaf; the output is kept, unjoined. The
 * container's meta map also holds the SHA-256 of the plaintext: `both` counts that in.
 */
async function floor(both: boolean): Promise<void> {
  const key = randomBytes(32)
  const whole = createHash('sha256')
  const kept: Uint8Array[][] = []
  let leaf: Uint8Array[] = []
  let hash = createHash('sha256')
  let n = 0
  for await (const chunk of source()) {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(n++)
    if (both) whole.update(chunk)
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
    const sealed = cipher.update(chunk)
    cipher.final()
    const tag = cipher.getAuthTag()
    hash.update(sealed)
    hash.update(tag)
    leaf.push(sealed, tag)
    if (n % 4 !== 0) continue
    hash.digest()
    hash = createHash('sha256')
    kept.push(leaf)
    leaf = []
    if (kept.length > 16) kept.shift()
  }
}

async function sealed(): Promise<void> {
  const { payload, done } = sealPayload(source(), keys(), p)
  for await (const _ of payload) {
    // dropped
  }
  await done
}

async function put(vault: Vault): Promise<CID> {
  const { payload, done } = sealPayload(source(), keys(), p, { reusePieces: true })
  const cid = await vault.put(payload)
  await done
  return cid
}

async function read(vault: Vault, cid: CID): Promise<void> {
  let bytes = 0
  for await (const leaf of vault.get(cid)) bytes += leaf.byteLength
  if (bytes < RECORD_BYTES) throw new Error(`read ${bytes} bytes`)
}

/** blockstore-fs with the fsync that it leaves out: of every file and folder. */
function syncedFs(folder: string): VaultBlockstore {
  const store = new FsBlockstore(folder)
  return Object.assign(store, {
    async sync() {
      const folders = new Set<string>()
      for await (const file of glob(join(folder, '**/*.data'))) {
        const handle = await open(file, 'r+')
        await handle.datasync()
        await handle.close()
        folders.add(dirname(file))
      }
      for (const each of folders) await fileOps.syncFolder(each)
    }
  })
}

function smallBlocks(): { cid: CID; bytes: Uint8Array }[] {
  return Array.from({ length: SMALL_COUNT }, () => {
    const bytes = new Uint8Array(randomBytes(SMALL_BYTES))
    return { cid: CID.createV1(0x55, digestOf(0x12, p.sha256(bytes))), bytes }
  })
}

/** A pack file that is appended to and synced, `group` records a time. */
async function smallFloor(folder: string, group: number): Promise<number> {
  const blocks = smallBlocks()
  const file = await fileOps.open(join(folder, 'pack'))
  const result = await rate(SMALL_COUNT * 1e6, async () => {
    let at = 0
    for (let i = 0; i < blocks.length; i += group) {
      const parts = blocks.slice(i, i + group).map(({ bytes }) => bytes)
      file.write(parts, at)
      await file.datasync()
      at += group * SMALL_BYTES
    }
  })
  await file.close()
  return result
}

async function small(store: VaultBlockstore, group: number): Promise<number> {
  const blocks = smallBlocks()
  return await rate(SMALL_COUNT * 1e6, async () => {
    for (let i = 0; i < blocks.length; i += group) {
      const now = blocks.slice(i, i + group)
      await Promise.all(now.map(({ cid, bytes }) => store.put(cid, bytes)))
      await store.sync?.()
    }
  })
}

/** Whole records through the vault: hash, store, sync each. */
async function smallVault(vault: Vault): Promise<number> {
  const records = Array.from({ length: 1_000 }, () => new Uint8Array(randomBytes(SMALL_BYTES)))
  return await rate(records.length * 1e6, async () => {
    for (const bytes of records) {
      await vault.put(
        (async function* () {
          yield bytes
        })()
      )
    }
  })
}

const results = new Map<string, number[]>()
function note(name: string, value: number): number {
  results.set(name, [...(results.get(name) ?? []), value])
  return value
}

const openOurs = (folder: string) => openBlockStore(join(folder, 'ours'), { quotaBytes: 1e12 })
const openVault = (blockstore: VaultBlockstore) => Vault.open({ blockstore, pins: memoryJournal() })

for (let n = 0; n <= REPEATS; n++) {
  if (n === 1) results.clear() // the first was the warm-up
  const folder = await mkdtemp(join(tmpdir(), 'keyward-bench-'))
  try {
    const ours = await openOurs(folder)
    const fs = syncedFs(join(folder, 'fs'))
    const bound = note('cipher + hash, MB/cpu-s', await rate(RECORD_BYTES, () => floor(false)))
    const format = note(
      'cipher + both hashes, MB/cpu-s',
      await rate(RECORD_BYTES, () => floor(true))
    )
    note('seal alone, MB/cpu-s', await rate(RECORD_BYTES, sealed))
    let cid: CID | undefined
    const vault = await openVault(ours)
    const stored = await rate(RECORD_BYTES, async () => {
      cid = await put(vault)
    })
    note('put, ours, MB/cpu-s', stored)
    note('put, ours / cipher + hash', stored / bound)
    note('put, ours / cipher + both hashes', stored / format)
    note('read, ours, MB/cpu-s', await rate(RECORD_BYTES, () => read(vault, cid as CID)))
    const fsVault = await openVault(fs)
    const fsStored = await rate(RECORD_BYTES, async () => {
      cid = await put(fsVault)
    })
    note('put, blockstore-fs + fsync, MB/cpu-s', fsStored)
    note('put, blockstore-fs + fsync / cipher + hash', fsStored / bound)
    note('read, blockstore-fs, MB/cpu-s', await rate(RECORD_BYTES, () => read(fsVault, cid as CID)))
    for (const group of [1, 16, 256]) {
      const least = note(
        `8 KiB, pack and fsync by ${group}, /cpu-s`,
        await smallFloor(folder, group)
      )
      const got = note(`8 KiB, ours by ${group}, /cpu-s`, await small(ours, group))
      note(`8 KiB, ours by ${group} / pack`, got / least)
    }
    note('8 KiB, vault one by one, /cpu-s', await smallVault(vault))
    await ours.close()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number
const show = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(0))
process.stdout.write(`load ${loadavg().map(show).join(' ')}, ${p.name}\n`)
for (const [name, values] of results) {
  const spread = `${show(Math.min(...values))}–${show(Math.max(...values))}`
  process.stdout.write(`${name.padEnd(44)} ${show(median(values)).padStart(7)}  ${spread}\n`)
}
