import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { bytesUpTo, decode, encode, map } from '../../../core/codec.ts'
import { StoreFullError } from '../../../core/errors.ts'
import { peerIdOf } from '../../../core/ids.ts'
import { COMMIT_GROUP, RECEIPT_MAX_BYTES, RECEIPTS_PER_PAGE } from '../../../core/limits.ts'
import {
  bodyHash,
  decodeBody,
  decodeLink,
  signedLinkShape,
  verifyChain
} from '../../../core/receipt.ts'
import type { Journal } from '../../../node/adapters.ts'
import { ReceiptIndex } from '../../../node/receipts/receipt-index.ts'
import { type Receipt, ReceiptLog } from '../../../node/receipts/receipt-log.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { faultyJournal } from '../../fixtures/faulty-journal.ts'
import { named, p, TestClock } from '../../fixtures/gate.ts'
import { addressOf, hashOf, refuse, release } from '../../fixtures/messages.ts'
import { settle, until } from '../../fixtures/waiting.ts'

const SEED = named('seed of the custodian')
const folder = mkdtempSync(join(tmpdir(), 'keyward-receipts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Opening {
  readonly journal?: Journal
  readonly index?: ReceiptIndex
  readonly clock?: TestClock
  readonly onReceipt?: (receipt: Receipt) => void
}

const peerOfSeed = (seed: Uint8Array) => peerIdOf(p.ed25519PublicKey(seed))
const PEER = peerOfSeed(SEED)
const openLog = ({ journal, index, clock, onReceipt }: Opening = {}): Promise<ReceiptLog> =>
  ReceiptLog.open({
    journal: journal ?? memoryJournal(),
    index: index ?? new ReceiptIndex(':memory:'),
    peer: PEER,
    peerSeed: SEED,
    primitives: p,
    clock: clock ?? new TestClock(),
    guardSeconds: 120,
    ...(onReceipt == null ? {} : { onReceipt })
  })

const entryShape = map({ link: signedLinkShape, body: bytesUpTo(RECEIPT_MAX_BYTES) })

const bodyNo = (n: number) => release({ salt: hashOf(n) })

async function fill(log: ReceiptLog, count: number): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = []
  for (let i = 0; i < count; i++) receipts.push(await log.append(bodyNo(i)))
  return receipts
}

async function all<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const entry of entries) found.push(entry)
  return found
}

/** The journal with its entries as `change` leaves them. */
async function changed(
  journal: Journal,
  change: (entries: Uint8Array[]) => Uint8Array[]
): Promise<Journal> {
  const other = memoryJournal()
  await other.append(...change(await all(journal.entries())))
  return other
}

describe('receipt log', () => {
  it('chains what it writes, from 1 on', async () => {
    const log = await openLog()

    const receipts = await fill(log, 3)

    expect(receipts.map(({ link }) => decodeLink(link.b).seq)).toEqual([1, 2, 3])
    expect(receipts.map(({ body }) => decodeBody(body))).toEqual([0, 1, 2].map(bodyNo))
    expect(await all(log.entries())).toEqual(receipts)
    expect(verifyChain(receipts, PEER, 120, p).faults).toEqual([])
    expect([log.lastSeq, log.isWhole]).toEqual([3, true])
  })

  it('keeps the order in which receipts were asked for, in few writes', async () => {
    const journal = faultyJournal()
    const log = await openLog({ journal })
    const count = COMMIT_GROUP + 5

    const receipts = await Promise.all(
      Array.from({ length: count }, (_, i) => log.append(bodyNo(i)))
    )

    expect(receipts.map(({ link }) => decodeLink(link.b).seq)).toEqual(
      Array.from({ length: count }, (_, i) => i + 1)
    )
    expect(receipts.map(({ body }) => decodeBody(body))).toEqual(
      Array.from({ length: count }, (_, i) => bodyNo(i))
    )
    expect(journal.appends).toBe(2)
  })

  it('gives a receipt only once it is written', async () => {
    const journal = faultyJournal()
    const written = Promise.withResolvers<void>()
    journal.hold = written.promise
    const log = await openLog({ journal })
    let given = false
    const asked = log.append(bodyNo(1)).then(() => {
      given = true
    })
    await until(() => journal.appends === 1)
    await settle()

    expect([given, log.lastSeq]).toEqual([false, 0])
    written.resolve()
    await asked
    expect(log.lastSeq).toBe(1)
  })

  it('goes on after a failed write without a gap or a number given twice', async () => {
    const journal = faultyJournal()
    const log = await openLog({ journal })
    const [first] = await fill(log, 1)
    journal.fail = new StoreFullError('no room')
    await expect(log.append(bodyNo(8))).rejects.toMatchObject({ name: 'StoreFullError' })
    journal.fail = undefined

    const next = await log.append(bodyNo(9))

    expect(log.isWhole).toBe(true)
    expect(decodeLink(next.link.b).seq).toBe(2)
    expect(await all(log.entries())).toEqual([first, next])
    expect((await openLog({ journal })).isWhole).toBe(true)
  })

  it('goes on where it ended, after a restart', async () => {
    const journal = memoryJournal()
    await fill(await openLog({ journal }), 2)
    const found: Receipt[] = []

    const log = await openLog({ journal, onReceipt: (receipt) => found.push(receipt) })
    await log.append(bodyNo(7))

    expect(found.map(({ body }) => decodeBody(body))).toEqual([bodyNo(0), bodyNo(1)])
    expect(verifyChain(await all(log.entries()), PEER, 120, p)).toMatchObject({
      count: 3,
      faults: []
    })
  })

  it('never dates a receipt before the one before', async () => {
    const clock = new TestClock()
    const log = await openLog({ clock })
    const [first] = await fill(log, 1)
    clock.pass(-60_000)

    const next = await log.append(bodyNo(2))

    expect(decodeLink(next.link.b).at).toBe(decodeLink((first as Receipt).link.b).at)
  })

  const damages: readonly [string, (entries: Uint8Array[]) => Uint8Array[]][] = [
    ['its first link is missing', (e) => e.slice(1)],
    ['a link is missing', (e) => e.toSpliced(1, 1)],
    ['two links changed places', ([a, b, ...rest]) => [b, a, ...rest] as Uint8Array[]],
    ['a link is there twice', ([a, ...rest]) => [a, a, ...rest] as Uint8Array[]],
    ['an entry is no receipt', (e) => e.with(1, Uint8Array.of(1, 2, 3))],
    ['the last entry is cut', (e) => e.with(2, (e[2] as Uint8Array).slice(0, -1))],
    [
      'a body is another',
      (e) => {
        const [, own, other] = e.map((entry) => decode(entryShape, entry, 'entry'))
        return e.with(1, encode({ link: own?.link, body: other?.body }))
      }
    ]
  ]

  it.each(damages)('is not whole when %s', async (_, change) => {
    const journal = memoryJournal()
    await fill(await openLog({ journal }), 3)

    const log = await openLog({ journal: await changed(journal, change) })

    expect(log.isWhole).toBe(false)
    await expect(log.append(bodyNo(9))).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })

  it('is not whole when another node wrote it', async () => {
    const journal = memoryJournal()
    await fill(await openLog({ journal }), 1)

    const log = await ReceiptLog.open({
      journal,
      index: new ReceiptIndex(':memory:'),
      peer: peerOfSeed(named('another')),
      peerSeed: named('another'),
      primitives: p,
      clock: new TestClock(),
      guardSeconds: 120
    })

    expect(log.isWhole).toBe(false)
  })

  it('is not whole when it was put back to an earlier state', async () => {
    const path = join(folder, 'put-back')
    const journal = memoryJournal()
    await fill(await openLog({ journal, index: new ReceiptIndex(path) }), 3)
    const earlier = await changed(journal, (entries) => entries.slice(0, 2))

    const log = await openLog({ journal: earlier, index: new ReceiptIndex(path) })

    expect(log.isWhole).toBe(false)
  })
})

describe('receipt index', () => {
  const mine = addressOf(1)
  const theirs = addressOf(2)
  const filled = async (index: ReceiptIndex, count: number): Promise<ReceiptLog> => {
    const log = await openLog({ index })
    for (let i = 0; i < count; i++) {
      await log.append(release({ salt: hashOf(i), owner: i % 2 === 0 ? mine : theirs }))
    }
    return log
  }

  it('gives all links and only the bodies of one owner', async () => {
    const log = await filled(new ReceiptIndex(':memory:'), 4)
    const entries = await all(log.entries())

    const page = log.page(mine, 0)

    expect(page.more).toBe(false)
    expect(page.entries.map(({ link }) => link)).toEqual(entries.map(({ link }) => link))
    expect(page.entries.map(({ body }) => body != null)).toEqual([true, false, true, false])
    expect(page.entries[0]?.body).toEqual(entries[0]?.body)
  })

  it('gives no body that is about nobody', async () => {
    const log = await openLog()
    await log.append(refuse({ owner: undefined, recordId: undefined, code: 101 }))

    expect(log.page(mine, 0).entries.map(({ body }) => body)).toEqual([undefined])
  })

  it('gives page after page', async () => {
    const log = await filled(new ReceiptIndex(':memory:'), RECEIPTS_PER_PAGE + 2)

    const first = log.page(mine, 0)
    const second = log.page(mine, RECEIPTS_PER_PAGE)

    expect([first.entries.length, first.more]).toEqual([RECEIPTS_PER_PAGE, true])
    expect([second.entries.length, second.more]).toEqual([2, false])
    expect(log.page(mine, RECEIPTS_PER_PAGE + 2)).toEqual({ entries: [], more: false })
    const chain = [...first.entries, ...second.entries]
    expect(verifyChain(chain, PEER, 120, p).faults).toEqual([])
  })

  it.each([
    ['is gone', (path: string) => rmSync(path)],
    ['is damaged', (path: string) => writeFileSync(path, 'no database at all, but long enough')]
  ])('is rebuilt when it %s', async (id, damage) => {
    const path = join(folder, `index ${id}`)
    const journal = memoryJournal()
    const before = new ReceiptIndex(path)
    const first = await openLog({ journal, index: before })
    await fill(first, 3)
    before.close()
    for (const ending of ['-wal', '-shm']) rmSync(path + ending, { force: true })
    damage(path)

    const log = await openLog({ journal, index: new ReceiptIndex(path) })

    expect(log.isWhole).toBe(true)
    expect(log.page(mine, 0).entries).toHaveLength(3)
  })

  it('is caught up when it lags', async () => {
    const path = join(folder, 'lags')
    const journal = memoryJournal()
    const index = new ReceiptIndex(path)
    await fill(await openLog({ journal, index }), 2)
    index.close()
    await fill(await openLog({ journal }), 2) // with another index

    const log = await openLog({ journal, index: new ReceiptIndex(path) })

    expect(log.page(mine, 0).entries).toHaveLength(4)
  })

  it('costs no receipt when it fails, and has no gap', async () => {
    const journal = memoryJournal()
    const path = join(folder, 'fails')
    const index = new ReceiptIndex(path)
    const log = await openLog({ journal, index })
    await fill(log, 1)
    const add = index.add.bind(index)
    index.add = () => {
      throw new Error('disk I/O error')
    }
    const failed = await log.append(bodyNo(5))
    index.add = add
    await log.append(bodyNo(6))

    expect(decodeLink(failed.link.b).body).toEqual(bodyHash(failed.body, p))
    expect(log.page(mine, 0).entries).toHaveLength(1)
    index.close()
    const again = await openLog({ journal, index: new ReceiptIndex(path) })
    expect(again.isWhole).toBe(true)
    expect(again.page(mine, 0).entries).toHaveLength(3)
  })

  it('forgets all when there is a gap in it', async () => {
    const path = join(folder, 'gap')
    const index = new ReceiptIndex(path)
    const log = await openLog()
    const [receipt] = await fill(log, 1)
    index.add(1, mine, receipt as Receipt)
    index.add(3, mine, receipt as Receipt)
    index.close()

    expect(new ReceiptIndex(path).lastSeq).toBe(0)
  })
})
