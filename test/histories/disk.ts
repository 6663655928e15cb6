/**
 * A custodian's disk in memory: journals that outlive the process.
 * @module
 */
import type { Journal } from '../../node/adapters.ts'

/** A journal whose disk is there for the next start. */
export class Disk implements Journal {
  readonly #entries: Uint8Array[]
  /** After so many more appends the process is gone. */
  left = Number.POSITIVE_INFINITY
  constructor(entries: readonly Uint8Array[] = []) {
    this.#entries = [...entries]
  }
  async *entries(): AsyncIterable<Uint8Array> {
    yield* this.#entries.slice()
  }
  async append(...entries: readonly Uint8Array[]): Promise<void> {
    if (this.left <= 0) throw new Error('the process is gone')
    this.left--
    this.#entries.push(...entries.map((entry) => Uint8Array.from(entry)))
  }
  async close(): Promise<void> {}
}

export async function contents(journal: Journal): Promise<Uint8Array[]> {
  const out: Uint8Array[] = []
  for await (const entry of journal.entries()) out.push(entry)
  return out
}
