/**
 * The independent re-checker. Written from SECURITY.md §9.2 and §10 as text, it knows what truly
 * happened (chain.ts), what honest endpoints showed and when, and what a grant means (cast.ts); it
 * sees no word, no header, and none of the code that decided. Of each release it says why it was
 * unsafe, and of a request whether it was plainly allowed, so that refusing all is no way to pass.
 * @module
 */
import { CHAIN } from './cast.ts'
import { ancestor, type Block, isOnLine, type Tx } from './chain.ts'
import type { Endpoints } from './endpoints.ts'
import type { Setting } from './history.ts'
import {
  type Asked,
  denial,
  grantOf,
  hasBit,
  meaningOf,
  periodsOf,
  recordOf,
  subOf,
  wrongTerms
} from './terms.ts'

export interface Release {
  readonly asked: Asked
  readonly atMs: number
  readonly localMs: number
  /** The blocks that the receipt names, if they ever were. */
  readonly conf: Block | undefined
  readonly head: Block | undefined
}

/** What honest endpoints showed from a moment on. */
interface Seen {
  readonly atMs: number
  readonly views: readonly Block[]
}

interface Given {
  readonly opening: number
  /** The sub-grant that it was given under. */
  readonly paper: string | undefined
  readonly ver: number
  readonly atMs: number
}

const EXCHANGE_MS = 5_000
const BINDING_GUARD = 120
const DAYS_30 = 30 * 86_400

export class Judge {
  readonly #setting: Setting
  readonly #cacheMs: number
  readonly #otherCode: boolean
  readonly #endpoints: Endpoints
  readonly #tip: () => Block
  readonly #seen: Seen[] = []
  readonly #given: Given[] = []
  /** A receipt may be on disk although nothing was sent. */
  readonly #perhaps: Given[] = []
  readonly #notices: Tx[] = []
  /** The last number taken on each stream. */
  readonly #taken = new Map<number, number>()
  #highest: Block
  #finalityHolds = true
  #clockMoved = false

  constructor(
    setting: Setting,
    world: { cacheMs: number; otherCode: boolean; endpoints: Endpoints; tip: () => Block }
  ) {
    this.#setting = setting
    this.#cacheMs = world.cacheMs
    this.#otherCode = world.otherCode
    this.#endpoints = world.endpoints
    this.#tip = world.tip
    this.#highest = ancestor(world.tip(), 0) as Block
  }

  // ---- what it is told as it happens

  /** Honest endpoints show something else. */
  saw(atMs: number): void {
    const views: Block[] = []
    for (let i = 0; i < this.#endpoints.manners.length; i++) {
      if (this.#endpoints.isHonest(i)) views.push(this.#endpoints.shown(i))
    }
    this.#seen.push({ atMs, views })
    for (const view of views) {
      const deep = ancestor(view, view.number - this.#setting.depth)
      if (deep == null || deep.confirmed) continue
      if (deep.number > this.#highest.number) {
        if (!isOnLine(this.#highest, deep)) this.#finalityHolds = false
        this.#highest = deep
      } else if (!isOnLine(deep, this.#highest)) this.#finalityHolds = false
      for (let at: Block | undefined = deep; at != null && !at.confirmed; at = at.parent) {
        at.confirmed = true
      }
    }
  }

  clockMoved(): void {
    this.#clockMoved = true
  }

  noticed(tx: Tx): void {
    this.#notices.push(tx)
  }

  /** Whether its number is not the next one of its stream; then it was replayed, or held back. */
  heard({ stream, challengeOf, seq }: Asked): boolean {
    const last = this.#taken.get(stream) ?? 0
    if (seq !== last + 1) return true
    this.#taken.set(stream, seq)
    return challengeOf !== stream
  }

  // ---- was it safe?

  /** Why it was not, or undefined. */
  unsafe(release: Release, replayed: boolean): string | undefined {
    const why =
      this.#tooLate(release) ??
      this.#wrongRequest(release, replayed) ??
      wrongTerms(release.asked) ??
      this.#wrongTime(release) ??
      this.#wrongBlocks(release) ??
      this.#standsNot(release) ??
      this.#toldBefore(release) ??
      this.#overBudget(release)
    const { opening, ver } = release.asked
    this.#given.push({ opening, ver, paper: paperKey(release.asked), atMs: release.atMs })
    return why
  }

  #wrongRequest({ asked, atMs, localMs }: Release, replayed: boolean): string | undefined {
    if (asked.chain !== CHAIN || !asked.ourRegistry) return 'the request is for another deployment'
    if (!asked.ourself) return 'the request is for another custodian'
    if (replayed) return 'the request was replayed'
    if (asked.challengeOf !== asked.stream) return 'the request was recorded on another stream'
    if (!asked.boundPeer || !asked.signed || !asked.bound) return 'the requester is not who it says'
    const late = asked.arrivedLocalMs / 1_000 > asked.deadline
    if (late || asked.deadline > localMs / 1_000 + 60) return 'the deadline is past, or far'
    if (atMs - asked.arrivedMs > EXCHANGE_MS) return 'the exchange took longer than 5 s'
    const local = localMs / 1_000
    const { boundFrom, boundUntil } = asked
    const inTime = boundFrom <= local + BINDING_GUARD && asked.arrivedLocalMs / 1_000 < boundUntil
    return inTime && boundUntil - boundFrom <= DAYS_30 ? undefined : 'the binding is not in time'
  }

  #wrongTime({ asked, atMs, localMs, head }: Release): string | undefined {
    const { clockGuardSeconds: guard, headMaxAgeSeconds: maxAge } = this.#setting
    const local = localMs / 1_000
    const off = Math.abs(localMs - atMs) / 1_000
    if (head == null) return 'the head was never on the chain'
    for (const { from, until } of periodsOf(asked)) {
      if (from + guard > local) return 'the grant has not begun by the clock'
      // decided at most one exchange before it was sent
      if (asked.arrivedLocalMs / 1_000 + guard >= until) return 'the grant has ended by the clock'
      if (head.timeSeconds < from || head.timeSeconds >= until) {
        return 'the grant does not stand by the time of the head'
      }
      if (off <= guard && atMs / 1_000 >= until + EXCHANGE_MS / 1_000) return 'the grant has ended'
    }
    if (local - head.timeSeconds > maxAge) return 'the head is older than S'
    return head.timeSeconds - local > maxAge ? 'the clock is behind by more than S' : undefined
  }

  /** Both blocks were honest endpoints' own within the exchange, and one of them was confirmed. */
  #wrongBlocks(release: Release): string | undefined {
    const { conf, head } = release
    if (this.#otherCode) return 'the code behind the address is not the pinned one'
    if (conf == null || head == null) return 'the blocks were never on the chain'
    const views = this.#lately(release).flatMap((seen) => seen.views)
    if (!views.some((view) => isOnLine(head, view))) return 'no honest endpoint showed that head'
    if (!views.some((view) => isOnLine(conf, view))) return 'no honest endpoint showed that block'
    if (!conf.confirmed) return 'the block was never confirmed'
    const { confirmedLagBlocks: lag, depth } = this.#setting
    const reaches = views.some((view) => view.number - depth - conf.number <= lag)
    return reaches ? undefined : 'the block is more than W behind'
  }

  /** What honest endpoints showed while the custodian may have looked. */
  #lately({ asked, atMs, localMs }: Release): Seen[] {
    const behind = Math.max(0, atMs - localMs)
    const moved = this.#clockMoved ? this.#setting.headMaxAgeSeconds * 1_000 + behind : 0
    const since = asked.arrivedMs - this.#cacheMs - moved
    const out: Seen[] = []
    for (let i = this.#seen.length - 1; i >= 0; i--) {
      const seen = this.#seen[i] as Seen
      out.push(seen)
      if (seen.atMs < since) break
    }
    return out
  }

  #standsNot({ asked, conf, head }: Release): string | undefined {
    const atConf = grantOf(asked, (conf as Block).state)
    const atHead = grantOf(asked, (head as Block).state)
    if (atConf?.status !== 1) return 'no confirmed grant stood'
    if (atHead?.version !== atConf.version || atHead.changedBlock !== atConf.changedBlock) {
      return 'the grant at the head is another'
    }
    const why =
      denial(asked, atConf.version, (conf as Block).state) ??
      denial(asked, atConf.version, (head as Block).state)
    if (why != null) return why
    const epochs = [conf, head].map((block) => recordOf(asked, (block as Block).state).shareEpoch)
    return epochs.includes(asked.shareEpoch) ? undefined : 'the share epoch is of neither block'
  }

  /** R: not later than max(T, τ + S) + 5 s + δ. */
  #tooLate(release: Release): string | undefined {
    const { asked, atMs, localMs, conf } = release
    const version = conf == null ? 0 : (grantOf(asked, conf.state)?.version ?? 0)
    let lost: Block | undefined
    for (let at: Block | undefined = this.#tip(); at != null; at = at.parent) {
      // below the block that gave it there was nothing to lose
      if ((grantOf(asked, at.state)?.version ?? 0) < version) break
      if (denial(asked, version, at.state) == null) break
      lost = at
    }
    if (lost == null) return undefined
    const behind = Math.max(0, atMs - localMs)
    const bound =
      (lost.timeSeconds + this.#setting.headMaxAgeSeconds) * 1_000 + EXCHANGE_MS + behind
    if (atMs <= bound) return undefined
    for (const { views } of this.#lately(release)) {
      const off = views.some((view) => !isOnLine(lost, view) && !isOnLine(view, lost))
      if (off) return undefined // T has not come, or only just
    }
    return `${denial(asked, version, lost.state)}, for longer than S + 5 s`
  }

  #toldBefore({ asked, conf, head }: Release): string | undefined {
    const state = (conf as Block).state
    const version = grantOf(asked, state)?.version ?? 0
    const told = this.#notices.some((tx) => {
      switch (tx.is) {
        case 'revoke':
          return tx.opening === asked.opening && tx.version > version
        case 'revokeAll':
          return tx.epoch > state.owner.epoch
        case 'bind':
          return tx.account === asked.account && tx.bindingEpoch > asked.bindingEpoch
        case 'erase':
          return tx.ver === asked.ver
        case 'handBack':
          return isHandedBack(tx, asked)
        default:
          return false
      }
    })
    if (told) return 'the custodian had been told directly'
    const optOuts = this.#notices.filter((tx) => tx.is === 'optOut')
    const last = optOuts.reduce((a, b) => (b.version > a.version ? b : a), {
      version: 0,
      purposes: 0
    })
    // of two messages with one number the chain's counts
    const stored = (head as Block).state.owner.optOutVersion
    return last.version > stored && hasBit(last.purposes, asked)
      ? 'the custodian had been told of the opt-out'
      : undefined
  }

  #overBudget({ asked, atMs }: Release): string | undefined {
    const { budget } = meaningOf(asked)
    const slack = -2 * this.#setting.headMaxAgeSeconds
    const versions = versionsOf(this.#given, asked, atMs, slack)
    versions.add(asked.ver)
    if (versions.size > budget) return 'the budget was used up'
    const sub = subOf(asked)
    if (sub == null) return undefined
    const bySub = versionsBy(this.#given, asked).add(asked.ver)
    return bySub.size > sub.budget ? 'the budget of the sub-grant was used up' : undefined
  }

  // ---- was it plainly allowed?

  /** Nothing stood against it, and nobody lied, lagged or was down beyond what must be borne. */
  allowed(asked: Asked, atMs: number, localMs: number): boolean {
    const { headMaxAgeSeconds, clockGuardSeconds: guard, depth } = this.#setting
    const tip = this.#tip()
    const good = this.#endpoints.manners.filter(({ is }) => is === 'good').length
    const lastSeen = this.#seen.at(-1)?.atMs ?? 0
    const { budget } = meaningOf(asked)
    const now = atMs / 1_000
    if (!asked.undisturbed) {
      const { opening, ver } = asked
      this.#perhaps.push({ opening, ver, paper: paperKey(asked), atMs: atMs + 60_000 })
      return false
    }
    const quiet =
      !this.#clockMoved &&
      !this.#otherCode &&
      this.#finalityHolds &&
      this.#notices.length === 0 &&
      good >= this.#setting.quorum &&
      this.#endpoints.manners.every(({ is }) => is !== 'stuck' && is !== 'lag' && is !== 'echo') &&
      lastSeen + this.#cacheMs <= atMs &&
      now - tip.timeSeconds <= headMaxAgeSeconds - 5 &&
      atMs === localMs &&
      isOnLine(this.#highest, tip) &&
      tip.number >= depth &&
      asked.conf === ancestor(tip, tip.number - depth)
    if (!quiet) return false
    const lasts = periodsOf(asked).every(
      ({ from, until }) =>
        now >= from + guard + 2 &&
        now + guard + 2 < until &&
        tip.timeSeconds >= from &&
        tip.timeSeconds < until
    )
    if (!lasts) return false
    if (this.#wrongRequest({ asked, atMs, localMs, conf: undefined, head: undefined }, false))
      return false
    if (wrongTerms(asked) != null) return false
    const conf = asked.conf.state
    const version = grantOf(asked, conf)?.version ?? 0
    if (denial(asked, version, conf) ?? denial(asked, version, tip.state)) return false
    if (grantOf(asked, conf) !== grantOf(asked, tip.state)) return false
    if (recordOf(asked, tip.state).shareEpoch !== asked.shareEpoch) return false
    const given = [...this.#given, ...this.#perhaps]
    const sub = subOf(asked)
    if (sub != null && !versionsBy(this.#given, asked).has(asked.ver)) {
      if (versionsBy(given, asked).size >= sub.budget) return false
    }
    if (sub?.budget === 0) return false
    if (budget === 0 || versionsOf(this.#given, asked, atMs, -2).has(asked.ver)) return budget > 0
    return versionsOf(given, asked, atMs, 2).size < budget
  }
}

const paperKey = ({ opening, paper }: Asked): string | undefined =>
  paper && `${opening} ${paper.kind} ${paper.version}`

/** Given under the same sub-grant, over its whole life. */
const versionsBy = (given: readonly Given[], asked: Asked): Set<number> => {
  const key = paperKey(asked)
  return new Set(given.filter(({ paper }) => paper === key).map(({ ver }) => ver))
}

/** The grant by the account or who passed it on; the sub-grant by either of them. */
function isHandedBack(tx: Tx & { readonly is: 'handBack' }, asked: Asked): boolean {
  if (tx.opening !== asked.opening) return false
  const sub = subOf(asked)
  const whole = tx.paper == null
  if (whole) return tx.account === asked.account || tx.account === sub?.delegator
  const same = tx.paper.kind === asked.paper?.kind && tx.paper.version === asked.paper.version
  return same && (tx.account === sub?.delegator || tx.account === asked.account)
}

/** Given under the same grant within its window. */
function versionsOf(
  given: readonly Given[],
  asked: Asked,
  atMs: number,
  slackSeconds: number
): Set<number> {
  const { window } = meaningOf(asked)
  const since = window === 0 ? 0 : atMs - (window + slackSeconds) * 1_000
  const same = given.filter((each) => each.opening === asked.opening && each.atMs >= since)
  return new Set(same.map(({ ver }) => ver))
}
