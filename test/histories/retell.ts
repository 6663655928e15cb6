/**
 * Tells one history in words, and the least of it that still fails: what a seed and an index in a
 * report of failure are for.
 * @module
 */
import { historyOf } from './draw.ts'
import type { History } from './history.ts'
import { SOUND } from './mutants.ts'
import { type Played, play } from './play.ts'
import { fault, type Tier, weaknessOf } from './run.ts'

export interface Which {
  readonly seed: number
  readonly index: number
  readonly tier: Tier
  /** Name of a weakened rule; empty: the rule as it is. */
  readonly mutant: string
}

type Fails = (history: History) => boolean | Promise<boolean>

/** Without the steps that it fails without, too. */
export async function shrink(history: History, fails: Fails): Promise<History> {
  let { steps } = history
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < steps.length; ) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)]
      if (await fails({ ...history, steps: fewer })) steps = fewer
      else at += size
    }
  }
  return { ...history, steps }
}

/** 1 if it fails, else 0. */
export async function retell(which: Which, say: (text: string) => void): Promise<0 | 1> {
  const history = historyOf(which.seed, which.index, which.tier === 'whole')
  const { tell, fails } = which.tier === 'whole' ? await inWhole(which) : inFast(which)
  say(await told(history, tell))
  if (!(await fails(history))) return 0
  say(`\nthe least of it that still fails:\n${await told(await shrink(history, fails), tell)}`)
  return 1
}

interface Teller {
  tell(history: History, story: string[]): unknown
  fails: Fails
}

const failed = ({ unsafe, refusedThoughAllowed }: Played): boolean =>
  unsafe.length + refusedThoughAllowed.length > 0

function inFast({ mutant }: Which): Teller {
  const weak = mutant === '' ? SOUND : weaknessOf(mutant)
  return {
    tell: (history, story) => play(history, weak, story),
    fails: (history) => (weak === SOUND ? failed(play(history)) : fault(history, weak) != null)
  }
}

async function inWhole({ mutant }: Which): Promise<Teller> {
  const { playWhole } = await import('./whole.ts')
  const { WHOLE } = await import('./whole-mutants.ts')
  const { faultWhole, wholeWeaknessOf } = await import('./run-whole.ts')
  const weak = mutant === '' ? WHOLE : wholeWeaknessOf(mutant)
  return {
    tell: (history, story) => playWhole(history, weak, story),
    fails: async (history) =>
      weak === WHOLE ? failed(await playWhole(history)) : (await faultWhole(history, weak)) != null
  }
}

async function told(history: History, tell: Teller['tell']): Promise<string> {
  const { steps: _, ...settings } = history
  const story = [JSON.stringify(settings)]
  await tell(history, story)
  return `${story.join('\n')}\n`
}
