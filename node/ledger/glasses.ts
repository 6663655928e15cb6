/**
 * Emergencies as the ledger tells them, folded from glass-entries.ts: what one asked, signed, heard
 * and reviewed.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import type { GlassEntry, GlassEntryOf } from './glass-entries.ts'

/** A glass of one's own asking. */
export interface AskedGlass {
  readonly entry: GlassEntryOf<'glassAsked'>
  /** By account in hex, one's own not among them. */
  readonly cosigned: Map<string, GlassEntryOf<'cosigned'>>
  broken: GlassEntryOf<'glassBroken'> | undefined
  noticed: GlassEntryOf<'noticed'> | undefined
  told: boolean
}

export interface ReceivedGlass {
  readonly entry: GlassEntryOf<'glassReceived'>
  signed: boolean
}

export class Glasses {
  readonly #asked = new Map<string, AskedGlass>()
  readonly #received = new Map<string, ReceivedGlass>()
  readonly #heard = new Map<string, GlassEntryOf<'glassHeard'>>()
  readonly #reviewed = new Map<string, GlassEntryOf<'reviewed'>>()
  #wished: GlassEntryOf<'wished'> | undefined

  asked(): readonly AskedGlass[] {
    return [...this.#asked.values()]
  }

  askedBy(notice: Uint8Array): AskedGlass | undefined {
    return this.#asked.get(toHex(notice))
  }

  received(): readonly ReceivedGlass[] {
    return [...this.#received.values()]
  }

  /** As the patient. */
  heard(): readonly GlassEntryOf<'glassHeard'>[] {
    return [...this.#heard.values()]
  }

  reviewed(notice: Uint8Array): GlassEntryOf<'reviewed'> | undefined {
    return this.#reviewed.get(toHex(notice))
  }

  get wished(): GlassEntryOf<'wished'> | undefined {
    return this.#wished
  }

  fold(entry: GlassEntry): void {
    const key = 'notice' in entry ? toHex(entry.notice) : ''
    const asked = this.#asked.get(key)
    switch (entry.t) {
      case 'wished':
        this.#wished = entry
        return
      case 'glassAsked':
        this.#asked.set(key, {
          entry,
          cosigned: new Map(),
          broken: undefined,
          noticed: undefined,
          told: false
        })
        return
      case 'cosigned':
        asked?.cosigned.set(toHex(entry.account), entry)
        return
      case 'glassBroken':
        // the first set of signatures is the one that the notice carries
        if (asked != null) asked.broken ??= entry
        return
      case 'noticed':
        if (asked != null) asked.noticed = entry
        return
      case 'patientTold':
        if (asked != null) asked.told = true
        return
      case 'glassReceived':
        if (!this.#received.has(key)) this.#received.set(key, { entry, signed: false })
        return
      case 'glassSigned': {
        const received = this.#received.get(key)
        if (received != null) received.signed = true
        return
      }
      case 'glassHeard':
        if (!this.#heard.has(key)) this.#heard.set(key, entry)
        return
      case 'reviewed':
        this.#reviewed.set(key, entry)
    }
  }
}
