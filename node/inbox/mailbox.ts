/**
 * Mail that waits at a custodian for people whose phone is off (hop 7 of 12): who is kept for, and
 * what is there. One append-only journal, folded into maps when opened; bounded per account, so
 * that nobody can fill a clinic's disk through one patient.
 * @module
 */
import { type Card, cardShape } from '../../core/binding.ts'
import { equalBytes, toHex } from '../../core/bytes.ts'
import { bytesUpTo, decode, encode, map, type Of, oneOf, uint, variant } from '../../core/codec.ts'
import { StoreCorruptError } from '../../core/errors.ts'
import type { Address } from '../../core/ids.ts'
import {
  INBOX_FRAME_MAX_BYTES,
  MAIL_PER_PAGE,
  MAILBOX_ACCOUNTS,
  MAILBOX_BYTES,
  MAILBOX_ITEMS
} from '../../core/limits.ts'
import { addressShape } from '../../core/typed-data.ts'
import type { MailItem } from '../../protocols/inbox/index.ts'
import type { Journal } from '../adapters.ts'

const entryShape = variant('t', {
  /** Mail is kept for the account of this card, and given to its peer alone. */
  host: map({ t: oneOf('host'), card: cardShape }),
  mail: map({
    t: oneOf('mail'),
    to: addressShape,
    seq: uint(Number.MAX_SAFE_INTEGER, 1),
    mail: bytesUpTo(INBOX_FRAME_MAX_BYTES, 1)
  }),
  removed: map({ t: oneOf('removed'), account: addressShape, upTo: uint() })
})
type Entry = Of<typeof entryShape>

interface Box {
  lastSeq: number
  /** With what is still being written: many may put at once. */
  bytes: number
  count: number
  readonly items: MailItem[]
}

export class Mailbox {
  readonly #journal: Journal
  readonly #cards = new Map<string, Card>()
  readonly #boxes = new Map<string, Box>()

  private constructor(journal: Journal) {
    this.#journal = journal
  }

  /** @throws StoreCorruptError */
  static async open(journal: Journal): Promise<Mailbox> {
    const mailbox = new Mailbox(journal)
    for await (const bytes of journal.entries()) {
      try {
        mailbox.#fold(decode(entryShape, bytes, 'mailbox'))
      } catch (err) {
        throw new StoreCorruptError('the mailbox holds an entry that cannot be read', {
          cause: err
        })
      }
    }
    return mailbox
  }

  /** The card of an account that mail is kept for. */
  card(account: Address): Card | undefined {
    return this.#cards.get(toHex(account))
  }

  /** Undefined when no more accounts fit. */
  async host(card: Card): Promise<true | undefined> {
    const known = this.card(card.binding.account)
    if (known == null && this.#cards.size >= MAILBOX_ACCOUNTS) return undefined
    const entry = encode({ t: 'host', card })
    const same = known != null && equalBytes(encode({ t: 'host', card: known }), entry)
    if (!same) await this.#append({ t: 'host', card })
    return true
  }

  /** Keeps mail durably; undefined when the box is full. */
  async put(to: Address, mail: Uint8Array): Promise<number | undefined> {
    const box = this.#box(to)
    const size = mail.byteLength
    if (box.count >= MAILBOX_ITEMS || box.bytes + size > MAILBOX_BYTES) return undefined
    // taken before the write, so that two puts never share a number or the last place
    const seq = ++box.lastSeq
    box.count++
    box.bytes += size
    try {
      await this.#journal.append(encode({ t: 'mail', to, seq, mail }))
    } catch (err) {
      box.count--
      box.bytes -= size
      throw err
    }
    insert(box, { seq, mail })
    return seq
  }

  /** A page of what waits, oldest first. */
  list(account: Address, after: number): { items: readonly MailItem[]; more: boolean } {
    const waiting = this.#boxes.get(toHex(account))?.items.filter((item) => item.seq > after) ?? []
    const items: MailItem[] = []
    let bytes = 0
    for (const item of waiting) {
      bytes += item.mail.byteLength
      if (items.length === MAIL_PER_PAGE || (items.length > 0 && bytes > PAGE_BYTES)) break
      items.push(item)
    }
    return { items, more: items.length < waiting.length }
  }

  async remove(account: Address, upTo: number): Promise<void> {
    const [oldest] = this.#boxes.get(toHex(account))?.items ?? []
    if (oldest != null && oldest.seq <= upTo) await this.#append({ t: 'removed', account, upTo })
  }

  close(): Promise<void> {
    return this.#journal.close()
  }

  async #append(entry: Entry): Promise<void> {
    await this.#journal.append(encode(entry))
    this.#fold(entry)
  }

  #box(account: Address): Box {
    const key = toHex(account)
    const box = this.#boxes.get(key) ?? { lastSeq: 0, bytes: 0, count: 0, items: [] }
    this.#boxes.set(key, box)
    return box
  }

  #fold(entry: Entry): void {
    if (entry.t === 'host') {
      this.#cards.set(toHex(entry.card.binding.account), entry.card)
    } else if (entry.t === 'mail') {
      const box = this.#box(entry.to)
      insert(box, { seq: entry.seq, mail: entry.mail })
      box.count++
      box.bytes += entry.mail.byteLength
      box.lastSeq = Math.max(box.lastSeq, entry.seq)
    } else {
      const box = this.#box(entry.account)
      while (box.items[0] != null && box.items[0].seq <= entry.upTo) {
        box.count--
        box.bytes -= box.items[0].mail.byteLength
        box.items.shift()
      }
    }
  }
}

function insert(box: Box, item: MailItem): void {
  box.items.push(item)
  box.items.sort((a, b) => a.seq - b.seq)
}

/** A page's frame must hold its mail and the map around it. */
const PAGE_BYTES = INBOX_FRAME_MAX_BYTES - 16 * 1_024
