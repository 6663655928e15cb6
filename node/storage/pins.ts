/**
 * Which roots are kept, as a journal: u8 kind (1 pinned, 2 unpinned) ‖ CID.
 * @module
 */
import { CID } from 'multiformats/cid'
import { concat, u8 } from '../../core/bytes.ts'
import { StoreCorruptError } from '../../core/errors.ts'
import type { Journal } from '../adapters.ts'

const PINNED = 1
const UNPINNED = 2

export class Pins {
  readonly #journal: Journal
  readonly #roots: Map<string, CID>

  static async open(journal: Journal): Promise<Pins> {
    return new Pins(journal, await readPins(journal))
  }

  private constructor(journal: Journal, roots: Map<string, CID>) {
    this.#journal = journal
    this.#roots = roots
  }

  has(root: CID): boolean {
    return this.#roots.has(root.toString())
  }

  roots(): readonly CID[] {
    return [...this.#roots.values()]
  }

  /** Durable when it resolves. */
  async add(root: CID): Promise<void> {
    await this.#journal.append(pinEntry(root))
    this.#roots.set(root.toString(), root)
  }

  async remove(root: CID): Promise<void> {
    if (!this.has(root)) return
    await this.#journal.append(concat(u8(UNPINNED), root.bytes))
    this.#roots.delete(root.toString())
  }
}

export const pinEntry = (root: CID): Uint8Array => concat(u8(PINNED), root.bytes)

/** What the entries of a journal add up to. @throws StoreCorruptError */
export async function readPins(journal: Journal): Promise<Map<string, CID>> {
  const roots = new Map<string, CID>()
  for await (const entry of journal.entries()) {
    const [kind] = entry
    const root = rootOf(entry.subarray(1))
    if (kind === PINNED) roots.set(root.toString(), root)
    else if (kind === UNPINNED) roots.delete(root.toString())
    else throw new StoreCorruptError(`pin expected kind 1 or 2, got ${kind}`)
  }
  return roots
}

function rootOf(bytes: Uint8Array): CID {
  try {
    return CID.decode(bytes)
  } catch (cause) {
    throw new StoreCorruptError('pin expected a CID', { cause })
  }
}
