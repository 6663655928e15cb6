import { unixfs } from '@helia/unixfs'
import { MemoryBlockstore } from 'blockstore-core'
import type { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { BLOCKS_AHEAD } from '../../../core/limits.ts'
import { openBlockStore } from '../../../node/storage/block-store.ts'
import { LEAF_BYTES, UNIXFS_OPTIONS } from '../../../node/storage/dag.ts'
import { openJournal } from '../../../node/storage/journal.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { Vault, type VaultBlockstore } from '../../../node/storage/vault.ts'
import { bytesOf, gather } from './gather.ts'
import { memoryFiles } from './memory-files.ts'

/** Bytes of which no two leaves are alike. */
function payload(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length)
  const view = new DataView(out.buffer)
  for (let i = 0; i + 8 <= length; i += 1_024) view.setFloat64(i, i + seed)
  return out
}

async function* pieces(bytes: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

const openVault = (blockstore: VaultBlockstore = new MemoryBlockstore(), pins = memoryJournal()) =>
  Vault.open({ blockstore, pins })

async function count(store: VaultBlockstore): Promise<number> {
  return (await gather(store.getAll())).length
}

describe('vault', () => {
  it.each([0, 1, LEAF_BYTES - 1, LEAF_BYTES, LEAF_BYTES + 1, 3 * LEAF_BYTES + 17])(
    'gives back a payload of %d bytes',
    async (length) => {
      const vault = await openVault()
      const given = payload(length)

      const cid = await vault.put(pieces(given))

      expect(same(await bytesOf(vault.get(cid)), given)).toBe(true)
      expect(await vault.has(cid)).toBe(true)
    }
  )

  it.each([
    {
      store: 'files',
      blockstore: () => openBlockStore('/b', { quotaBytes: 1e9, fs: memoryFiles() })
    },
    { store: 'memory', blockstore: async () => new MemoryBlockstore() }
  ])('frees what it read from $store only where it is its own', async ({ blockstore }) => {
    const store: VaultBlockstore = await blockstore()
    const vault = await openVault(store)
    const given = payload(3 * LEAF_BYTES)
    const cid = await vault.put(pieces(given))
    const copies: Uint8Array[] = []
    const freed: boolean[] = []
    let last: Uint8Array | undefined

    for await (const piece of vault.get(cid, { freePieces: true })) {
      if (last != null) freed.push(last.byteLength === 0)
      copies.push(piece.slice())
      last = piece
    }

    expect(same(Buffer.concat(copies), given)).toBe(true)
    expect(freed).toEqual([store.givesOwn === true, store.givesOwn === true])
    expect(same(await bytesOf(vault.get(cid)), given)).toBe(true)
  })

  it('is done with a piece when it asks for the next, and names it as unixfs does', async () => {
    for (const length of [5, LEAF_BYTES - 1, LEAF_BYTES, 4 * LEAF_BYTES, 4 * LEAF_BYTES + 9]) {
      const store = new MemoryBlockstore()
      const given = payload(length)
      async function* reusing(): AsyncGenerator<Uint8Array> {
        const buffer = new Uint8Array(LEAF_BYTES)
        for (let at = 0; at < length; at += LEAF_BYTES) {
          const piece = given.subarray(at, at + LEAF_BYTES)
          buffer.set(piece)
          yield buffer.subarray(0, piece.byteLength)
          buffer.fill(0xff)
        }
      }
      // A block store that copies, as a file does.
      const copying = Object.assign(Object.create(store), {
        put: (cid: CID, bytes: Uint8Array) => store.put(cid, bytes.slice())
      })

      const cid = await (await openVault(copying)).put(reusing())

      const fs = unixfs({ blockstore: new MemoryBlockstore() })
      const expected = await fs.addByteStream(pieces(given), { ...UNIXFS_OPTIONS })
      expect(String(cid), `${length} bytes`).toBe(String(expected))
      const vault = await openVault(store)
      expect(same(await bytesOf(vault.get(cid)), given), `${length} bytes`).toBe(true)
    }
  })

  it('gives any range, across leaves and past the end', async () => {
    const vault = await openVault()
    const given = payload(3 * LEAF_BYTES + 1_000)
    const cid = await vault.put(pieces(given))
    const edges = [
      0,
      1,
      LEAF_BYTES - 1,
      LEAF_BYTES,
      2 * LEAF_BYTES + 5,
      given.length - 1,
      given.length + 9
    ]
    for (const offset of edges) {
      for (const length of [0, 1, LEAF_BYTES, 2 * LEAF_BYTES + 3, undefined]) {
        const range = length == null ? { offset } : { offset, length }
        const expected = given.subarray(offset, length == null ? undefined : offset + length)

        const got = await bytesOf(vault.get(cid, range))

        expect(same(got, expected), `${offset} + ${length}`).toBe(true)
      }
    }
  })

  it('reads no leaf that is outside the range', async () => {
    const store = new MemoryBlockstore()
    const vault = await openVault(store)
    const cid = await vault.put(pieces(payload(4 * LEAF_BYTES)))
    const blocks = await gather(vault.blocks(cid))
    for (const gone of [1, 2, 4]) store.delete(blocks[gone]?.cid as CID)

    const got = await bytesOf(vault.get(cid, { offset: 2 * LEAF_BYTES + 5, length: 100 }))

    expect(got.byteLength).toBe(100)
  })

  it('says that a block is missing, and never ends early as if all were well', async () => {
    const store = new MemoryBlockstore()
    const vault = await openVault(store)
    const cid = await vault.put(pieces(payload(3 * LEAF_BYTES)))
    const blocks = await gather(vault.blocks(cid))
    for (const gone of blocks) {
      store.delete(gone.cid)

      expect(await vault.has(cid), `block ${gone.index}`).toBe(false)
      await expect(bytesOf(vault.get(cid))).rejects.toMatchObject({ name: 'ContentNotFoundError' })
      await expect(vault.pin(cid)).rejects.toMatchObject({ name: 'ContentNotFoundError' })
      store.put(gone.cid, gone.bytes)
    }
    expect(await vault.has(cid)).toBe(true)
  })

  it('refuses a leaf that is not as long as its place', async () => {
    const store = new MemoryBlockstore()
    const vault = await openVault(store)
    const cid = await vault.put(pieces(payload(2 * LEAF_BYTES)))
    const [, leaf] = await gather(vault.blocks(cid))
    store.put(leaf?.cid as CID, new Uint8Array(LEAF_BYTES - 1))

    await expect(bytesOf(vault.get(cid))).rejects.toMatchObject({ name: 'InvalidMessageError' })
  })

  it('gives blocks in depth-first order, from any place on', async () => {
    const vault = await openVault()
    const cid = await vault.put(pieces(payload(4 * LEAF_BYTES)))
    const whole = await gather(vault.blocks(cid))

    const tail = await gather(vault.blocks(cid, { from: 3 }))

    expect(whole.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
    expect(whole[0]?.cid.toString()).toBe(cid.toString())
    expect(tail).toEqual(whole.slice(3))
  })

  it('keeps pins over a restart, and reports those that lost a block', async () => {
    const store = new MemoryBlockstore()
    const pins = memoryJournal()
    const vault = await openVault(store, pins)
    const kept = await vault.put(pieces(payload(2 * LEAF_BYTES)))
    const hurt = await vault.put(pieces(payload(2 * LEAF_BYTES, 7)))
    const gone = await vault.put(pieces(payload(10)))
    for (const cid of [kept, hurt, gone, kept]) await vault.pin(cid)
    await vault.unpin(gone)
    const [, leaf] = await gather(vault.blocks(hurt))
    store.delete(leaf?.cid as CID)

    const again = await openVault(store, pins)

    expect(again.pins().map(String)).toEqual([kept, hurt].map(String))
    expect(again.isPinned(gone)).toBe(false)
    expect((await gather(again.incomplete())).map(String)).toEqual([hurt.toString()])
  })

  it('removes all blocks of a record, save those of another that is pinned', async () => {
    const store = new MemoryBlockstore()
    const vault = await openVault(store)
    const shared = payload(LEAF_BYTES)
    const one = await vault.put(pieces(Buffer.concat([shared, payload(LEAF_BYTES, 2)])))
    const two = await vault.put(pieces(Buffer.concat([shared, payload(LEAF_BYTES, 3)])))
    await vault.pin(one)
    await vault.pin(two)

    await vault.remove(one)

    expect(await vault.has(one)).toBe(false)
    expect(await vault.has(two)).toBe(true)
    const three = await vault.put(pieces(Buffer.concat([shared, payload(LEAF_BYTES, 4)])))
    await vault.pin(three)
    await vault.remove(two)
    expect(await vault.has(three)).toBe(true)
    await vault.remove(three)
    expect(await count(store)).toBe(0)
  })

  it('removes what is left of a record that was damaged', async () => {
    const store = new MemoryBlockstore()
    const vault = await openVault(store)
    const cid = await vault.put(pieces(payload(3 * LEAF_BYTES)))
    const [, leaf] = await gather(vault.blocks(cid))
    store.delete(leaf?.cid as CID)

    await vault.remove(cid)

    expect(await count(store)).toBe(0)
  })

  it('sweeps what was never pinned', async () => {
    const store = new MemoryBlockstore()
    const vault = await openVault(store)
    const kept = await vault.put(pieces(payload(2 * LEAF_BYTES)))
    await vault.pin(kept)
    await vault.put(pieces(payload(2 * LEAF_BYTES, 2)))

    expect(await vault.sweep()).toBe(3)

    expect(await vault.has(kept)).toBe(true)
    expect(await count(store)).toBe(3)
  })
})

describe('vault on a small or failing disk', () => {
  const open = (fs = memoryFiles(), quotaBytes = 10_000_000) =>
    openBlockStore('/blocks', { quotaBytes, fs })

  it('stores nothing of a payload that does not fit', async () => {
    const store = await open(memoryFiles(), 3 * LEAF_BYTES)
    const vault = await openVault(store)
    const first = await vault.put(pieces(payload(LEAF_BYTES)))
    const before = store.usedBytes

    await expect(vault.put(pieces(payload(3 * LEAF_BYTES, 2)))).rejects.toMatchObject({
      name: 'StoreFullError'
    })

    expect(store.usedBytes).toBe(before)
    expect(await vault.has(first)).toBe(true)
    await vault.put(pieces(payload(LEAF_BYTES, 3)))
  })

  it('stores nothing of a payload that breaks off, or is given up', async () => {
    const store = await open()
    const vault = await openVault(store)
    const giveUp = new AbortController()
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield payload(5 * LEAF_BYTES)
      throw new Error('the reader failed')
    }
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let n = 1; ; n++) {
        if (n === 20) giveUp.abort()
        yield payload(LEAF_BYTES, n)
      }
    }

    await expect(vault.put(broken())).rejects.toThrow('the reader failed')
    await expect(vault.put(endless(), { signal: giveUp.signal })).rejects.toThrow()

    expect(store.usedBytes).toBe(0)
  })

  it('has every pinned payload after a power cut', async () => {
    const fs = memoryFiles()
    const journal = () => openJournal('/pins', { maxEntryBytes: 128, fs })
    const vault = await openVault(await open(fs), await journal())
    const given = payload(2 * LEAF_BYTES + 5)
    const cid = await vault.put(pieces(given))
    await vault.pin(cid)

    fs.crash()

    const again = await openVault(await open(fs), await journal())
    expect(again.isPinned(cid)).toBe(true)
    expect(same(await bytesOf(again.get(cid)), given)).toBe(true)
  })

  it('holds few blocks while a slow reader takes them', async () => {
    const store = new MemoryBlockstore()
    let reads = 0
    const counting: VaultBlockstore = Object.assign(Object.create(store), {
      get(cid: CID) {
        reads++
        return store.get(cid)
      }
    })
    const vault = await openVault(counting)
    const cid = await vault.put(pieces(payload(40 * LEAF_BYTES)))
    const reading = vault.get(cid)

    await reading.next()
    await new Promise((resolve) => setImmediate(resolve))

    expect(reads).toBeLessThanOrEqual(BLOCKS_AHEAD)
    await reading.return(undefined)
  })
})
