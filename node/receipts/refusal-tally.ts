/**
 * Counts refusals that no record is proven to concern (codes 101–307), so that junk cannot fill the
 * log: one receipt per peer, code and minute, holding how many there were (SECURITY.md §11).
 * @module
 */

import { toHex } from '../../core/bytes.ts'
import type { RefuseCode } from '../../core/codes.ts'
import type { Hash, PeerIdBytes } from '../../core/ids.ts'
import { REFUSALS_COUNTED } from '../../core/limits.ts'
import type { ReceiptBody } from '../../core/receipt.ts'
import type { ReceiptLog } from './receipt-log.ts'

interface Counted {
  readonly peer: PeerIdBytes
  readonly code: RefuseCode
  /** Hash of the first request. */
  readonly req: Hash
  readonly want: string
  count: number
}

const MINUTE_MS = 60_000

export class RefusalTally {
  readonly #log: ReceiptLog
  readonly #body: (counted: Counted) => ReceiptBody
  readonly #counted = new Map<string, Counted>()
  #timer: NodeJS.Timeout | undefined

  constructor(log: ReceiptLog, body: (counted: Counted) => ReceiptBody) {
    this.#log = log
    this.#body = body
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.flush().catch(() => {}), MINUTE_MS).unref()
  }

  count(peer: PeerIdBytes, code: RefuseCode, req: Hash, want: string): void {
    this.#add({ peer, code, req, want, count: 1 })
  }

  /** Writes what was counted. @throws StoreFullError, StoreCorruptError; then it stays counted */
  async flush(): Promise<void> {
    const counted = [...this.#counted.values()]
    this.#counted.clear()
    const written = await Promise.allSettled(
      counted.map(async (each) => this.#log.append(this.#body(each)))
    )
    for (const [i, { status }] of written.entries()) {
      if (status === 'rejected') this.#add(counted[i] as Counted)
    }
    const failed = written.find((each) => each.status === 'rejected')
    if (failed != null) throw failed.reason
  }

  /** Writes what it can: a log that takes nothing more must not keep a node from stopping. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.flush().catch(() => {})
  }

  /** Beyond the bound, more kinds of refusal in one minute share one counter. */
  #add(more: Counted): void {
    const full = this.#counted.size >= REFUSALS_COUNTED
    const own = `${toHex(more.peer)} ${more.code}`
    const key = full && !this.#counted.has(own) ? 'rest' : own
    const known = this.#counted.get(key)
    if (known == null) this.#counted.set(key, { ...more })
    else known.count += more.count
  }
}
