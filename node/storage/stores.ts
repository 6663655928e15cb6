/**
 * The stores of a node's folder: blocks and pins of ours, and libp2p's datastore (peers, provider
 * records), which may be lost without harm and is a library's.
 * @module
 */
import { join } from 'node:path'
import { LevelDatastore } from 'datastore-level'
import type { Datastore } from 'interface-datastore'
import type { CID } from 'multiformats/cid'
import type { Journal } from '../adapters.ts'
import { type BlockStore, openBlockStore } from './block-store.ts'
import { type FileOps, fileOps, storeFailure } from './files.ts'
import { openJournal, rewriteJournal } from './journal.ts'
import { pinEntry, readPins } from './pins.ts'

export interface StoresInit {
  /** Bytes of blocks that may be kept. */
  readonly quotaBytes: number
  /** @default the real file system; the datastore always uses that */
  readonly fs?: FileOps
}

export interface Stores {
  readonly blockstore: BlockStore
  readonly datastore: Datastore
  readonly pins: Journal
  close(): Promise<void>
}

const PINS = { maxEntryBytes: 128 }
/** More entries than this beside each living pin, and the journal is written anew at the start. */
const PINS_SLACK = 1_024

/** Opens the stores in `folder`. @throws StoreCorruptError, StoreFullError */
export async function openStores(folder: string, init: StoresInit): Promise<Stores> {
  const fs = init.fs ?? fileOps
  const datastore = new LevelDatastore(join(folder, 'network'))
  try {
    await fs.makeFolder(folder)
    await datastore.open()
  } catch (err) {
    throw storeFailure('open datastore', err)
  }
  let pins: Journal | undefined
  try {
    pins = await openPins(join(folder, 'pins.journal'), fs)
    const journal = pins
    const blockstore = await openBlockStore(join(folder, 'blocks'), { ...init, fs })
    return {
      blockstore,
      datastore,
      pins: journal,
      async close() {
        await blockstore.close()
        await journal.close()
        await datastore.close()
      }
    }
  } catch (err) {
    await pins?.close().catch(() => {})
    await datastore.close().catch(() => {})
    throw err
  }
}

async function openPins(path: string, fs: FileOps): Promise<Journal> {
  const journal = await openJournal(path, { ...PINS, fs })
  let roots: Map<string, CID>
  try {
    roots = await readPins(journal)
    let entries = 0
    for await (const _ of journal.entries()) entries++
    if (entries <= 2 * roots.size + PINS_SLACK) return journal
  } catch (err) {
    await journal.close()
    throw err
  }
  await journal.close()
  await rewriteJournal(path, [...roots.values()].map(pinEntry), { ...PINS, fs })
  return await openJournal(path, { ...PINS, fs })
}
