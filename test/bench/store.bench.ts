/**
 * Goal 6 of PERFORMANCE.md §7: many small durable records, our block store against a pack file that
 * is appended to and synced as often; and a large one against blockstore-fs, synced as ours is.
 * docs/decisions/0010-block-store.md rests on it.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { glob, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
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
import {
  type BenchOptions,
  costOf,
  inTurns,
  mbPerCpuSecond,
  pairedRow,
  type Row,
  repeatsOf,
  seededBytes
} from './measure.ts'

export const name = 'store'

const MIB = 1_024 * 1_024
const SMALL_BYTES = 8 * 1_024
const RAW = 0x55
const SHA2_256 = 0x12

export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const [small, mib] = options.quick ? [256, 2] : [4_096, 100]
  const folder = await mkdtemp(join(tmpdir(), 'keyward-bench-'))
  const ours = await openBlockStore(join(folder, 'ours'), { quotaBytes: 2 ** 40 })
  try {
    const rows: Row[] = []
    for (const group of [1, 16, 256]) {
      const rates = await inTurns(repeatsOf(options), {
        ours: () => smallRate(small, (blocks) => keep(ours, blocks, group)),
        pack: () => packRate(folder, small, group)
      })
      rows.push(
        pairedRow(
          {
            what: `8 KiB records, fsync of ${group} / pack file`,
            unit: '/cpu-s',
            goal: { atLeast: 0.5 }
          },
          rates.ours,
          rates.pack
        )
      )
    }
    const fs = syncedFs(join(folder, 'fs'))
    const vaults = { ours: await openVault(ours), fs: await openVault(fs) }
    const record = Buffer.concat([...seededBytes(options.seed, mib * MIB)])
    const put = async (vault: Vault) =>
      mbPerCpuSecond(record.byteLength, await costOf(() => seal(record, vault)))
    const rates = await inTurns(repeatsOf(options), {
      ours: () => put(vaults.ours),
      fs: () => put(vaults.fs)
    })
    const what = `put ${mib} MiB / on blockstore-fs and fsync`
    return [...rows, pairedRow({ what, unit: 'MB/cpu-s' }, rates.ours, rates.fs)]
  } finally {
    await ours.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const openVault = (blockstore: VaultBlockstore): Promise<Vault> =>
  Vault.open({ blockstore, pins: memoryJournal() })

async function seal(record: Uint8Array, vault: Vault): Promise<void> {
  const header = makeHeader(new Uint8Array(randomBytes(32)), { sealed: false })
  const secret = recordSecret(new Uint8Array(randomBytes(32)))
  const keys = deriveKeys(header, secret, undefined, p)
  const { payload } = sealPayload(piecesOf(record), keys, p, { reusePieces: true })
  await vault.put(payload)
}

async function* piecesOf(record: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < record.byteLength; at += MIB) yield record.subarray(at, at + MIB)
}

interface Block {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/** Fresh ones each time: a store keeps the same block once. */
const smallBlocks = (count: number): readonly Block[] =>
  Array.from({ length: count }, () => {
    const bytes = new Uint8Array(randomBytes(SMALL_BYTES))
    return { cid: CID.createV1(RAW, digestOf(SHA2_256, p.sha256(bytes))), bytes }
  })

async function smallRate(
  count: number,
  act: (blocks: readonly Block[]) => Promise<void>
): Promise<number> {
  const blocks = smallBlocks(count)
  const { cpuSeconds } = await costOf(() => act(blocks))
  return count / cpuSeconds
}

async function keep(
  store: VaultBlockstore,
  blocks: readonly Block[],
  group: number
): Promise<void> {
  for (let i = 0; i < blocks.length; i += group) {
    await Promise.all(blocks.slice(i, i + group).map(({ cid, bytes }) => store.put(cid, bytes)))
    await store.sync?.()
  }
}

async function packRate(folder: string, count: number, group: number): Promise<number> {
  const path = join(folder, 'pack')
  const file = await fileOps.open(path)
  try {
    return await smallRate(count, async (blocks) => {
      for (let i = 0; i < blocks.length; i += group) {
        const parts = blocks.slice(i, i + group).map(({ bytes }) => bytes)
        file.write(parts, i * SMALL_BYTES)
        await file.datasync()
      }
    })
  } finally {
    await file.close()
    await rm(path)
  }
}

/** blockstore-fs with the fsync that it leaves out: of every file and folder. */
function syncedFs(folder: string): VaultBlockstore {
  const synced = new Set<string>()
  return Object.assign(new FsBlockstore(folder), {
    async sync() {
      const folders = new Set<string>()
      for await (const file of glob(join(folder, '**/*.data'))) {
        if (synced.has(file)) continue
        synced.add(file)
        const handle = await open(file, 'r+')
        await handle.datasync()
        await handle.close()
        folders.add(dirname(file))
      }
      for (const each of folders) await fileOps.syncFolder(each)
    }
  })
}
