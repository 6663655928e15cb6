/**
 * Many histories in a row: what they came to, and how soon each weakened rule is caught. Sums only,
 * so that however the range is cut among workers, the result is the same.
 * @module
 */
import { historyOf } from './draw.ts'
import type { History } from './history.ts'
import { WEAKNESSES, type Weakness } from './mutants.ts'
import { play } from './play.ts'

export type Tier = 'fast' | 'whole'

export interface Finding {
  readonly tier: Tier
  readonly index: number
  readonly why: string
}

export interface Tally {
  histories: number
  asks: number
  releases: number
  /** Requests that were plainly allowed. */
  allowed: number
  unsafe: number
  refusedThoughAllowed: number
  /** The first of the unsafe releases and wrong refusals. */
  readonly findings: Finding[]
}

const FINDINGS_TOLD = 20

export const emptyTally = (): Tally => ({
  histories: 0,
  asks: 0,
  releases: 0,
  allowed: 0,
  unsafe: 0,
  refusedThoughAllowed: 0,
  findings: []
})

export function addTo(sum: Tally, each: Tally): void {
  sum.histories += each.histories
  sum.asks += each.asks
  sum.releases += each.releases
  sum.allowed += each.allowed
  sum.unsafe += each.unsafe
  sum.refusedThoughAllowed += each.refusedThoughAllowed
  sum.findings.push(...each.findings)
  sum.findings.sort((a, b) => a.index - b.index)
  sum.findings.splice(FINDINGS_TOLD)
}

/** What playing one came to, as a tally of one. */
export function tallyOf(tier: Tier, index: number, played: ReturnType<typeof play>): Tally {
  const refused = played.refusedThoughAllowed
  return {
    histories: 1,
    asks: played.asks,
    releases: played.releases,
    allowed: played.allowed,
    unsafe: played.unsafe.length,
    refusedThoughAllowed: refused.length,
    findings: [...played.unsafe, ...refused].map((why) => ({ tier, index, why }))
  }
}

/** Histories `from`..`to`-1 of a seed, in the fast tier. */
export function runFast(seed: number, from: number, to: number): Tally {
  const sum = emptyTally()
  for (let index = from; index < to; index++) {
    addTo(sum, tallyOf('fast', index, play(historyOf(seed, index))))
  }
  return sum
}

// ---- weakened rules

/** No weakness needs more: the most hidden one took 12,000. */
export const MUTANT_HISTORIES = 40_000

export interface Caught {
  readonly name: string
  readonly tier: Tier
  readonly caught: boolean
  /** Histories until then. */
  readonly after: number
  readonly why: string | undefined
}

/** Why a weakened rule fails this history, if it does. */
export function fault(history: History, weak: Weakness): string | undefined {
  const { unsafe, refusedThoughAllowed } = play(history, weak)
  if (weak.refusesAll === true) return refusedThoughAllowed[0]
  return unsafe.find((why) => why.includes(weak.harm ?? ''))
}

export function catchOne(seed: number, weak: Weakness, atMost = MUTANT_HISTORIES): Caught {
  const { name } = weak
  for (let index = 0; index < atMost; index++) {
    const why = fault(historyOf(seed, index), weak)
    if (why != null) return { name, tier: 'fast', caught: true, after: index + 1, why }
  }
  return { name, tier: 'fast', caught: false, after: atMost, why: undefined }
}

/** How a weakness of the whole tier is called among all. */
export const wholeName = (name: string): string => `whole gate: ${name}`

/** One of a name. @throws if there is none, so that no replay shows another rule */
export function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((each) => each.name === name)
  if (found == null) throw new Error(`no weakened rule is called "${name}"`)
  return found
}

export const weaknessOf = (name: string): Weakness => named(WEAKNESSES, name)
