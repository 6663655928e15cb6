/**
 * A custodian's one log of everything that it released, refused, acknowledged or destroyed (hop 10d
 * of 12): links chained and signed as they are written, durable before `append` resolves. At start
 * the whole chain is checked; a broken one refuses all work (601) until it is repaired.
 * @module
 */
import { setImmediate as turn } from 'node:timers/promises'
import { bytesUpTo, decode, encode, map } from '../../core/codec.ts'
import { StoreCorruptError } from '../../core/errors.ts'
import type { Address, Hash, PeerIdBytes } from '../../core/ids.ts'
import { COMMIT_GROUP, RECEIPT_MAX_BYTES } from '../../core/limits.ts'
import { EMPTY_LOG, grown, merkleRoot } from '../../core/merkle-log.ts'
import type { Primitives } from '../../core/primitives.ts'
import {
  appendLink,
  CHAIN_START,
  type ChainEnd,
  type ChainEntry,
  checkEntry,
  decodeBody,
  decodeLink,
  encodeBody,
  linkHash,
  type ReceiptBody,
  signedLinkShape
} from '../../core/receipt.ts'
import type { Signed } from '../../core/signed.ts'
import type { Clock, Journal } from '../adapters.ts'
import type { ReceiptIndex } from './receipt-index.ts'

export interface ReceiptLogInit {
  readonly journal: Journal
  readonly index: ReceiptIndex
  readonly peer: PeerIdBytes
  readonly peerSeed: Uint8Array
  readonly primitives: Primitives
  readonly clock: Clock
  /** G of the chain's kind: how far a corrected clock may go back. */
  readonly guardSeconds: number
  /** Called for each receipt found at start, oldest first. */
  readonly onReceipt?: (receipt: Receipt) => void
}

/** A receipt as it was written. */
export interface Receipt {
  readonly link: Signed
  readonly body: Uint8Array
}

interface Waiting {
  readonly body: Uint8Array
  readonly owner: Address | undefined
  readonly written: PromiseWithResolvers<Receipt>
}

const entryShape = map({ link: signedLinkShape, body: bytesUpTo(RECEIPT_MAX_BYTES) })

export class ReceiptLog {
  readonly #init: ReceiptLogInit
  readonly #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #end: ChainEnd = CHAIN_START
  #tree = EMPTY_LOG
  #firstAtSeconds: number | undefined
  #whole = true
  #indexed = true

  private constructor(init: ReceiptLogInit) {
    this.#init = init
  }

  /** Reads and checks the chain; a broken one opens too, and says so by `isWhole`. */
  static async open(init: ReceiptLogInit): Promise<ReceiptLog> {
    const log = new ReceiptLog(init)
    const { index, peer, guardSeconds, primitives } = init
    const indexed = index.lastSeq
    let seq = 0
    for await (const bytes of init.journal.entries()) {
      seq++
      const read = readEntry(bytes)
      if (read == null) {
        log.#whole = false
        continue
      }
      const { entry, owner } = read
      const { end, faults } = checkEntry(log.#end, entry, { peer, guardSeconds }, primitives)
      if (faults.length > 0) log.#whole = false
      if (log.#whole) log.#grow(entry)
      log.#end = end
      init.onReceipt?.(entry)
      if (seq > indexed) index.add(seq, owner, entry)
    }
    // an index that remembers more than the journal holds: the journal was put back (T16)
    if (indexed > seq) log.#whole = false
    return log
  }

  /** False: a link is missing, damaged or forged; nothing may be released. */
  get isWhole(): boolean {
    return this.#whole
  }

  /** Number of the newest link. */
  get lastSeq(): number {
    return this.#end.seq
  }

  /** When the first link was written; undefined while there is none. */
  get firstAtSeconds(): number | undefined {
    return this.#firstAtSeconds
  }

  /** How many links there are and the root over them: what is anchored (core/merkle-log.ts). */
  get top(): { readonly toSeq: number; readonly root: Hash } {
    return { toSeq: this.#tree.size, root: merkleRoot(this.#tree, this.#init.primitives) }
  }

  /** The root over the first links, read anew; undefined if there are not so many. */
  async rootAt(toSeq: number): Promise<Hash | undefined> {
    const { primitives: p } = this.#init
    const { size } = this.#tree
    if (toSeq === size) return merkleRoot(this.#tree, p)
    if (toSeq > size) return undefined
    let tree = EMPTY_LOG
    for await (const { link } of this.entries()) {
      if (tree.size === toSeq) break
      tree = grown(tree, linkHash(link, p), p)
    }
    return tree.size === toSeq ? merkleRoot(tree, p) : undefined
  }

  /** Takes a link that is on disk into the tree. */
  #grow({ link }: Receipt): void {
    const { primitives: p } = this.#init
    if (this.#tree.size === 0) this.#firstAtSeconds = decodeLink(link.b).at
    this.#tree = grown(this.#tree, linkHash(link, p), p)
  }

  /**
   * Chains, signs and writes a receipt; resolves when it is on disk. Many may be under way.
   * @throws StoreFullError, StoreCorruptError; then it is not in the log, which goes on without it
   */
  append(body: ReceiptBody): Promise<Receipt> {
    const written = Promise.withResolvers<Receipt>()
    this.#waiting.push({ body: encodeBody(body), owner: body.owner, written })
    this.#writing ??= this.#write()
    return written.promise
  }

  /**
   * One group after the other. A link is signed only when all before it are on disk, so a write
   * that fails leaves no gap, and no second link with its number.
   */
  async #write(): Promise<void> {
    await turn() // requests that came together share a write and its fsync
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, COMMIT_GROUP)
      const { receipts, end } = this.#chain(group)
      try {
        if (!this.#whole) throw new StoreCorruptError('the receipt log is not whole')
        await this.#init.journal.append(...receipts.map((receipt) => encode(receipt)))
      } catch (err) {
        for (const { written } of group) written.reject(err)
        continue
      }
      const before = this.#end.seq
      this.#end = end
      for (const [i, { owner, written }] of group.entries()) {
        const receipt = receipts[i] as Receipt
        this.#grow(receipt)
        this.#index(before + i + 1, owner, receipt)
        written.resolve(receipt)
      }
    }
    this.#writing = undefined
  }

  #chain(group: readonly Waiting[]): { receipts: readonly Receipt[]; end: ChainEnd } {
    const { peer, peerSeed, primitives, clock } = this.#init
    let end = this.#end
    const receipts = group.map(({ body }) => {
      const atSeconds = Math.max(end.atSeconds, Math.floor(clock.nowMs() / 1_000))
      const next = appendLink(end, body, { peer, seed: peerSeed, atSeconds }, primitives)
      end = next.end
      return { link: next.link, body }
    })
    return { receipts, end }
  }

  /** The index may fail: it is caught up at the next start, and until then has no gap. */
  #index(seq: number, owner: Address | undefined, receipt: Receipt): void {
    if (!this.#indexed) return
    try {
      this.#init.index.add(seq, owner, receipt)
    } catch {
      this.#indexed = false
    }
  }

  /** The chain after `after`, with the bodies that are about this owner's records. */
  page(owner: Address, after: number): { entries: readonly ChainEntry[]; more: boolean } {
    return this.#init.index.page(owner, after)
  }

  /** The whole chain with all bodies, as the custodian's own auditor exports it. */
  async *entries(): AsyncGenerator<Receipt> {
    for await (const bytes of this.#init.journal.entries()) {
      yield decode(entryShape, bytes, 'receipt')
    }
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#init.journal.close()
    this.#init.index.close()
  }
}

/** Undefined for bytes that are no receipt. */
function readEntry(
  bytes: Uint8Array
): { readonly entry: Receipt; readonly owner: Address | undefined } | undefined {
  try {
    const entry = decode(entryShape, bytes, 'receipt')
    return { entry, owner: decodeBody(entry.body).owner }
  } catch {
    return undefined
  }
}
