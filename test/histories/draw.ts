/**
 * Draws a history from a seed and an index: mostly steps by weight, and now and then one of the
 * plots of plots.ts, which chance alone would seldom play.
 * @module
 */
import type { PurposeCode } from '../../core/purposes.ts'
import { MEANINGS, ORG, SHARE_ON, VERSIONS, WITHOUT_GROUP } from './cast.ts'
import type { Act, Ask, ConfChoice, Fault, History, Manner, Setting, Step } from './history.ts'
import { deceit, hideout, paperOf, passing, renewal, restart } from './plots.ts'
import { Rng } from './random.ts'

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
    const first = rng.pick(rng.chance(25) ? SHARE_ON : known)
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
    const plot = { rng, setting: this.#setting, openings: this.#openings }
    const later = (): number => rng.between(3, steps.length)
    if (rng.chance(15)) steps.splice(later(), 0, ...hideout(plot))
    if (rng.chance(8)) steps.splice(later(), 0, ...deceit(plot))
    if (rng.chance(8)) steps.splice(later(), 0, ...restart(plot))
    if (SHARE_ON.includes(first) && rng.chance(70)) {
      steps.splice(later(), 0, ...passing(plot, this.#whole))
    }
    if (!this.#whole && rng.chance(5)) steps.splice(later(), 0, ...renewal(plot))
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
    if (act.is === 'handBack') return { do: 'act', act, notice: true, chain: false }
    const told: readonly string[] = ['revoke', 'revokeAll', 'optOut', 'bind', 'erase']
    return { do: 'act', act, ...(told.includes(act.is) ? away : {}) }
  }

  #drawAct(): Act {
    const rng = this.#rng
    const opening = rng.chance(75) ? (this.#openings[0] as number) : (this.#openings[1] as number)
    const account = rng.chance(80) ? 0 : 1
    const ver = rng.between(1, VERSIONS)
    const fast = (weight: number): number => (this.#whole ? 0 : weight)
    const shared = SHARE_ON.includes(opening) ? 12 : 1
    const weights = [30, 26, 8, 6, 6, 4, fast(4), 5, fast(5), fast(4), fast(4), fast(3), shared]
    switch (weighted(rng, weights)) {
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
      case 10:
        return { is: 'org', status: rng.pick([1, 2]) }
      case 11:
        return { is: 'moves', account: rng.below(2), org: rng.pick([ORG, ORG + 1]) }
      default:
        return {
          is: 'handBack',
          account: rng.below(2),
          opening,
          ...(rng.chance(60) && { paper: paperOf(rng) })
        }
    }
  }

  #ask(): Ask {
    const rng = this.#rng
    const opening = rng.chance(80) ? (this.#openings[0] as number) : (this.#openings[1] as number)
    const { who } = MEANINGS[opening] as (typeof MEANINGS)[number]
    const grantee = typeof who === 'object' && 'account' in who ? who.account : 0
    const shown = rng.chance(SHARE_ON.includes(opening) ? 45 : 4)
    const paper = shown ? paperOf(rng) : undefined
    const meant = shown ? 1 - grantee : grantee
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
      ...(paper == null ? {} : { paper }),
      ...(shown && rng.chance(12) && { oldPaper: true }),
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
