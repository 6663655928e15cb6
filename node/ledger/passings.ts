/**
 * Sub-grants and hand-backs as the ledger tells them, folded from passing-entries.ts.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { WHOLE_GRANT } from '../../core/hand-back.ts'
import type { Address, GrantId, Hash } from '../../core/ids.ts'
import type { PassingEntry, PassingEntryOf } from './passing-entries.ts'

export class Passings {
  readonly #given = new Map<string, PassingEntryOf<'passedOn'>>()
  readonly #received = new Map<string, PassingEntryOf<'subReceived'>>()
  readonly #own = new Map<string, PassingEntryOf<'gaveBack'>>()
  readonly #others = new Map<string, PassingEntryOf<'handedBack'>>()

  /** Sub-grants that this person signed. */
  given(): readonly PassingEntryOf<'passedOn'>[] {
    return [...this.#given.values()]
  }

  /** Sub-grants under which she may read. */
  received(): readonly PassingEntryOf<'subReceived'>[] {
    return [...this.#received.values()]
  }

  sub(
    subGrant: Uint8Array
  ): PassingEntryOf<'passedOn'> | PassingEntryOf<'subReceived'> | undefined {
    const key = toHex(subGrant)
    return this.#given.get(key) ?? this.#received.get(key)
  }

  /** What she handed back of this grant, or of one sub-grant under it. */
  own(grant: GrantId, subGrant: Hash = WHOLE_GRANT): PassingEntryOf<'gaveBack'> | undefined {
    return this.#own.get(toHex(grant) + toHex(subGrant))
  }

  gaveBack(): readonly PassingEntryOf<'gaveBack'>[] {
    return [...this.#own.values()]
  }

  /** Accounts that handed the whole grant back, as they said. */
  backOf(grant: GrantId): readonly PassingEntryOf<'handedBack'>[] {
    const of = toHex(grant) + toHex(WHOLE_GRANT)
    return [...this.#others].filter(([key]) => key.startsWith(of)).map(([, entry]) => entry)
  }

  /** By either side, or with the whole grant of the one who passed it on. */
  isEnded({
    grantId: grant,
    subGrant,
    sub
  }: PassingEntryOf<'passedOn'> | PassingEntryOf<'subReceived'>): boolean {
    const { delegator } = sub
    const { delegate } = sub.grant
    const told = (id: Hash, by: Address): boolean => this.#others.has(keyOf(grant, id, by))
    return (
      this.own(grant) != null ||
      this.own(grant, subGrant) != null ||
      told(WHOLE_GRANT, delegator) ||
      told(subGrant, delegator) ||
      told(subGrant, delegate)
    )
  }

  fold(entry: PassingEntry): void {
    switch (entry.t) {
      case 'passedOn':
        this.#given.set(toHex(entry.subGrant), entry)
        return
      case 'subReceived':
        this.#received.set(toHex(entry.subGrant), entry)
        return
      case 'gaveBack':
        this.#own.set(toHex(entry.grantId) + toHex(entry.subGrant), entry)
        return
      case 'handedBack':
        this.#others.set(keyOf(entry.grantId, entry.subGrant, entry.account), entry)
    }
  }
}

const keyOf = (grant: GrantId, subGrant: Hash, account: Address): string =>
  toHex(grant) + toHex(subGrant) + toHex(account)
