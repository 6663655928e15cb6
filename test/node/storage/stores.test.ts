import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Key } from 'interface-datastore'
import type { CID } from 'multiformats/cid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../../core/bytes.ts'
import { LEAF_BYTES } from '../../../node/storage/dag.ts'
import { openStores } from '../../../node/storage/stores.ts'
import { Vault } from '../../../node/storage/vault.ts'
import { bytesOf, gather } from './gather.ts'

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

describe('stores of a folder', () => {
  let folder: string
  const init = { quotaBytes: 20_000_000 }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyward-'))
  })
  afterEach(async () => {
    await rm(folder, { recursive: true })
  })

  it('keep payloads, pins and what libp2p stores over a restart', async () => {
    const stores = await openStores(join(folder, 'store'), init)
    const vault = await Vault.open(stores)
    const payload = new Uint8Array(2 * LEAF_BYTES + 3).map((_, i) => i / LEAF_BYTES)
    const cid = await vault.put(once(payload))
    await vault.pin(cid)
    await stores.datastore.put(new Key('/peers/a'), utf8('somewhere'))
    await stores.close()

    const again = await openStores(join(folder, 'store'), init)
    const reopened = await Vault.open(again)

    expect(reopened.pins().map(String)).toEqual([String(cid)])
    expect((await bytesOf(reopened.get(cid))).equals(payload)).toBe(true)
    const value = await again.datastore.get(new Key('/peers/a'))
    expect(Uint8Array.from(value)).toEqual(utf8('somewhere'))
    await again.close()
  })

  it('write the journal of pins anew once it is mostly of the past', async () => {
    const stores = await openStores(folder, init)
    const vault = await Vault.open(stores)
    const cids: CID[] = []
    for (let n = 0; n < 3; n++) {
      cids.push(await vault.put(once(Uint8Array.of(n))))
    }
    for (const cid of cids) {
      for (let n = 0; n < 180; n++) {
        await vault.pin(cid)
        await vault.unpin(cid)
      }
    }
    await vault.pin(cids[1] as CID)
    await stores.close()

    const again = await openStores(folder, init)

    expect((await gather(again.pins.entries())).length).toBe(1)
    expect((await Vault.open(again)).pins().map(String)).toEqual([String(cids[1])])
    await again.close()
  })

  it('cannot be opened twice at the same time', async () => {
    const stores = await openStores(folder, init)

    await expect(openStores(folder, init)).rejects.toMatchObject({ name: 'StoreCorruptError' })

    await stores.close()
  })

  it('report a pin journal that is none of ours', async () => {
    const stores = await openStores(folder, init)
    await stores.pins.append(Uint8Array.of(3, 1, 2))
    await stores.close()

    await expect(openStores(folder, init)).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })
})
