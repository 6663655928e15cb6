import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../core/bytes.ts'
import { grantId, hash, type RecordId, recordId, recordSecret } from '../../../core/ids.ts'
import { RECEIPTS_PER_PAGE } from '../../../core/limits.ts'
import { appendLink, CHAIN_START, encodeBody, type ReceiptBody } from '../../../core/receipt.ts'
import type { Entry, EntryOf } from '../../../node/ledger/entries.ts'
import { isKeeperOfOwn } from '../../../node/ledger/keepers.ts'
import { Ledger } from '../../../node/ledger/ledger.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { faultyJournal } from '../../fixtures/faulty-journal.ts'
import { deal, gateWorld, named, p } from '../../fixtures/gate.ts'
import { ack, opening, peerOf, RECORD, wish } from '../../fixtures/messages.ts'

const PEER = peerOf(0x21)
const GRANT = grantId(named('grant'))
const receiptOf = (body: ReceiptBody) => {
  const encoded = encodeBody(body)
  const by = { peer: PEER, seed: named('seed'), atSeconds: 1_800_000_000 }
  return { link: appendLink(CHAIN_START, encoded, by, p).link, body: encoded }
}

const version = async (ver: number): Promise<EntryOf<'version'>> => {
  const { manifest, anchorSalt, env, content } = await deal({ ver })
  return {
    t: 'version',
    recordId: content.recordId,
    ver,
    secret: recordSecret(named(`secret ${ver}`)),
    ownerSecret: undefined,
    manifest,
    anchorSalt,
    envs: [env, env, env],
    reason: ''
  }
}

const card = async (): Promise<EntryOf<'card'>> => {
  const world = await gateWorld()
  return { t: 'card', peer: world.hospital.peer, card: world.card }
}

const granted = (changes: Partial<EntryOf<'granted'>> = {}): EntryOf<'granted'> => ({
  t: 'granted',
  grantId: GRANT,
  opening: opening(),
  tags: [named('tag')],
  except: [],
  records: [{ recordId: RECORD, ver: 1 }],
  version: 1,
  grantee: PEER,
  account: wish().account,
  name: 'hospital',
  hl7: 'TREAT',
  wish: wish().id,
  block: 0,
  gas: 0,
  ...changes
})

async function everything(): Promise<Entry[]> {
  const first = await version(1)
  const { recordId } = first
  const known = await card()
  const asked = { id: named('asked'), wish: wish(), keepers: [PEER] }
  const receipt = receiptOf(ack())
  return [
    first,
    await version(2),
    { t: 'custodyKey', peer: PEER, ckEpoch: 1, ck: named('ck'), enc: new Uint8Array(1_120) },
    { t: 'ack', recordId, ver: 1, peer: PEER, shareEpoch: 1, pinned: false, receipt },
    { t: 'ack', recordId, ver: 1, peer: PEER, shareEpoch: 1, pinned: true, receipt },
    { t: 'anchored', recordId, ver: 1, txHash: named('tx'), block: 5, gas: 100 },
    { t: 'wish', id: wish().id, wish: wish(), card: known.card },
    { t: 'asked', ...asked },
    granted(),
    {
      t: 'terms',
      grantId: GRANT,
      owner: wish().owner,
      tree: Uint8Array.of(1),
      scope: {
        records: [RECORD],
        classes: ['Observation'],
        chart: true,
        upTo: 'N',
        labels: ['PSY'],
        months: ['2026-11'],
        except: ['ImagingStudy']
      },
      readers: [{ peer: PEER, account: wish().account, name: 'hospital', at: [peerOf(0x22)] }],
      reply: named('reply'),
      note: 'well'
    },
    granted({ block: 9, gas: 200 }),
    { t: 'delivered', grantId: GRANT, peer: PEER, records: [{ recordId, ver: 1 }] },
    { t: 'revoked', grantId: GRANT, version: 2, block: 11, at: 1_800_000_000 },
    { t: 'revokedAll', epoch: 2, block: 12, at: 1_800_000_001 },
    {
      t: 'reply',
      wish: named('asked'),
      verdict: 'denied',
      reason: 'no',
      grantId: undefined,
      at: 1
    },
    {
      t: 'capsule',
      grantId: GRANT,
      wish: undefined,
      capsule: {
        v: 1,
        owner: wish().owner,
        opening: opening(),
        tags: [named('tag')],
        except: [],
        tree: undefined,
        records: [],
        addrs: []
      },
      hl7: 'TREAT'
    },
    { t: 'optedOut', owner: wish().owner, purposes: 1, version: 1, block: 13, at: 1 },
    { t: 'receipts', peer: PEER, entries: [receipt] },
    { t: 'receipts', peer: PEER, entries: [{ link: receipt.link, body: undefined }] },
    { t: 'mail', peer: PEER, upTo: 4 },
    { t: 'mail', peer: PEER, upTo: 7 },
    known
  ]
}

const viewOf = (ledger: Ledger, { recordId }: EntryOf<'version'>, { peer }: EntryOf<'card'>) => ({
  records: ledger.records(),
  newest: ledger.version(recordId)?.entry.ver,
  first: ledger.version(recordId, 1),
  key: ledger.custodyKey(PEER),
  wishes: ledger.wishes(),
  asked: ledger.asked(),
  replies: ledger.replies(),
  grants: ledger.grants(),
  grant: ledger.grant(GRANT),
  revokedAll: ledger.revokedAll,
  optedOut: ledger.optedOut(wish().owner),
  capsules: ledger.capsules(),
  card: ledger.card(peer),
  mail: ledger.mailUpTo(PEER),
  receipts: ledger.receipts(PEER),
  peers: ledger.receiptPeers()
})

describe('ledger', () => {
  it('holds after a restart what it held before', async () => {
    const journal = memoryJournal()
    const ledger = await Ledger.open(journal)
    const entries = await everything()
    for (const entry of entries) await ledger.record(entry)

    const [first, last] = [entries[0] as EntryOf<'version'>, entries.at(-1) as EntryOf<'card'>]
    const view = viewOf(await Ledger.open(journal), first, last)

    expect(view).toEqual(viewOf(ledger, first, last))
    expect(view.newest).toBe(2)
    expect(view.first?.acks.get(toHex(PEER))?.pinned).toBe(true)
    expect(view.first?.anchored?.block).toBe(5)
    expect(view.wishes).toMatchObject([{ answer: 'granted' }])
    expect(view.grants).toMatchObject([{ entry: { block: 9 }, revoked: { block: 11 } }])
    expect(view.grant?.terms).toMatchObject({ note: 'well' }) // said before it was mined
    expect(view.grant?.delivered).toEqual(
      new Map([[toHex(PEER), new Set([`${toHex(first.recordId)}:1`])]])
    )
    expect(view.revokedAll).toMatchObject({ epoch: 2 })
    expect(view.optedOut).toMatchObject({ version: 1 })
    expect(view.mail).toBe(7)
    expect(view.receipts).toHaveLength(2)
    expect([view.asked, view.replies, view.capsules].map((list) => list.length)).toEqual([1, 1, 1])
  })

  it('adds up what came of one grant', async () => {
    const journal = memoryJournal()
    const ledger = await Ledger.open(journal)
    const [of, other] = [named('record'), named('other')].map((id) => recordId(id)) as [
      RecordId,
      RecordId
    ]
    const part = (ver: number, manifest: number, id = of): EntryOf<'capsule'> => ({
      t: 'capsule',
      grantId: GRANT,
      wish: undefined,
      capsule: {
        v: 1,
        owner: wish().owner,
        opening: opening(),
        tags: [named('tag')],
        except: [],
        tree: undefined,
        records: [
          {
            recordId: id,
            ver,
            manifest: Uint8Array.of(manifest),
            anchorSalt: hash(named('salt')),
            so: undefined
          }
        ],
        addrs: [{ peer: PEER, addrs: [Uint8Array.of(manifest)] }]
      },
      hl7: ''
    })
    await ledger.record({ ...part(1, 1), wish: wish().id, hl7: 'TREAT' })
    for (const each of [part(1, 1, other), part(2, 2), part(1, 3)]) await ledger.record(each)

    for (const view of [ledger, await Ledger.open(journal)]) {
      const [held, ...more] = view.capsules()
      expect(more).toEqual([])
      expect(held).toMatchObject({ hl7: 'TREAT', wish: wish().id })
      const seen = held?.capsule.records.map((each) => [
        toHex(each.recordId) === toHex(of),
        each.ver,
        each.manifest[0]
      ])
      expect(seen).toEqual([
        [false, 1, 1],
        [true, 2, 2],
        [true, 1, 3]
      ])
      expect(held?.capsule.addrs).toEqual([{ peer: PEER, addrs: [Uint8Array.of(3)] }])
    }
  })

  it.each([
    ['bytes that are no entry', Uint8Array.of(1, 2, 3)],
    ['an entry of another kind', Uint8Array.of(0xa1, 0x61, 0x74, 0x63, 0x66, 0x6f, 0x6f)],
    ['an empty entry', new Uint8Array(0)]
  ])('does not open on %s', async (_, bytes) => {
    const journal = memoryJournal()
    await journal.append(bytes)

    await expect(Ledger.open(journal)).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })

  it('shows nothing that is not on disk', async () => {
    const journal = faultyJournal()
    const ledger = await Ledger.open(journal)
    const entry = await version(1)
    journal.fail = new Error('no disk')

    await expect(ledger.record(entry)).rejects.toThrow('no disk')

    expect(ledger.records()).toEqual([])
  })

  it('writes nothing that it could not read again', async () => {
    const journal = memoryJournal()
    const ledger = await Ledger.open(journal)
    const receipt = receiptOf(ack())
    const entries = Array.from({ length: RECEIPTS_PER_PAGE + 1 }, () => receipt)

    await expect(
      ledger.record({ t: 'mail', peer: PEER, upTo: 1 }, { t: 'receipts', peer: PEER, entries })
    ).rejects.toMatchObject({ name: 'InvalidMessageError' })

    expect([ledger.mailUpTo(PEER), ledger.receipts(PEER)]).toEqual([0, []])
    expect((await Ledger.open(journal)).mailUpTo(PEER)).toBe(0)
  })

  it('writes what belongs together at once', async () => {
    const journal = faultyJournal()
    const ledger = await Ledger.open(journal)

    await ledger.record(await version(1), await version(2))

    expect(journal.appends).toBe(1)
    expect(ledger.records()).toHaveLength(1)
  })

  it('lets a wish wait until a grant for it is on the chain', async () => {
    const ledger = await Ledger.open(memoryJournal())
    const { card: theirs } = await card()
    await ledger.record({ t: 'wish', id: wish().id, wish: wish(), card: theirs })

    await ledger.record(granted())
    expect(ledger.wish(wish().id)?.answer).toBeUndefined()
    await ledger.record(granted({ block: 3 }))
    expect(ledger.wish(wish().id)?.answer).toBe('granted')
  })

  it('keeps the answer to a wish that comes again', async () => {
    const ledger = await Ledger.open(memoryJournal())
    const { card: theirs } = await card()
    const received = { t: 'wish', id: wish().id, wish: wish(), card: theirs } as const
    await ledger.record(received, { t: 'denied', wish: wish().id, reason: 'no' }, received)

    expect(ledger.wishes()).toMatchObject([{ answer: 'denied' }])
  })
})

describe('keepers of own records', () => {
  it('are the custodians, stand-bys and replicas of that record', async () => {
    const replica = peerOf(0x31)
    const standby = peerOf(0x32)
    const of = await deal({
      custody: { standby: [standby], replicas: [{ peer: replica, addrs: [] }] }
    })
    const ledger = await Ledger.open(memoryJournal())
    await ledger.record({ ...(await version(1)), manifest: of.manifest })
    const root = CID.decode(of.content.cid)
    const other = CID.decode((await deal({ ver: 2 })).content.cid)
    const custodian = of.custody.shares[0]?.peer ?? replica

    const may = (peer = custodian, cid = root) => isKeeperOfOwn(ledger, peer, cid, p)

    expect([may(), may(standby), may(replica)]).toEqual([true, true, true])
    expect([may(peerOf(0x77)), may(custodian, other)]).toEqual([false, false])
  })
})
