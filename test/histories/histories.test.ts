/**
 * F1 of SECURITY.md §14 in CI's size: histories through `decide()`, each release judged anew, and
 * every weakened rule caught. `npm run check:histories` plays a million.
 */
import { describe, expect, it } from 'vitest'
import { historyOf } from './draw.ts'
import { SOUND, WEAKNESSES } from './mutants.ts'
import { play } from './play.ts'
import { shrink } from './retell.ts'
import { addTo, catchOne, emptyTally, fault, runFast } from './run.ts'
import { catchWhole, runWhole } from './run-whole.ts'
import { WHOLE_WEAKNESSES } from './whole-mutants.ts'

const SEED = 4

describe('the release rule', () => {
  it('releases nothing unsafe and refuses nothing plain in 20,000 histories', () => {
    const sum = runFast(SEED, 0, 20_000)

    expect(sum.findings).toEqual([])
    expect(sum).toMatchObject({ histories: 20_000, unsafe: 0, refusedThoughAllowed: 0 })
    expect(sum.releases).toBeGreaterThan(10_000)
    expect(sum.allowed).toBeGreaterThan(4_000)
  }, 120_000)
})

describe('a whole gate', () => {
  it('decides 50 histories as the fast tier does, safely', async () => {
    const sum = await runWhole(SEED, 0, 50)

    expect(sum.findings).toEqual([])
    expect(sum.releases).toBeGreaterThan(10)
  }, 120_000)

  // the others take a minute: npm run check:histories
  const quick = ['confirmed only', 'head only', 'everything refused']
  it.each(WHOLE_WEAKNESSES.filter(({ name }) => quick.includes(name)))(
    'is caught: $name',
    async (weak) => {
      expect(await catchWhole(SEED, weak)).toMatchObject({ caught: true })
    },
    120_000
  )
})

describe('a weakened rule', () => {
  it.each(WEAKNESSES)(
    'is caught: $name',
    (weak) => {
      expect(catchOne(SEED, weak)).toMatchObject({ caught: true })
    },
    120_000
  )
})

describe('a history', () => {
  it('is the same each time it is drawn and played', () => {
    const again = historyOf(SEED, 17)

    expect(again).toEqual(historyOf(SEED, 17))
    expect(play(again)).toEqual(play(historyOf(SEED, 17)))
  })

  it('comes to the same however the range is cut', () => {
    const cut = emptyTally()
    for (const [from, to] of [
      [0, 70],
      [70, 71],
      [71, 200]
    ] as const) {
      addTo(cut, runFast(SEED, from, to))
    }

    expect(cut).toEqual(runFast(SEED, 0, 200))
  })

  it('shrinks to steps that still fail', async () => {
    const weak = WEAKNESSES.find(({ name }) => name === 'no clock guard') ?? SOUND
    const { after } = catchOne(SEED, weak)
    const whole = historyOf(SEED, after - 1)

    const least = await shrink(whole, (history) => fault(history, weak) != null)

    expect(fault(least, weak)).toBeDefined()
    expect(least.steps.length).toBeLessThan(8)
  })
})
