/**
 * Plots: a few steps in a row that only together put a rule to the test.
 * @module
 */
import { MEANINGS, ORG, VERSIONS } from './cast.ts'
import type { Act, Setting, Step } from './history.ts'
import type { Rng } from './random.ts'
import { GOOD_PAPERS, PAPERS } from './subs.ts'

export interface Plot {
  readonly rng: Rng
  readonly setting: Setting
  readonly openings: readonly number[]
}

/** A liar hides behind an honest laggard while consent ends, or both lag by themselves. */
export function hideout({ rng, setting, openings }: Plot): Step[] {
  const { endpoints, blockSeconds, headMaxAgeSeconds: maxAge, quorum } = setting
  const lags = rng.below(endpoints)
  const others = Array.from({ length: endpoints }, (_, i) => i).filter((i) => i !== lags)
  const behind = others.slice(0, quorum - 1).map(
    (at): Step => ({
      do: 'endpoint',
      at,
      manner: rng.chance(70) ? { is: 'echo', of: lags } : { is: 'stuck' }
    })
  )
  const opening = openings[0] as number
  const few = rng.between(1, 3)
  const ends = rng.pick<Act>([
    { is: 'revoke', opening },
    { is: 'revoke', opening },
    { is: 'revokeAll' }
  ])
  const again: Step =
    rng.chance(50) && few > 1
      ? { do: 'reorg', depth: few, blocks: few - 1, keep: true, fresh: true }
      : { do: 'blocks', count: 1 }
  const asks = (ver: number): Step => ({
    do: 'ask',
    opening,
    ver,
    account: 0,
    purpose: 'TREAT',
    conf: 'laggard'
  })
  return [
    { do: 'endpoint', at: lags, manner: { is: 'stuck' } },
    ...behind,
    { do: 'act', act: ends },
    { do: 'blocks', count: few },
    again,
    asks(1),
    { do: 'wait', ms: (maxAge - rng.between(-7, few * blockSeconds)) * 1_000 },
    asks(2),
    { do: 'wait', ms: rng.between(1, 8) * 1_000 },
    asks(1)
  ]
}

/** The old shares are asked for, once the new ones are confirmed and before. */
export function renewal({ rng, setting, openings }: Plot): Step[] {
  const ver = rng.between(1, VERSIONS)
  const asks: Step = {
    do: 'ask',
    opening: openings[0] as number,
    ver,
    account: 0,
    purpose: 'TREAT',
    conf: 'latest',
    oldEpoch: true
  }
  const rest: Step = { do: 'blocks', count: setting.depth }
  return [{ do: 'act', act: { is: 'refresh', ver } }, { do: 'blocks', count: 1 }, asks, rest, asks]
}

/** A crash between two things that the second has to know of. */
export function restart({ rng, openings }: Plot): Step[] {
  const opening = openings[0] as number
  const asks = (ver: number): Step => ({
    do: 'ask',
    opening,
    ver,
    account: 0,
    purpose: 'TREAT',
    conf: 'latest'
  })
  const told: Step = {
    do: 'act',
    act: rng.chance(70) ? { is: 'revoke', opening } : { is: 'optOut', purposes: 1 },
    notice: true,
    chain: false
  }
  return [asks(1), rng.chance(50) ? asks(3) : told, { do: 'crash' }, asks(2)]
}

/** A liar with a branch of its own, and somebody who asks by its blocks. */
export function deceit({ rng, setting, openings }: Plot): Step[] {
  const at = rng.chance(70) ? 0 : rng.below(setting.endpoints)
  const opening = rng.pick(openings)
  const asks = (): Step => ({
    do: 'ask',
    opening,
    ver: rng.between(1, VERSIONS),
    account: 0,
    purpose: 'TREAT',
    conf: 'forged'
  })
  return [{ do: 'endpoint', at, manner: { is: 'fork' } }, asks(), asks()]
}

/** A paper: mostly one that is in order, else any. */
export const paperOf = (rng: Rng): number =>
  rng.chance(55) ? rng.below(GOOD_PAPERS) : rng.below(PAPERS)

/** Access is passed on and used, something ends it, and it is asked for once more. */
export function passing({ rng, setting, openings }: Plot, whole: boolean): Step[] {
  const opening = openings[0] as number
  const { who } = MEANINGS[opening] as (typeof MEANINGS)[number]
  const delegator = typeof who === 'object' && 'account' in who ? who.account : 0
  const paper = paperOf(rng)
  const asks = (ver: number): Step => ({
    do: 'ask',
    opening,
    ver,
    account: 1 - delegator,
    purpose: 'TREAT',
    conf: 'latest',
    paper,
    ...(rng.chance(15) && { oldPaper: true })
  })
  const sent = (act: Act): Step[] => [
    { do: 'act', act },
    { do: 'blocks', count: rng.pick([1, setting.depth]) }
  ]
  const told = (act: Act): Step[] => [{ do: 'act', act, notice: true, chain: false }]
  const by = rng.below(2)
  const ends: (() => Step[])[] = [
    () => told({ is: 'handBack', account: by, opening, ...(rng.chance(60) && { paper }) }),
    () => [
      ...sent({ is: 'revoke', opening }),
      ...sent({ is: 'grant', opening }),
      { do: 'blocks', count: setting.depth }
    ],
    () => sent({ is: 'account', account: delegator, status: 2 }),
    () => [{ do: 'crash' }],
    () => (whole ? [] : sent({ is: 'moves', account: by, org: ORG + 1 })),
    () => (whole ? [] : sent({ is: 'roles', account: delegator, roles: 1 })),
    () => (whole ? [] : sent({ is: 'org', status: 2 }))
  ]
  const ver = rng.between(1, VERSIONS)
  return [asks(ver), ...rng.pick(ends)(), asks(ver), asks(rng.between(1, VERSIONS))]
}
