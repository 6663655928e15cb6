/**
 * Histories against whole gates, each played in the fast tier too: both must give the same shares to
 * the same requests, or the fast one's stand-ins for heads, proofs and journals are no such thing.
 * @module
 */
import { historyOf } from './draw.ts'
import type { History } from './history.ts'
import { play } from './play.ts'
import { addTo, type Caught, emptyTally, named, type Tally, tallyOf, wholeName } from './run.ts'
import { playWhole } from './whole.ts'
import { WHOLE_WEAKNESSES, type WholeWeakness } from './whole-mutants.ts'

/** Histories `from`..`to`-1 of a seed, in both tiers; releases are the whole one's. */
export async function runWhole(seed: number, from: number, to: number): Promise<Tally> {
  const sum = emptyTally()
  for (let index = from; index < to; index++) {
    const history = historyOf(seed, index, true)
    const played = await playWhole(history)
    const fast = play(history)
    if (fast.outcomes.join() !== played.outcomes.join()) {
      played.refusedThoughAllowed.push('the tiers decided differently')
    }
    addTo(sum, tallyOf('whole', index, played))
  }
  return sum
}

/** No weakness needs more. */
const MUTANT_HISTORIES = 3_000

export async function faultWhole(
  history: History,
  weak: WholeWeakness
): Promise<string | undefined> {
  const { unsafe, refusedThoughAllowed } = await playWhole(history, weak)
  return weak.refusesAll === true ? refusedThoughAllowed[0] : unsafe[0]
}

export async function catchWhole(
  seed: number,
  weak: WholeWeakness,
  atMost = MUTANT_HISTORIES
): Promise<Caught> {
  const name = wholeName(weak.name)
  for (let index = 0; index < atMost; index++) {
    const why = await faultWhole(historyOf(seed, index, true), weak)
    if (why != null) return { name, tier: 'whole', caught: true, after: index + 1, why }
  }
  return { name, tier: 'whole', caught: false, after: atMost, why: undefined }
}

export const wholeWeaknessOf = (name: string): WholeWeakness => named(WHOLE_WEAKNESSES, name)
