import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../../core/bytes.ts'
import { COMMIT_GROUP } from '../../../core/limits.ts'
import type { Journal } from '../../../node/adapters.ts'
import { type JournalInit, openJournal, rewriteJournal } from '../../../node/storage/journal.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { type MemoryFiles, memoryFiles } from './memory-files.ts'

const PATH = '/repo/receipts.journal'
const MAGIC_BYTES = 8

const entry = (n: number, length = 5 + (n % 7)): Uint8Array => new Uint8Array(length).fill(n)

async function all(journal: Journal): Promise<Uint8Array[]> {
  const out: Uint8Array[] = []
  for await (const each of journal.entries()) out.push(each)
  return out
}

const open = (fs: MemoryFiles, init: Partial<JournalInit> = {}) =>
  openJournal(PATH, { maxEntryBytes: 64, fs, ...init })

async function withEntries(count: number): Promise<{ fs: MemoryFiles; entries: Uint8Array[] }> {
  const fs = memoryFiles()
  const journal = await open(fs)
  const entries = Array.from({ length: count }, (_, n) => entry(n + 1))
  for (const each of entries) await journal.append(each)
  await journal.close()
  return { fs, entries }
}

describe('journal', () => {
  it('gives back entries in order, also after it was closed', async () => {
    const { fs, entries } = await withEntries(5)

    const journal = await open(fs)

    expect(await all(journal)).toEqual(entries)
  })

  it('goes on where it stopped', async () => {
    const { fs, entries } = await withEntries(3)
    const journal = await open(fs)

    await journal.append(entry(9))

    expect(await all(journal)).toEqual([...entries, entry(9)])
  })

  it('keeps what any appends gave, in any grouping', async () => {
    const groups = fc.array(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 5 }))
    await fc.assert(
      fc.asyncProperty(groups, async (appends) => {
        const fs = memoryFiles()
        const journal = await open(fs)

        await Promise.all(appends.map((entries) => journal.append(...entries)))
        await journal.close()

        expect(await all(await open(fs))).toEqual(appends.flat())
      })
    )
  })

  it('commits appends that wait together with one write and one sync', async () => {
    const fs = memoryFiles()
    const journal = await open(fs)
    const before = fs.operations

    await Promise.all(
      Array.from({ length: COMMIT_GROUP }, (_, n) => journal.append(entry(n % 200)))
    )

    expect(fs.operations - before).toBe(2)
  })

  it('has synced an entry before it acknowledges it', async () => {
    const fs = memoryFiles()
    const journal = await open(fs)
    await journal.append(entry(1))

    fs.crash()

    expect(await all(await open(fs))).toEqual([entry(1)])
  })

  it('makes a file that only its owner reads', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyward-'))
    try {
      const path = join(folder, 'j')
      const journal = await openJournal(path, { maxEntryBytes: 1_000_000 })
      await journal.append(entry(1), entry(2, 900_000))
      await journal.close()

      expect((await stat(path)).mode & 0o777).toBe(0o600)
      const again = await openJournal(path, { maxEntryBytes: 1_000_000 })
      expect(await all(again)).toEqual([entry(1), entry(2, 900_000)])
      await again.close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('refuses an entry over its bound, and a file over its bound, and stays usable', async () => {
    const fs = memoryFiles()
    const journal = await open(fs, { maxBytes: MAGIC_BYTES + 2 * (12 + 10) })

    await expect(journal.append(entry(1, 65))).rejects.toThrow('expected <= 64 bytes, got 65')
    await journal.append(entry(1, 10))
    await expect(journal.append(entry(2, 11))).rejects.toMatchObject({ name: 'StoreFullError' })
    await journal.append(entry(3, 10))

    expect(await all(journal)).toEqual([entry(1, 10), entry(3, 10)])
  })

  it('refuses appends after close', async () => {
    const journal = await open(memoryFiles())
    await journal.close()
    await journal.close()

    await expect(journal.append(entry(1))).rejects.toMatchObject({ name: 'NotStartedError' })
  })

  it('is replaced as a whole by a rewrite', async () => {
    const { fs, entries } = await withEntries(6)

    await rewriteJournal(PATH, entries.slice(3), { maxEntryBytes: 64, fs })

    expect(await all(await open(fs))).toEqual(entries.slice(3))
    expect(fs.paths).toEqual([PATH])
  })

  it('is the old one or the new one, whichever operation of a rewrite fails', async () => {
    for (let n = 1; n < 30; n++) {
      const { fs, entries } = await withEntries(6)
      fs.failAt(n, 'EIO', 'all')
      const outcome = await rewriteJournal(PATH, entries.slice(3), {
        maxEntryBytes: 64,
        fs
      }).catch((err) => err.name)
      fs.heal()
      fs.crash()

      const kept = await all(await open(fs))

      expect([3, 6], `operation ${n}`).toContain(kept.length)
      if (outcome === undefined) expect(kept).toEqual(entries.slice(3))
    }
  })
})

describe('journal after a crash', () => {
  it('keeps every acknowledged entry, wherever the power went', async () => {
    for (let keep = 0; keep < 40; keep++) {
      const fs = memoryFiles()
      const journal = await open(fs)
      await journal.append(entry(1), entry(2))
      fs.failAt(2, 'EIO', 'all') // the write succeeds, its sync never comes back
      await journal.append(entry(3, 20)).catch(() => {})
      fs.heal()
      fs.crash(keep)

      const kept = await all(await open(fs))

      expect(kept.slice(0, 2), `${keep} bytes kept`).toEqual([entry(1), entry(2)])
    }
  })

  it('opens when cut at any byte, with exactly the whole entries before the cut', async () => {
    const { fs, entries } = await withEntries(4)
    const bytes = fs.bytes(PATH)
    const ends = [MAGIC_BYTES]
    for (const each of entries) ends.push((ends.at(-1) as number) + each.byteLength + 12)
    for (let cut = 0; cut <= bytes.byteLength; cut++) {
      fs.setBytes(PATH, bytes.slice(0, cut))
      const whole = entries.filter((_, i) => (ends[i + 1] as number) <= cut)

      const journal = await open(fs)
      await journal.append(entry(99))
      await journal.close()

      expect(await all(await open(fs)), `cut at ${cut}`).toEqual([...whole, entry(99)])
    }
  })

  it('opens when the tail was allotted and never written', async () => {
    const { fs, entries } = await withEntries(2)
    const bytes = fs.bytes(PATH)
    for (let written = 0; written < 12; written++) {
      const torn = concat(
        bytes,
        bytes.slice(MAGIC_BYTES, MAGIC_BYTES + written),
        new Uint8Array(30)
      )
      fs.setBytes(PATH, torn)

      expect(await all(await open(fs)), `${written} bytes`).toEqual(entries)
    }
  })

  it('reports a flipped bit in any byte of any entry, and changes nothing', async () => {
    const { fs } = await withEntries(3)
    const bytes = fs.bytes(PATH)
    const lastFrame = bytes.byteLength - (12 + entry(3).byteLength)
    for (let at = 0; at < bytes.byteLength; at++) {
      const damaged = bytes.slice()
      damaged[at] = (damaged[at] as number) ^ 0x41
      fs.setBytes(PATH, damaged)
      // The last entry's length, made longer than the file, looks like a torn tail: nothing tells.
      if (at >= lastFrame && at < lastFrame + 4) continue

      const outcome = await open(fs).then(
        () => 'opened',
        (err) => err.name
      )

      expect(outcome, `byte ${at}`).toBe('StoreCorruptError')
      expect(fs.bytes(PATH)).toEqual(damaged)
    }
  })

  it('reports entries that were exchanged, dropped or repeated', async () => {
    const { fs } = await withEntries(0)
    const journal = await open(fs)
    for (let n = 1; n <= 4; n++) await journal.append(entry(n, 6))
    await journal.close()
    const bytes = fs.bytes(PATH)
    const frames = [0, 1, 2, 3].map((n) =>
      bytes.slice(MAGIC_BYTES + 18 * n, MAGIC_BYTES + 18 * (n + 1))
    )
    const orders = { exchanged: [1, 0, 2, 3], dropped: [0, 2, 3], repeated: [0, 1, 1, 2, 3] }
    for (const [name, order] of Object.entries(orders)) {
      const parts = order.map((n) => frames[n] as Uint8Array)
      fs.setBytes(PATH, concat(bytes.slice(0, MAGIC_BYTES), ...parts))

      await expect(open(fs), name).rejects.toMatchObject({ name: 'StoreCorruptError' })
    }
  })

  it('refuses a file that is no journal', async () => {
    const fs = memoryFiles()
    fs.setBytes(PATH, utf8('something else entirely'))

    await expect(open(fs)).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })
})

describe('journal on a failing disk', () => {
  it.each([
    ['ENOSPC', 'StoreFullError'],
    ['EDQUOT', 'StoreFullError'],
    ['EIO', 'StoreCorruptError']
  ])('turns %s into %s and acknowledges nothing', async (code, name) => {
    const fs = memoryFiles()
    const journal = await open(fs)
    await journal.append(entry(1))
    fs.failAt(1, code)

    await expect(journal.append(entry(2))).rejects.toMatchObject({ name })
    await journal.append(entry(3))

    fs.crash()
    expect(await all(await open(fs))).toEqual([entry(1), entry(3)])
  })

  it('holds exactly what it acknowledged, whichever operation fails once', async () => {
    for (let n = 1; n <= 24; n++) {
      const fs = memoryFiles()
      fs.failAt(n)
      const acknowledged: Uint8Array[] = []
      let journal = await open(fs).catch(() => undefined)
      journal ??= await open(fs)
      for (let i = 1; i <= 6; i++) {
        await journal.append(entry(i)).then(
          () => acknowledged.push(entry(i)),
          () => {}
        )
      }
      fs.heal()

      expect(await all(journal), `operation ${n}`).toEqual(acknowledged)
      fs.crash()
      expect(await all(await open(fs)), `operation ${n}, reopened`).toEqual(acknowledged)
    }
  })

  it('takes nothing more once it cannot cut back what failed', async () => {
    for (let n = 1; n <= 10; n++) {
      const fs = memoryFiles()
      const journal = await open(fs)
      await journal.append(entry(1))
      fs.failAt(n, 'EIO', 'all')
      const acknowledged = [entry(1)]
      for (let i = 2; i <= 8; i++) {
        await journal.append(entry(i)).then(
          () => acknowledged.push(entry(i)),
          () => {}
        )
      }
      fs.heal()

      await expect(journal.append(entry(9))).rejects.toMatchObject({ name: 'StoreCorruptError' })
      fs.crash()
      expect(await all(await open(fs)), `operation ${n}`).toEqual(acknowledged)
    }
  })

  it('refuses all who waited with a failed one, and serves those after', async () => {
    const fs = memoryFiles()
    const journal = await open(fs)
    fs.failAt(1, 'ENOSPC')

    const outcomes = await Promise.allSettled([1, 2, 3].map((n) => journal.append(entry(n))))
    await journal.append(entry(4))

    expect(outcomes.map((o) => o.status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await all(journal)).toEqual([entry(4)])
  })
})

describe('memory journal', () => {
  it('keeps copies of entries in order, within its bounds', async () => {
    const journal = memoryJournal({ maxEntryBytes: 10, maxBytes: 20 })
    const given = entry(1, 10)
    await journal.append(given)
    given.fill(0)

    await expect(journal.append(entry(2, 11))).rejects.toThrow('expected <= 10 bytes, got 11')
    await expect(journal.append(entry(2, 6), entry(3, 6))).rejects.toMatchObject({
      name: 'StoreFullError'
    })

    expect(await all(journal)).toEqual([entry(1, 10)])
  })
})
