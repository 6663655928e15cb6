/**
 * Finds receipts by number and owner without holding them in memory: a node:sqlite table beside the
 * journal, rebuilt from it whenever it lags, has a gap, is damaged or gone. Never the truth: the
 * journal is.
 * @module
 */
import { rmSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { decode, encode, map } from '../../core/codec.ts'
import type { Address } from '../../core/ids.ts'
import { RECEIPTS_PER_PAGE } from '../../core/limits.ts'
import { type ChainEntry, signedLinkShape } from '../../core/receipt.ts'

const linkColumn = map({ link: signedLinkShape })

interface Row {
  readonly seq: number
  readonly link: Uint8Array
  readonly body: Uint8Array
  readonly mine: number
}

export class ReceiptIndex {
  readonly #db: DatabaseSync
  readonly #insert: StatementSync
  readonly #page: StatementSync

  /** `path` may be ":memory:". */
  constructor(path: string) {
    this.#db = openTable(path)
    this.#insert = this.#db.prepare('INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?)')
    this.#page = this.#db.prepare(
      'SELECT seq, link, body, owner = ? AS mine FROM receipts WHERE seq > ? ORDER BY seq LIMIT ?'
    )
    const row = this.#db.prepare('SELECT count(*) AS rows, max(seq) AS last FROM receipts').get()
    if (row?.['rows'] !== (row?.['last'] ?? 0)) this.#db.exec('DELETE FROM receipts')
  }

  /** The highest number it holds; all below it are there too. */
  get lastSeq(): number {
    const row = this.#db.prepare('SELECT max(seq) AS last FROM receipts').get()
    return Number(row?.['last'] ?? 0)
  }

  add(seq: number, owner: Address | undefined, entry: Required<ChainEntry>): void {
    this.#insert.run(seq, owner ?? null, encode({ link: entry.link }), entry.body ?? null)
  }

  /** Links after `after`; bodies only of receipts about `owner`'s records. */
  page(owner: Address, after: number): { entries: readonly ChainEntry[]; more: boolean } {
    const rows = this.#page.all(owner, after, RECEIPTS_PER_PAGE + 1) as unknown as Row[]
    const entries = rows.slice(0, RECEIPTS_PER_PAGE).map((row) => ({
      link: decode(linkColumn, Uint8Array.from(row.link), 'index').link,
      body: row.mine === 1 ? Uint8Array.from(row.body) : undefined
    }))
    return { entries, more: rows.length > RECEIPTS_PER_PAGE }
  }

  close(): void {
    this.#db.close()
  }
}

function openTable(path: string): DatabaseSync {
  try {
    return createTable(path)
  } catch {
    for (const ending of ['', '-wal', '-shm']) rmSync(`${path}${ending}`, { force: true })
    return createTable(path)
  }
}

function createTable(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  try {
    // a lost index is rebuilt, so it need not survive power loss
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
    db.exec(
      'CREATE TABLE IF NOT EXISTS receipts (seq INTEGER PRIMARY KEY, owner BLOB, link BLOB, body BLOB)'
    )
    return db
  } catch (err) {
    db.close()
    throw err
  }
}
