import { readdir } from 'node:fs/promises'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { decodeManifest } from '../../../core/manifest.ts'
import { nativePrimitives } from '../../../node/crypto/native.ts'
import type { RunningNode } from '../../../node/index.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { toPeerId } from '../../../node/network/reach.ts'
import { CopyingBlockstore } from '../../../node/storage/memory-blockstore.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { revoke } from '../../../node/verbs/revoke.ts'
import { type Consented, consented } from '../../fixtures/consented.ts'
import { quiet } from '../../fixtures/network.ts'

/** More than one block, so that a DAG is served. */
const CONTENT = 'x'.repeat(600 * 1_024)

/** A store that a test can damage. */
class FragileStore extends CopyingBlockstore {
  damage: 'none' | 'corrupt' | 'lose' = 'none'
  override *get(cid: CID): Generator<Uint8Array> {
    const [block = new Uint8Array(0)] = [...(super.get(cid) as Iterable<Uint8Array>)]
    const leaf = cid.code === 0x55
    if (leaf && this.damage === 'lose') throw new Error('the disk does not answer')
    yield leaf && this.damage === 'corrupt' ? block.with(9, (block[9] as number) ^ 1) : block
  }
}

async function fragile(init: Parameters<typeof consented>[0] = {}) {
  const stores = [0, 1, 2].map(() => new FragileStore())
  const net = await consented({
    content: CONTENT,
    blockstore: (place) => stores[place] as FragileStore,
    ...init
  })
  return Object.assign(net, { stores })
}

const rootOf = ({ patient }: Consented): CID => {
  const [entry] = patient.ledger.records().flat()
  const manifest = entry?.entry.manifest
  if (manifest == null) throw new Error('no record')
  return CID.decode(decodeManifest(manifest, nativePrimitives).content.cid)
}
const text = (node: RunningNode | undefined): string =>
  peerText((node as RunningNode).identity.peer)

describe('blocks of a record', () => {
  it('come from another replica where one of them is damaged, which is named', async () => {
    await using net = await fragile()
    const [first] = net.stores
    if (first != null) first.damage = 'corrupt'

    const got = await retrieve(net.hospital, { recordId: net.recordId }, quiet())

    expect(got.sha256).toBe(net.sha256)
    expect(got.blamed).toEqual([
      { custodian: text(net.clinics[0]), reason: 'gave a block that does not match its CID' }
    ])
  })

  it('come from another replica where one withholds them', async () => {
    await using net = await fragile()
    const [first] = net.stores
    if (first != null) first.damage = 'lose'

    const got = await retrieve(net.hospital, { recordId: net.recordId }, quiet())

    expect(got.sha256).toBe(net.sha256)
  })

  it('are not found when all replicas withhold them, and leave no file behind', async () => {
    await using net = await fragile()
    for (const store of net.stores) store.damage = 'lose'

    await expect(retrieve(net.hospital, { recordId: net.recordId }, quiet())).rejects.toMatchObject(
      { name: 'ContentNotFoundError' }
    )
  })

  it('are given to nobody without a right', async () => {
    await using net = await consented({ content: CONTENT })
    const root = rootOf(net)
    const [replica] = net.clinics
    const stranger = net.hospital

    const providers = [{ peer: toPeerId((replica as RunningNode).identity.peer), addrs: [] }]
    const fetch = () => stranger.vault.fetch(root, { providers, ...quiet() })

    await expect(fetch()).rejects.toMatchObject({ name: 'ContentNotFoundError' })
    expect(await readdir(net.hospital.downloads)).toEqual([])
    expect(await stranger.vault.has(root)).toBe(false)
    await retrieve(stranger, { recordId: net.recordId }, quiet())
    await fetch()
    expect(await stranger.vault.has(root)).toBe(true)
  })

  it('are given to nobody whose grant was revoked', async () => {
    await using net = await consented({ content: CONTENT })
    const root = rootOf(net)
    await revoke(net.patient, { grant: net.grant }, quiet())
    const providers = net.clinics.map(({ identity }) => ({
      peer: toPeerId(identity.peer),
      addrs: []
    }))

    await expect(retrieve(net.hospital, { recordId: net.recordId }, quiet())).rejects.toMatchObject(
      {
        name: 'AccessDeniedError'
      }
    )
    await expect(net.hospital.vault.fetch(root, { providers, ...quiet() })).rejects.toMatchObject({
      name: 'ContentNotFoundError'
    })
  })

  it('are fetched again by an owner who lost hers', async () => {
    await using net = await consented({ content: CONTENT })
    const { patient } = net
    const root = rootOf(net)
    await patient.vault.remove(root)
    expect(await patient.vault.has(root)).toBe(false)

    const got = await retrieve(patient, { recordId: net.recordId }, quiet())

    expect(got.sha256).toBe(net.sha256)
  })
})
