/**
 * The proofs behind decisions (headers, account and storage nodes), kept once each, so that a third
 * party can check a release again without any endpoint (SECURITY.md §11). A receipt names them by
 * hash and is written only after they are on disk.
 * @module
 */
import { concat, toHex } from '../../core/bytes.ts'
import { type Hash, hash } from '../../core/ids.ts'
import { EVIDENCE_KNOWN } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { Journal } from '../adapters.ts'

/** What was proven at the block that the request named, and at the head. */
export interface Evidence {
  readonly conf: Uint8Array
  readonly head: Uint8Array
}

export class EvidenceStore {
  readonly #journal: Journal
  readonly #primitives: Primitives
  /** Newest evidence, by hash in hex: pending or written. */
  readonly #known = new Map<string, Promise<void>>()

  /** By the head's evidence itself: whoever proves the same words again gives the same bytes. */
  readonly #hashed = new WeakMap<Uint8Array, { readonly conf: Uint8Array; readonly ev: Hash }>()

  constructor(journal: Journal, primitives: Primitives) {
    this.#journal = journal
    this.#primitives = primitives
  }

  /** Writes it if it is new; resolves to its hash when it is durable. */
  async keep(evidence: Evidence): Promise<Hash> {
    const ev = this.#hashOf(evidence)
    const key = toHex(ev)
    let written = this.#known.get(key)
    if (written == null) {
      const bytes = evidenceBytes(evidence)
      const [oldest] = this.#known.keys()
      if (this.#known.size >= EVIDENCE_KNOWN && oldest != null) this.#known.delete(oldest)
      written = this.#journal.append(bytes)
      this.#known.set(key, written)
      written.catch(() => this.#known.delete(key))
    }
    await written
    return ev
  }

  #hashOf(evidence: Evidence): Hash {
    const last = this.#hashed.get(evidence.head)
    if (last != null && last.conf === evidence.conf) return last.ev
    const ev = hash(this.#primitives.sha256(evidenceBytes(evidence)))
    this.#hashed.set(evidence.head, { conf: evidence.conf, ev })
    return ev
  }

  /** All evidence with its hash, oldest first. */
  async *entries(): AsyncGenerator<{ readonly ev: Hash; readonly bytes: Uint8Array }> {
    for await (const bytes of this.#journal.entries()) {
      yield { ev: hash(this.#primitives.sha256(bytes)), bytes }
    }
  }

  close(): Promise<void> {
    return this.#journal.close()
  }
}

/** The bytes whose hash is a receipt's `ev`: both blocks' evidence, each with its length. */
const evidenceBytes = ({ conf, head }: Evidence): Uint8Array => {
  const lengths = new Uint8Array(8)
  const view = new DataView(lengths.buffer)
  view.setUint32(0, conf.byteLength)
  view.setUint32(4, head.byteLength)
  return concat(lengths, conf, head)
}
