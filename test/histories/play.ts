/**
 * Plays one history against the fast tier's custodian, judged as it goes.
 * @module
 */
import type { Code } from '../../core/codes.ts'
import { codeName } from '../../core/codes.ts'
import { FastCustodian } from './custodian.ts'
import type { Ask, History } from './history.ts'
import { SOUND, type Weakness } from './mutants.ts'
import { tell } from './tell.ts'
import { World } from './world.ts'

/** What one history came to; texts only of what is wrong, and the story if it was asked for. */
export interface Played {
  asks: number
  releases: number
  /** Requests that were plainly allowed. */
  allowed: number
  /** Of each request, whether its share was released. */
  readonly outcomes: boolean[]
  readonly unsafe: string[]
  readonly refusedThoughAllowed: string[]
}

export const nothingPlayed = (): Played => ({
  asks: 0,
  releases: 0,
  allowed: 0,
  outcomes: [],
  unsafe: [],
  refusedThoughAllowed: []
})

/** Counts what an outcome means; in words for the story. */
export function judged(
  played: Played,
  is: { readonly released: boolean; readonly code: number | undefined; readonly allowed: boolean },
  why: string | undefined
): string {
  played.asks++
  played.outcomes.push(is.released)
  if (is.allowed) played.allowed++
  if (is.released) {
    played.releases++
    if (why == null) return 'released, safely'
    played.unsafe.push(why)
    return `RELEASED, UNSAFELY: ${why}`
  }
  const said =
    is.code == null ? 'no answer' : `refused with ${is.code} ${codeName(is.code as Code)}`
  if (!is.allowed) return said
  played.refusedThoughAllowed.push(said)
  return `${said.toUpperCase()}, THOUGH PLAINLY ALLOWED`
}

export function play(history: History, weak: Weakness = SOUND, story?: string[]): Played {
  const played = nothingPlayed()
  let custodian: FastCustodian | undefined
  const world = new World(history, (change) => {
    if (change.is === 'noticed') custodian?.notice(change.tx)
  })
  custodian = new FastCustodian(world, weak)
  const ask = (step: Ask): string => {
    const asked = world.asked(step)
    const { judge } = world
    const allowed = judge.allowed(asked, world.nowMs, world.localMs)
    const replayed = judge.heard(asked)
    const outcome = (custodian as FastCustodian).ask(asked, step)
    const released = outcome != null && 'head' in outcome
    const why = released
      ? judge.unsafe({ asked, atMs: world.nowMs, localMs: world.localMs, ...outcome }, replayed)
      : undefined
    const code = outcome != null && 'code' in outcome ? outcome.code : undefined
    return judged(played, { released, code, allowed: allowed && !replayed }, why)
  }
  for (const [i, step] of history.steps.entries()) {
    let said: string | undefined
    if (step.do === 'ask') said = ask(step)
    else if (step.do === 'crash') custodian.crash()
    else world.take(step)
    story?.push(lineOf(i, world, tell(step), said))
  }
  return played
}

export function lineOf(i: number, world: World, told: string, said: string | undefined): string {
  const { tip } = world.chain
  const at = `${(world.nowMs / 1_000).toFixed(1)} s, block ${tip.number} of ${tip.timeSeconds}`
  return `${String(i + 1).padStart(3)}. (${at}) ${told}${said == null ? '' : ` → ${said}`}`
}
