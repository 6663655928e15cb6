import { describe, expect, it } from 'vitest'
import { type PeerIdBytes, peerIdOf } from '../../../core/ids.ts'
import { CustodyStore, isKeeper } from '../../../node/custody/custody-store.ts'
import { ShareReader } from '../../../node/custody/share-reader.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { faultyJournal } from '../../fixtures/faulty-journal.ts'
import { type Dealt, deal, defaultDeal, gateWorld, named, p } from '../../fixtures/gate.ts'

const CK = named('custody key')

const keep = (store: CustodyStore, { manifest, anchorSalt, env, content }: Dealt): Promise<void> =>
  store.keep(
    { manifest, anchorSalt, env, idx: 1, ckEpoch: 1 },
    { owner: content.owner, ckEpoch: 1, ck: CK }
  )

describe('custody store', () => {
  it('holds after a restart what it held before', async () => {
    const journal = memoryJournal()
    const store = await CustodyStore.open(journal, p)
    const first = await defaultDeal()
    const second = await deal({ ver: 2 })
    await keep(store, first)
    await keep(store, second)
    await store.acknowledge(first.content, 1, false)
    await store.acknowledge(first.content, 1, true)
    await store.acknowledge(first.content, 1, false)

    const again = await CustodyStore.open(journal, p)

    expect([...again.entries()]).toEqual([...store.entries()])
    expect(again.size).toBe(2)
    expect(again.find(first.content)?.epochs.get(1)).toMatchObject({
      acknowledged: true,
      pinned: true
    })
    expect(again.find(second.content)?.epochs.get(1)).toMatchObject({
      acknowledged: false,
      pinned: false
    })
    expect(again.custodyKey(first.content.owner, 1)).toEqual(Uint8Array.from(CK))
    expect(again.custodyKey(first.content.owner, 2)).toBeUndefined()
    expect(again.findByRoot(second.content.cid)?.ver).toBe(2)
    expect(again.findByRoot(named('another'))).toBeUndefined()
    expect([again.rank(first.content.owner), again.knows(first.content.owner)]).toEqual([0, true])
  })

  it.each([
    ['bytes that are no entry', Uint8Array.of(1, 2, 3)],
    ['an entry of another kind', Uint8Array.of(0xa1, 0x61, 0x74, 0x63, 0x66, 0x6f, 0x6f)]
  ])('does not open on %s', async (_, bytes) => {
    const journal = memoryJournal()
    await journal.append(bytes)

    await expect(CustodyStore.open(journal, p)).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })

  it('shows nothing that is not on disk', async () => {
    const journal = faultyJournal()
    const store = await CustodyStore.open(journal, p)
    const of = await defaultDeal()
    journal.fail = new Error('no disk')

    await expect(keep(store, of)).rejects.toThrow('no disk')

    expect(store.find(of.content)).toBeUndefined()
    expect(store.custodyKey(of.content.owner, 1)).toBeUndefined()
    expect(store.knows(of.content.owner)).toBe(false)
  })

  it('writes a share and its key together', async () => {
    const journal = faultyJournal()
    const store = await CustodyStore.open(journal, p)

    await keep(store, await defaultDeal())

    expect(journal.appends).toBe(1)
  })

  it('knows the keepers of a record by its manifest', async () => {
    const peers = ['one', 'two', 'three', 'standby', 'replica', 'stranger'].map((name) =>
      peerIdOf(named(name))
    ) as PeerIdBytes[]
    const [, , , standby, replica] = peers as [
      PeerIdBytes,
      PeerIdBytes,
      PeerIdBytes,
      PeerIdBytes,
      PeerIdBytes
    ]
    const custody = { standby: [standby], replicas: [{ peer: replica, addrs: [] }] }
    const of = await deal({ peers, custody })
    const store = await CustodyStore.open(memoryJournal(), p)
    await keep(store, of)
    const entry = store.find(of.content)
    if (entry == null) throw new Error('nothing is held')

    expect(peers.map((peer) => isKeeper(entry, peer))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false
    ])
  })
})

describe('share reader', () => {
  it('opens the share that was dealt', async () => {
    const { clinic, dealt } = await gateWorld()
    const entry = clinic.custody.find(dealt.content)
    if (entry == null) throw new Error('nothing is held')

    const { idx, salt, share } = new ShareReader(clinic.custody, p).read(entry, 1)

    expect([idx, ...salt, ...share]).toEqual([1, ...dealt.plain])
  })

  it.each([
    { id: 'of an epoch that is not held', shareEpoch: 2 },
    { id: 'that does not open', env: new Uint8Array(105) },
    { id: 'of which the key is gone', ckEpoch: 7 },
    { id: 'that belongs to another place', idx: 2 }
  ])('gives no share $id', async ({ shareEpoch = 1, id: _, ...changes }) => {
    const { clinic, dealt } = await gateWorld()
    const { manifest, anchorSalt, env, content } = dealt
    await clinic.custody.keep({ manifest, anchorSalt, env, idx: 1, ckEpoch: 1, ...changes })
    const entry = clinic.custody.find(content)
    if (entry == null) throw new Error('nothing is held')

    expect(() => new ShareReader(clinic.custody, p).read(entry, shareEpoch)).toThrow(
      expect.objectContaining({
        name: expect.stringMatching(/^(ShareNotFound|DecryptionFailed)Error$/)
      })
    )
  })

  it('gives no share that its owner did not commit to', async () => {
    const { clinic, dealt } = await gateWorld()
    const shares = dealt.custody.shares.map((each) => ({ ...each, com: named('another') }))
    const { manifest } = await deal({ custody: { shares } })
    const { anchorSalt, env, content } = dealt
    await clinic.custody.keep({ manifest, anchorSalt, env, idx: 1, ckEpoch: 1 })
    const entry = clinic.custody.find(content)
    if (entry == null) throw new Error('nothing is held')

    expect(() => new ShareReader(clinic.custody, p).read(entry, 1)).toThrow('commitment')
  })
})
