/**
 * A journal whose entries lie sealed on the disk: nonce(24) ‖ XChaCha20-Poly1305 under the store
 * key, with the entry's number as associated data, so that entries cannot be exchanged, dropped or
 * repeated without the key (SECURITY.md T7, T16). That the newest are missing, nobody can see here:
 * the anchor of the receipts shows it.
 * @module
 */
import { concat, domain, u64be } from '../../core/bytes.ts'
import { DecryptionFailedError, StoreCorruptError } from '../../core/errors.ts'
import { COMMIT_GROUP } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { Journal, Random } from '../adapters.ts'

const NONCE_BYTES = 24
/** What sealing adds to an entry: the inner journal's `maxEntryBytes` must allow for it. */
export const SEALED_ENTRY_OVERHEAD_BYTES = NONCE_BYTES + 16

interface Waiting {
  readonly entries: readonly Uint8Array[]
  readonly resolve: () => void
  readonly reject: (err: unknown) => void
}

/** Wraps `inner`. @throws DecryptionFailedError from `entries` if the key is another one */
export async function encryptedJournal(
  inner: Journal,
  storeKey: Uint8Array,
  p: Primitives,
  random: Random
): Promise<Journal> {
  const aad = (number: number) => concat(domain('keyward/v1/journal'), u64be(number))
  const waiting: Waiting[] = []
  let count = 0
  let sealing: Promise<void> | undefined
  for await (const _ of inner.entries()) count++

  /** One append of the inner journal at a time: a number is spent only once its entry is stored. */
  async function seal(): Promise<void> {
    await Promise.resolve()
    while (waiting.length > 0) {
      const group = nextGroup(waiting)
      const sealed: Uint8Array[] = []
      try {
        for (const { entries } of group) {
          for (const entry of entries) {
            const nonce = random(NONCE_BYTES)
            const number = count + sealed.length
            sealed.push(concat(nonce, p.xchachaSeal(storeKey, nonce, aad(number), entry)))
          }
        }
        await inner.append(...sealed)
        count += sealed.length
        for (const { resolve } of group) resolve()
      } catch (err) {
        for (const { reject } of group) reject(err)
      }
    }
    sealing = undefined
  }

  return {
    async *entries() {
      let number = 0
      for await (const entry of inner.entries()) {
        if (entry.byteLength < SEALED_ENTRY_OVERHEAD_BYTES) {
          throw new StoreCorruptError(`journal entry ${number} is too short to be sealed`)
        }
        const nonce = entry.subarray(0, NONCE_BYTES)
        try {
          yield p.xchachaOpen(storeKey, nonce, aad(number), entry.subarray(NONCE_BYTES))
        } catch (cause) {
          throw new DecryptionFailedError({ cause })
        }
        number++
      }
    },
    async append(...entries) {
      if (entries.length === 0) return
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ entries, resolve, reject })
      sealing ??= seal()
      await promise
    },
    async close() {
      await sealing
      await inner.close()
    }
  }
}

function nextGroup(waiting: Waiting[]): Waiting[] {
  const group: Waiting[] = []
  let count = 0
  for (let next = waiting[0]; next != null; next = waiting[0]) {
    if (group.length > 0 && count + next.entries.length > COMMIT_GROUP) break
    waiting.shift()
    group.push(next)
    count += next.entries.length
  }
  return group
}
