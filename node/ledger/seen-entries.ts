/**
 * What the ledger keeps of the chain itself: words that concern this person, each as it was proven
 * when it had changed (node/watch.ts). So she sees what happened while nobody told her.
 * @module
 */
import { bytes, map, nullable, type Of, oneOf, uint } from '../../core/codec.ts'
import { hash, recordId } from '../../core/ids.ts'

const hashBytes = bytes(32, (b) => hash(b))

export const seenEntryShapes = {
  seen: map({
    t: oneOf('seen'),
    what: oneOf('record', 'notice', 'review', 'recovery'),
    /** The storage key that the word was proven at. */
    slot: hashBytes,
    /** 0 where a reorg undid it. */
    word: hashBytes,
    /** The head that showed it, and its time. */
    block: uint(),
    at: uint(),
    /** Of the record that it is about; null and 0 for others. */
    recordId: nullable(bytes(32, recordId)),
    ver: uint(0xffff_ffff)
  })
} as const

export type SeenEntry = Of<(typeof seenEntryShapes)['seen']>
