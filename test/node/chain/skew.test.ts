/**
 * A custodian whose clock is wrong, under the rules of each kind of chain: what it believes is bounded
 * by S around the head's time, whatever a requester says of the time.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { Code } from '../../../core/codes.ts'
import { type ChainKind, chainParameters } from '../../../node/chain/parameters.ts'
import { NOW, run, type Scene, scene, withInput, withLater } from '../../fixtures/scene.ts'

const YEAR = 365 * 86_400
const STEPS = [1, 2, 5, 10, 15, 16, 20, 21, 36, 37, 60, 120, 121, 3_600, 86_400, YEAR]
const SKEWS = [0, ...STEPS, ...STEPS.map((seconds) => -seconds)]
const KINDS: readonly ChainKind[] = ['l1', 'l2', 'consortium', 'dev']
const CASES = KINDS.flatMap((kind) => SKEWS.map((skew) => ({ kind, skew })))

/** The clock reads NOW + skew; the requester goes along with it, the head is of the true time. */
function skewed(of: Scene, kind: ChainKind, skew: number, headAge: number): Scene {
  const { headMaxAgeSeconds, clockGuardSeconds } = chainParameters(kind)
  const said = NOW + skew
  const asked = withInput(of, {
    nowMs: said * 1_000,
    policy: { headMaxAgeSeconds, clockGuardSeconds },
    request: {
      deadline: said + 30,
      binding: { validFrom: said - 60, validUntil: said + 86_400 }
    }
  })
  return withLater(asked, { heads: { value: { head: { timeSeconds: NOW - headAge } } } })
}

const codeOf = (of: Scene): number => {
  const { decision } = run(of)
  return decision.kind === 'refuse' ? decision.code : 0
}

describe('a clock that is wrong', () => {
  it.each(CASES)('by $skew s on $kind serves only around the head’s time', ({ kind, skew }) => {
    const { headMaxAgeSeconds: s } = chainParameters(kind)
    const expected = skew > s ? Code.HEAD_STALE : -skew > s ? Code.CLOCK_SKEW : Code.RELEASED

    expect(codeOf(skewed(scene(), kind, skew, 0))).toBe(expected)
  })

  it.each(CASES)('by $skew s on $kind revives no grant that ended', ({ kind, skew }) => {
    const ended = scene({ opening: { notAfter: NOW } })

    expect(codeOf(skewed(ended, kind, skew, 0))).not.toBe(Code.RELEASED)
  })

  it.each(CASES)('by $skew s on $kind begins no grant on a head before it', ({ kind, skew }) => {
    const later = scene({ opening: { notBefore: NOW + 1 } })

    expect(codeOf(skewed(later, kind, skew, 0))).not.toBe(Code.RELEASED)
  })

  it.each(KINDS)('on an idle %s keeps an ended grant alive for no longer than S', (kind) => {
    const { headMaxAgeSeconds: s, clockGuardSeconds: g } = chainParameters(kind)
    // The chain stopped at NOW, the grant ended a year ago by true time; the clock stands still too.
    for (const idle of [s + 1, 3_600, YEAR]) {
      const ended = scene({ opening: { notAfter: NOW + g + s + 1 } })
      expect(codeOf(skewed(ended, kind, idle, 0)), `${idle}`).toBe(Code.HEAD_STALE)
    }
  })
})
