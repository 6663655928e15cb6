/**
 * Rows of `history` that come from the chain itself: verdicts on records, notices and reviews of
 * emergencies, attempts to recover the account; each as its word was proven (node/watch.ts).
 * @module
 */
import { toBigInt, toHex } from '../../core/bytes.ts'
import {
  decodeNoticeWord,
  decodeRecordWord,
  decodeRecoveryWord,
  decodeReviewWord,
  RecordStatus,
  RecoveryStatus,
  ReviewStatus
} from '../../core/words.ts'
import type { SeenEntry } from '../ledger/seen-entries.ts'
import type { Node } from '../node.ts'
import type { HistoryResult } from './results.ts'

/** Oldest first. What was there when she looked first is no news, unless it is more than a record. */
export function seenRows({ ledger }: Pick<Node, 'ledger'>): HistoryResult['entries'] {
  const before = new Map<string, SeenEntry>()
  return ledger.seen().flatMap((entry) => {
    const slot = toHex(entry.slot)
    const kind = TELL[entry.what](toBigInt(entry.word), toBigInt(before.get(slot)?.word ?? ZERO))
    before.set(slot, entry)
    if (kind == null) return []
    const recordId = entry.recordId == null ? '' : toHex(entry.recordId)
    return [{ at: entry.at, kind, custodian: '', recordId, ver: entry.ver }]
  })
}

const ZERO = new Uint8Array()

type Tell = (word: bigint, before: bigint) => string | undefined

const TELL: Readonly<Record<SeenEntry['what'], Tell>> = {
  record(word, before) {
    const now = decodeRecordWord(word)
    const then = decodeRecordWord(before)
    if (word === 0n) return 'record undone by the chain'
    if (now == null) return undefined
    const { status, confirmed, rejected, quorum } = now
    const counts = `${confirmed} of ${quorum} confirmed, ${rejected} rejected`
    const verdicts = confirmed !== (then?.confirmed ?? 0) || rejected !== (then?.rejected ?? 0)
    if (status !== (then?.status || RecordStatus.STORED))
      return `record ${nameOf(status)} (${counts})`
    return verdicts ? `verdict (${counts})` : undefined
  },
  notice: (word) =>
    word === 0n
      ? 'emergency notice undone by the chain'
      : decodeNoticeWord(word) && 'emergency notice',
  review(word) {
    const status = decodeReviewWord(word)?.status
    if (status === ReviewStatus.OPEN) return 'emergency review due'
    return status === ReviewStatus.DONE ? 'emergency reviewed' : undefined
  },
  recovery(word) {
    switch (decodeRecoveryWord(word)?.status) {
      case RecoveryStatus.PENDING:
        return 'RECOVERY of this account proposed'
      case RecoveryStatus.VETOED:
        return 'recovery vetoed'
      case RecoveryStatus.DONE:
        return 'recovery done: another account succeeded'
      default:
        return undefined
    }
  }
}

const STATUS_NAMES = new Map<number, string>(
  Object.entries(RecordStatus).map(([name, status]) => [status, name.toLowerCase()])
)
const nameOf = (status: number): string => STATUS_NAMES.get(status) ?? String(status)
