import { describe, expect, it } from 'vitest'
import type { Card } from '../../../core/binding.ts'
import { type Address, address, kemPublicKey, peerIdOf } from '../../../core/ids.ts'
import { MAIL_PER_PAGE, MAILBOX_BYTES, MAILBOX_ITEMS } from '../../../core/limits.ts'
import { Mailbox } from '../../../node/inbox/mailbox.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { faultyJournal } from '../../fixtures/faulty-journal.ts'
import { named } from '../../fixtures/gate.ts'

const ANA = address(named('Ana').slice(12))
const BEN = address(named('Ben').slice(12))
const letter = (text: string, length = 100): Uint8Array => {
  const mail = new Uint8Array(length)
  mail.set(named(text).slice(0, Math.min(32, length)))
  return mail
}
const cardOf = (account: Address, name = ''): Card => ({
  binding: {
    account,
    peerId: peerIdOf(named('device')),
    kemKeyHash: named('kem'),
    validFrom: 1,
    validUntil: 2,
    bindingEpoch: 1
  },
  bindingSig: new Uint8Array(65),
  kem: kemPublicKey(new Uint8Array(1_216)),
  addrs: [],
  name
})

describe('mailbox', () => {
  it('gives mail in the order in which it came, until it is removed', async () => {
    const mailbox = await Mailbox.open(memoryJournal())
    const seqs = [
      await mailbox.put(ANA, letter('one')),
      await mailbox.put(BEN, letter('for Ben')),
      await mailbox.put(ANA, letter('two'))
    ]

    expect(seqs).toEqual([1, 1, 2])
    expect(mailbox.list(ANA, 0)).toEqual({
      items: [
        { seq: 1, mail: letter('one') },
        { seq: 2, mail: letter('two') }
      ],
      more: false
    })
    expect(mailbox.list(ANA, 1).items).toEqual([{ seq: 2, mail: letter('two') }])
    await mailbox.remove(ANA, 1)
    expect(mailbox.list(ANA, 0).items).toEqual([{ seq: 2, mail: letter('two') }])
    expect(mailbox.list(BEN, 0).items).toHaveLength(1)
  })

  it('holds after a restart what it held, and gives no number twice', async () => {
    const journal = memoryJournal()
    const before = await Mailbox.open(journal)
    await before.host(cardOf(ANA))
    await before.put(ANA, letter('one'))
    await before.put(ANA, letter('two'))
    await before.remove(ANA, 2)

    const mailbox = await Mailbox.open(journal)

    expect(mailbox.card(ANA)).toEqual(cardOf(ANA))
    expect(mailbox.card(BEN)).toBeUndefined()
    expect(mailbox.list(ANA, 0)).toEqual({ items: [], more: false })
    expect(await mailbox.put(ANA, letter('three'))).toBe(3)
  })

  it('is full at its number of items, even when all come at once', async () => {
    const mailbox = await Mailbox.open(memoryJournal())

    const seqs = await Promise.all(
      Array.from({ length: MAILBOX_ITEMS + 3 }, () => mailbox.put(ANA, letter('mail')))
    )

    expect(seqs.filter((seq) => seq == null)).toHaveLength(3)
    expect(await mailbox.put(BEN, letter('mail'))).toBe(1)
    await mailbox.remove(ANA, 1)
    expect(await mailbox.put(ANA, letter('mail'))).toBe(MAILBOX_ITEMS + 1)
  })

  it('is full at its number of bytes, after a restart too', async () => {
    const journal = memoryJournal()
    const large = new Uint8Array(1_024 * 1_024)
    const first = await Mailbox.open(journal)
    for (let i = 0; i < MAILBOX_BYTES / large.byteLength; i++) await first.put(ANA, large)

    for (const mailbox of [first, await Mailbox.open(journal)]) {
      expect(await mailbox.put(ANA, letter('one byte', 1))).toBeUndefined()
    }
    const again = await Mailbox.open(journal)
    await again.remove(ANA, 1)
    expect(await again.put(ANA, large)).toBeDefined()
    expect(await again.put(ANA, letter('one byte', 1))).toBeUndefined()
  })

  it('takes no place for mail that it could not write', async () => {
    const journal = faultyJournal()
    const mailbox = await Mailbox.open(journal)
    journal.fail = new Error('no disk')
    for (let i = 0; i < MAILBOX_ITEMS; i++) {
      await expect(mailbox.put(ANA, letter('lost'))).rejects.toThrow('no disk')
    }
    journal.fail = undefined

    expect(mailbox.list(ANA, 0).items).toEqual([])
    expect(await mailbox.put(ANA, letter('kept'))).toBe(MAILBOX_ITEMS + 1)
  })

  it('gives pages of so many items', async () => {
    const mailbox = await Mailbox.open(memoryJournal())
    for (let i = 0; i <= MAIL_PER_PAGE; i++) await mailbox.put(ANA, letter(`${i}`))

    const first = mailbox.list(ANA, 0)
    const second = mailbox.list(ANA, first.items.at(-1)?.seq ?? 0)

    expect([first.items.length, first.more]).toEqual([MAIL_PER_PAGE, true])
    expect([second.items.length, second.more]).toEqual([1, false])
  })

  it('gives pages of so many bytes, and one piece at least', async () => {
    const mailbox = await Mailbox.open(memoryJournal())
    const large = new Uint8Array(1_024 * 1_024 + 8 * 1_024)
    for (let i = 0; i < 2; i++) await mailbox.put(ANA, large)

    const page = mailbox.list(ANA, 0)

    expect([page.items.length, page.more]).toEqual([1, true])
    expect(mailbox.list(ANA, 1).items.map(({ seq }) => seq)).toEqual([2])
  })

  it('writes nothing that says nothing new', async () => {
    const journal = faultyJournal()
    const mailbox = await Mailbox.open(journal)
    await mailbox.host(cardOf(ANA))
    await mailbox.put(ANA, letter('one'))
    const { appends } = journal

    await mailbox.host(cardOf(ANA))
    await mailbox.remove(ANA, 0)
    await mailbox.remove(BEN, 9)
    expect(journal.appends).toBe(appends)

    await mailbox.host(cardOf(ANA, 'a new name'))
    await mailbox.remove(ANA, 1)
    await mailbox.remove(ANA, 1)
    expect(journal.appends).toBe(appends + 2)
    expect(mailbox.card(ANA)?.name).toBe('a new name')
  })

  it('does not open on an entry that cannot be read', async () => {
    const journal = memoryJournal()
    await journal.append(Uint8Array.of(1, 2, 3))

    await expect(Mailbox.open(journal)).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })
})
