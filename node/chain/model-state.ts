/**
 * The words of a modelled chain, with a journal: a call that reverts, or a block that a reorg drops,
 * is undone by walking it back. Used by contract-model.ts and directory-model.ts.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import type { Address, Hash } from '../../core/ids.ts'
import type { ContractName, WordRef } from '../adapters.ts'

/** The block that a call stands in. */
export interface ModelBlock {
  readonly number: number
  readonly timeSeconds: number
}

/** A call was refused; the name is the custom error's in contracts/interfaces. */
export class ModelRevert extends Error {
  override readonly name = 'ModelRevert'
  readonly error: string
  constructor(error: string) {
    super(`reverted with ${error}`)
    this.error = error
  }
}

export function demand(holds: boolean, error: string): asserts holds {
  if (!holds) throw new ModelRevert(error)
}

export class ModelState {
  readonly #words = new Map<string, { readonly ref: WordRef; readonly word: bigint }>()
  /** What the contracts keep beside the frozen words, by a name of ours. */
  readonly #others = new Map<string, number>()
  readonly #journal: (() => void)[] = []
  readonly #changed = new Map<string, WordRef>()
  /** What `Changed` said since it was last asked, in order. */
  #events: { readonly ref: WordRef; readonly word: bigint }[] = []
  readonly #touched = new Map<string, Address>()

  word({ contract, slot }: WordRef): bigint {
    return this.#words.get(keyOf(contract, slot))?.word ?? 0n
  }

  setWord(ref: WordRef, word: bigint): void {
    const key = keyOf(ref.contract, ref.slot)
    const before = this.#words.get(key)
    this.#journal.push(() => {
      if (before == null) this.#words.delete(key)
      else this.#words.set(key, before)
      this.#changed.set(key, ref)
      this.#events.pop() // of a block that is done there are none here any more
    })
    this.#words.set(key, { ref, word })
    this.#events.push({ ref, word })
    this.#changed.set(key, ref)
  }

  other(name: string): number {
    return this.#others.get(name) ?? 0
  }

  setOther(name: string, value: number): void {
    const before = this.#others.get(name)
    this.#journal.push(() => {
      if (before == null) this.#others.delete(name)
      else this.#others.set(name, before)
    })
    this.#others.set(name, value)
  }

  /** An account's nonce or code changed. */
  touchAccount(account: Address): void {
    const key = toHex(account)
    this.#journal.push(() => this.#touched.set(key, account))
    this.#touched.set(key, account)
  }

  /** The accounts touched since the last call of this. */
  takeTouched(): Address[] {
    const accounts = [...this.#touched.values()]
    this.#touched.clear()
    return accounts
  }

  /** Where the journal stands, to go back to. */
  mark(): number {
    return this.#journal.length
  }

  rollback(mark: number): void {
    while (this.#journal.length > mark) this.#journal.pop()?.()
  }

  /** The words touched since the last call of this. */
  takeChanged(): WordRef[] {
    const refs = [...this.#changed.values()]
    this.#changed.clear()
    return refs
  }

  /** Words that were written since the last call of this, each time, in order. */
  takeEvents(): { readonly ref: WordRef; readonly word: bigint }[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** All words that were ever written. */
  all(): IterableIterator<{ readonly ref: WordRef; readonly word: bigint }> {
    return this.#words.values()
  }
}

const keyOf = (contract: ContractName, slot: Hash): string => `${contract}/${toHex(slot)}`
