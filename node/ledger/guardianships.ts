/**
 * Guardians and recovery as the ledger tells them, folded from guardian-entries.ts.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import type { Address } from '../../core/ids.ts'
import type { GuardianEntry, GuardianEntryOf } from './guardian-entries.ts'

export class Guardianships {
  readonly #known = new Map<string, GuardianEntryOf<'guardianship'>>()
  readonly #helping = new Map<string, GuardianEntryOf<'helping'>>()
  #plan: GuardianEntryOf<'recoveryPlan'> | undefined

  /** Given, held, or ended: the newest of each ward and guardian. */
  all(): readonly GuardianEntryOf<'guardianship'>[] {
    return [...this.#known.values()]
  }

  get plan(): GuardianEntryOf<'recoveryPlan'> | undefined {
    return this.#plan
  }

  helping(account: Address): GuardianEntryOf<'helping'> | undefined {
    return this.#helping.get(toHex(account))
  }

  helped(): readonly GuardianEntryOf<'helping'>[] {
    return [...this.#helping.values()]
  }

  fold(entry: GuardianEntry): void {
    switch (entry.t) {
      case 'guardianship': {
        const key = toHex(entry.ward) + toHex(entry.guardian)
        if (entry.version >= (this.#known.get(key)?.version ?? 0)) this.#known.set(key, entry)
        return
      }
      case 'recoveryPlan':
        this.#plan = entry
        return
      case 'helping':
        this.#helping.set(toHex(entry.account), entry)
    }
  }
}
