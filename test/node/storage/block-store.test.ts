import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { BLOCK_MAX_BYTES, OPEN_SEGMENTS } from '../../../core/limits.ts'
import { nativePrimitives } from '../../../node/crypto/native.ts'
import { FRAME_HEADER_BYTES } from '../../../node/storage/block-frames.ts'
import { type BlockStore, openBlockStore } from '../../../node/storage/block-store.ts'
import { type MemoryFiles, memoryFiles } from './memory-files.ts'

const FOLDER = '/repo/blocks'
const FIRST = `${FOLDER}/00000001.blocks`
const MAGIC_BYTES = 8

const block = (n: number, length = 40): Uint8Array => {
  const bytes = new Uint8Array(length)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}
const cidOf = (bytes: Uint8Array): CID =>
  CID.createV1(0x55, digestOf(0x12, nativePrimitives.sha256(bytes)))
const frameBytes = (length: number): number => FRAME_HEADER_BYTES + length

const open = (fs: MemoryFiles, init: { quotaBytes?: number; segmentBytes?: number } = {}) =>
  openBlockStore(FOLDER, { quotaBytes: 1_000_000, segmentBytes: 10_000, fs, ...init })

async function put(store: BlockStore, ...blocks: readonly Uint8Array[]): Promise<void> {
  await Promise.all(blocks.map((each) => store.put(cidOf(each), each)))
}

async function read(store: BlockStore, cid: CID): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of store.get(cid)) parts.push(part)
  expect(parts.length).toBe(1)
  return parts[0] as Uint8Array
}

/** Which of the blocks can be read, each being what it should be. */
async function held(store: BlockStore, blocks: readonly Uint8Array[]): Promise<number[]> {
  const out: number[] = []
  for (const [i, each] of blocks.entries()) {
    if (!(await store.has(cidOf(each)))) continue
    expect(await read(store, cidOf(each))).toEqual(each)
    out.push(i)
  }
  return out
}

const some = (count: number, length = 40) =>
  Array.from({ length: count }, (_, n) => block(n, length))
const indices = (count: number) => Array.from({ length: count }, (_, n) => n)

describe('block store', () => {
  it('gives back what was put, as one whole block, also by a later opening', async () => {
    const fs = memoryFiles()
    const store = await open(fs)
    const blocks = some(5)
    await put(store, ...blocks)

    expect(await held(store, blocks)).toEqual(indices(5))
    await store.close()

    expect(await held(await open(fs), blocks)).toEqual(indices(5))
  })

  it('takes blocks that come in parts', async () => {
    const store = await open(memoryFiles())
    const whole = block(1, 100)

    await store.put(cidOf(whole), [whole.subarray(0, 30), whole.subarray(30)])

    expect(await read(store, cidOf(whole))).toEqual(whole)
  })

  it('keeps a block once, however often and at the same time it is put', async () => {
    const store = await open(memoryFiles())
    const one = block(1)

    await put(store, one, one, one)
    await put(store, one)

    expect(store.usedBytes).toBe(frameBytes(one.byteLength))
  })

  it('writes blocks that come together with one write', async () => {
    const fs = memoryFiles()
    const store = await open(fs)
    await put(store, block(100))
    const before = fs.operations

    await put(store, ...some(10))

    expect(fs.operations - before).toBe(1)
  })

  it('does not have what nobody put', async () => {
    const store = await open(memoryFiles())

    expect(await store.has(cidOf(block(1)))).toBe(false)
    await expect(read(store, cidOf(block(1)))).rejects.toMatchObject({ name: 'NotFoundError' })
  })

  it('lists all CIDs, with the codec they came with', async () => {
    const store = await open(memoryFiles())
    const node = CID.createV1(0x70, cidOf(block(1)).multihash)
    await store.put(node, block(1))
    await put(store, block(2))

    const cids: string[] = []
    for await (const { cid } of store.getAll()) cids.push(cid.toString())

    expect(cids).toEqual([node.toString(), cidOf(block(2)).toString()])
  })

  it('refuses blocks over the bound, and hashes that are not sha2-256', async () => {
    const store = await open(memoryFiles())
    const long = new Uint8Array(BLOCK_MAX_BYTES + 1)
    const other = CID.createV1(0x55, digestOf(0x13, new Uint8Array(64)))

    await expect(store.put(cidOf(long), long)).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })
    await expect(store.put(other, block(1))).rejects.toThrow('expected a sha2-256 hash, got 0x13')
  })

  it('is bounded by its quota, and a deletion makes room', async () => {
    const store = await open(memoryFiles(), { quotaBytes: 2 * frameBytes(40) })
    await put(store, block(1), block(2))

    await expect(put(store, block(3))).rejects.toMatchObject({ name: 'StoreFullError' })
    expect(await store.has(cidOf(block(3)))).toBe(false)
    await store.delete(cidOf(block(1)))
    await put(store, block(3))

    expect(await held(store, [block(1), block(2), block(3)])).toEqual([1, 2])
  })

  it('counts blocks that are still on their way against the quota', async () => {
    const store = await open(memoryFiles(), { quotaBytes: 2 * frameBytes(40) })

    const outcomes = await Promise.allSettled(some(4).map((each) => put(store, each)))

    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(2)
    expect(store.usedBytes).toBe(2 * frameBytes(40))
  })

  it('does as a map does, whatever is put, deleted, compacted and reopened', async () => {
    const step = fc.oneof(
      fc.record({
        act: fc.constant('put' as const),
        n: fc.nat(15),
        length: fc.integer({ min: 4, max: 300 })
      }),
      fc.record({ act: fc.constant('delete' as const), n: fc.nat(15) }),
      fc.record({ act: fc.constantFrom('compact' as const, 'reopen' as const, 'sync' as const) })
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const fs = memoryFiles()
        let store = await open(fs, { segmentBytes: 600 })
        const model = new Map<number, Uint8Array>()
        const known = new Map<number, Uint8Array>()
        for (const each of steps) {
          if (each.act === 'put') {
            const bytes = known.get(each.n) ?? block(each.n, each.length)
            known.set(each.n, bytes)
            model.set(each.n, bytes)
            await put(store, bytes)
          } else if (each.act === 'delete') {
            model.delete(each.n)
            const bytes = known.get(each.n)
            if (bytes != null) await store.delete(cidOf(bytes))
          } else if (each.act === 'reopen') {
            await store.close()
            store = await open(fs, { segmentBytes: 600 })
          } else await store[each.act]()
        }
        const used = [...model.values()].reduce((sum, b) => sum + frameBytes(b.byteLength), 0)

        const everything = [...known.entries()].sort(([a], [b]) => a - b)
        const there = await held(
          store,
          everything.map(([, bytes]) => bytes)
        )

        expect(there.map((i) => everything[i]?.[0])).toEqual(
          [...model.keys()].sort((a, b) => a - b)
        )
        expect(store.usedBytes).toBe(used)
      }),
      { numRuns: 150 }
    )
  })

  it('gives the space of deleted blocks back', async () => {
    const fs = memoryFiles()
    const store = await open(fs, { segmentBytes: 1_000 })
    const blocks = some(60)
    for (const each of blocks) await put(store, each)
    const size = () => fs.paths.reduce((sum, path) => sum + fs.bytes(path).byteLength, 0)
    const before = size()

    for await (const _ of store.deleteMany(blocks.slice(6).map(cidOf))) {
      // one after the other
    }
    await store.compact()

    expect(size()).toBeLessThan(before / 2)
    expect(await held(store, blocks)).toEqual(indices(6))
    await store.close()
    expect(await held(await open(fs, { segmentBytes: 1_000 }), blocks)).toEqual(indices(6))
  })

  it('is read, written and emptied while it compacts', async () => {
    const fs = memoryFiles()
    const store = await open(fs, { segmentBytes: 1_000 })
    const blocks = some(80)
    for (const each of blocks) await put(store, each)
    const kept = blocks.filter((_, n) => n % 8 === 0)
    for (const each of blocks) if (!kept.includes(each)) await store.delete(cidOf(each))

    const [, reads] = await Promise.all([
      store.compact(),
      Promise.all(kept.map((each) => read(store, cidOf(each)))),
      put(store, ...some(90).slice(80)),
      store.delete(cidOf(blocks[8] as Uint8Array))
    ])

    expect(reads).toEqual(kept)
    await store.close()
    const again = await open(fs, { segmentBytes: 1_000 })
    const expected = indices(80).filter((n) => n % 8 === 0 && n !== 8)
    expect(await held(again, some(90))).toEqual([...expected, ...indices(90).slice(80)])
  })

  it('opens a full segment by its list, without reading its blocks', async () => {
    const fs = memoryFiles()
    const store = await open(fs, { segmentBytes: 2_000 })
    const blocks = some(60)
    for (const each of blocks) await put(store, each)
    await store.close()
    const damaged = fs.bytes(FIRST)
    damaged[MAGIC_BYTES + FRAME_HEADER_BYTES + 30] = 1 // a scan would leave this block out

    fs.setBytes(FIRST, damaged)
    const listed = await open(fs, { segmentBytes: 2_000 })
    expect(await listed.has(cidOf(blocks[0] as Uint8Array))).toBe(true)

    fs.setBytes(`${FOLDER}/00000001.list`, new Uint8Array(20).fill(9))
    const scanned = await open(fs, { segmentBytes: 2_000 })
    expect(await held(scanned, blocks)).toEqual(indices(60).slice(1))
    expect(scanned.damaged).toBe(1)
  })

  it('reads many segments with few open files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyward-'))
    try {
      const store = await openBlockStore(folder, { quotaBytes: 10_000_000, segmentBytes: 100 })
      const blocks = some(OPEN_SEGMENTS + 6)
      for (const each of blocks) await put(store, each)

      const all = await Promise.all(blocks.map((each) => read(store, cidOf(each))))

      expect(all).toEqual(blocks)
      await store.close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('block store after a crash', () => {
  it('has every block that was synced, wherever the power went', async () => {
    for (let keep = 0; keep < 3 * frameBytes(40); keep += 7) {
      const fs = memoryFiles()
      const store = await open(fs)
      const blocks = some(6)
      await put(store, ...blocks.slice(0, 3))
      await store.sync()
      await put(store, ...blocks.slice(3))

      fs.crash(keep)

      const again = await open(fs)
      const there = await held(again, blocks)
      expect(there.slice(0, 3), `${keep} bytes kept`).toEqual([0, 1, 2])
      await put(again, ...blocks)
      expect(await held(again, blocks)).toEqual(indices(6))
    }
  })

  it('has not got back what was deleted, nor lost what took its place', async () => {
    const fs = memoryFiles()
    const store = await open(fs)
    await put(store, block(1), block(2))
    await store.delete(cidOf(block(2)))
    await put(store, block(3))
    fs.crash() // block 3 was not synced

    const again = await open(fs)
    await put(again, block(4))
    await put(again, block(2))
    await again.sync()
    fs.crash()

    const last = await open(fs)
    expect(await held(last, [block(1), block(2), block(3), block(4)])).toEqual([0, 1, 3])
  })

  it('leaves out a block that the disk damaged, and keeps all others', async () => {
    const fs = memoryFiles()
    const store = await open(fs)
    const blocks = some(5)
    for (const each of blocks) await put(store, each)
    await store.close()
    const bytes = fs.bytes(FIRST)
    for (let at = MAGIC_BYTES; at < bytes.byteLength; at++) {
      const damaged = bytes.slice()
      damaged[at] = (damaged[at] as number) ^ 0x10
      fs.setBytes(FIRST, damaged)
      const hit = Math.floor((at - MAGIC_BYTES) / frameBytes(40))
      // The codec of a block is told by its header alone; all else is told by the hash.
      const again = await open(fs)

      const there = await held(again, blocks)

      expect(there, `byte ${at}`).toEqual(indices(5).filter((n) => n !== hit))
      if (hit < 4) expect(again.damaged, `byte ${at}`).toBe(1)
    }
  })

  it('refuses a segment that is none', async () => {
    const fs = memoryFiles()
    fs.setBytes(FIRST, new Uint8Array(100).fill(1))

    await expect(open(fs)).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })
})

describe('block store on a failing disk', () => {
  it.each([
    ['ENOSPC', 'StoreFullError'],
    ['EIO', 'StoreCorruptError']
  ])('turns %s into %s and stores nothing of what failed', async (code, name) => {
    const fs = memoryFiles()
    const store = await open(fs)
    await put(store, block(1))
    fs.failAt(1, code)

    await expect(put(store, block(2))).rejects.toMatchObject({ name })
    await put(store, block(3))

    expect(await held(store, [block(1), block(2), block(3)])).toEqual([0, 2])
    expect(store.usedBytes).toBe(2 * frameBytes(40))
  })

  it('drops what a failed sync leaves in doubt', async () => {
    const fs = memoryFiles()
    const store = await open(fs)
    await put(store, block(1))
    await store.sync()
    await put(store, block(2))
    fs.failAt(1)

    await expect(store.sync()).rejects.toMatchObject({ name: 'StoreCorruptError' })

    expect(await held(store, [block(1), block(2)])).toEqual([0])
    await put(store, block(3))
    await store.sync()
    fs.crash()
    expect(await held(await open(fs), [block(1), block(2), block(3)])).toEqual([0, 2])
  })

  it('has what it acknowledged and nothing false, whichever operation fails once', async () => {
    const blocks = some(24)
    for (let n = 1; n <= 90; n++) {
      const fs = memoryFiles()
      const acknowledged = new Set<number>()
      fs.failAt(n)
      let store = await open(fs, { segmentBytes: 500 }).catch(() => undefined)
      store ??= await open(fs, { segmentBytes: 500 })
      for (let i = 0; i < blocks.length; i += 3) {
        const three = blocks.slice(i, i + 3)
        try {
          await put(store, ...three)
          await store.sync()
          for (let k = i; k < i + 3; k++) acknowledged.add(k)
          if (i === 12) {
            for (const gone of [3, 4, 5]) {
              await store.delete(cidOf(blocks[gone] as Uint8Array))
              acknowledged.delete(gone)
            }
            await store.compact()
          }
        } catch {}
      }
      fs.heal()
      fs.crash()

      const again = await open(fs, { segmentBytes: 500 })
      const there = new Set(await held(again, blocks))

      for (const i of acknowledged) expect(there.has(i), `operation ${n}, block ${i}`).toBe(true)
    }
  })
})
