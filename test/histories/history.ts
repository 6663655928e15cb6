/**
 * A history: how the chain and the gate are set, and what happens, step by step, as plain values.
 * It is drawn from a seed and an index, told in words, and can be cut down.
 * @module
 */
import type { PurposeCode } from '../../core/purposes.ts'
import { MEANINGS, VERSIONS, WITHOUT_GROUP } from './cast.ts'
import { Rng } from './random.ts'

/** SECURITY.md §9.1, with confirmed depths to suit the reorgs. */
export interface Setting {
  readonly blockSeconds: number
  /** S */
  readonly headMaxAgeSeconds: number
  /** G */
  readonly clockGuardSeconds: number
  /** W */
  readonly confirmedLagBlocks: number
  readonly depth: number
  readonly quorum: number
  readonly endpoints: number
}

export type Act =
  | { readonly is: 'grant' | 'revoke'; readonly opening: number }
  | { readonly is: 'revokeAll' }
  | { readonly is: 'optOut'; readonly purposes: number }
  | { readonly is: 'bind'; readonly account: number }
  | { readonly is: 'erase' | 'refresh'; readonly ver: number }
  | { readonly is: 'account' | 'member'; readonly account: number; readonly status: number }
  | { readonly is: 'roles'; readonly account: number; readonly roles: number }
  | { readonly is: 'org'; readonly status: number }

/** How an endpoint behaves. The first five are honest; of the others at most q-1 are at work. */
export type Manner =
  | { readonly is: 'good' | 'down' | 'stuck' }
  | { readonly is: 'lag'; readonly blocks: number }
  | { readonly is: 'fork' | 'lieHash' | 'lieState' | 'lieProof' }
  | { readonly is: 'boast'; readonly blocks: number }
  | { readonly is: 'echo'; readonly of: number }

export const HONEST: readonly string[] = ['good', 'down', 'stuck', 'lag']

export type Fault =
  | 'replay'
  | 'other stream'
  | 'skipped seq'
  | 'other chain'
  | 'other registry'
  | 'other custodian'
  | 'other peer'
  | 'unsigned'
  | 'unbound'
  | 'late'
  | 'far deadline'
  | 'old binding'
  | 'future binding'
  | 'ended binding'

/** Which block a request names as confirmed. */
export type ConfChoice =
  | 'latest'
  | 'older'
  | 'too old'
  | 'head'
  | 'orphan'
  | 'forged'
  /** As an endpoint that is behind would call it. */
  | 'laggard'

export interface Ask {
  readonly do: 'ask'
  readonly opening: number
  readonly ver: number
  readonly account: number
  readonly purpose: PurposeCode
  readonly conf: ConfChoice
  /** Before the newest share epoch. */
  readonly oldEpoch?: boolean
  readonly fault?: Fault
  /** On the stream of the request before. */
  readonly sameStream?: boolean
  /** What happens before the words are proven, and before the answer leaves. */
  readonly before?: readonly Step[]
  readonly during?: readonly Step[]
  /** The process dies before or after the receipt is on disk. */
  readonly dies?: 'before receipt' | 'after receipt'
}

export type Step =
  | { readonly do: 'blocks'; readonly count: number }
  | { readonly do: 'wait'; readonly ms: number }
  /** To a moment of a grant's period; `blockAgo`: a last block so many seconds before it. */
  | { readonly do: 'jump'; readonly toSeconds: number; readonly blockAgo: number | undefined }
  | { readonly do: 'act'; readonly act: Act; readonly notice?: boolean; readonly chain?: boolean }
  | {
      readonly do: 'reorg'
      readonly depth: number
      readonly blocks: number
      readonly keep: boolean
      /** Whether the new head is of this moment. */
      readonly fresh: boolean
    }
  | { readonly do: 'endpoint'; readonly at: number; readonly manner: Manner }
  | { readonly do: 'skew'; readonly seconds: number }
  | { readonly do: 'crash' }
  | Ask

export interface History {
  readonly setting: Setting
  readonly openings: readonly number[]
  /** The contracts' code is not the one that was pinned. */
  readonly otherCode: boolean
  /** Heads are kept so long. */
  readonly cacheMs: number
  readonly steps: readonly Step[]
}

const three = { quorum: 2, endpoints: 3 } as const
const L1 = {
  blockSeconds: 12,
  headMaxAgeSeconds: 36,
  clockGuardSeconds: 120,
  confirmedLagBlocks: 32
} as const
const SETTINGS: readonly Setting[] = [
  { ...L1, ...three, depth: 8, confirmedLagBlocks: 16 },
  { ...L1, ...three, depth: 2, confirmedLagBlocks: 16 },
  { ...L1, depth: 8, quorum: 3, endpoints: 5 },
  { ...L1, ...three, depth: 70 },
  { ...L1, ...three, blockSeconds: 5, headMaxAgeSeconds: 15, depth: 3, confirmedLagBlocks: 16 },
  { ...L1, ...three, blockSeconds: 5, headMaxAgeSeconds: 15, depth: 3, confirmedLagBlocks: 4 },
  {
    blockSeconds: 1,
    headMaxAgeSeconds: 10,
    clockGuardSeconds: 2,
    confirmedLagBlocks: 16,
    depth: 2,
    quorum: 1,
    endpoints: 1
  },
  {
    blockSeconds: 1,
    headMaxAgeSeconds: 10,
    clockGuardSeconds: 2,
    confirmedLagBlocks: 16,
    depth: 2,
    ...three
  }
]
const WEIGHTS = [30, 20, 8, 3, 15, 6, 6, 12]

const YEAR = 31_536_000
const SKEWS = [1, 2, 9, 30, 37, 60, 119, 130, 600, 3_600, 86_400, YEAR]
const PURPOSES: readonly PurposeCode[] = [
  'TREAT',
  'TREAT',
  'TREAT',
  'TREAT',
  'COC',
  'HRESCH',
  'BTG'
]
const FAULTS: readonly Fault[] = [
  'replay',
  'replay',
  'other stream',
  'skipped seq',
  'other chain',
  'other registry',
  'other custodian',
  'other peer',
  'unsigned',
  'unbound',
  'late',
  'far deadline',
  'old binding',
  'future binding',
  'ended binding'
]

function weighted(rng: Rng, weights: readonly number[]): number {
  let at = rng.below(weights.reduce((sum, each) => sum + each, 0))
  return weights.findIndex((weight) => {
    at -= weight
    return at < 0
  })
}

/** `whole`: only what the whole gate's memory chain can do too. */
export function historyOf(seed: number, index: number, whole = false): History {
  return new Draw(new Rng(seed, index), whole).history()
}

class Draw {
  readonly #rng: Rng
  readonly #whole: boolean
  #setting!: Setting
  #openings!: readonly number[]

  constructor(rng: Rng, whole: boolean) {
    this.#rng = rng
    this.#whole = whole
  }

  history(): History {
    const rng = this.#rng
    this.#setting = SETTINGS[weighted(rng, WEIGHTS)] as Setting
    const known = this.#whole ? WITHOUT_GROUP : MEANINGS.map((_, i) => i)
    const first = rng.pick(known)
    const second = rng.pick(known.filter((each) => each !== first))
    this.#openings = [first, second]
    const steps: Step[] = []
    if (rng.chance(85)) {
      steps.push({ do: 'act', act: { is: 'grant', opening: first } })
      if (rng.chance(40)) steps.push({ do: 'act', act: { is: 'grant', opening: second } })
      steps.push({ do: 'blocks', count: this.#setting.depth + rng.between(0, 2) })
    }
    const count = rng.between(6, 22)
    for (let i = 0; i < count; i++) steps.push(this.#step())
    const later = (): number => rng.between(3, steps.length)
    if (rng.chance(15)) steps.splice(later(), 0, ...this.#hideout())
    if (rng.chance(8)) steps.splice(later(), 0, ...this.#deceit())
    if (rng.chance(8)) steps.splice(later(), 0, ...this.#restart())
    if (!this.#whole && rng.chance(5)) steps.splice(later(), 0, ...this.#renewal())
    return {
      setting: this.#setting,
      openings: this.#openings,
      otherCode: rng.chance(2),
      cacheMs: rng.pick([0, 0, 1_000]),
      steps
    }
  }

  #step(): Step {
    const rng = this.#rng
    switch (weighted(rng, [18, 13, 36, 7, 10, 4, 3, 3, 6])) {
      case 0:
        return { do: 'blocks', count: rng.chance(30) ? this.#setting.depth + 1 : rng.between(1, 3) }
      case 1:
        return this.#act()
      case 2:
        return this.#ask()
      case 3:
        return this.#reorg()
      case 4:
        return { do: 'endpoint', at: rng.below(this.#setting.endpoints), manner: this.#manner() }
      case 5: {
        const sign = rng.chance(50) ? 1 : -1
        return { do: 'skew', seconds: rng.chance(55) ? 0 : sign * rng.pick(SKEWS) }
      }
      case 6:
        return { do: 'crash' }
      case 7:
        return { do: 'wait', ms: rng.pick([500, 2_000, 9_000, 20_000, 35_000, 60_000]) }
      default:
        return this.#jump()
    }
  }

  /** A liar hides behind an honest laggard while consent ends, or both lag by themselves. */
  #hideout(): Step[] {
    const rng = this.#rng
    const { endpoints, blockSeconds, headMaxAgeSeconds: maxAge, quorum } = this.#setting
    const lags = rng.below(endpoints)
    const others = Array.from({ length: endpoints }, (_, i) => i).filter((i) => i !== lags)
    const behind = others.slice(0, quorum - 1).map(
      (at): Step => ({
        do: 'endpoint',
        at,
        manner: rng.chance(70) ? { is: 'echo', of: lags } : { is: 'stuck' }
      })
    )
    const opening = this.#openings[0] as number
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
  #renewal(): Step[] {
    const ver = this.#rng.between(1, VERSIONS)
    const asks: Step = {
      do: 'ask',
      opening: this.#openings[0] as number,
      ver,
      account: 0,
      purpose: 'TREAT',
      conf: 'latest',
      oldEpoch: true
    }
    const rest: Step = { do: 'blocks', count: this.#setting.depth }
    return [
      { do: 'act', act: { is: 'refresh', ver } },
      { do: 'blocks', count: 1 },
      asks,
      rest,
      asks
    ]
  }

  /** A crash between two things that the second has to know of. */
  #restart(): Step[] {
    const rng = this.#rng
    const opening = this.#openings[0] as number
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
  #deceit(): Step[] {
    const rng = this.#rng
    const at = rng.chance(70) ? 0 : rng.below(this.#setting.endpoints)
    const opening = rng.pick(this.#openings)
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

  #jump(): Step {
    const rng = this.#rng
    const { from, until, window } = MEANINGS[rng.pick(this.#openings)] as (typeof MEANINGS)[number]
    const { clockGuardSeconds: guard } = this.#setting
    const near = rng.chance(30) ? from : until
    const off = rng.pick([
      -guard - 3,
      -guard - 1,
      -guard,
      -guard + 1,
      -3,
      -1,
      0,
      1,
      guard - 1,
      guard,
      guard + 1,
      guard + 40,
      window
    ])
    const blockAgo = rng.chance(75) ? rng.pick([0, 1, 4, 8, 14, 30]) : undefined
    // not a day ahead: until then bindings and all else have ended
    const toSeconds = Math.min(near + off, (MEANINGS[0] as (typeof MEANINGS)[number]).from + 5_000)
    return { do: 'jump', toSeconds, blockAgo }
  }

  #reorg(): Step {
    const rng = this.#rng
    const { depth: safe } = this.#setting
    const depth = rng.chance(80) ? rng.between(1, Math.min(64, safe)) : rng.between(1, 64)
    const blocks = Math.max(1, depth + rng.pick([-4, -3, -2, -1, 0, 0, 1, 2, 5]))
    return { do: 'reorg', depth, blocks, keep: rng.chance(40), fresh: rng.chance(60) }
  }

  #manner(): Manner {
    const rng = this.#rng
    const { endpoints } = this.#setting
    switch (rng.below(14)) {
      case 0:
        return { is: 'down' }
      case 1:
      case 2:
        return { is: 'stuck' }
      case 3:
        return { is: 'lag', blocks: rng.between(1, 6) }
      case 4:
      case 5:
        return { is: 'fork' }
      case 6:
        return { is: 'lieHash' }
      case 7:
        return { is: 'lieState' }
      case 8:
        return { is: 'lieProof' }
      case 9:
        return { is: 'boast', blocks: rng.between(1, 500) }
      case 10:
      case 11:
        return { is: 'echo', of: rng.below(endpoints) }
      default:
        return { is: 'good' }
    }
  }

  #act(): Step {
    const rng = this.#rng
    const how = rng.below(10)
    // most go to the chain alone, some to the custodian too, some only there (a withheld relay)
    const away = how < 6 ? {} : how < 8 ? { notice: true } : { notice: true, chain: false }
    const act = this.#drawAct()
    const told: readonly string[] = ['revoke', 'revokeAll', 'optOut', 'bind', 'erase']
    return { do: 'act', act, ...(told.includes(act.is) ? away : {}) }
  }

  #drawAct(): Act {
    const rng = this.#rng
    const opening = rng.chance(75) ? (this.#openings[0] as number) : (this.#openings[1] as number)
    const account = rng.chance(80) ? 0 : 1
    const ver = rng.between(1, VERSIONS)
    const fast = (weight: number): number => (this.#whole ? 0 : weight)
    switch (weighted(rng, [30, 26, 8, 6, 6, 4, fast(4), 5, fast(5), fast(4), fast(4)])) {
      case 0:
        return { is: 'grant', opening }
      case 1:
        return { is: 'revoke', opening }
      case 2:
        return { is: 'revokeAll' }
      case 3:
        return { is: 'optOut', purposes: rng.pick([0, 1, 1 << 10, 1 | (1 << 10)]) }
      case 4:
        return { is: 'bind', account }
      case 5:
        return { is: 'erase', ver }
      case 6:
        return { is: 'refresh', ver }
      case 7:
        return { is: 'account', account, status: rng.pick([1, 2]) }
      case 8:
        return { is: 'member', account, status: rng.pick([0, 1]) }
      case 9:
        return { is: 'roles', account, roles: rng.pick([2, 1, 6]) }
      default:
        return { is: 'org', status: rng.pick([1, 2]) }
    }
  }

  #ask(): Ask {
    const rng = this.#rng
    const opening = rng.chance(80) ? (this.#openings[0] as number) : (this.#openings[1] as number)
    const { who } = MEANINGS[opening] as (typeof MEANINGS)[number]
    const meant = typeof who === 'object' && 'account' in who ? who.account : 0
    const conf = rng.chance(72)
      ? 'latest'
      : rng.pick<ConfChoice>(['older', 'laggard', 'too old', 'head', 'orphan', 'forged'])
    return {
      do: 'ask',
      opening,
      ver: rng.between(1, VERSIONS),
      account: rng.chance(92) ? meant : 1 - meant,
      purpose: rng.chance(70) ? 'TREAT' : rng.pick(PURPOSES),
      conf,
      ...(rng.chance(6) && { oldEpoch: true }),
      ...(rng.chance(14) && { fault: rng.pick(FAULTS) }),
      ...(rng.chance(25) && { sameStream: true }),
      ...(rng.chance(5) && { before: [this.#meanwhile()] }),
      ...(rng.chance(9) && { during: [this.#meanwhile()] }),
      ...(rng.chance(3) && { dies: rng.pick(['before receipt', 'after receipt'] as const) })
    }
  }

  #meanwhile(): Step {
    const rng = this.#rng
    switch (rng.below(4)) {
      case 0:
        return { do: 'wait', ms: rng.pick([1_000, 4_000, 5_500, 12_000, 40_000]) }
      case 1:
        return { do: 'blocks', count: 1 }
      default:
        return this.#act()
    }
  }
}

// ---- in words

/** One line a step, as a person would tell it. */
export function tell(step: Step): string {
  switch (step.do) {
    case 'blocks':
      return `${step.count} blocks are mined`
    case 'wait':
      return `${step.ms / 1_000} s pass without a block`
    case 'jump': {
      const last = step.blockAgo == null ? 'no block' : `a last block ${step.blockAgo} s before`
      return `time goes on to ${step.toSeconds}, ${last}`
    }
    case 'act': {
      const { is, ...what } = step.act
      const to = [step.chain !== false && 'the chain', step.notice && 'the custodian']
      return `${is} ${JSON.stringify(what)} is sent to ${to.filter(Boolean).join(' and ')}`
    }
    case 'reorg':
      return (
        `the last ${step.depth} blocks are replaced by ${step.blocks}` +
        `${step.keep ? ', transactions kept' : ''}${step.fresh ? ', the head of now' : ''}`
      )
    case 'endpoint':
      return `endpoint ${step.at} is ${JSON.stringify(step.manner)}`
    case 'skew':
      return `the custodian's clock is ${step.seconds} s off`
    case 'crash':
      return 'the custodian crashes and starts again'
    case 'ask': {
      const { do: _, before, during, ...what } = step
      const also = [
        ...(before ?? []).map((each) => `; before the proofs ${tell(each)}`),
        ...(during ?? []).map((each) => `; before the answer ${tell(each)}`)
      ]
      return `somebody asks ${JSON.stringify(what)}${also.join('')}`
    }
  }
}
