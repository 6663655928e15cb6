/**
 * Read budgets: how many distinct record versions this custodian gave under a grant in its window
 * (check 29). Counted in memory and rebuilt from the release receipts at start, so that a restart
 * gives nobody a fresh budget. Claimed in the same turn as the decision: two requests at once
 * cannot both take the last place.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import type { GrantId, RecordId } from '../../core/ids.ts'
import { BUDGET_GRANTS } from '../../core/limits.ts'

export interface BudgetUse {
  readonly grantId: GrantId
  readonly recordId: RecordId
  readonly ver: number
}

export interface Used {
  readonly count: number
  readonly again: boolean
}

export class Budget {
  /** grant → record version → when it was first given, in seconds. */
  readonly #given = new Map<string, Map<string, number>>()

  /** `windowSeconds` 0: the grant's whole life. */
  used({ grantId, recordId, ver }: BudgetUse, windowSeconds: number, nowSeconds: number): Used {
    const given = this.#given.get(toHex(grantId))
    if (given == null) return { count: 0, again: false }
    const since = windowSeconds === 0 ? 0 : nowSeconds - windowSeconds
    let count = 0
    for (const at of given.values()) if (at >= since) count++
    const own = given.get(versionKey(recordId, ver))
    return { count, again: own != null && own >= since }
  }

  claim({ grantId, recordId, ver }: BudgetUse, nowSeconds: number): void {
    const key = toHex(grantId)
    let given = this.#given.get(key)
    if (given == null) {
      // the oldest grant makes room: by then it is one of a hundred thousand newer ones
      const [oldest] = this.#given.keys()
      if (this.#given.size >= BUDGET_GRANTS && oldest != null) this.#given.delete(oldest)
      given = new Map()
      this.#given.set(key, given)
    }
    given.set(versionKey(recordId, ver), nowSeconds)
  }
}

const versionKey = (recordId: RecordId, ver: number): string => `${toHex(recordId)} ${ver}`
