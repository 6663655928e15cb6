/**
 * The rule weakened in the whole tier: through heads, proofs, parameters and stores that
 * `openClinic` takes anyway. What no such seam reaches is weakened in the fast tier only.
 * @module
 */
import type { HeadSource, WordSource } from '../../node/adapters.ts'

/** What the whole gate is given, weakened; all of it through what `openClinic` takes anyway. */
export interface WholeWeakness {
  readonly name: string
  /** The first endpoint alone. */
  readonly alone?: true
  readonly headMaxAgeSeconds?: number
  readonly clockGuardSeconds?: number
  readonly depth?: number
  readonly heads?: (source: HeadSource) => HeadSource
  readonly words?: (source: WordSource) => WordSource
  readonly anyCode?: true
  readonly forgets?: 'receipts' | 'notices'
  /** Whatever stream a request was made for is taken for its own. */
  readonly replays?: true
  readonly refusesAll?: true
}

export const WHOLE: WholeWeakness = { name: 'the rule as it is' }

const AGES = 10_000_000

export const WHOLE_WEAKNESSES: readonly WholeWeakness[] = [
  { name: 'no head check', words: headAsConfirmed },
  { name: 'staleness not by time', headMaxAgeSeconds: AGES },
  { name: 'one endpoint', alone: true },
  { name: 'code hash skipped', anyCode: true },
  { name: 'confirmed only', heads: confirmedAsHead, headMaxAgeSeconds: AGES },
  { name: 'head only', depth: 0 },
  { name: 'no clock guard', clockGuardSeconds: 0 },
  { name: 'replay window off', replays: true },
  { name: 'receipts forgotten at a restart', forgets: 'receipts' },
  { name: 'direct notices forgotten at a restart', forgets: 'notices' },
  { name: 'everything refused', refusesAll: true }
]

/** The gate asks for the confirmed block's words, then for the head's. */
function headAsConfirmed(source: WordSource): WordSource {
  let confirmed: Parameters<WordSource['prove']>[0] | undefined
  return {
    prove(block, refs, options) {
      const at = confirmed ?? block
      confirmed = confirmed == null ? block : undefined
      return source.prove(at, refs, options)
    }
  }
}

function confirmedAsHead(source: HeadSource): HeadSource {
  return {
    onConfirmedLine: (...args) => source.onConfirmedLine(...args),
    async current(options) {
      const now = await source.current(options)
      return now.ok ? { ok: true, value: { ...now.value, head: now.value.conf } } : now
    }
  }
}
