/**
 * A journal that lives as long as its object: for tests, the simulator and pages without storage.
 * @module
 */
import { InvalidParametersError, StoreFullError } from '../../core/errors.ts'
import { JOURNAL_ENTRY_BYTES } from '../../core/limits.ts'
import type { Journal } from '../adapters.ts'

export interface MemoryJournalInit {
  /** @default JOURNAL_ENTRY_BYTES */
  readonly maxEntryBytes?: number
  /** Sum of all entries. @default unbounded */
  readonly maxBytes?: number
}

export function memoryJournal(init: MemoryJournalInit = {}): Journal {
  const maxEntryBytes = init.maxEntryBytes ?? JOURNAL_ENTRY_BYTES
  const maxBytes = init.maxBytes ?? Number.POSITIVE_INFINITY
  const kept: Uint8Array[] = []
  let total = 0
  return {
    async *entries() {
      const count = kept.length
      for (let i = 0; i < count; i++) yield (kept[i] as Uint8Array).slice()
    },
    async append(...entries) {
      let added = 0
      for (const { byteLength } of entries) {
        if (byteLength > maxEntryBytes) {
          throw new InvalidParametersError(
            `"entry" expected <= ${maxEntryBytes} bytes, got ${byteLength}`
          )
        }
        added += byteLength
      }
      if (total + added > maxBytes) {
        throw new StoreFullError(`journal expected <= ${maxBytes} bytes, got ${total + added}`)
      }
      total += added
      kept.push(...entries.map((entry) => Uint8Array.from(entry)))
    },
    async close() {}
  }
}
