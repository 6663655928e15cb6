/**
 * The serving side of a clinic: custody, release, mail and relay, over the stores that it keeps.
 * @module
 */
import type { CustodyStore } from './custody/custody-store.ts'
import type { Mailbox } from './inbox/mailbox.ts'
import type { ReceiptLog } from './receipts/receipt-log.ts'

export interface Clinic {
  readonly custody: CustodyStore
  readonly mailbox: Mailbox
  readonly receipts: ReceiptLog
}
