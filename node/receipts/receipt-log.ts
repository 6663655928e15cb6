/**
 * A custodian's one log of everything that it released, refused, acknowledged or destroyed (hop 10d
 * of 12): links chained and signed as they are asked for, durable before `append` resolves. At
 * start the whole chain is checked; a broken one refuses all work (601) until it is repaired.
 * @module
 */
import { bytesUpTo, decode, encode, map } from '../../core/codec.ts'
import type { Address, PeerIdBytes } from '../../core/ids.ts'
import { RECEIPT_MAX_BYTES } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import {
  appendLink,
  CHAIN_START,
  type ChainEnd,
  type ChainEntry,
  checkEntry,
  decodeBody,
  encodeBody,
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

const entryShape = map({ link: signedLinkShape, body: bytesUpTo(RECEIPT_MAX_BYTES) })

export class ReceiptLog {
  readonly #init: ReceiptLogInit
  #end: ChainEnd = CHAIN_START
  #whole = true

  private constructor(init: ReceiptLogInit) {
    this.#init = init
  }

  /** Reads and checks the chain; a broken one opens too, and says so by `isWhole`. */
  static async open(init: ReceiptLogInit): Promise<ReceiptLog> {
    const log = new ReceiptLog(init)
    const { index, peer, guardSeconds, primitives } = init
    let indexed = index.lastSeq
    let seq = 0
    for await (const bytes of init.journal.entries()) {
      seq++
      const entry = decode(entryShape, bytes, 'receipt')
      const { end, faults } = checkEntry(log.#end, entry, { peer, guardSeconds }, primitives)
      if (faults.length > 0) log.#whole = false
      log.#end = end
      init.onReceipt?.(entry)
      if (seq > indexed) index.add(seq, ownerOf(decodeBody(entry.body)), entry)
    }
    if (indexed > seq) {
      // the index remembers more than the journal holds: the journal was put back (T16)
      log.#whole = false
      indexed = seq
    }
    return log
  }

  /** False: a link is missing, damaged or forged, or a write failed; nothing may be released. */
  get isWhole(): boolean {
    return this.#whole
  }

  /** Number of the newest link. */
  get lastSeq(): number {
    return this.#end.seq
  }

  /**
   * Signs and chains a receipt at once and resolves when it is on disk; many may be under way.
   * @throws StoreFullError, StoreCorruptError; then the log is broken, since a link is missing
   */
  async append(body: ReceiptBody): Promise<Receipt> {
    const { journal, index, peer, peerSeed, primitives, clock } = this.#init
    const encoded = encodeBody(body)
    const atSeconds = Math.max(this.#end.atSeconds, Math.floor(clock.nowMs() / 1_000))
    const { link, end } = appendLink(
      this.#end,
      encoded,
      { peer, seed: peerSeed, atSeconds },
      primitives
    )
    this.#end = end
    try {
      await journal.append(encode({ link, body: encoded }))
    } catch (err) {
      this.#whole = false
      throw err
    }
    index.add(end.seq, ownerOf(body), { link, body: encoded })
    return { link, body: encoded }
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
    await this.#init.journal.close()
    this.#init.index.close()
  }
}

const ownerOf = (body: ReceiptBody): Address | undefined => body.owner
