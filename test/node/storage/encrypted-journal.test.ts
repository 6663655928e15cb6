import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../../core/bytes.ts'
import type { Journal } from '../../../node/adapters.ts'
import { nativePrimitives } from '../../../node/crypto/native.ts'
import {
  encryptedJournal,
  SEALED_ENTRY_OVERHEAD_BYTES
} from '../../../node/storage/encrypted-journal.ts'
import { openJournal } from '../../../node/storage/journal.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { memoryFiles } from './memory-files.ts'

const KEY = new Uint8Array(32).fill(7)

let nonce = 0
const random = (length: number) => new Uint8Array(length).fill(++nonce)
const wrap = (inner: Journal, key = KEY) => encryptedJournal(inner, key, nativePrimitives, random)

async function all(journal: Journal): Promise<Uint8Array[]> {
  const out: Uint8Array[] = []
  for await (const each of journal.entries()) out.push(each)
  return out
}

describe('encrypted journal', () => {
  it('gives back what was appended, also by a later opening', async () => {
    const inner = memoryJournal()
    await (await wrap(inner)).append(utf8('a share'), utf8('its manifest'))

    const again = await wrap(inner)
    await again.append(utf8('another'))

    expect(await all(again)).toEqual([utf8('a share'), utf8('its manifest'), utf8('another')])
  })

  it('leaves no plaintext in the journal below', async () => {
    const inner = memoryJournal()
    await (await wrap(inner)).append(utf8('a share'))

    const [stored] = await all(inner)

    expect(stored?.byteLength).toBe(7 + SEALED_ENTRY_OVERHEAD_BYTES)
    expect(Buffer.from(stored as Uint8Array).includes('share')).toBe(false)
  })

  it('does not open under another key', async () => {
    const inner = memoryJournal()
    await (await wrap(inner)).append(utf8('a share'))

    const other = await wrap(inner, new Uint8Array(32).fill(8))

    await expect(all(other)).rejects.toMatchObject({ name: 'DecryptionFailedError' })
  })

  it.each([
    ['exchanged', [1, 0, 2]],
    ['dropped', [0, 2]],
    ['repeated', [0, 0, 1, 2]]
  ])('does not open entries that were %s below', async (_, order) => {
    const inner = memoryJournal()
    await (await wrap(inner)).append(utf8('one'), utf8('two'), utf8('three'))
    const stored = await all(inner)
    const forged = memoryJournal()
    await forged.append(...order.map((n) => stored[n] as Uint8Array))

    await expect(all(await wrap(forged))).rejects.toMatchObject({ name: 'DecryptionFailedError' })
  })

  it('reports an entry that is too short to be sealed', async () => {
    const inner = memoryJournal()
    await inner.append(new Uint8Array(SEALED_ENTRY_OVERHEAD_BYTES - 1))

    await expect(all(await wrap(inner))).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })

  it('stays readable after an append that failed between others', async () => {
    const fs = memoryFiles()
    const file = await openJournal('/j', { maxEntryBytes: 256, fs })
    const journal = await wrap(file)
    await journal.append(utf8('first'))
    fs.failAt(1, 'ENOSPC')

    const failed = journal.append(utf8('second')).catch((err) => err.name)
    const outcomes = [await failed, await journal.append(utf8('third'))]

    expect(outcomes).toEqual(['StoreFullError', undefined])
    expect(await all(journal)).toEqual([utf8('first'), utf8('third')])
  })

  it('commits appends that wait together in one append below', async () => {
    const inner = memoryJournal()
    let appends = 0
    const counted: Journal = {
      ...inner,
      append(...entries) {
        appends++
        return inner.append(...entries)
      }
    }
    const journal = await wrap(counted)

    await Promise.all([1, 2, 3].map((n) => journal.append(concat(Uint8Array.of(n)))))
    await journal.close()

    expect(appends).toBe(1)
  })
})
